//! Every recorded exchange.

use serde_json::{Value, json};
use switchyard_dialects::codec::ProviderCodec;
use switchyard_dialects::ollama::Ollama;
use switchyard_dialects::openai_chat;
use switchyard_dialects::scan::{Document, ScanLimits};
use switchyard_domain::chat::{
    ChatRequest, Dialect, EffortLevel, Json, LossReport, MediaSource, Part, ReasoningMode,
};
use switchyard_testkit::corpus::{self, Exchange};

use crate::expected::{check_error, count_cut, decode, rewrite};
use crate::score::Score;

fn chats() -> Vec<Exchange> {
    let exchanges = corpus::of("ollama").unwrap();
    // The older `/api/generate` is another endpoint.
    exchanges.into_iter().filter(|exchange| exchange.operation == "chat").collect()
}

#[test]
fn every_recorded_answer_tells_when_it_was_made() {
    for exchange in chats().iter().filter(|exchange| exchange.expected.ok == Some(true)) {
        // Some recorders set all times to the beginning of time.
        let made = decode(&Ollama, exchange).unwrap().created;
        let is_sound = made.is_some_and(|time| time == 0 || (1_700_000_000..1_800_000_000).contains(&time));
        assert!(is_sound, "{}: {made:?}", exchange.id);
    }
}

#[test]
fn where_a_stream_is_cut_makes_no_difference() {
    let exchanges = chats();
    let streams = exchanges.iter().filter(|exchange| exchange.stream);
    assert_eq!(count_cut(&Ollama, streams, [1, 3, 64]), 8);
}

#[test]
fn the_recorded_error_is_a_rejection_with_its_message() {
    let mut score = Score::default();
    for exchange in chats().iter().filter(|exchange| exchange.response.status >= 400) {
        score.note(exchange.provider(), &exchange.id, check_error(&Ollama, exchange));
    }
    score.settle("errors", 1, &[]);
}

#[test]
fn a_count_that_the_cache_swallowed_is_no_base_for_a_bill() {
    let exchanges = chats();
    for (id, is_corrected) in [("ollama-chat-1728e421c4", true), ("ollama-chat-9cbd3095cb", false)] {
        let exchange = exchanges.iter().find(|exchange| exchange.id == id).unwrap();
        assert_eq!(Ollama.decode(&exchange.answer()).unwrap().usage_corrected, is_corrected, "{id}");
    }
}

/// A recorded body as OpenAI's dialect would say it, read.
fn canonical(body: &Value) -> ChatRequest {
    let mut openai = body.clone();
    let top = openai.as_object_mut().unwrap();
    let options = top.remove("options").unwrap_or_default();
    let (think, format) = (top.remove("think"), top.remove("format"));
    for (name, theirs) in
        [("num_predict", "max_tokens"), ("temperature", "temperature"), ("seed", "seed"), ("stop", "stop")]
    {
        if let Some(value) = options.get(name) {
            top.insert(theirs.to_owned(), value.clone());
        }
    }
    match format {
        Some(Value::String(word)) if word == "json" => {
            top.insert("response_format".to_owned(), json!({"type": "json_object"}));
        }
        Some(schema) if schema.is_object() => {
            let format = json!({"type": "json_schema", "json_schema": {"name": "x", "schema": schema}});
            top.insert("response_format".to_owned(), format);
        }
        _ => {}
    }
    let mut images = Vec::new();
    for (index, message) in top["messages"].as_array_mut().unwrap().iter_mut().enumerate() {
        let message = message.as_object_mut().unwrap();
        if let Some(thinking) = message.remove("thinking") {
            message.insert("reasoning_content".to_owned(), thinking);
        }
        if let Some(Value::Array(found)) = message.remove("images") {
            images.push((index, found));
        }
        if let Some(name) = message.remove("tool_name") {
            message.insert("name".to_owned(), name);
            message.insert("tool_call_id".to_owned(), json!("c"));
        }
        for call in message.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten() {
            call["id"] = json!("c");
            call["function"]["arguments"] = json!(call["function"]["arguments"].to_string());
        }
    }
    let document = Document::scan(openai.to_string().into(), ScanLimits::default()).unwrap();
    let mut request = openai_chat::request::decode(&document).unwrap();
    match think {
        Some(Value::Bool(on)) => {
            request.reasoning.mode = Some(if on { ReasoningMode::On } else { ReasoningMode::Off });
        }
        Some(Value::String(word)) => request.reasoning.effort = Some(EffortLevel(word)),
        _ => {}
    }
    for (index, found) in images {
        for image in found {
            let base64 = image.as_str().unwrap().to_owned();
            let source = MediaSource::Inline { media_type: "image/png".to_owned(), base64 };
            request.messages[index].parts.push(Part::Image { source, detail: None });
        }
    }
    request
}

/// A body with everything said in one way that may be said in two.
fn normalised(mut body: Value) -> Value {
    let top = body.as_object_mut().unwrap();
    let (no_options, no_format) = (json!({}), json!(""));
    top.retain(|name, value| match name.as_str() {
        "options" => *value != no_options,
        "format" => *value != no_format && !value.is_null(),
        _ => !value.is_null(),
    });
    if top.get("tools") == Some(&json!([])) {
        top.remove("tools");
    }
    for message in top["messages"].as_array_mut().unwrap() {
        let message = message.as_object_mut().unwrap();
        message.remove("tool_call_id");
        let nothing = json!([]);
        message.retain(|name, value| name != "tool_calls" || *value != nothing);
        for call in message.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten() {
            call.as_object_mut().unwrap().remove("id");
        }
    }
    body
}

#[test]
fn every_recorded_request_is_what_we_would_have_written() {
    let mut score = Score::default();
    for exchange in chats().iter().filter(|exchange| exchange.request.is_some()) {
        score.note(exchange.provider(), &exchange.id, rewrite(&Ollama, exchange, (canonical, normalised)));
    }
    score.settle("requests", 24, &[]);
}

#[test]
fn a_body_of_the_dialect_is_left_alone_but_for_the_model() {
    let body = br#"{"b" : 1.0,"model":"x", "options":{}}"#;
    let document = Document::scan(body.to_vec().into(), ScanLimits::default()).unwrap();
    let facts = switchyard_domain::call::CallFacts {
        dialect: Dialect::OLLAMA,
        model: "x".to_owned(),
        stream: false,
        wants_stream_usage: false,
        max_output_tokens: None,
        choices: 1,
        prompt_text_bytes: 0,
        messages: 0,
        images: 0,
        has_unseen_input: false,
        needs: switchyard_domain::route::Needs::NONE,
        tags: Vec::new(),
        plain_messages: false,
        decodes_answer: false,
        strict: false,
        headers: Vec::new(),
    };
    let members = document.wire_members();
    let mut losses = LossReport::default();
    let adapted = Ollama.adapt(document.body(), &members, "y\"", &facts, &mut losses).unwrap().concat();
    assert_eq!(adapted, br#"{"b" : 1.0,"model":"y\"", "options":{}}"#.as_slice());
    assert!(losses.is_empty());
    let _: Json = Json::parse(String::from_utf8_lossy(&adapted)).unwrap();
}
