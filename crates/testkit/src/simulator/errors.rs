//! Error bodies in OpenAI's shape.

use serde_json::{Value, json};

use super::script::Script;

/// `{"error":{…}}`.
pub(crate) fn body(kind: &str, code: Option<&str>, param: Option<&str>, message: &str) -> Value {
    json!({"error": {"message": message, "type": kind, "param": param, "code": code}})
}

/// An error, before it is put into a dialect's words.
pub(crate) struct Told {
    /// The status that it has or, inside a stream, would have.
    pub(crate) status: u16,
    pub(crate) message: String,
    /// The class that the script names.
    pub(crate) scripted_kind: Option<String>,
    kind: String,
    code: Option<String>,
    param: Option<String>,
}

impl Told {
    /// The error that a script wants for a status.
    pub(crate) fn of(script: &Script, status: u16) -> Self {
        let (kind, code, message) = usual(status);
        Self {
            status,
            message: script.error_message.clone().unwrap_or_else(|| message.to_owned()),
            scripted_kind: script.error_type.clone(),
            kind: script.error_type.clone().unwrap_or_else(|| kind.to_owned()),
            code: script.error_code.clone().or_else(|| code.map(str::to_owned)),
            param: script.error_param.clone(),
        }
    }

    /// The error inside of a success. What it would be as an answer is told by its code.
    pub(crate) fn within(script: &Script) -> Self {
        let status = match script.error_code.as_deref() {
            Some("rate_limit_exceeded") => 429,
            Some("content_filter") => 400,
            _ => 500,
        };
        let usual = Self::of(script, 500);
        Self { status, ..usual }
    }

    /// In OpenAI's words.
    pub(crate) fn openai(&self) -> Value {
        body(&self.kind, self.code.as_deref(), self.param.as_deref(), &self.message)
    }
}

/// Type, code and message that OpenAI gives with a status.
fn usual(status: u16) -> (&'static str, Option<&'static str>, &'static str) {
    match status {
        401 => ("invalid_request_error", Some("invalid_api_key"), "Incorrect API key provided."),
        403 => (
            "invalid_request_error",
            Some("unsupported_country_region_territory"),
            "You may not use this model.",
        ),
        404 => ("invalid_request_error", Some("model_not_found"), "The model does not exist."),
        408 => ("timeout_error", Some("request_timeout"), "The request took too long to arrive."),
        429 => ("requests", Some("rate_limit_exceeded"), "Rate limit reached for requests."),
        400..500 => ("invalid_request_error", None, "The request can not be served."),
        503 => (
            "server_error",
            Some("overloaded"),
            "The engine is currently overloaded, please try again later.",
        ),
        _ => ("server_error", None, "The server had an error while processing your request."),
    }
}

/// The refusal of a key: echoes it masked, as OpenAI does.
pub(crate) fn wrong_key(key: Option<&str>) -> Value {
    let Some(key) = key else {
        let message = "You didn't provide an API key. You need to provide your API key in an Authorization header \
                       using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).";
        return body("invalid_request_error", None, None, message);
    };
    let message = format!(
        "Incorrect API key provided: {}. You can find your API key at https://platform.openai.com/account/api-keys.",
        masked(key)
    );
    body("invalid_request_error", Some("invalid_api_key"), None, &message)
}

/// The first eight and last four characters of a long key, the first three of a short one.
fn masked(key: &str) -> String {
    let length = key.chars().count();
    let (first, last) = if length > 16 { (8, 4) } else { (3, 0) };
    let head: String = key.chars().take(first).collect();
    let tail: String = key.chars().skip(length - last).collect();
    format!("{head}{}{tail}", "*".repeat(length.saturating_sub(first + last).max(4)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_echoed_masked() {
        assert_eq!(masked("sk-proj-0123456789abcdef"), "sk-proj-************cdef");
        assert_eq!(masked("sk-short"), "sk-*****");
        assert_eq!(masked(""), "****");
    }

    #[test]
    fn a_script_overrides_members_of_the_usual_error() {
        let error = Told::of(&Script::of("error_code=insufficient_quota&error_type=insufficient_quota"), 429)
            .openai();
        assert_eq!(error["error"]["code"], "insufficient_quota");
        assert_eq!(error["error"]["message"], "Rate limit reached for requests.");
    }
}
