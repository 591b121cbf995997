use switchyard_domain::chat::{ChatEvent, Collector};

use crate::openai_chat::UsageRule;
use crate::openai_chat::chunk::{ChunkFault, ChunkReader, Piece};
use crate::openai_chat::error::ProviderError;
use crate::openai_chat::json::without_lone_surrogates;

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
    pub fn collect(self) -> switchyard_domain::chat::ChatAnswer {
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

/// Reads a body that came with a success status. White space before it is normal: OpenRouter sends some while it waits
/// (`openrouter-chat_completions-1ad5215bab`, 2026).
///
/// # Errors
/// See [`AnswerFault`].
pub fn decode(body: &[u8], rule: UsageRule) -> Result<DecodedAnswer, AnswerFault> {
    let body = String::from_utf8_lossy(body);
    let body = without_lone_surrogates(body.trim());
    let mut reader = ChunkReader::new(rule, Piece::Message);
    let mut events = Vec::new();
    reader.read(&body, false, &mut events).map_err(|fault| match fault {
        ChunkFault::Malformed => AnswerFault::NotJson,
        ChunkFault::Unknown => AnswerFault::NoChoices,
        ChunkFault::Error(error) => AnswerFault::Error(error),
    })?;
    reader.finish(&mut events);
    if !reader.has_choices() {
        return Err(AnswerFault::NoChoices);
    }
    Ok(DecodedAnswer { events, usage_corrected: reader.usage_corrected() })
}
