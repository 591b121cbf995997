//! Recorded requests through the canonical form and back: nothing is lost but what means the same.

use serde_json::{Map, Value, json};
use switchyard_dialects::codec::{Address, ClientCodec, ProviderCodec};
use switchyard_dialects::gemini::GeminiClient;
use switchyard_dialects::request::RequestLimits;
use switchyard_domain::chat::{ChatRequest, Dialect, LossReport};
use switchyard_testkit::corpus::{self, Exchange};

use crate::differing::difference;
use crate::score::Score;
use crate::tools::{facts_of, read, written};

fn camel(name: &str) -> String {
    let mut out = String::new();
    let mut raise = false;
    for c in name.chars() {
        if c == '_' {
            raise = true;
        } else if std::mem::take(&mut raise) {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
    }
    out
}

/// The members that are not `null`, in camel case.
fn fields(value: &Value) -> Map<String, Value> {
    let members = value.as_object().unwrap().iter().filter(|(_, value)| !value.is_null());
    members.map(|(name, value)| (camel(name), value.clone())).collect()
}

fn change(members: &mut Map<String, Value>, name: &str, with: impl FnOnce(&Value) -> Value) {
    if let Some(value) = members.get(name) {
        let changed = with(value);
        members.insert(name.to_owned(), changed);
    }
}

fn each(list: &Value, with: impl Fn(&Value) -> Value) -> Value {
    list.as_array().unwrap().iter().map(with).collect()
}

/// A request with everything said in one way that may be said in two. This is the whole list of what changes.
pub(crate) fn normalised(body: &Value) -> Value {
    let mut body = fields(body);
    change(&mut body, "contents", |contents| each(contents, |content| normalised_content(content, true)));
    change(&mut body, "systemInstruction", |content| normalised_content(content, false));
    change(&mut body, "generationConfig", normalised_generation);
    change(&mut body, "toolConfig", |config| {
        let mut config = fields(config);
        change(&mut config, "functionCallingConfig", |calling| {
            let mut calling = fields(calling);
            change(&mut calling, "mode", |mode| json!(mode.as_str().unwrap().to_uppercase()));
            Value::Object(calling)
        });
        Value::Object(config)
    });
    change(&mut body, "tools", normalised_tools);
    for name in ["generationConfig", "toolConfig"] {
        if body.get(name) == Some(&json!({})) {
            body.remove(name);
        }
    }
    Value::Object(body)
}

fn normalised_content(content: &Value, has_role: bool) -> Value {
    let mut content = fields(content);
    change(&mut content, "parts", |parts| each(parts, normalised_part));
    if has_role {
        content.entry("role").or_insert(json!("user"));
    } else {
        content.remove("role");
    }
    Value::Object(content)
}

fn normalised_part(part: &Value) -> Value {
    let mut part = fields(part);
    if part.get("thought") == Some(&json!(false)) {
        part.remove("thought");
    }
    if part.keys().all(|name| name.starts_with("thought")) {
        part.insert("text".to_owned(), json!(""));
    }
    for name in ["inlineData", "fileData", "functionCall"] {
        change(&mut part, name, |inner| {
            let mut inner = fields(inner);
            // Other names of the same two sounds.
            match inner.get("mimeType").and_then(Value::as_str) {
                Some("audio/x-wav") => inner.insert("mimeType".to_owned(), json!("audio/wav")),
                Some("audio/mp3") => inner.insert("mimeType".to_owned(), json!("audio/mpeg")),
                _ => None,
            };
            Value::Object(inner)
        });
    }
    change(&mut part, "functionResponse", |inner| {
        let mut inner = fields(inner);
        change(&mut inner, "parts", |parts| each(parts, normalised_part));
        Value::Object(inner)
    });
    Value::Object(part)
}

fn normalised_generation(config: &Value) -> Value {
    let mut config = fields(config);
    change(&mut config, "thinkingConfig", |thinking| {
        let mut thinking = fields(thinking);
        change(&mut thinking, "thinkingLevel", |level| json!(level.as_str().unwrap().to_uppercase()));
        Value::Object(thinking)
    });
    one_schema(&mut config, "responseSchema", "responseJsonSchema");
    Value::Object(config)
}

/// The two places for schemas are one, and types are spelled in lower case.
fn one_schema(members: &mut Map<String, Value>, first: &str, second: &str) {
    if let Some(schema) = members.remove(second).or_else(|| members.remove(first)) {
        members.insert("schema".to_owned(), normalised_schema(&schema));
    }
}

fn normalised_schema(schema: &Value) -> Value {
    let Some(members) = schema.as_object() else { return schema.clone() };
    let mut out = Map::new();
    for (name, value) in members {
        let value = match name.as_str() {
            "type" if value.is_string() => json!(value.as_str().unwrap().to_lowercase()),
            "properties" | "$defs" => {
                let inner = value.as_object().unwrap().iter();
                Value::Object(inner.map(|(name, value)| (name.clone(), normalised_schema(value))).collect())
            }
            "items" => normalised_schema(value),
            _ => value.clone(),
        };
        let name = if name == "property_ordering" { "propertyOrdering" } else { name };
        out.insert(name.to_owned(), value);
    }
    Value::Object(out)
}

/// Functions in a row stand in one list, each of Google's own tools in an object of its own.
fn normalised_tools(tools: &Value) -> Value {
    let mut out: Vec<Value> = Vec::new();
    for (name, value) in tools.as_array().unwrap().iter().flat_map(fields) {
        if name != "functionDeclarations" {
            out.push(json!({ name: value }));
            continue;
        }
        let functions = value.as_array().unwrap().iter().map(|function| {
            let mut function = fields(function);
            one_schema(&mut function, "parameters", "parametersJsonSchema");
            Value::Object(function)
        });
        let open = out.last_mut().and_then(|last| last.get_mut("functionDeclarations"));
        match open.and_then(Value::as_array_mut) {
            Some(list) => list.extend(functions),
            None => out.push(json!({ "functionDeclarations": functions.collect::<Vec<_>>() })),
        }
    }
    Value::Array(out)
}

/// The requests that ask for an answer.
fn recorded() -> Vec<Exchange> {
    let exchanges = corpus::of("gemini").unwrap().into_iter();
    let asks = |exchange: &Exchange| exchange.operation.ends_with("enerateContent");
    exchanges.filter(|exchange| exchange.request.is_some() && asks(exchange)).collect()
}

/// With the members that have no canonical form in one order.
fn sorted(mut request: ChatRequest) -> ChatRequest {
    request.extensions.sort_by(|(a, _), (b, _)| a.cmp(b));
    for message in &mut request.messages {
        message.extensions.sort_by(|(a, _), (b, _)| a.cmp(b));
    }
    request
}

fn round_trip(exchange: &Exchange) -> Result<(), String> {
    let body = exchange.request.as_ref().unwrap().get();
    let recorded: Value = serde_json::from_str(body).unwrap();
    let request = read(body.as_bytes());
    let facts = facts_of(exchange.provider());
    let model = exchange.model.as_deref().unwrap_or("m");
    let (body_again, encoded, losses) = written(&facts, &request, model, Dialect::GEMINI);
    if !losses.is_empty() {
        return Err(format!("lost {losses}"));
    }
    if let Some(difference) = difference("", &normalised(&encoded), &normalised(&recorded)) {
        return Err(difference);
    }
    if sorted(read(&body_again)) == sorted(request) {
        Ok(())
    } else {
        Err("reads differently when written".to_owned())
    }
}

#[test]
fn every_recorded_request_survives_the_canonical_form() {
    let mut score = Score::default();
    for exchange in recorded() {
        score.note(exchange.provider(), &exchange.id, round_trip(&exchange));
    }
    score.settle("requests", 282, &[]);
}

#[test]
fn every_recorded_request_that_google_took_is_found_good() {
    let mut score = Score::default();
    for exchange in recorded().iter().filter(|exchange| exchange.response.status == 200) {
        let body = exchange.request.as_ref().unwrap().get();
        let address = Address { model: exchange.model.as_deref(), stream: Some(exchange.stream) };
        let checked = GeminiClient.check(body.to_owned().into(), address, &RequestLimits::default());
        let outcome = checked.map_err(|error| error.message).and_then(|checked| {
            let request = GeminiClient.decode(&checked.document, address).unwrap();
            let facts = &checked.facts;
            let same = facts.model == request.model
                && Some(facts.model.as_str()) == exchange.model.as_deref()
                && facts.stream == request.stream.is_some()
                && facts.stream == exchange.stream
                && facts.wants_stream_usage
                && facts.max_output_tokens == request.max_output_tokens
                && facts.choices == request.choices.unwrap_or(1)
                && facts.messages as usize == request.messages.len()
                && facts.prompt_text_bytes > 0;
            if same { Ok(()) } else { Err(format!("{facts:?}")) }
        });
        score.note(exchange.provider(), &exchange.id, outcome);
    }
    score.settle("requests found good", 273, &[]);
}

#[test]
fn a_clients_own_bytes_go_on_unchanged() {
    for exchange in recorded() {
        let body = bytes::Bytes::from(exchange.request.as_ref().unwrap().get().to_owned());
        let address = Address { model: Some("m"), stream: Some(exchange.stream) };
        let checked = GeminiClient.check(body.clone(), address, &RequestLimits::default()).unwrap();
        let mut losses = LossReport::default();
        let facts = facts_of(exchange.provider());
        let adapted = facts.adapt(&body, &checked.members, "other", &checked.facts, &mut losses).unwrap();
        assert_eq!(adapted, body);
        assert!(losses.is_empty());
    }
}

#[test]
fn paths_are_those_that_were_asked() {
    for exchange in corpus::of("gemini").unwrap() {
        let (Some(path), Some(model)) = (&exchange.path, &exchange.model) else { continue };
        if !exchange.operation.ends_with("enerateContent") || !path.contains("models/") {
            continue;
        }
        let asked = facts_of(exchange.provider()).endpoint(model, exchange.stream);
        let asked = asked.split('?').next().unwrap();
        let recorded = path.split('?').next().unwrap();
        assert!(recorded.ends_with(&format!("/{asked}")), "{recorded} does not end with {asked}");
    }
}
