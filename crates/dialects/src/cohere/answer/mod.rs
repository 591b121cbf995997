//! Answers and the events of streams, which say the same in other shapes.

mod citations;
mod reader;
mod stream;
mod usage;

use switchyard_domain::chat::ChatEvent;

use crate::codec::{AnswerFault, DecodedAnswer};
use crate::error::{from_members, has_error};
use crate::json::{elements, members, object, text, without_lone_surrogates};
use reader::Reader;
pub(super) use stream::StreamDecoder;
pub(super) use usage::read as read_usage;

/// Reads a whole answer, see `ProviderCodec::decode`.
pub(super) fn decode(body: &[u8]) -> Result<DecodedAnswer, AnswerFault> {
    let body = String::from_utf8_lossy(body);
    let body = without_lone_surrogates(body.trim());
    let top = object(&body).ok_or(AnswerFault::NotJson)?;
    // The message of an error is a text.
    if has_error(&top) || top.get("message").and_then(text).is_some() {
        return Err(AnswerFault::Error(from_members(&top)));
    }
    let Some(message) = top.get("message").and_then(members) else { return Err(AnswerFault::NoChoices) };
    let mut reader = Reader::default();
    let mut events: Vec<ChatEvent> = Vec::new();
    let id = top.get("id").and_then(text).unwrap_or_default();
    reader.start(&id, &mut events);
    if let Some(plan) = message.get("tool_plan").and_then(text) {
        reader.plan(&plan, &mut events);
    }
    let content = message.get("content");
    for (index, part) in content.and_then(elements).unwrap_or_default().into_iter().enumerate() {
        if let Some(part) = members(part) {
            reader.open_block(i64::try_from(index).unwrap_or(i64::MAX));
            reader.said(&part, &mut events);
        }
    }
    if let Some(said) = content.and_then(text) {
        reader.text(&said, &mut events);
    }
    for (index, call) in
        message.get("tool_calls").and_then(elements).unwrap_or_default().into_iter().enumerate()
    {
        if let Some(call) = members(call) {
            reader.begin_call(i64::try_from(index).unwrap_or(i64::MAX), &call, &mut events);
        }
    }
    reader.end_call(&mut events);
    for citation in message.get("citations").and_then(elements).unwrap_or_default() {
        reader.citation(citation, &mut events);
    }
    if let Some(logprobs) = top.get("logprobs").and_then(elements) {
        reader.logprobs(&logprobs, &mut events);
    }
    reader.end(&top, &mut events).map_err(AnswerFault::Error)?;
    Ok(DecodedAnswer { events, usage_corrected: reader.usage_corrected() })
}
