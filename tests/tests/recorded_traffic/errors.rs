//! What a recorded error becomes on its way to the client.

use crate::scene::Heard;
use serde_json::Value;
use switchyard_testkit::corpus::Exchange;

/// Recorded requests that are refused here as their provider refused them, with the member that is wrong.
pub(crate) const REFUSED_UNASKED: [(&str, &str); 4] = [
    ("doubleword-chat_completions-75e7460ada", "temperature"),
    ("doubleword-chat_completions-fa3ddbee51", "temperature"),
    ("llamacpp-chat_completions-2f98eb30f1", "temperature"),
    ("openai-chat_completions-4b488d5977", "messages"),
];

/// The status and code that a client sees for a provider's status. A rejection keeps the provider's own code, which is why
/// none stands here.
fn class(status: u16) -> (u16, Option<&'static str>) {
    match status {
        401 | 403 => (502, Some("upstream_auth_failed")),
        429 => (429, Some("rate_limit_exceeded")),
        500.. => (502, Some("upstream_error")),
        // An error in the place of an answer; the only recorded one is a blocked prompt.
        200 => (400, None),
        status => (status, None),
    }
}

/// The member for which a request was refused without asking the provider.
pub(crate) fn refused_member(heard: &Heard) -> String {
    let error = &heard.answer.json()["error"];
    assert_eq!((heard.answer.status, error["code"].as_str()), (400, Some("invalid_request")), "{error}");
    error["param"].as_str().unwrap().to_owned()
}

/// Whether the client was told the error in the right class, in the gateway's own shape.
pub(crate) fn check(exchange: &Exchange, heard: &Heard) -> Result<(), String> {
    let answer = &heard.answer;
    let (status, code) = class(exchange.response.status);
    let error = &answer.json()["error"];
    let fail = |what: &str| Err(format!("{what}: {} {}", answer.status, answer.text));
    if answer.status != status {
        return fail("the status");
    }
    let members = ["message", "type", "param", "code"];
    let object = error.as_object().ok_or("no error")?;
    if object.len() != members.len() || !members.iter().all(|name| object.contains_key(*name)) {
        return fail("the shape");
    }
    let said = said(exchange);
    let message = error["message"].as_str().unwrap_or_default();
    match code {
        Some(code) if error["code"] != code => fail("the code"),
        // What a provider says of the operator's credential or of itself is not the client's to act upon, and may show the
        // credential.
        Some("upstream_auth_failed") if message.contains(&said.message) => fail("the provider's own words"),
        Some("rate_limit_exceeded") if answer.header("retry-after") != patience(exchange) => fail("the wait"),
        Some(_) => Ok(()),
        None if error["code"].as_str() != said.code.as_deref() => fail("the code"),
        None if error["param"].as_str() != said.param.as_deref() => fail("the param"),
        None if !is_cleaned(message, &said.message) => fail("the message"),
        None => Ok(()),
    }
}

/// What a provider told to wait, within bounds that neither hammer it nor park the client.
fn patience(exchange: &Exchange) -> String {
    let said = exchange.response.headers.get("retry-after").and_then(|seconds| seconds.parse::<u64>().ok());
    said.unwrap_or(1).clamp(1, 60).to_string()
}

struct Said {
    message: String,
    code: Option<String>,
    param: Option<String>,
}

/// What the recorded body says, wherever it says it.
fn said(exchange: &Exchange) -> Said {
    let body: Value = serde_json::from_str(&exchange.response.body).unwrap();
    let error = if body["error"].is_object() { &body["error"] } else { &body };
    let word = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let message = [&error["message"], &error["detail"], &error["error"]].into_iter().find_map(Value::as_str);
    Said {
        message: message.unwrap_or_else(|| panic!("{}: no message", exchange.id)).to_owned(),
        code: word(&error["code"]),
        param: word(&error["param"]),
    }
}

/// The same words; those that may be a credential blotted out, and white space in one form.
fn is_cleaned(message: &str, said: &str) -> bool {
    let (got, said): (Vec<&str>, Vec<&str>) =
        (message.split_whitespace().collect(), said.split_whitespace().collect());
    got.len() == said.len()
        && got.iter().zip(&said).all(|(got, said)| got == said || got.contains("[redacted]"))
        && !message.contains(char::is_control)
}
