use super::ChunkReader;
use crate::codec::{AnswerFault, DecodedAnswer, Taken};
use crate::json::without_lone_surrogates;

/// Reads a body that came with a success status.
pub(in crate::gemini) fn decode(body: &[u8]) -> Result<DecodedAnswer, AnswerFault> {
    let body = String::from_utf8_lossy(body);
    let body = without_lone_surrogates(body.trim());
    let mut reader = ChunkReader::default();
    let mut events = Vec::new();
    match reader.read(&body, &mut events).map_err(AnswerFault::Error)? {
        Taken::Malformed => return Err(AnswerFault::NotJson),
        _ => reader.finish(&mut events),
    }
    if !reader.has_choices() {
        return Err(AnswerFault::NoChoices);
    }
    Ok(DecodedAnswer { events, usage_corrected: reader.usage_corrected() })
}
