use std::borrow::Cow;

use serde_json::value::RawValue;

use super::scrub::scrub;
use crate::json::{RawMembers, Shape, elements, integer, members, object, shape, text};

/// What a provider says went wrong, cleaned: no credential, no markup, no control characters, at most 500 characters. Safe
/// for clients and logs, save that it is the provider's wording.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ProviderError {
    /// What went wrong, for people. Never empty.
    pub message: String,
    /// The machine-readable code; numbers are kept as their digits.
    pub code: Option<String>,
    /// The class of error, in the provider's word.
    pub kind: Option<String>,
    /// The member of the request that the provider complains of.
    pub param: Option<String>,
    /// The HTTP status that the body names, for errors that come inside a 200.
    pub status: Option<u16>,
    /// Whether it says that the content was refused by moderation. OpenRouter names in the error's `metadata` what was flagged
    /// and why (openrouter.ai/docs/api/reference/errors-and-debugging, 2026-11-21; no recorded exchange).
    pub moderated: bool,
}

/// Used where a body says nothing that people could read.
const WORDLESS: &str = "the provider gave no reason";

impl ProviderError {
    /// Reads an error body of whatever shape. `credential` is what was sent to the provider: some echo it.
    #[must_use]
    pub fn read(body: &[u8], credential: Option<&str>) -> Self {
        let body = String::from_utf8_lossy(body);
        let body = body.trim();
        let list: Option<Vec<&RawValue>> =
            if body.starts_with('[') { serde_json::from_str(body).ok() } else { None };
        // Google wraps the error of its OpenAI endpoint in a list.
        let body = list.as_ref().and_then(|list| list.first()).map_or(body, |first| first.get());
        let error = match object(body) {
            Some(members) => from_members(&members),
            None => Self::of_text(body),
        };
        error.hiding(credential)
    }

    /// Without what `credential` shows in it: for errors that came inside an answer, whose decoder knows no credentials.
    #[must_use]
    pub fn hiding(mut self, credential: Option<&str>) -> Self {
        if credential.is_some() {
            self.message = scrub(&self.message, credential);
            for word in [&mut self.code, &mut self.kind, &mut self.param] {
                if word.as_deref().is_some_and(|word| scrub(word, credential) != word) {
                    *word = None;
                }
            }
        }
        self
    }

    /// An error of our own making about an answer.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    fn of_text(body: &str) -> Self {
        let readable = !body.starts_with(['<', '{', '[', '"']);
        Self::new(if readable { cleaned(body) } else { WORDLESS.to_owned() })
    }
}

/// Whether there is an `error` that says something: some send an empty one along with each chunk.
pub(crate) fn has_error(top: &RawMembers<'_>) -> bool {
    top.get("error").is_some_and(|error| !matches!(error.get(), "\"\"" | "false" | "{}" | "[]"))
}

/// Whether an object that has no choices is an error all the same.
pub(crate) fn announces_error(top: &RawMembers<'_>) -> bool {
    let says_error = |name: &str| top.get(name).and_then(text).is_some_and(|word| word == "error");
    has_error(top) || top.get("detail").is_some() || says_error("object") || says_error("type")
}

/// Reads an error from the members of a body, or of an event of a stream.
pub(crate) fn from_members(top: &RawMembers<'_>) -> ProviderError {
    let mut error = match top.get("error") {
        Some(value) if shape(value) == Shape::Object => from_value(value),
        Some(value) => {
            let message = text(value).unwrap_or_default();
            ProviderError { message: cleaned(&message), ..fields(top) }
        }
        None => fields(top),
    };
    error.status = error.status.or_else(|| status(top));
    error
}

/// Reads the value of an `error` member.
pub(crate) fn from_value(value: &RawValue) -> ProviderError {
    match members(value) {
        Some(error) => fields(&error),
        None => ProviderError::new(cleaned(&text(value).unwrap_or_default())),
    }
}

fn fields(error: &RawMembers<'_>) -> ProviderError {
    let message = ["message", "Message", "msg"].iter().find_map(|name| error.get(name).and_then(text));
    let message = message.or_else(|| error.get("detail").and_then(detail)).unwrap_or_default();
    // Google puts its word into `status`, where others put the number.
    let kind = error.get("type").or_else(|| error.get("status")).and_then(text);
    ProviderError {
        message: cleaned(&message),
        code: error.get("code").and_then(word),
        kind: kind.and_then(|kind| plain(&kind)),
        param: error.get("param").and_then(word),
        status: status(error),
        moderated: error.get("metadata").and_then(members).is_some_and(|metadata| {
            ["flagged_input", "reasons"].iter().any(|name| metadata.get(name).is_some_and(says_something))
        }),
    }
}

fn says_something(value: &RawValue) -> bool {
    !matches!(value.get(), "null" | "\"\"" | "[]")
}

/// FastAPI's `detail`: a text, or a list of what is wrong with each member.
fn detail(value: &RawValue) -> Option<Cow<'_, str>> {
    if let Some(list) = elements(value) {
        let first = list.first().copied()?;
        let first = members(first)?.get("msg")?;
        return text(first);
    }
    text(value)
}

/// The status that a body names, in any of the places where providers put it.
fn status(error: &RawMembers<'_>) -> Option<u16> {
    ["status", "status_code", "raw_status_code", "code"].iter().find_map(|name| {
        let value = error.get(name)?;
        let number = integer(value).or_else(|| text(value)?.parse().ok())?;
        u16::try_from(number).ok().filter(|status| (400..600).contains(status))
    })
}

fn word(value: &RawValue) -> Option<String> {
    match shape(value) {
        Shape::Text => plain(&text(value)?),
        Shape::Number => integer(value).map(|number| number.to_string()),
        _ => None,
    }
}

/// A word for machines: short, visible, nothing that could be markup. Anything else is dropped, not repaired.
fn plain(word: &str) -> Option<String> {
    let fits = (1..=128).contains(&word.len());
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.:/[]' ".contains(c);
    (fits && word.chars().all(plain) && !word.contains("sk-")).then(|| word.to_owned())
}

fn cleaned(message: &str) -> String {
    let message = scrub(message, None);
    if message.is_empty() { WORDLESS.to_owned() } else { message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> ProviderError {
        ProviderError::read(body.as_bytes(), Some("sk-live-0123456789"))
    }

    #[test]
    fn the_message_is_found_in_every_shape() {
        for (body, message) in [
            (
                r#"{"error":{"message":"No such model","type":"t","param":"model","code":"c"}}"#,
                "No such model",
            ),
            (r#"{"error":"No such model"}"#, "No such model"),
            (r#"{"code":"invalid-argument","error":"No such model"}"#, "No such model"),
            (r#"{"object":"error","message":"No such model","code":"1500"}"#, "No such model"),
            (r#"{"id":"x","message":"No such model"}"#, "No such model"),
            (r#"{"Message":"No such model"}"#, "No such model"),
            (r#"{"detail":"No such model"}"#, "No such model"),
            (r#"{"detail":[{"loc":["body"],"msg":"No such model","type":"missing"}]}"#, "No such model"),
            (r#"[{"error":{"code":404,"message":"No such model","status":"NOT_FOUND"}}]"#, "No such model"),
            ("  No such model\n", "No such model"),
            ("<html><body>502 Bad Gateway</body></html>", WORDLESS),
            (r#"{"error":{}}"#, WORDLESS),
            (r#"{"error":[]}"#, WORDLESS),
            (r#"{"truncated":"#, WORDLESS),
            ("", WORDLESS),
        ] {
            assert_eq!(read(body).message, message, "{body}");
        }
    }

    #[test]
    fn codes_and_statuses_are_read_as_words_and_numbers() {
        let error = read(r#"{"error":{"message":"m","code":429,"type":"rate_limit"}}"#);
        assert_eq!((error.code.as_deref(), error.status), (Some("429"), Some(429)));
        let error = read(r#"{"error":{"message":"m","code":"401"}}"#);
        assert_eq!((error.code.as_deref(), error.status), (Some("401"), Some(401)));
        let error = read(r#"{"message":"m","code":"1500","raw_status_code":400}"#);
        assert_eq!((error.code.as_deref(), error.status), (Some("1500"), Some(400)));
        let error = read(r#"{"error":{"message":"m","code":400,"status":"INVALID_ARGUMENT"}}"#);
        assert_eq!((error.kind.as_deref(), error.status), (Some("INVALID_ARGUMENT"), Some(400)));
    }

    #[test]
    fn a_credential_is_in_no_word_of_an_error() {
        let secret = "acme-canary-4711-key";
        let body = format!(
            r#"{{"error":{{"message":"key {secret} is bad","code":"{secret}","type":"{secret}","param":"{secret}"}}}}"#
        );
        let error = ProviderError::read(body.as_bytes(), Some(secret));
        assert_eq!((&error.code, &error.kind, &error.param), (&None, &None, &None));
        assert_eq!(error.message, "key [redacted] is bad");
        let plain = read(r#"{"error":{"message":"m","code":"bad_thing","type":"t","param":"model"}}"#);
        assert_eq!((plain.code.as_deref(), plain.param.as_deref()), (Some("bad_thing"), Some("model")));
    }

    #[test]
    fn a_code_that_is_no_word_is_dropped() {
        let error = read(r#"{"error":{"message":"m","code":"<b>\r\nx","param":["a"],"type":"a\u0000"}}"#);
        assert_eq!((error.code, error.param, error.kind), (None, None, None));
    }
}
