//! What a provider does with a call.

use switchyard_domain::chat::TokenUsage;
use switchyard_domain::fault::{FaultKind, ProviderFault};

/// What a provider does with a call.
#[derive(Clone, Debug)]
pub enum Act {
    /// Nothing: its answer's head never comes.
    Hang,
    /// Its head comes, so that it bills, and then nothing.
    HangAfterHead,
    /// It fails.
    Fail(ProviderFault),
    /// Its head comes, and then it fails before its first content.
    FailAfterHead(ProviderFault),
    /// It answers. A call that wants no stream gets the pieces joined.
    Answer {
        /// The pieces of its text, one a frame.
        pieces: Vec<String>,
        /// What it counted.
        usage: Option<TokenUsage>,
        /// The service tier that it says it served.
        tier: Option<&'static str>,
        /// How it ends.
        end: End,
    },
}

/// How an answer ends.
#[derive(Clone, Debug)]
pub enum End {
    /// Well.
    Whole,
    /// With a fault after the last piece.
    Cut(ProviderFault),
    /// Never.
    Hang,
}

impl Act {
    /// Answers in these pieces and counts nothing.
    #[must_use]
    pub fn say<'a>(pieces: impl IntoIterator<Item = &'a str>) -> Self {
        let pieces = pieces.into_iter().map(str::to_owned).collect();
        Self::Answer { pieces, usage: None, tier: None, end: End::Whole }
    }

    /// Answers `fine` and counts so many tokens.
    #[must_use]
    pub fn counting(input: u64, output: u64) -> Self {
        Self::say(["fine"]).counted(TokenUsage { input, output, ..TokenUsage::default() })
    }

    /// Fails in this way.
    #[must_use]
    pub fn fail(kind: FaultKind) -> Self {
        Self::Fail(ProviderFault::new(kind, format!("scripted {kind}")))
    }

    /// Fails in this way after its head.
    #[must_use]
    pub fn fail_after_head(kind: FaultKind) -> Self {
        Self::FailAfterHead(ProviderFault::new(kind, format!("scripted {kind}")))
    }

    /// The same, with these counts at its end.
    #[must_use]
    pub fn counted(self, counts: TokenUsage) -> Self {
        match self {
            Self::Answer { pieces, tier, end, .. } => Self::Answer { pieces, usage: Some(counts), tier, end },
            other => other,
        }
    }

    /// The same, and it says that it served this service tier.
    #[must_use]
    pub fn served(self, tier: &'static str) -> Self {
        match self {
            Self::Answer { pieces, usage, end, .. } => Self::Answer { pieces, usage, tier: Some(tier), end },
            other => other,
        }
    }

    /// The same, ending so.
    #[must_use]
    pub fn ending(self, end: End) -> Self {
        match self {
            Self::Answer { pieces, usage, tier, .. } => Self::Answer { pieces, usage, tier, end },
            other => other,
        }
    }

    /// The same, cut behind its last piece.
    #[must_use]
    pub fn cut(self, kind: FaultKind) -> Self {
        self.ending(End::Cut(ProviderFault::new(kind, format!("scripted {kind}"))))
    }
}
