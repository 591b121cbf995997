//! Recorded requests through the canonical form and back: nothing is lost but what means the same.

use bytes::Bytes;
use serde_json::{Map, Value, json};
use switchyard_dialects::anthropic_messages::AnthropicMessagesClient;
use switchyard_dialects::codec::{Address, ClientCodec, ProviderCodec};
use switchyard_dialects::request::{CheckedRequest, RequestLimits};
use switchyard_dialects::scan::{Document, ScanLimits};
use switchyard_domain::chat::{ChatRequest, Dialect, LossReport, Part, Role};
use switchyard_testkit::corpus::Exchange;

use crate::corpus_answers::{CODEC, exchanges};
use crate::differing::difference;
use crate::score::Score;

pub(crate) fn read(body: &[u8]) -> ChatRequest {
    let document = Document::scan(body.to_vec().into(), ScanLimits::default()).unwrap();
    AnthropicMessagesClient.decode(&document, Address::default()).unwrap()
}

pub(crate) fn checked(body: impl Into<Bytes>) -> Result<CheckedRequest, String> {
    let checked = AnthropicMessagesClient.check(body.into(), Address::default(), &RequestLimits::default());
    checked.map_err(|error| format!("{:?}: {}", error.param, error.message))
}

/// A request with everything said in one way that may be said in two. This is the whole list of what changes.
pub(crate) fn normalised(body: &Value) -> Value {
    let mut body = body.as_object().unwrap().clone();
    body.retain(|_, value| !value.is_null());
    if body.get("stream") == Some(&json!(false)) {
        body.remove("stream");
    }
    for name in ["stop_sequences", "tools", "system"] {
        if body.get(name) == Some(&json!([])) {
            body.remove(name);
        }
    }
    if let Some(format) = body.remove("output_format") {
        body.entry("output_config").or_insert_with(|| json!({}))["format"] = format;
    }
    if let Some(system) = body.get_mut("system") {
        *system = blocks(system);
    }
    let mut messages: Vec<Value> = Vec::new();
    for message in body["messages"].as_array().unwrap() {
        let mut message = message.clone();
        message["content"] = blocks(&message["content"]);
        let last = messages.last_mut().filter(|last| last["role"] == message["role"]);
        match last {
            // Consecutive messages of one role are one to the vendor.
            Some(last) => {
                let more = message["content"].as_array().unwrap().clone();
                last["content"].as_array_mut().unwrap().extend(more);
            }
            None => messages.push(message),
        }
    }
    body.insert("messages".to_owned(), json!(messages));
    Value::Object(body)
}

fn blocks(content: &Value) -> Value {
    match content {
        Value::String(text) => json!([{"type": "text", "text": text}]),
        Value::Array(list) => list.iter().map(block).collect(),
        other => other.clone(),
    }
}

fn block(block: &Value) -> Value {
    let mut block: Map<String, Value> = block.as_object().unwrap().clone();
    let usual = ["text", "image", "document", "tool_use", "tool_result", "thinking", "redacted_thinking"];
    if usual.contains(&block["type"].as_str().unwrap()) {
        block.retain(|_, value| !value.is_null());
    }
    if block["type"] == "tool_result" {
        if block.get("is_error") == Some(&json!(false)) {
            block.remove("is_error");
        }
        if let Some(content) = block.get_mut("content") {
            *content = blocks(content);
        }
    }
    Value::Object(block)
}

fn round_trip(exchange: &Exchange) -> Result<(), String> {
    let body = exchange.request.as_ref().unwrap().get();
    let request = read(body.as_bytes());
    let mut losses = LossReport::default();
    let encoded = CODEC
        .encode(&request, &request.model, Dialect::ANTHROPIC_MESSAGES, &mut losses)
        .map_err(|error| error.to_string())?;
    if !losses.is_empty() {
        return Err(format!("lost {losses}"));
    }
    let recorded: Value = serde_json::from_str(body).unwrap();
    let written: Value = serde_json::from_slice(&encoded).map_err(|error| error.to_string())?;
    match difference("", &normalised(&written), &normalised(&recorded)) {
        Some(difference) => Err(difference),
        None if read(&encoded) == merged(request) => Ok(()),
        None => Err("reads differently when written".to_owned()),
    }
}

/// A request with consecutive messages of one role in one.
fn merged(mut request: ChatRequest) -> ChatRequest {
    let mut messages = Vec::new();
    for message in std::mem::take(&mut request.messages) {
        let is_user = |role| matches!(role, Role::User | Role::Tool);
        match messages.last_mut() {
            Some(switchyard_domain::chat::Message { role, parts, extensions, .. })
                if is_user(*role) && is_user(message.role) =>
            {
                assert!(extensions.is_empty() && message.extensions.is_empty());
                *role = Role::User;
                parts.extend(message.parts);
            }
            _ => messages.push(message),
        }
    }
    request.messages = messages;
    request
}

#[test]
fn every_recorded_request_survives_the_canonical_form() {
    let mut score = Score::default();
    for exchange in exchanges().iter().filter(|exchange| exchange.request.is_some()) {
        score.note(exchange.provider(), &exchange.id, round_trip(exchange));
    }
    score.settle("requests", 235, &[]);
}

#[test]
fn every_recorded_request_that_the_vendor_took_is_found_good() {
    let mut score = Score::default();
    for exchange in exchanges() {
        let Some(body) = exchange.request.as_ref().filter(|_| exchange.response.status == 200) else {
            continue;
        };
        let outcome = checked(body.get().to_owned()).and_then(|checked| {
            let request = AnthropicMessagesClient.decode(&checked.document, Address::default()).unwrap();
            let facts = &checked.facts;
            let images =
                request.messages.iter().flat_map(|message| &message.parts).filter(|part| match part {
                    Part::ToolResult(result) => {
                        result.content.iter().any(|part| matches!(part, Part::Image { .. }))
                    }
                    part => matches!(part, Part::Image { .. }),
                });
            let system = usize::from(request.messages[0].role == Role::System);
            let same = facts.model == request.model
                && facts.stream == request.stream.is_some()
                && facts.wants_stream_usage
                && facts.max_output_tokens == request.max_output_tokens
                && facts.choices == 1
                && facts.messages as usize == request.messages.len() - system
                && facts.images as usize == images.count()
                && facts.prompt_text_bytes > 0;
            if same { Ok(()) } else { Err(format!("{facts:?}")) }
        });
        score.note(exchange.provider(), &exchange.id, outcome);
    }
    score.settle("requests found good", 224, &[]);
}

#[test]
fn a_clients_own_bytes_go_on_with_nothing_changed_but_the_model() {
    let mut seen = 0;
    for exchange in exchanges() {
        let Some(body) = exchange.request.as_ref() else { continue };
        let Ok(checked) = checked(body.get().to_owned()) else { continue };
        let mut losses = LossReport::default();
        let adapted = CODEC
            .adapt(checked.document.body(), &checked.members, "another-model", &checked.facts, &mut losses)
            .unwrap();
        let model = serde_json::to_string(&checked.facts.model).unwrap();
        let span = checked.document.get("model").unwrap().span();
        assert_eq!(&body.get()[span.clone()], model);
        let expected = format!("{}\"another-model\"{}", &body.get()[..span.start], &body.get()[span.end..]);
        assert_eq!(adapted, expected, "{}", exchange.id);
        assert!(losses.is_empty());
        seen += 1;
    }
    assert_eq!(seen, 235);
}
