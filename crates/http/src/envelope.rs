//! How each surface writes its errors. The path decides, here and nowhere else.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};

/// The shape of a surface's errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Envelope {
    /// `{"error": <code>, "message", "details"?, "request_id"}`: the canonical API, and whatever is no surface's.
    Canonical,
    /// `{"error": <text>}`: `/api/auth/*`, `/api/profile`, `/api/external/*`, and the documents of virtual keys.
    Text,
    /// `{"status": "error", "message"}`: `/llm/*`.
    Llm,
    /// `{"detail"}`: the management of providers and routes.
    Detail,
}

/// The paths whose errors are a bare text.
const TEXT: [&str; 7] = [
    "/api/auth",
    "/api/profile",
    "/api/external",
    "/api/generate-virtual-key",
    "/api/save-keys",
    "/api/logs",
    "/reload-config",
];

/// What an error says, whatever its shape.
#[derive(Clone, Debug)]
pub(crate) struct Told<'a> {
    /// Its word.
    pub(crate) code: &'a str,
    /// Its sentence.
    pub(crate) message: &'a str,
    /// What else there is to it.
    pub(crate) details: Option<&'a Map<String, Value>>,
    /// The request's id, where it is known.
    pub(crate) request_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Canonical<'a> {
    error: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

impl Envelope {
    /// The shape at a path.
    pub(crate) fn at(path: &str) -> Self {
        let is_below = |prefix: &str| {
            path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if is_below("/api/v1") {
            Self::Canonical
        } else if is_below("/llm") || is_below("/api/llm") {
            Self::Llm
        } else if TEXT.into_iter().any(is_below) {
            Self::Text
        } else if is_below("/api") && path != "/api/health" {
            Self::Detail
        } else {
            Self::Canonical
        }
    }

    /// The body of an error.
    pub(crate) fn body(self, told: &Told<'_>) -> Bytes {
        let Told { code, message, details, request_id } = *told;
        let written = match self {
            Self::Canonical => serde_json::to_vec(&Canonical { error: code, message, details, request_id }),
            Self::Text => serde_json::to_vec(&serde_json::json!({ "error": message })),
            Self::Llm => serde_json::to_vec(&serde_json::json!({ "status": "error", "message": message })),
            Self::Detail => serde_json::to_vec(&self.detail(told)),
        };
        written.map(Bytes::from).unwrap_or_default()
    }

    /// A text; of a validation, a list of what is wrong where.
    fn detail(self, told: &Told<'_>) -> Value {
        let Some(fields) = told.details.filter(|_| told.code == "validation_error") else {
            return serde_json::json!({ "detail": told.message });
        };
        let entry = |(field, said): (&String, &Value)| {
            let said = said.get(0).unwrap_or(said);
            serde_json::json!({ "loc": location(field), "msg": said, "type": "value_error" })
        };
        serde_json::json!({ "detail": fields.iter().map(entry).collect::<Vec<_>>() })
    }
}

/// Where a member stands, step by step: `nodes[0].api_id` is `["body", "nodes", 0, "api_id"]`.
fn location(field: &str) -> Vec<Value> {
    if let Some(parameter) = field.strip_prefix("query.") {
        return vec!["query".into(), parameter.into()];
    }
    let mut steps = vec![Value::from("body")];
    for member in field.split('.').filter(|_| field != "body") {
        let (name, indices) = member.split_once('[').unwrap_or((member, ""));
        steps.push(name.into());
        let indices = indices.split(['[', ']']).filter(|index| !index.is_empty());
        steps.extend(indices.map(|index| index.parse::<u64>().map_or_else(|_| index.into(), Value::from)));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_decides_the_shape() {
        for (path, shape) in [
            ("/api/v1/auth/login", Envelope::Canonical),
            ("/api/v1", Envelope::Canonical),
            ("/health", Envelope::Canonical),
            ("/api/health", Envelope::Canonical),
            ("/nothing", Envelope::Canonical),
            ("/api/auth/login", Envelope::Text),
            ("/api/profile", Envelope::Text),
            ("/api/external/get", Envelope::Text),
            ("/reload-config", Envelope::Text),
            ("/llm/chat", Envelope::Llm),
            ("/api/llm/chat", Envelope::Llm),
            ("/api/providers/3", Envelope::Detail),
            ("/api/profiles", Envelope::Detail),
            ("/api/authors", Envelope::Detail),
            ("/api/v10", Envelope::Detail),
        ] {
            assert_eq!(Envelope::at(path), shape, "{path}");
        }
    }

    #[test]
    fn a_member_that_stands_in_others_is_told_step_by_step() {
        for (field, steps) in [
            ("name", serde_json::json!(["body", "name"])),
            ("body", serde_json::json!(["body"])),
            ("query.limit", serde_json::json!(["query", "limit"])),
            ("nodes[0].api_id", serde_json::json!(["body", "nodes", 0, "api_id"])),
            ("targets[12]", serde_json::json!(["body", "targets", 12])),
        ] {
            assert_eq!(Value::from(location(field)), steps, "{field}");
        }
    }

    #[test]
    fn each_shape_says_the_same() {
        let details = Map::from_iter([("name".to_owned(), serde_json::json!(["too long"]))]);
        let told = Told {
            code: "validation_error",
            message: "Wrong.",
            details: Some(&details),
            request_id: Some("r"),
        };
        let text = |shape: Envelope| String::from_utf8(shape.body(&told).to_vec()).unwrap();
        assert_eq!(
            text(Envelope::Canonical),
            r#"{"error":"validation_error","message":"Wrong.","details":{"name":["too long"]},"request_id":"r"}"#
        );
        assert_eq!(text(Envelope::Text), r#"{"error":"Wrong."}"#);
        assert_eq!(text(Envelope::Llm), r#"{"message":"Wrong.","status":"error"}"#);
        assert_eq!(
            text(Envelope::Detail),
            r#"{"detail":[{"loc":["body","name"],"msg":"too long","type":"value_error"}]}"#
        );
        let plain = Told { details: None, ..told };
        assert_eq!(Envelope::Detail.body(&plain), r#"{"detail":"Wrong."}"#.as_bytes());
    }
}
