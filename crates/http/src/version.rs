//! The versions of what people change: told with an answer, and named by who means to change that one.

use crate::api::ApiError;
use actix_web::http::header::{ETAG, HeaderMap, HeaderName, IF_MATCH};

/// The header of an answer that shows something at this version.
pub(crate) fn etag(version: i64) -> (HeaderName, String) {
    (ETAG, format!("\"{version}\""))
}

/// The version that a writer means to change: `If-Match: "3"`, as an answer's `etag` told it, or the bare number.
pub(crate) fn expected_version(headers: &HeaderMap) -> Result<Option<i64>, ApiError> {
    let mut values = headers.get_all(IF_MATCH);
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" && values.next().is_none() {
        return Ok(None);
    }
    // A proxy that compresses answers weakens their tags.
    let digits = text.strip_prefix("W/").unwrap_or(text).trim_matches('"');
    let version = digits.parse().ok().filter(|_| values.next().is_none());
    version
        .map(Some)
        .ok_or_else(|| ApiError::bad_request("`If-Match` is the object's version, such as `\"3\"`."))
}
