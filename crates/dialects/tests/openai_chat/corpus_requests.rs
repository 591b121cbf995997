//! Recorded requests through the canonical form and back: nothing is lost but what means the same.

use bytes::Bytes;
use serde_json::{Map, Value, json};
use switchyard_dialects::codec::ProviderCodec;
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_chat::request::{
    CacheForm, DocumentForm, MaxTokensMember, ProofForm, ReasoningForm, StreamUsage, TargetFacts,
    UnknownMembers, check, decode,
};
use switchyard_dialects::request::RequestLimits;
use switchyard_dialects::scan::{Document, ScanLimits};
use switchyard_domain::chat::{ChatRequest, Dialect, LossReport};
use switchyard_testkit::corpus::{self, Exchange};

use crate::differing::difference;
use crate::score::Score;

pub(crate) fn read(body: &[u8]) -> ChatRequest {
    let document = Document::scan(body.to_vec().into(), ScanLimits::default()).unwrap();
    decode(&document).unwrap()
}

/// The facts of the vendor that a recorded request was made for, as far as the request shows them.
fn facts_for(body: &Value) -> TargetFacts {
    let text = body.to_string();
    let has = |word: &str| text.contains(word);
    TargetFacts {
        max_tokens: if body.get("max_tokens").is_some() {
            MaxTokensMember::MaxTokens
        } else {
            MaxTokensMember::MaxCompletionTokens
        },
        required_word: if body["tool_choice"] == "any" { "any" } else { "required" },
        reasoning: if has("\"reasoning_content\":") {
            ReasoningForm::ReasoningContent
        } else if has("\"thinking\",\"thinking\"") || has("\"type\":\"thinking\"") {
            ReasoningForm::ThinkingPart
        } else {
            ReasoningForm::Reasoning
        },
        cache: if has("\"prompt_cache_breakpoint\"") {
            CacheForm::PromptCacheBreakpoint
        } else {
            CacheForm::CacheControl
        },
        documents: if has("\"document_url\"") { DocumentForm::DocumentUrl } else { DocumentForm::FileData },
        stream_usage: StreamUsage::AsRequested,
        proofs: ProofForm::ReasoningDetails,
        unknown_members: UnknownMembers::Passed,
        media_in_results: true,
        top_k: true,
        ..TargetFacts::OPENAI
    }
}

/// A request with everything said in one way that may be said in two. This is the whole list of what changes.
fn normalised(body: &Value) -> Value {
    let mut body = body.as_object().unwrap().clone();
    let unknown_nulls = ["echo", "min_p", "repetition_penalty", "safety_model"];
    body.retain(|name, value| !value.is_null() || unknown_nulls.contains(&name.as_str()));
    if body.get("stream") == Some(&json!(false)) {
        body.remove("stream");
    }
    for name in ["stop", "tools"] {
        if body.get(name) == Some(&json!([])) {
            body.remove(name);
        }
    }
    if let Some(Value::String(stop)) = body.get("stop").cloned() {
        body.insert("stop".to_owned(), json!([stop]));
    }
    for tool in body.get_mut("tools").and_then(Value::as_array_mut).into_iter().flatten() {
        let tool = tool.as_object_mut().unwrap();
        if tool.contains_key("function") {
            tool.insert("type".to_owned(), json!("function"));
        }
    }
    for message in body["messages"].as_array_mut().unwrap() {
        normalise_message(message.as_object_mut().unwrap());
    }
    Value::Object(body)
}

fn normalise_message(message: &mut Map<String, Value>) {
    message.retain(|name, value| !value.is_null() || name == "content");
    let says_more = ["tool_calls", "function_call", "refusal"].iter().any(|name| message.contains_key(*name));
    // Absent, `null` and no parts are one; nothing beside nothing else is an empty text.
    let content = message.remove("content").unwrap_or(Value::Null);
    let content = match content {
        Value::Array(parts) if parts.is_empty() => Value::Null,
        Value::Array(parts) => Value::Array(parts.iter().map(normalised_part).collect()),
        content => content,
    };
    let content = match content {
        Value::Null if !says_more => json!(""),
        Value::Array(parts) => match parts.as_slice() {
            [part] if part.as_object().unwrap().len() == 2 && part["type"] == "text" => part["text"].clone(),
            _ => Value::Array(parts),
        },
        content => content,
    };
    message.insert("content".to_owned(), content);
    if message.get("tool_calls") == Some(&json!([])) {
        message.remove("tool_calls");
    }
    if message.get("reasoning") == message.get("reasoning_content") {
        message.remove("reasoning");
    }
    for call in message.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten() {
        call.as_object_mut().unwrap().remove("index");
    }
}

fn normalised_part(part: &Value) -> Value {
    let mut part = part.as_object().unwrap().clone();
    part.retain(|_, value| !value.is_null());
    if part["type"] == "image_url" && part["image_url"].is_string() {
        let url = part["image_url"].clone();
        part.insert("image_url".to_owned(), json!({ "url": url }));
    }
    if let Some(thoughts) = part.get("thinking").and_then(Value::as_array) {
        let text: String = thoughts.iter().map(|thought| thought["text"].as_str().unwrap()).collect();
        part.insert("thinking".to_owned(), json!([{"type": "text", "text": text}]));
    }
    Value::Object(part)
}

/// The body for a vendor of these facts, for the model that was asked for.
pub(crate) fn encode(
    request: &ChatRequest,
    source: Dialect,
    requests: TargetFacts,
    losses: &mut LossReport,
) -> Bytes {
    let vendor = OpenAiChat { requests, ..OpenAiChat::PLAIN };
    vendor.encode(request, &request.model, source, losses).unwrap()
}

fn round_trip(exchange: &Exchange) -> Result<(), String> {
    let body = exchange.request.as_ref().unwrap().get();
    let document =
        Document::scan(body.to_owned().into(), ScanLimits::default()).map_err(|error| error.to_string())?;
    let request = decode(&document).map_err(|error| error.to_string())?;
    let recorded: Value = serde_json::from_str(body).unwrap();
    let facts = facts_for(&recorded);
    let mut losses = LossReport::default();
    let encoded = encode(&request, Dialect::OPENAI_CHAT, facts, &mut losses);
    if !losses.is_empty() {
        return Err(format!("lost {losses}"));
    }
    let mut written: Value = serde_json::from_slice(&encoded).map_err(|error| error.to_string())?;
    // Azure takes the model from the path; a codec writes the one that it is given.
    if request.model.is_empty() && recorded.get("model").is_none() {
        written.as_object_mut().unwrap().remove("model");
    }
    if let Some(difference) = difference("", &written, &normalised(&recorded)) {
        return Err(difference);
    }
    if read(&encoded) == request { Ok(()) } else { Err("reads differently when written".to_owned()) }
}

#[test]
fn every_recorded_request_survives_the_canonical_form() {
    let mut score = Score::default();
    for exchange in corpus::openai_chat().unwrap().iter().filter(|exchange| exchange.request.is_some()) {
        score.note(exchange.provider(), &exchange.id, round_trip(exchange));
    }
    let known =
        [("llamacpp-chat_completions-2f98eb30f1", "its temperature is a text; the provider refused it too")];
    score.settle("requests", 749, &known);
}

#[test]
fn every_recorded_request_that_a_provider_took_is_found_good() {
    let mut score = Score::default();
    for exchange in corpus::openai_chat().unwrap() {
        let Some(body) = exchange.request.as_ref().filter(|_| exchange.response.status == 200) else {
            continue;
        };
        let checked = check(body.get().to_owned().into(), &RequestLimits::default());
        let outcome =
            checked.map_err(|error| format!("{:?}: {}", error.param, error.message)).and_then(|checked| {
                let request = decode(&checked.document).unwrap();
                let facts = &checked.facts;
                let same = facts.model == request.model
                    && facts.stream == request.stream.is_some()
                    && facts.wants_stream_usage == request.stream.is_some_and(|stream| stream.include_usage)
                    && facts.max_output_tokens == request.max_output_tokens
                    && facts.choices == request.choices.unwrap_or(1)
                    && facts.messages as usize == request.messages.len()
                    && facts.prompt_text_bytes > 0;
                if same { Ok(()) } else { Err(format!("{facts:?}")) }
            });
        score.note(exchange.provider(), &exchange.id, outcome);
    }
    // Azure's older paths name the model themselves; here it must be named.
    let known = [
        "0a258adcd2",
        "16a63b1aa1",
        "6c07e128c6",
        "7557e8446a",
        "791624ba31",
        "8d367e1d52",
        "8fad5b25d5",
        "939756e49c",
        "a8abc85f18",
        "ac725c4836",
        "af27cd54d7",
        "ed08d98a37",
    ];
    let known = known.map(|id| format!("azure-chat_completions-{id}"));
    let known: Vec<_> = known.iter().map(|id| (id.as_str(), "no model")).collect();
    score.settle("requests found good", 698, &known);
}
