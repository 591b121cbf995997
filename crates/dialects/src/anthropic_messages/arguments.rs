//! Arguments of calls, which are an object here and a text in the canonical form.

use std::borrow::Cow;

use bytes::BytesMut;
use serde_json::value::RawValue;
use switchyard_domain::chat::{ToolCall, ToolCallKind};

use crate::json::{ObjectWriter, Shape, shape};

/// The arguments of a call as the object that they must be here. What is none, as the free text of a custom tool, goes into
/// one under the name `input`; the flag says so.
pub(super) fn input(call: &ToolCall) -> (Cow<'_, str>, bool) {
    let arguments = call.arguments.trim();
    if call.kind != ToolCallKind::Custom {
        if arguments.is_empty() {
            return (Cow::Borrowed("{}"), false);
        }
        let parsed: Option<&RawValue> = serde_json::from_str(arguments).ok();
        if parsed.is_some_and(|raw| shape(raw) == Shape::Object) {
            return (Cow::Borrowed(arguments), false);
        }
    }
    let mut out = BytesMut::with_capacity(arguments.len() + 16);
    let mut object = ObjectWriter::begin(&mut out);
    object.text("input", &call.arguments);
    object.end();
    (Cow::Owned(String::from_utf8_lossy(&out).into_owned()), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(arguments: &str, kind: ToolCallKind) -> ToolCall {
        let arguments = arguments.to_owned();
        ToolCall { id: String::new(), name: String::new(), arguments, kind, signature: None }
    }

    #[test]
    fn arguments_are_an_object_whatever_they_were() {
        for (arguments, kind, expected, wrapped) in [
            (r#" {"a": 1.0} "#, ToolCallKind::Function, r#"{"a": 1.0}"#, false),
            ("", ToolCallKind::Function, "{}", false),
            ("{\"a\":", ToolCallKind::Function, r#"{"input":"{\"a\":"}"#, true),
            ("[1]", ToolCallKind::LegacyFunction, r#"{"input":"[1]"}"#, true),
            (" SELECT 1", ToolCallKind::Custom, r#"{"input":" SELECT 1"}"#, true),
            ("{}", ToolCallKind::Custom, r#"{"input":"{}"}"#, true),
        ] {
            let call = call(arguments, kind);
            assert_eq!(input(&call), (Cow::Borrowed(expected), wrapped), "{arguments}");
        }
    }
}
