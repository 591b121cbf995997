use super::request_id::{RequestId, X_REQUEST_ID};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use std::time::Duration;

static X_RESPONSE_TIME: HeaderName = HeaderName::from_static("x-response-time");

/// Nothing here is a page of ours that needs more; the console and the interactive documentation bring their own.
const POLICY: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

/// Sets what every answer carries. A policy or a caching rule that the handler set stays.
pub(super) fn complete(headers: &mut HeaderMap, id: &RequestId, elapsed: Duration) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin"));
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers.insert(X_REQUEST_ID.clone(), id.header());
    headers.insert(X_RESPONSE_TIME.clone(), seconds(elapsed));
}

/// Such as `0.012s`.
fn seconds(elapsed: Duration) -> HeaderValue {
    let text = format!("{}.{:03}s", elapsed.as_secs(), elapsed.subsec_millis());
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_response_time_is_in_seconds_to_the_millisecond() {
        assert_eq!(seconds(Duration::from_micros(12_999)), "0.012s");
        assert_eq!(seconds(Duration::from_millis(61_003)), "61.003s");
    }
}
