//! Recorded requests through the canonical form and back: nothing is lost but what means the same.

use serde_json::{Map, Value, json};
use switchyard_dialects::codec::{Address, ClientCodec, ProviderCodec};
use switchyard_dialects::openai_responses::{OpenAiResponses, OpenAiResponsesClient, asks_for_stream};
use switchyard_dialects::request::RequestLimits;
use switchyard_dialects::scan::{Document, ScanLimits};
use switchyard_domain::chat::{ChatRequest, Dialect, LossReport};
use switchyard_testkit::corpus::{self, Exchange};

use crate::corpus_answers::DIALECT;
use crate::differing::difference;
use crate::score::Score;

pub(crate) fn read(body: &[u8]) -> ChatRequest {
    let document = Document::scan(body.to_vec().into(), ScanLimits::default()).unwrap();
    OpenAiResponsesClient.decode(&document, Address::default()).unwrap()
}

/// A request with everything said in one way that may be said in two. This is the whole list of what changes.
fn normalised(body: &Value) -> Value {
    let mut body = body.as_object().unwrap().clone();
    body.retain(|_, value| !value.is_null());
    if body.get("stream") == Some(&json!(false)) {
        body.remove("stream");
    }
    for name in ["tools", "include"] {
        if body.get(name) == Some(&json!([])) {
            body.remove(name);
        }
    }
    if let Some(include) = body.get_mut("include").and_then(Value::as_array_mut) {
        include.sort_by_key(ToString::to_string);
    }
    if let Some(Value::String(text)) = body.get("input").cloned() {
        body.insert("input".to_owned(), json!([{"role": "user", "content": text}]));
    }
    for tool in body.get_mut("tools").and_then(Value::as_array_mut).into_iter().flatten() {
        if tool["type"] == "function" {
            tool.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        }
    }
    for item in body.get_mut("input").and_then(Value::as_array_mut).into_iter().flatten() {
        normalise_item(item.as_object_mut().unwrap());
    }
    Value::Object(body)
}

fn normalise_item(item: &mut Map<String, Value>) {
    if !item.contains_key("type") {
        item.insert("type".to_owned(), json!("message"));
    }
    let kind = item["type"].as_str().unwrap().to_owned();
    let canonical = ["message", "function_call", "function_call_output"];
    if !canonical.contains(&kind.as_str()) {
        return;
    }
    item.retain(|_, value| !value.is_null());
    let has_id = item.contains_key("id");
    let is_assistant = item.get("role") == Some(&json!("assistant"));
    let name = if kind == "message" { "content" } else { "output" };
    let Some(Value::Array(parts)) = item.get_mut(name) else { return };
    for part in parts.iter_mut() {
        let part = part.as_object_mut().unwrap();
        part.retain(|name, value| !value.is_null() && (name != "logprobs" || *value != json!([])));
        if is_assistant && part["type"] == "output_text" {
            part.entry("annotations").or_insert(json!([]));
        }
    }
    let [part] = parts.as_slice() else { return };
    let plain =
        part.as_object().unwrap().keys().all(|name| ["type", "text", "annotations"].contains(&name.as_str()));
    let has_own = has_id || part.get("annotations").is_some_and(|list| *list != json!([]));
    if plain && part.get("text").is_some() && !(is_assistant && has_own) {
        let text = part["text"].clone();
        item.insert(name.to_owned(), text);
    }
}

/// The order among the members without canonical form depends on where they are written.
pub(crate) fn sorted(mut request: ChatRequest) -> ChatRequest {
    request.extensions.sort_by(|a, b| a.0.cmp(&b.0));
    request
}

fn round_trip(exchange: &Exchange) -> Result<(), String> {
    let body = exchange.request.as_ref().unwrap().get();
    let document =
        Document::scan(body.to_owned().into(), ScanLimits::default()).map_err(|error| error.to_string())?;
    let request =
        OpenAiResponsesClient.decode(&document, Address::default()).map_err(|error| error.to_string())?;
    let recorded: Value = serde_json::from_str(body).unwrap();
    let mut losses = LossReport::default();
    let model = recorded["model"].as_str().unwrap_or_default();
    let encoded = OpenAiResponses::PLAIN.encode(&request, model, Dialect::OPENAI_RESPONSES, &mut losses);
    let encoded = encoded.map_err(|error| error.to_string())?;
    if !losses.is_empty() {
        return Err(format!("lost {losses}"));
    }
    let mut written: Value = serde_json::from_slice(&encoded).map_err(|error| error.to_string())?;
    if model.is_empty() {
        written.as_object_mut().unwrap().remove("model");
    }
    if let Some(include) = written.get_mut("include").and_then(Value::as_array_mut) {
        include.sort_by_key(ToString::to_string);
    }
    if let Some(difference) = difference("", &written, &normalised(&recorded)) {
        return Err(difference);
    }
    let (again, request) = (sorted(read(&encoded)), sorted(request));
    if again == request { Ok(()) } else { Err(format!("reads differently: {again:?} for {request:?}")) }
}

#[test]
fn every_recorded_request_survives_the_canonical_form() {
    let mut score = Score::default();
    for exchange in corpus::of(DIALECT).unwrap().iter().filter(|exchange| exchange.request.is_some()) {
        score.note(exchange.provider(), &exchange.id, round_trip(exchange));
    }
    score.settle("requests", 309, &[]);
}

#[test]
fn every_recorded_request_that_a_provider_took_is_found_good() {
    let mut score = Score::default();
    for exchange in corpus::of(DIALECT).unwrap() {
        let Some(body) = exchange.request.as_ref().filter(|_| exchange.response.status == 200) else {
            continue;
        };
        let checked = OpenAiResponsesClient.check(
            body.get().to_owned().into(),
            Address::default(),
            &RequestLimits::default(),
        );
        let outcome =
            checked.map_err(|error| format!("{:?}: {}", error.param, error.message)).and_then(|checked| {
                let request = read(body.get().as_bytes());
                let facts = &checked.facts;
                let same = facts.model == request.model
                    && facts.stream == request.stream.is_some()
                    && facts.stream == asks_for_stream(&checked.document)
                    && facts.stream == exchange.stream
                    && facts.wants_stream_usage
                    && facts.max_output_tokens == request.max_output_tokens
                    && facts.choices == 1
                    && facts.messages > 0
                    && facts.prompt_text_bytes > 0;
                if same { Ok(()) } else { Err(format!("{facts:?}")) }
            });
        score.note(exchange.provider(), &exchange.id, outcome);
    }
    // Templates that name the model themselves; here it must be named.
    let known = [("openai-responses-659d85cfa4", "no model"), ("openai-responses-8c65946a6b", "no model")];
    score.settle("requests found good", 295, &known);
}
