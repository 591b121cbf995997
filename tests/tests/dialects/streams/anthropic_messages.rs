use super::{Event, append};
use serde_json::{Value, json};

/// The message that begins, with its blocks filled, changed by what is said at its end.
pub(super) fn whole(events: &[Event]) -> Result<Value, String> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else {
        return Err("nothing came".to_owned());
    };
    if first.name != "message_start" || last.name != "message_stop" {
        return Err(format!("begins with {} and ends with {}", first.name, last.name));
    }
    let mut message = first.data["message"].clone();
    let mut blocks: Vec<Value> = Vec::new();
    let mut open = None;
    for Event { name, data } in &events[1..] {
        if data["type"] != name.as_str() {
            return Err(format!("an event with two names: {name}, {data}"));
        }
        let at = data["index"].as_u64().map(|at| usize::try_from(at).unwrap());
        match name.as_str() {
            "content_block_start" if open.is_none() && at == Some(blocks.len()) => {
                blocks.push(data["content_block"].clone());
                open = at;
            }
            "content_block_delta" if open.is_some() && at == open => {
                add(&mut blocks[at.unwrap()], &data["delta"])?;
            }
            "content_block_stop" if open.is_some() && at == open => {
                close(&mut blocks[at.unwrap()])?;
                open = None;
            }
            "message_delta" if open.is_none() => {
                message["stop_reason"] = data["delta"]["stop_reason"].clone();
                message["stop_sequence"] = data["delta"]["stop_sequence"].clone();
                for (member, count) in data["usage"].as_object().into_iter().flatten() {
                    message["usage"][member] = count.clone();
                }
            }
            "message_stop" | "ping" => {}
            _ => return Err(format!("out of turn: {data}")),
        }
    }
    message["content"] = json!(blocks);
    Ok(message)
}

fn add(block: &mut Value, delta: &Value) -> Result<(), String> {
    match delta["type"].as_str() {
        Some("text_delta") => append(block, delta, "text"),
        Some("thinking_delta") => append(block, delta, "thinking"),
        Some("signature_delta") => append(block, delta, "signature"),
        Some("input_json_delta") => append(block, delta, "partial_json"),
        _ => return Err(format!("an unknown delta: {delta}")),
    }
    Ok(())
}

/// A call's input comes as pieces of JSON.
fn close(block: &mut Value) -> Result<(), String> {
    let pieces = block.as_object_mut().and_then(|block| block.remove("partial_json"));
    if let Some(pieces) = pieces.as_ref().and_then(Value::as_str).filter(|pieces| !pieces.is_empty()) {
        block["input"] = serde_json::from_str(pieces).map_err(|error| format!("{error}: {pieces}"))?;
    }
    Ok(())
}
