//! Where in this dialect things stand that the canonical form keeps apart from their place.

use serde_json::value::RawValue;
use switchyard_domain::chat::{Json, ToolCall, ToolCallKind};

use super::json::{ArrayWriter, ObjectWriter, elements, members, text};

/// The members without canonical form that stand beside the message of a choice; all others stand inside it.
const BESIDE_MESSAGE: &[&str] = &[
    "content_filter_results",
    "content_filter_result",
    "finish_details",
    "native_finish_reason",
    "seed",
    "stop_reason",
    "token_ids",
];

/// Whether a member of a choice stands beside its message.
pub(super) fn is_beside_message(name: &str) -> bool {
    BESIDE_MESSAGE.contains(&name)
}

/// The member in which the proof of a reasoning travels: OpenRouter's, the only one of this dialect that has a field for
/// it (`openrouter-chat_completions-9149744744`, 2026).
pub(super) const REASONING_DETAILS: &str = "reasoning_details";

/// Writes the proof of a reasoning, alone.
pub(super) fn write_signature(object: &mut ObjectWriter<'_>, signature: &str) {
    object.array(REASONING_DETAILS, |list| {
        list.object(|detail| {
            detail.text("type", "reasoning.text");
            detail.text("signature", signature);
        });
    });
}

/// The proof, if a member is just what [`write_signature`] writes. A vendor's own details have more in them and are kept
/// as written.
pub(super) fn signature_alone(name: &str, value: &RawValue) -> Option<String> {
    if name != REASONING_DETAILS {
        return None;
    }
    let list = elements(value)?;
    let [detail] = list.as_slice() else { return None };
    let detail = members(detail)?;
    if detail.iter().count() != 2 || detail.get("type").and_then(text)? != "reasoning.text" {
        return None;
    }
    detail.get("signature").and_then(text).map(std::borrow::Cow::into_owned)
}

/// The log probabilities of a choice, of which a stream gives a piece with each chunk: one object, its lists joined.
pub(super) fn joined_logprobs(pieces: &[Json]) -> Option<Json> {
    if let [only] = pieces {
        return Some(only.clone());
    }
    let mut merged: Vec<(String, Vec<Json>)> = Vec::new();
    for piece in pieces {
        for (name, value) in members(&piece.0)?.iter() {
            let value = Json(value.to_owned());
            match merged.iter_mut().find(|(known, _)| known == name) {
                Some((_, values)) => values.push(value),
                None => merged.push((name.to_owned(), vec![value])),
            }
        }
    }
    let mut out = bytes::BytesMut::new();
    let mut object = ObjectWriter::begin(&mut out);
    for (name, values) in merged {
        let joined =
            if values.iter().all(Json::is_list) { Json::joined(&values) } else { values.last().cloned() };
        if let Some(joined) = joined {
            object.json(&name, &joined);
        }
    }
    object.end();
    (!pieces.is_empty()).then(|| Json::parse(String::from_utf8_lossy(&out)).ok())?
}

/// Writes a tool call as it stands in messages; the `id` is given apart, as a dialect that needs one may lack it.
pub(super) fn write_call(list: &mut ArrayWriter<'_>, call: &ToolCall, id: &str) {
    list.object(|object| {
        object.text("id", id);
        match call.kind {
            ToolCallKind::Custom => {
                object.text("type", "custom");
                object.object("custom", |custom| {
                    custom.text("name", &call.name);
                    custom.text("input", &call.arguments);
                });
            }
            ToolCallKind::Function | ToolCallKind::LegacyFunction => {
                object.text("type", "function");
                object.object("function", |function| {
                    function.text("name", &call.name);
                    function.text("arguments", &call.arguments);
                });
            }
        }
        if let Some(signature) = &call.signature {
            write_call_signature(object, signature);
        }
    });
}

/// Writes the proof of the reasoning behind a call, in Google's place for it.
pub(super) fn write_call_signature(object: &mut ObjectWriter<'_>, signature: &str) {
    object.object("extra_content", |extra| {
        extra.object("google", |google| google.text("thought_signature", signature));
    });
}

/// An id for a call that came without one, unique within an answer.
pub(super) fn made_call_id(answer: &str, choice: u32, index: usize) -> String {
    let answer: String = answer.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    format!("call_{answer}_{choice}_{index}")
}
