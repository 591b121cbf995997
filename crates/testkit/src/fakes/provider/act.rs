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
        /// What it counted of the prompt at its beginning.
        prompt: Option<Box<TokenUsage>>,
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
        Self::Answer { pieces, prompt: None, usage: None, tier: None, end: End::Whole }
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
    pub fn counted(mut self, counts: TokenUsage) -> Self {
        if let Self::Answer { usage, .. } = &mut self {
            *usage = Some(counts);
        }
        self
    }

    /// The same, with these counts of the prompt at its beginning.
    #[must_use]
    pub fn prompted(mut self, counts: TokenUsage) -> Self {
        if let Self::Answer { prompt, .. } = &mut self {
            *prompt = Some(Box::new(counts));
        }
        self
    }

    /// The same, and it says that it served this service tier.
    #[must_use]
    pub fn served(mut self, word: &'static str) -> Self {
        if let Self::Answer { tier, .. } = &mut self {
            *tier = Some(word);
        }
        self
    }

    /// The same, ending so.
    #[must_use]
    pub fn ending(mut self, so: End) -> Self {
        if let Self::Answer { end, .. } = &mut self {
            *end = so;
        }
        self
    }

    /// The same, cut behind its last piece.
    #[must_use]
    pub fn cut(self, kind: FaultKind) -> Self {
        self.ending(End::Cut(ProviderFault::new(kind, format!("scripted {kind}"))))
    }
}
