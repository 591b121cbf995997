use crate::codec::{AnswerFault, DecodedAnswer};
use crate::json::without_lone_surrogates;
use crate::openai_chat::UsageRule;
use crate::openai_chat::chunk::{ChunkFault, ChunkReader, Piece};

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
