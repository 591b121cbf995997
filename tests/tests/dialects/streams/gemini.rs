use super::{Event, append};
use serde_json::{Value, json};

/// One answer of all chunks: texts of a kind that follow each other are one part, and the last usage counts.
pub(super) fn whole(events: &[Event]) -> Result<Value, String> {
    let mut parts: Vec<Value> = Vec::new();
    let mut whole = json!({"candidates": [{"content": {"role": "model"}}]});
    for Event { data, .. } in events {
        let candidate = &data["candidates"][0];
        for part in candidate["content"]["parts"].as_array().into_iter().flatten() {
            add(&mut parts, part);
        }
        for member in ["modelVersion", "usageMetadata"] {
            if !data[member].is_null() {
                whole[member] = data[member].clone();
            }
        }
        if candidate["finishReason"].is_string() {
            whole["candidates"][0]["finishReason"] = candidate["finishReason"].clone();
        }
    }
    if whole["candidates"][0]["finishReason"].is_null() {
        return Err("nothing says why it ended".to_owned());
    }
    whole["candidates"][0]["content"]["parts"] = json!(parts);
    Ok(whole)
}

fn add(parts: &mut Vec<Value>, part: &Value) {
    let same = parts.last_mut().filter(|last| last["text"].is_string() && last["thought"] == part["thought"]);
    match same {
        Some(last) if part["text"].is_string() => {
            append(last, part, "text");
            append(last, part, "thoughtSignature");
        }
        _ => parts.push(part.clone()),
    }
}
