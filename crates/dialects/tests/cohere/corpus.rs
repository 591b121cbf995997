//! Every recorded exchange.

use serde_json::{Map, Value, json};
use switchyard_dialects::codec::ProviderCodec;
use switchyard_dialects::cohere::Cohere;
use switchyard_dialects::error::classify;
use switchyard_dialects::openai_chat;
use switchyard_dialects::scan::{Document, ScanLimits};
use switchyard_domain::chat::{ChatAnswer, ChatRequest, Part, ReasoningMode, TokenUsage};
use switchyard_domain::fault::FaultKind;
use switchyard_testkit::corpus::{self, Exchange};

use crate::expected::{check_error, collect, count_cut, decode, events_of, rewrite};
use crate::score::Score;

/// It ends in an error, see below.
const FAILED: &str = "cohere-chat-53400b0038";

fn chats() -> Vec<Exchange> {
    let exchanges = corpus::of("cohere").unwrap();
    exchanges.into_iter().filter(|exchange| exchange.operation == "chat").collect()
}

fn reasoning(answer: &ChatAnswer) -> String {
    let parts = answer.choices[0].parts.iter();
    parts
        .filter_map(
            |part| if let Part::Reasoning(reasoning) = part { Some(reasoning.text.as_str()) } else { None },
        )
        .collect()
}

#[test]
fn what_the_model_plans_to_do_with_its_tools_is_reasoning() {
    let mut planned = 0;
    for exchange in chats().iter().filter(|exchange| exchange.id != FAILED) {
        let Some(plan) = &exchange.expected.tool_plan else { continue };
        assert_eq!(&reasoning(&decode(&Cohere, exchange).unwrap()), plan, "{}", exchange.id);
        planned += 1;
    }
    assert_eq!(planned, 19);
}

#[test]
fn a_generation_that_failed_is_an_error_after_what_was_said() {
    let exchanges = chats();
    let exchange = exchanges.iter().find(|exchange| exchange.id == FAILED).unwrap();
    let mut reader = Cohere.reader(1);
    let mut out = Vec::new();
    let events = events_of(&Cohere, &exchange.answer(), usize::MAX);
    let mut errors =
        events.iter().filter_map(|(name, data)| reader.event(name.as_deref(), data, &mut out).err());
    let error = errors.next().unwrap();
    assert!(error.message.starts_with("your request resulted in an invalid tool generation"), "{error}");
    assert_eq!(error.kind.as_deref(), Some("INVALID_TOOL_GENERATION"));
    assert_eq!(classify(200, &error), FaultKind::Rejected);
    drop(errors);
    assert!(!reader.is_finished());
    let plan = exchange.expected.tool_plan.clone().unwrap();
    let [Part::Reasoning(reasoning)] = &collect(out).choices[0].parts[..] else { panic!("no plan") };
    assert_eq!(reasoning.text, plan);
}

#[test]
fn where_a_stream_is_cut_makes_no_difference() {
    let exchanges = chats();
    let streams = exchanges.iter().filter(|exchange| exchange.stream && exchange.id != FAILED);
    assert_eq!(count_cut(&Cohere, streams, [1, 5, 64]), 17);
}

#[test]
fn every_recorded_citation_names_its_source_and_its_place() {
    let mut seen = 0;
    for exchange in
        chats().iter().filter(|exchange| exchange.has("citations") && exchange.expected.ok == Some(true))
    {
        let answer = decode(&Cohere, exchange).unwrap();
        let text: Vec<char> = answer.text().chars().collect();
        for citation in &answer.choices[0].citations {
            let (_, native) = citation.native.as_ref().unwrap();
            let cited: Value = serde_json::from_str(native.as_str()).unwrap();
            let (start, end) = citation.span.unwrap();
            let said: String = text[start as usize..end as usize].iter().collect();
            assert_eq!(json!(said), cited["text"], "{}", exchange.id);
            seen += 1;
        }
    }
    assert_eq!(seen, 14);
}

#[test]
fn what_was_read_and_billed_of_pictures_and_thoughts_is_told() {
    let exchanges = chats();
    let usage = |id: &str| {
        let exchange = exchanges.iter().find(|exchange| exchange.id == id).unwrap();
        decode(&Cohere, exchange).unwrap().usage.unwrap()
    };
    let pictures = TokenUsage { input: 267, image_input: 259, output: 52, ..TokenUsage::default() };
    assert_eq!(usage("cohere-chat-01ae14c5d2"), pictures);
    let thoughts = TokenUsage { input: 84, output: 314, reasoning: 304, ..TokenUsage::default() };
    assert_eq!(usage("cohere-chat-18dcfc9067"), thoughts);
}

#[test]
fn the_recorded_error_is_the_operators_and_shows_no_key() {
    let mut score = Score::default();
    for exchange in chats().iter().filter(|exchange| exchange.response.status >= 400) {
        score.note(exchange.provider(), &exchange.id, check_error(&Cohere, exchange));
    }
    score.settle("errors", 1, &[]);
}

/// A recorded body as OpenAI's dialect would say it, read.
fn canonical(body: &Value) -> ChatRequest {
    let mut openai = body.as_object().unwrap().clone();
    let thinking = openai.remove("thinking");
    for (name, theirs) in [("p", "top_p"), ("k", "top_k"), ("stop_sequences", "stop")] {
        if let Some(value) = openai.remove(name) {
            openai.insert(theirs.to_owned(), value);
        }
    }
    if let Some(choice) = openai.get_mut("tool_choice") {
        *choice = json!(choice.as_str().unwrap().to_ascii_lowercase());
    }
    if let Some(schema) = openai.get("response_format").and_then(schema_of) {
        let format = json!({"type": "json_schema", "json_schema": {"name": "x", "schema": schema}});
        openai.insert("response_format".to_owned(), format);
    }
    for message in openai["messages"].as_array_mut().unwrap() {
        let message = message.as_object_mut().unwrap();
        if let Some(plan) = message.remove("tool_plan").filter(|plan| !plan.is_null()) {
            message.insert("reasoning_content".to_owned(), plan);
        }
    }
    let document = Document::scan(Value::Object(openai).to_string().into(), ScanLimits::default()).unwrap();
    let mut request = openai_chat::request::decode(&document).unwrap();
    request.reasoning.mode = thinking.map(|thinking| match thinking["type"].as_str() {
        Some("disabled") => ReasoningMode::Off,
        _ => ReasoningMode::On,
    });
    request
}

fn schema_of(format: &Value) -> Option<Value> {
    format.get("json_schema").or_else(|| format.get("schema")).cloned()
}

/// A body with everything said in one way that may be said in two.
fn normalised(mut body: Value) -> Value {
    let top = body.as_object_mut().unwrap();
    let is_nothing = |name: &str, value: &Value| {
        value.is_null()
            || (name == "stream" && *value == json!(false))
            || (["tools", "documents"].contains(&name) && *value == json!([]))
    };
    top.retain(|name, value| !is_nothing(name, value));
    if let Some(schema) = top.get("response_format").and_then(schema_of) {
        top.insert("response_format".to_owned(), json!({"type": "json_object", "json_schema": schema}));
    }
    for message in top["messages"].as_array_mut().unwrap() {
        let message = message.as_object_mut().unwrap();
        let nothing = json!([]);
        message.retain(|name, value| {
            let may_be_empty = !["content", "tool_calls"].contains(&name.as_str());
            !value.is_null() && (may_be_empty || *value != nothing)
        });
        if let Some(text) = only_text(message) {
            message.insert("content".to_owned(), text);
        }
        if message.contains_key("tool_calls") && message.get("content") == Some(&json!("")) {
            message.remove("content");
        }
    }
    body
}

/// The text of a message that has but one.
fn only_text(message: &Map<String, Value>) -> Option<Value> {
    let [part] = message.get("content")?.as_array()?.as_slice() else { return None };
    (part["type"] == "text").then(|| part["text"].clone())
}

#[test]
fn every_recorded_request_is_what_we_would_have_written() {
    let mut score = Score::default();
    for exchange in chats().iter().filter(|exchange| exchange.request.is_some()) {
        score.note(exchange.provider(), &exchange.id, rewrite(&Cohere, exchange, (canonical, normalised)));
    }
    score.settle("requests", 60, &[]);
}
