use switchyard_domain::chat::{ChatAnswer, ChatEvent, ChatRequest, Collector};

use crate::error::ProviderError;

/// A whole answer as the events that a stream of it would give.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedAnswer {
    /// The events in order.
    pub events: Vec<ChatEvent>,
    /// Whether a count made no sense and was replaced: no base for a bill.
    pub usage_corrected: bool,
}

impl DecodedAnswer {
    /// The events, collected.
    #[must_use]
    pub fn collect(self) -> ChatAnswer {
        let mut collector = Collector::default();
        collector.extend(self.events);
        collector.finish()
    }
}

/// Why a body is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerFault {
    /// It is no JSON object: an HTML page, a cut body.
    #[error("the provider's answer is not a JSON object")]
    NotJson,
    /// It is JSON, but has no choice.
    #[error("the provider's answer has no choices")]
    NoChoices,
    /// It says that the provider failed.
    #[error(transparent)]
    Error(ProviderError),
}

/// What an answer to a client needs besides what the provider said.
#[derive(Clone, Copy, Debug)]
pub struct AnswerForm<'a> {
    /// The answer's id where the provider gave none: letters, digits and hyphens, to which a dialect may put its prefix.
    pub fallback_id: &'a str,
    /// The model where the provider named none.
    pub fallback_model: &'a str,
    /// Unix seconds where the provider gave none.
    pub fallback_created: i64,
    /// What was asked, for dialects that repeat it in the answer or answer in the form in which they were asked.
    pub request: Option<&'a ChatRequest>,
    /// Whether the client asked for usage in a stream, in dialects in which it is asked for.
    pub include_usage: bool,
    /// How the client wants a stream to be cut.
    pub framing: StreamFraming,
}

/// How a client wants a stream to be cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StreamFraming {
    /// Server-sent events.
    #[default]
    Sse,
    /// One JSON array, whose elements come one by one (Gemini without `alt=sse`).
    JsonArray,
}

impl AnswerForm<'_> {
    /// Whether the client asked in the first form of function calling.
    #[must_use]
    pub fn legacy_functions(&self) -> bool {
        self.request.is_some_and(|request| request.legacy_functions)
    }
}
