use std::borrow::Cow;

use bytes::BytesMut;
use serde_json::{Map, Value};
use switchyard_domain::chat::{ToolCall, ToolCallKind};

use crate::json::ObjectWriter;
use crate::scan::{Document, Kind, ScanErrorKind, ScanLimits};

/// The arguments of a call as a JSON object, for dialects that have no text in their place. The second value says whether
/// they are none: a cut answer's, or the free text of a custom tool. Then they stand in the member `input`. No arguments at
/// all, which some say as `null`, are an empty object.
///
/// They come out of a string, which no scan of a body looks into, and become part of a body here: so they are held to what
/// holds for bodies (depth, whole characters). Beyond it they are a text like any other. A name that comes twice stays: models
/// write it at times, and all parsers agree on what it means there.
pub(crate) fn object_of(call: &ToolCall) -> (Cow<'_, str>, bool) {
    let trimmed = call.arguments.trim();
    if call.kind != ToolCallKind::Custom {
        if trimmed.is_empty() || trimmed == "null" {
            return (Cow::Borrowed("{}"), false);
        }
        if is_object(trimmed) {
            return (Cow::Borrowed(trimmed), false);
        }
    }
    let mut out = BytesMut::with_capacity(call.arguments.len() + 16);
    let mut wrapped = ObjectWriter::begin(&mut out);
    wrapped.text("input", &call.arguments);
    wrapped.end();
    (Cow::Owned(String::from_utf8_lossy(&out).into_owned()), true)
}

fn is_object(text: &str) -> bool {
    if !text.starts_with('{') {
        return false;
    }
    match Document::scan(text.to_owned().into(), ScanLimits::default()) {
        Ok(document) => document.root().kind() == Kind::Object,
        Err(error) => {
            error.kind == ScanErrorKind::DuplicateMember
                && serde_json::from_str::<Map<String, Value>>(text).is_ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(arguments: &str, kind: ToolCallKind) -> ToolCall {
        let arguments = arguments.to_owned();
        ToolCall { id: String::new(), name: String::new(), arguments, kind, signature: None }
    }

    #[test]
    fn what_is_no_object_becomes_one() {
        for (arguments, kind, expected, is_wrapped) in [
            ("", ToolCallKind::Function, "{}", false),
            (" ", ToolCallKind::Function, "{}", false),
            ("null", ToolCallKind::Function, "{}", false),
            (r#" {"b":1.0, "a":{}} "#, ToolCallKind::Function, r#"{"b":1.0, "a":{}}"#, false),
            (r#"{"a":"\ud83d\ude00"}"#, ToolCallKind::Function, r#"{"a":"\ud83d\ude00"}"#, false),
            (r#"{"a":1,"a":2}"#, ToolCallKind::Function, r#"{"a":1,"a":2}"#, false),
            (r#"{"a":"#, ToolCallKind::Function, r#"{"input":"{\"a\":"}"#, true),
            ("[1]", ToolCallKind::LegacyFunction, r#"{"input":"[1]"}"#, true),
            ("a\nb", ToolCallKind::Function, r#"{"input":"a\nb"}"#, true),
            (" SELECT 1", ToolCallKind::Custom, r#"{"input":" SELECT 1"}"#, true),
            ("{}", ToolCallKind::Custom, r#"{"input":"{}"}"#, true),
            ("null", ToolCallKind::Custom, r#"{"input":"null"}"#, true),
        ] {
            let call = call(arguments, kind);
            assert_eq!(object_of(&call), (Cow::Borrowed(expected), is_wrapped), "{arguments}");
        }
    }

    #[test]
    fn what_no_body_may_hold_goes_as_a_text() {
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(3_000), "]".repeat(3_000));
        for arguments in [deep.as_str(), r#"{"a":1,"a":2,"b":"\ud83d"}"#, r#"{"a":"\ud83d"}"#] {
            let call = call(arguments, ToolCallKind::Function);
            let (json, is_wrapped) = object_of(&call);
            let read: Value = serde_json::from_str(&json).unwrap();
            assert_eq!((read, is_wrapped), (serde_json::json!({"input": arguments}), true));
        }
    }
}
