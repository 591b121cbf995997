use crate::anthropic_messages::read::MessageReader;
use crate::codec::{AnswerFault, DecodedAnswer};
use crate::error::{announces_error, from_members};
use crate::json::{elements, object, text, without_lone_surrogates};

/// Reads a body that came with a success status.
///
/// # Errors
/// See [`AnswerFault`].
pub(in crate::anthropic_messages) fn decode(body: &[u8]) -> Result<DecodedAnswer, AnswerFault> {
    let body = String::from_utf8_lossy(body);
    let body = without_lone_surrogates(body.trim());
    let top = object(&body).ok_or(AnswerFault::NotJson)?;
    let Some(content) = top.get("content").and_then(elements) else {
        let is_error = announces_error(&top) || top.get("type").and_then(text).as_deref() == Some("error");
        return Err(if is_error { AnswerFault::Error(from_members(&top)) } else { AnswerFault::NoChoices });
    };
    let mut reader = MessageReader::default();
    let mut events = Vec::new();
    reader.begin(&top, &mut events);
    for block in content {
        reader.start_block(block, &mut events);
    }
    reader.stop_block(&mut events);
    reader.end(&top, &mut events);
    if events.len() < 2 {
        return Err(AnswerFault::NoChoices);
    }
    if let Some(usage) = top.get("usage") {
        reader.count(usage, &mut events);
    }
    Ok(DecodedAnswer { events, usage_corrected: reader.usage_corrected() })
}
