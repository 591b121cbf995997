//! Arguments of calls, which are an object here and a text in the canonical form.

use std::borrow::Cow;

use crate::json::{ObjectWriter, Shape, shape};

/// The arguments of a call as the object that they must be here. What is none goes into one, under the name `input`; the flag
/// says so.
pub(super) fn input(arguments: &str) -> (Cow<'_, str>, bool) {
    let arguments = arguments.trim();
    if arguments.is_empty() {
        return (Cow::Borrowed("{}"), false);
    }
    let parsed: Option<&serde_json::value::RawValue> = serde_json::from_str(arguments).ok();
    if parsed.is_some_and(|raw| shape(raw) == Shape::Object) {
        return (Cow::Borrowed(arguments), false);
    }
    let mut out = bytes::BytesMut::with_capacity(arguments.len() + 16);
    let mut object = ObjectWriter::begin(&mut out);
    object.text("input", arguments);
    object.end();
    (Cow::Owned(String::from_utf8_lossy(&out).into_owned()), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_an_object_whatever_they_were() {
        assert_eq!(input(r#" {"a": 1.0} "#), (Cow::Borrowed(r#"{"a": 1.0}"#), false));
        assert_eq!(input(""), (Cow::Borrowed("{}"), false));
        for (arguments, expected) in [
            ("{\"a\":", r#"{"input":"{\"a\":"}"#),
            ("[1]", r#"{"input":"[1]"}"#),
            ("SELECT 1", r#"{"input":"SELECT 1"}"#),
        ] {
            assert_eq!(input(arguments), (Cow::Owned(expected.to_owned()), true));
        }
    }
}
