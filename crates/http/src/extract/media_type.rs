//! Which bodies are read at all: JSON in UTF-8, and forms with files; not compressed.

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use switchyard_dialects::multipart::boundary_of;

/// Why a body is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum MediaFault {
    #[error("A request's body must be sent as it is, without `content-encoding`.")]
    Encoded,
    #[error("A request's body must be `content-type: application/json`.")]
    NotJson,
    #[error("A request's body must be `content-type: application/json` or `application/yaml`.")]
    NotDocument,
    #[error("A request's body must be in UTF-8.")]
    Charset,
    #[error(
        "A request's body must be `content-type: multipart/form-data` with a boundary of 1 to 70 characters."
    )]
    NotForm,
}

/// What YAML is called.
const YAML: [&[u8]; 4] = [b"application/yaml", b"application/x-yaml", b"text/yaml", b"text/x-yaml"];

/// Refuses bodies of another kind than JSON.
pub(super) fn check(headers: &HeaderMap) -> Result<(), MediaFault> {
    let value = only(headers)?.ok_or(MediaFault::NotJson)?;
    // What every official client sends, at once.
    if value == b"application/json" {
        return Ok(());
    }
    if is_one_of(value, &[b"application/json"])? { Ok(()) } else { Err(MediaFault::NotJson) }
}

/// Whether a body that may be JSON or YAML is YAML.
pub(super) fn is_yaml(headers: &HeaderMap) -> Result<bool, MediaFault> {
    match only(headers)? {
        Some(value) if is_one_of(value, &YAML)? => Ok(true),
        _ => check(headers).map(|()| false).map_err(|fault| match fault {
            MediaFault::NotJson => MediaFault::NotDocument,
            other => other,
        }),
    }
}

/// Whether a media type is one of these, in UTF-8.
fn is_one_of(value: &[u8], essences: &[&[u8]]) -> Result<bool, MediaFault> {
    let mut parts = value.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let is_one = |essence: &[u8]| essences.iter().any(|known| essence.eq_ignore_ascii_case(known));
    if !parts.next().is_some_and(is_one) {
        return Ok(false);
    }
    if parts.filter_map(charset).all(is_utf8) { Ok(true) } else { Err(MediaFault::Charset) }
}

/// Refuses bodies of another kind than a form with files, and gives what separates the form's parts.
pub(super) fn form(headers: &HeaderMap) -> Result<String, MediaFault> {
    let value = only(headers)?.and_then(|value| str::from_utf8(value).ok());
    value.and_then(boundary_of).ok_or(MediaFault::NotForm)
}

/// The media type of a body that is sent as it is. A header that stands there twice says two things, so it says nothing.
fn only(headers: &HeaderMap) -> Result<Option<&[u8]>, MediaFault> {
    let is_identity = |value: &[u8]| value.trim_ascii().eq_ignore_ascii_case(b"identity");
    if headers.get_all(CONTENT_ENCODING).any(|value| !is_identity(value.as_bytes())) {
        return Err(MediaFault::Encoded);
    }
    let mut values = headers.get_all(CONTENT_TYPE);
    let first = values.next();
    Ok(first.filter(|_| values.next().is_none()).map(HeaderValue::as_bytes))
}

fn charset(parameter: &[u8]) -> Option<&[u8]> {
    let (name, value) = parameter.split_at_checked(b"charset=".len())?;
    name.eq_ignore_ascii_case(b"charset=").then_some(value)
}

fn is_utf8(name: &[u8]) -> bool {
    let bare = name.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(name);
    bare.eq_ignore_ascii_case(b"utf-8") || bare.eq_ignore_ascii_case(b"utf8")
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderName;

    fn checked(pairs: &[(HeaderName, &str)]) -> Result<(), MediaFault> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        check(&headers)
    }

    fn of_type(value: &str) -> Result<(), MediaFault> {
        checked(&[(CONTENT_TYPE, value)])
    }

    #[test]
    fn json_in_utf_8_is_taken_however_it_is_spelled() {
        for good in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
            "application/json; v=1; Charset=utf8",
        ] {
            assert_eq!(of_type(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn other_types_other_charsets_and_none_are_refused() {
        for bad in
            ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "application/xml", ""]
        {
            assert_eq!(of_type(bad), Err(MediaFault::NotJson), "{bad}");
        }
        let long = format!("multipart/form-data; boundary={}", "x".repeat(30_000));
        assert_eq!(of_type(&long), Err(MediaFault::NotJson));
        assert_eq!(of_type("application/json; charset=utf-7"), Err(MediaFault::Charset));
        assert_eq!(of_type("application/json; charset=utf-8; charset=utf-16"), Err(MediaFault::Charset));
        assert_eq!(checked(&[]), Err(MediaFault::NotJson));
        let twice = [(CONTENT_TYPE, "application/json"), (CONTENT_TYPE, "application/json")];
        assert_eq!(checked(&twice), Err(MediaFault::NotJson));
    }

    #[test]
    fn yaml_is_known_by_all_its_names_where_it_is_taken_and_nowhere_else() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.append(CONTENT_TYPE, HeaderValue::from_str(value).unwrap());
            (is_yaml(&headers), check(&headers))
        };
        for yaml in ["application/yaml", "application/x-yaml", "text/yaml", "Text/X-Yaml; charset=utf-8"] {
            assert_eq!(of(yaml), (Ok(true), Err(MediaFault::NotJson)), "{yaml}");
        }
        assert_eq!(of("application/json"), (Ok(false), Ok(())));
        assert_eq!(of("text/yaml; charset=latin-1").0, Err(MediaFault::Charset));
        assert_eq!(of("text/plain").0, Err(MediaFault::NotDocument));
    }

    #[test]
    fn compressed_bodies_are_refused() {
        for coding in ["gzip", "br", "zstd", "gzip, gzip", "identity, gzip"] {
            let headers = [(CONTENT_TYPE, "application/json"), (CONTENT_ENCODING, coding)];
            assert_eq!(checked(&headers), Err(MediaFault::Encoded), "{coding}");
        }
        let plain = [(CONTENT_TYPE, "application/json"), (CONTENT_ENCODING, "identity")];
        assert_eq!(checked(&plain), Ok(()));
    }
}
