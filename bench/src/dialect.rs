//! What the upstream speaks.

/// A dialect of providers. Clients speak OpenAI's here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Dialect {
    OpenAi,
    Anthropic,
    Gemini,
}

impl Dialect {
    pub(crate) const ALL: [Self; 3] = [Self::OpenAi, Self::Anthropic, Self::Gemini];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::OpenAi => "OpenAI",
            Self::Anthropic => "Anthropic",
            Self::Gemini => "Gemini",
        }
    }

    /// The gateway's name of a vendor that speaks it, which is the provider's name too.
    pub(crate) fn vendor(self) -> &'static str {
        match self {
            Self::OpenAi => "openai_compatible",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
        }
    }

    /// What stands before the paths of its calls.
    pub(crate) fn base_path(self) -> &'static str {
        match self {
            Self::OpenAi | Self::Anthropic => "/v1",
            Self::Gemini => "/v1beta",
        }
    }

    /// The dialect of a call to this path; what is none of the others is OpenAI's.
    pub(crate) fn of_path(path: &str) -> Self {
        match path {
            "/v1/messages" => Self::Anthropic,
            _ if path.starts_with("/v1beta/") => Self::Gemini,
            _ => Self::OpenAi,
        }
    }
}
