use switchyard::dialects::openai_responses::OpenAiResponses;
use switchyard::vendors::{HttpFacts, Reach, Vendor as VendorFile};

/// The dialects that vendors speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vendor {
    Chat,
    Responses,
    Anthropic,
    Gemini,
    Ollama,
    Cohere,
    Bedrock,
}

/// Every listed vendor that speaks Responses speaks chat too, and is called so by clients of a third dialect.
pub(crate) static RESPONSES_ALONE: VendorFile = VendorFile {
    key: "responses_alone",
    name: "A vendor of Responses alone",
    reach: Reach::Http(HttpFacts { dialects: &[&OpenAiResponses::PLAIN], ..HttpFacts::OPENAI_CHAT }),
    vocabularies: &[],
    notes: &[],
};

impl Vendor {
    pub(crate) const ALL: [Self; 7] = [
        Self::Chat,
        Self::Responses,
        Self::Anthropic,
        Self::Gemini,
        Self::Ollama,
        Self::Cohere,
        Self::Bedrock,
    ];

    /// The dialect's name, and the provider's.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Chat => "openai-chat",
            Self::Responses => "openai-responses",
            Self::Anthropic => "anthropic-messages",
            Self::Gemini => "gemini",
            Self::Ollama => "ollama",
            Self::Cohere => "cohere",
            Self::Bedrock => "bedrock-converse",
        }
    }

    /// The vendor file that speaks it and nothing else first.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Chat => "openai_compatible",
            Self::Responses => RESPONSES_ALONE.key,
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Ollama => "ollama_native",
            Self::Cohere => "cohere",
            Self::Bedrock => "bedrock",
        }
    }

    /// What stands behind the host in its base URL.
    pub(crate) fn base(self) -> &'static str {
        match self {
            Self::Chat | Self::Responses | Self::Anthropic => "/v1",
            Self::Gemini => "/v1beta",
            Self::Cohere => "/v2",
            Self::Ollama | Self::Bedrock => "",
        }
    }

    /// A model of its own: what some are told depends on which model it is.
    pub(crate) fn model(self) -> &'static str {
        match self {
            Self::Chat | Self::Responses => "gpt-5.1",
            Self::Anthropic => "claude-sonnet-4-5",
            Self::Gemini => "gemini-2.5-flash",
            Self::Ollama => "qwen3:8b",
            Self::Cohere => "command-a-reasoning-08-2025",
            Self::Bedrock => "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        }
    }

    /// Where it is called.
    pub(crate) fn path(self, streamed: bool) -> &'static str {
        match (self, streamed) {
            (Self::Chat, _) => "/v1/chat/completions",
            (Self::Responses, _) => "/v1/responses",
            (Self::Anthropic, _) => "/v1/messages",
            (Self::Gemini, false) => "/v1beta/models/gemini-2.5-flash:generateContent",
            (Self::Gemini, true) => "/v1beta/models/gemini-2.5-flash:streamGenerateContent",
            (Self::Ollama, _) => "/api/chat",
            (Self::Cohere, _) => "/v2/chat",
            (Self::Bedrock, false) => "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse",
            (Self::Bedrock, true) => "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream",
        }
    }
}
