use std::borrow::Cow;

use bytes::BytesMut;

use crate::json::{ObjectWriter, object};

/// The arguments of a call as a JSON object, for dialects that have no text in their place. The second value says whether
/// they are none: a cut answer's, or the free text of a custom tool. Then they stand in the member `input`.
pub(crate) fn object_of(arguments: &str) -> (Cow<'_, str>, bool) {
    let trimmed = arguments.trim();
    if trimmed.is_empty() || trimmed == "null" {
        return (Cow::Borrowed("{}"), false);
    }
    if trimmed.starts_with('{') && object(trimmed).is_some() {
        return (Cow::Borrowed(trimmed), false);
    }
    let mut out = BytesMut::new();
    let mut wrapped = ObjectWriter::begin(&mut out);
    wrapped.text("input", arguments);
    wrapped.end();
    (Cow::Owned(String::from_utf8_lossy(&out).into_owned()), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_object_becomes_one() {
        for (arguments, expected, is_wrapped) in [
            ("", "{}", false),
            (" ", "{}", false),
            ("null", "{}", false),
            (r#" {"b":1.0, "a":{}} "#, r#"{"b":1.0, "a":{}}"#, false),
            (r#"{"a":"#, r#"{"input":"{\"a\":"}"#, true),
            ("[1]", r#"{"input":"[1]"}"#, true),
            ("a\nb", r#"{"input":"a\nb"}"#, true),
        ] {
            let (json, wrapped) = object_of(arguments);
            assert_eq!((json.as_ref(), wrapped), (expected, is_wrapped), "{arguments}");
        }
    }
}
