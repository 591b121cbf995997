//! What a recorded request becomes on its way to the provider.

use crate::scene::{Heard, model_of};
use crate::vendors;
use serde_json::{Value, json};
use std::collections::HashMap;
use switchyard_testkit::corpus::Exchange;

/// How a request reached the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Carried {
    /// As the client's own bytes, save the model's name.
    ByteForByte,
    /// As the client's own bytes, and asking for the usage of a stream.
    AskedForUsage,
    /// With ids of tool calls that the provider takes.
    ShortCallIds,
}

/// What is added to ask for the usage of a stream.
const ASKING: &str = r#","stream_options":{"include_usage":true}"#;

/// The recorded request for another model, every other byte as it was recorded; a plain one where only the answer was kept.
pub(crate) fn for_model(exchange: &Exchange, model: &str) -> String {
    let Some(recorded) = exchange.request.as_ref().map(|request| request.get()) else {
        return plain(exchange, model);
    };
    let mut wanted: Value = serde_json::from_str(recorded).unwrap();
    wanted["model"] = json!(model);
    // Azure's older addresses name the model, and its requests do not.
    let added = format!("{{\"model\":\"{model}\",{}", &recorded[1..]);
    let replaced = recorded.match_indices("\"model\"").filter_map(|(at, name)| {
        let value = at + name.len() + recorded[at + name.len()..].find('"')?;
        let end = value + 1 + recorded[value + 1..].find('"')? + 1;
        Some(format!("{}\"{model}\"{}", &recorded[..value], &recorded[end..]))
    });
    let is_wanted = |body: &String| serde_json::from_str::<Value>(body).ok().as_ref() == Some(&wanted);
    let body = replaced.chain([added]).find(is_wanted);
    body.unwrap_or_else(|| panic!("{}: the model can't be replaced", exchange.id))
}

/// A request that nothing is wrong with, for a stream where the recorded one was.
pub(crate) fn plain(exchange: &Exchange, model: &str) -> String {
    let messages = json!([{"role": "user", "content": "Say something."}]);
    json!({"model": model, "messages": messages, "stream": exchange.stream}).to_string()
}

/// The recorded request for another model, not asking for the usage of its stream.
pub(crate) fn not_asking(exchange: &Exchange, model: &str) -> String {
    let mut request: Value = serde_json::from_str(&for_model(exchange, model)).unwrap();
    request.as_object_mut().unwrap().remove("stream_options");
    request.to_string()
}

/// Whether the recorded request wants to see the usage of its stream.
pub(crate) fn asks_for_usage(exchange: &Exchange) -> bool {
    exchange.request.as_ref().is_some_and(|request| wants_usage(request.get()))
}

/// Whether the client wants to see the usage of its stream.
pub(crate) fn wants_usage(sent: &str) -> bool {
    let request: Value = serde_json::from_str(sent).unwrap();
    request["stream_options"]["include_usage"] == true
}

/// Whether the provider got what the client sent, save what it is known to need otherwise.
pub(crate) fn arrived(exchange: &Exchange, heard: &Heard) -> Result<Carried, String> {
    let answer = &heard.answer;
    let upstream = heard.upstream.as_ref();
    let upstream = upstream.ok_or_else(|| format!("not asked: {} {}", answer.status, answer.text))?;
    let upstream = str::from_utf8(upstream).map_err(|error| error.to_string())?;
    if !answer.header("x-switchyard-dropped").is_empty() {
        return Err(format!("told that it lost {}", answer.header("x-switchyard-dropped")));
    }
    let ours = format!("\"{}\"", model_of(exchange));
    let expected = heard.sent.replacen(&ours, &format!("\"{}\"", exchange.id), 1);
    let must_ask =
        exchange.stream && !wants_usage(&heard.sent) && vendors::is_asked_for_usage(exchange.provider());
    let got = if must_ask { upstream.replacen(ASKING, "", 1) } else { upstream.to_owned() };
    if got == expected {
        return match (must_ask, got == upstream) {
            (false, _) => Ok(Carried::ByteForByte),
            (true, false) => Ok(Carried::AskedForUsage),
            (true, true) => Err("does not ask for usage".to_owned()),
        };
    }
    if vendors::wants_short_call_ids(exchange.provider()) && links_alike(&got, &expected)? {
        return Ok(Carried::ShortCallIds);
    }
    Err(format!("got {got}, expected {expected}"))
}

/// Whether two requests are the same but for the ids of tool calls, which link the same messages, and which only the
/// second one has in a form that the provider refuses.
fn links_alike(got: &str, expected: &str) -> Result<bool, String> {
    let parsed = |text| serde_json::from_str::<Value>(text).map_err(|error| error.to_string());
    let (mut got, mut expected) = (parsed(got)?, parsed(expected)?);
    let is_short = |id: &String| id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let needed = !numbered(&mut expected).iter().all(is_short);
    let done = numbered(&mut got).iter().all(is_short);
    Ok(needed && done && got == expected)
}

/// Replaces the ids of tool calls by their order of appearance, so that any two sets of ids that link the same messages are
/// equal. The ids that were replaced.
fn numbered(request: &mut Value) -> Vec<String> {
    let mut order: HashMap<String, usize> = HashMap::new();
    let mut replace = |id: &mut Value| {
        if let Some(text) = id.as_str().map(str::to_owned) {
            let next = order.len();
            *id = json!(*order.entry(text).or_insert(next));
        }
    };
    for message in request["messages"].as_array_mut().unwrap() {
        for call in message.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten() {
            call.get_mut("id").into_iter().for_each(&mut replace);
        }
        message.get_mut("tool_call_id").into_iter().for_each(&mut replace);
    }
    order.into_keys().collect()
}
