use super::Event;
use serde_json::Value;
use std::collections::BTreeMap;

/// The response of the last event, which must say what the pieces before it said.
pub(super) fn whole(events: &[Event]) -> Result<Value, String> {
    let mut pieces: BTreeMap<(u64, &str), String> = BTreeMap::new();
    for Event { name, data } in events {
        if data["type"] != name.as_str() {
            return Err(format!("an event with two names: {name}, {data}"));
        }
        let member = match name.as_str() {
            "response.output_text.delta" => "/content/0/text",
            "response.refusal.delta" => "/content/0/refusal",
            "response.function_call_arguments.delta" => "/arguments",
            "response.reasoning_summary_text.delta" => "/summary/0/text",
            "response.reasoning_text.delta" => "/content/0/text",
            _ => continue,
        };
        let at = data["output_index"].as_u64().ok_or_else(|| format!("no place: {data}"))?;
        pieces.entry((at, member)).or_default().push_str(data["delta"].as_str().unwrap_or_default());
    }
    let last = events.last().ok_or("nothing came")?;
    if !matches!(last.name.as_str(), "response.completed" | "response.incomplete") {
        return Err(format!("the end is missing: {}", last.data));
    }
    let response = last.data["response"].clone();
    for ((at, member), text) in pieces {
        let said = response.pointer(&format!("/output/{at}{member}"));
        if said.and_then(Value::as_str) != Some(text.as_str()) {
            return Err(format!("/output/{at}{member} came as {text:?} and ends as {said:?}"));
        }
    }
    Ok(response)
}
