//! The members and the order of events that OpenAI's SDKs (Python 3.54, Node, and Codex's client) require, checked as they do.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::corpus_answers::events_of;

type Checked = Result<(), String>;

fn need(value: &Value, name: &str, is: fn(&Value) -> bool) -> Checked {
    match value.get(name) {
        Some(found) if is(found) => Ok(()),
        found => Err(format!(
            "`{name}` is {found:?} in {}",
            value.to_string().chars().take(300).collect::<String>()
        )),
    }
}

fn null_or(value: &Value, name: &str, is: fn(&Value) -> bool) -> Checked {
    match value.get(name) {
        Some(found) if found.is_null() || is(found) => Ok(()),
        found => Err(format!("`{name}` is {found:?}")),
    }
}

/// A whole answer.
pub(crate) fn of_response(response: &Value) -> Checked {
    for name in ["id", "model", "status", "object", "truncation"] {
        need(response, name, Value::is_string)?;
    }
    if response["object"] != "response" || !response["id"].as_str().unwrap().starts_with("resp_") {
        return Err(format!("no response: {} {}", response["object"], response["id"]));
    }
    for name in ["output", "tools"] {
        need(response, name, Value::is_array)?;
    }
    for name in ["parallel_tool_calls", "store", "background"] {
        need(response, name, Value::is_boolean)?;
    }
    need(response, "created_at", Value::is_i64)?;
    need(response, "tool_choice", |choice| choice.is_string() || choice.is_object())?;
    for name in ["text", "metadata", "reasoning"] {
        need(response, name, Value::is_object)?;
    }
    for name in ["error", "incomplete_details", "usage"] {
        null_or(response, name, Value::is_object)?;
    }
    for name in ["instructions", "previous_response_id", "user"] {
        null_or(response, name, Value::is_string)?;
    }
    for name in ["temperature", "top_p", "max_output_tokens"] {
        null_or(response, name, Value::is_number)?;
    }
    if response["usage"].is_object() {
        of_usage(&response["usage"])?;
    }
    let incomplete = response["status"] == "incomplete";
    if incomplete != response["incomplete_details"].is_object() {
        return Err("only what is incomplete has a reason".to_owned());
    }
    let mut ids = Vec::new();
    for item in response["output"].as_array().unwrap() {
        of_item(item)?;
        ids.push(item["id"].as_str().unwrap());
    }
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() == count { Ok(()) } else { Err("an id is there twice".to_owned()) }
}

fn of_usage(usage: &Value) -> Checked {
    for name in ["input_tokens", "output_tokens", "total_tokens"] {
        need(usage, name, Value::is_u64)?;
    }
    need(&usage["input_tokens_details"], "cached_tokens", Value::is_u64)?;
    need(&usage["input_tokens_details"], "cache_write_tokens", Value::is_u64)?;
    need(&usage["output_tokens_details"], "reasoning_tokens", Value::is_u64)
}

fn of_item(item: &Value) -> Checked {
    need(item, "type", Value::is_string)?;
    need(item, "id", Value::is_string)?;
    match item["type"].as_str().unwrap() {
        "message" => {
            need(item, "status", Value::is_string)?;
            need(item, "content", Value::is_array)?;
            if item["role"] != "assistant" {
                return Err("a message of another".to_owned());
            }
            item["content"].as_array().unwrap().iter().try_for_each(of_part)
        }
        "reasoning" => need(item, "summary", Value::is_array),
        "function_call" => ["call_id", "name", "arguments", "status"]
            .iter()
            .try_for_each(|name| need(item, name, Value::is_string)),
        "custom_tool_call" => {
            ["call_id", "name", "input"].iter().try_for_each(|name| need(item, name, Value::is_string))
        }
        _ => Ok(()),
    }
}

fn of_part(part: &Value) -> Checked {
    match part["type"].as_str() {
        Some("output_text") => {
            need(part, "text", Value::is_string)?;
            need(part, "annotations", Value::is_array)?;
            need(part, "logprobs", Value::is_array)?;
            part["annotations"]
                .as_array()
                .unwrap()
                .iter()
                .try_for_each(|annotation| need(annotation, "type", Value::is_string))
        }
        Some("refusal") => need(part, "refusal", Value::is_string),
        other => Err(format!("a part of type {other:?}")),
    }
}

/// What a reader that keeps state, as the Python SDK's does, knows of an item that began.
#[derive(Default)]
struct Item {
    added: Value,
    parts: Vec<Value>,
    arguments: String,
    summary: String,
    done: Option<Value>,
}

/// A stream: its grammar, and that the pieces are the whole.
pub(crate) fn of_stream(body: &str) -> Checked {
    let mut items: BTreeMap<u64, Item> = BTreeMap::new();
    let events: Vec<Value> =
        events_of(body).iter().map(|(_, data)| serde_json::from_slice(data).unwrap()).collect();
    let mut id = Value::Null;
    for (number, event) in events.iter().enumerate() {
        let kind = event["type"].as_str().ok_or("no type")?;
        if event["sequence_number"] != json!(number) {
            return Err(format!("{kind} has number {} for {number}", event["sequence_number"]));
        }
        match number {
            0 if kind != "response.created" => return Err(format!("begins with {kind}")),
            0 => id = event["response"]["id"].clone(),
            1 if kind != "response.in_progress" => return Err(format!("goes on with {kind}")),
            _ => {}
        }
        if let Some(response) = event.get("response") {
            of_response(response)?;
            if response["id"] != id {
                return Err("the answer's id changed".to_owned());
            }
            if number < 2 && (response["status"] != "in_progress" || response["output"] != json!([])) {
                return Err("began too far on".to_owned());
            }
            continue;
        }
        need(event, "output_index", Value::is_u64)?;
        of_event(kind, event, &mut items).map_err(|why| format!("{kind}: {why}"))?;
    }
    let last = events.last().ok_or("no events")?;
    let output = last["response"]["output"].as_array().ok_or("ends without the answer")?;
    let done: Vec<Value> = items.into_values().map(|item| item.done.unwrap_or_default()).collect();
    if *output == done { Ok(()) } else { Err("the answer is not its items".to_owned()) }
}

fn of_event(kind: &str, event: &Value, items: &mut BTreeMap<u64, Item>) -> Checked {
    let index = event["output_index"].as_u64().unwrap();
    if kind == "response.output_item.added" {
        of_item(&event["item"])?;
        if index != items.len() as u64 {
            return Err(format!("item {index} after {}", items.len()));
        }
        items.insert(index, Item { added: event["item"].clone(), ..Item::default() });
        return Ok(());
    }
    let item = items.get_mut(&index).ok_or("of an item that did not begin")?;
    if item.done.is_some() {
        return Err("of an item that ended".to_owned());
    }
    if kind == "response.output_item.done" {
        return ended(item, &event["item"]);
    }
    if event["item_id"] != item.added["id"] {
        return Err("of another item's id".to_owned());
    }
    let delta = event["delta"].as_str().unwrap_or_default();
    let at = event["content_index"].as_u64().unwrap_or_default() as usize;
    match kind {
        "response.content_part.added" => {
            of_part(&event["part"])?;
            if at != item.parts.len() {
                return Err(format!("part {at} after {}", item.parts.len()));
            }
            item.parts.push(event["part"].clone());
        }
        "response.output_text.delta" => {
            need(event, "logprobs", Value::is_array)?;
            extend(item.parts.get_mut(at).ok_or("no part")?, "text", delta)?;
        }
        "response.refusal.delta" => extend(item.parts.get_mut(at).ok_or("no part")?, "refusal", delta)?,
        "response.output_text.done" => {
            need(event, "logprobs", Value::is_array)?;
            equal(&item.parts[at]["text"], &event["text"])?;
        }
        "response.refusal.done" => equal(&item.parts[at]["refusal"], &event["refusal"])?,
        "response.output_text.annotation.added" => {
            need(event, "annotation", Value::is_object)?;
            let annotations = item.parts[at]["annotations"].as_array_mut().ok_or("no annotations")?;
            equal(&event["annotation_index"], &json!(annotations.len()))?;
            annotations.push(event["annotation"].clone());
        }
        "response.content_part.done" => {
            of_part(&event["part"])?;
            equal(&event["part"]["annotations"], &item.parts[at]["annotations"])?;
            item.parts[at] = event["part"].clone();
        }
        "response.reasoning_summary_part.added" => equal(&event["part"]["text"], &json!(""))?,
        "response.reasoning_summary_text.delta" => {
            equal(&event["summary_index"], &json!(0))?;
            item.summary.push_str(delta);
        }
        "response.reasoning_summary_text.done" => equal(&event["text"], &json!(item.summary))?,
        "response.reasoning_summary_part.done" => equal(&event["part"]["text"], &json!(item.summary))?,
        "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
            item.arguments.push_str(delta);
        }
        "response.function_call_arguments.done" => equal(&event["arguments"], &json!(item.arguments))?,
        "response.custom_tool_call_input.done" => equal(&event["input"], &json!(item.arguments))?,
        _ => return Err("is not known".to_owned()),
    }
    Ok(())
}

fn ended(item: &mut Item, whole: &Value) -> Checked {
    of_item(whole)?;
    for name in ["id", "type", "call_id", "name"] {
        equal(&whole[name], &item.added[name])?;
    }
    match whole["type"].as_str().unwrap() {
        "message" => equal(&whole["content"], &json!(item.parts))?,
        "function_call" => equal(&whole["arguments"], &json!(item.arguments))?,
        "custom_tool_call" => equal(&whole["input"], &json!(item.arguments))?,
        "reasoning" if !item.summary.is_empty() => equal(&whole["summary"][0]["text"], &json!(item.summary))?,
        _ => {}
    }
    item.done = Some(whole.clone());
    Ok(())
}

fn extend(part: &mut Value, member: &str, delta: &str) -> Checked {
    let said = part[member].as_str().ok_or("of another kind of part")?;
    part[member] = json!(format!("{said}{delta}"));
    Ok(())
}

fn equal(got: &Value, expected: &Value) -> Checked {
    if got == expected { Ok(()) } else { Err(format!("{got} for {expected}")) }
}
