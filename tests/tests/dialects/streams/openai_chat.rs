use super::{Event, append};
use serde_json::{Value, json};

/// One completion of all chunks: the deltas of the only choice are added up, calls by their index.
pub(super) fn whole(events: &[Event]) -> Result<Value, String> {
    let mut message = json!({});
    let (mut calls, mut details): (Vec<Value>, Vec<Value>) = Default::default();
    let mut whole = json!({"choices": [{"index": 0}]});
    for Event { data, .. } in events {
        if data["object"] != "chat.completion.chunk" || data["id"] != events[0].data["id"] {
            return Err(format!("no chunk of this completion: {data}"));
        }
        whole["model"] = data["model"].clone();
        if data["usage"].is_object() {
            whole["usage"] = data["usage"].clone();
        }
        let choice = &data["choices"][0];
        let delta = &choice["delta"];
        for member in ["role", "content", "refusal", "reasoning_content"] {
            append(&mut message, delta, member);
        }
        details.extend(delta["reasoning_details"].as_array().into_iter().flatten().cloned());
        for piece in delta["tool_calls"].as_array().into_iter().flatten() {
            let at = piece["index"].as_u64().ok_or_else(|| format!("a call without a place: {piece}"))?;
            let at = usize::try_from(at).unwrap();
            if at > calls.len() {
                return Err(format!("a call out of turn: {piece}"));
            }
            if at == calls.len() {
                calls.push(json!({"id": piece["id"], "type": piece["type"], "function": {}}));
            }
            // Official SDKs fail at a piece without one.
            if !piece["function"].is_object() {
                return Err(format!("a piece of a call without a function: {piece}"));
            }
            if !piece["extra_content"].is_null() {
                calls[at]["extra_content"] = piece["extra_content"].clone();
            }
            for member in ["name", "arguments"] {
                append(&mut calls[at]["function"], &piece["function"], member);
            }
        }
        if choice["finish_reason"].is_string() {
            whole["choices"][0]["finish_reason"] = choice["finish_reason"].clone();
        }
    }
    if !calls.is_empty() {
        message["tool_calls"] = json!(calls);
    }
    if !details.is_empty() {
        message["reasoning_details"] = json!(details);
    }
    whole["choices"][0]["message"] = message;
    Ok(whole)
}
