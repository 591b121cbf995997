//! Which of an upstream's response headers reach our clients.
//!
//! An allow-list. Not on it, on purpose:
//! - rate-limit headers (`x-ratelimit-*` and the like) and organisation ids tell about the operator's
//!   account at the vendor, not about the client's own limits, which our surfaces report themselves;
//! - `retry-after` and `retry-after-ms` are read ([`retry_after`](super::retry_after)) and written anew, clamped;
//! - `x-request-id` is our own header on every response; the upstream's is kept for the record
//!   ([`upstream_request_id`]);
//! - content and connection headers are those of our own answer;
//! - cookies and credentials are nobody's business.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Headers that go on from every upstream.
const RELAYED: [&str; 2] = ["request-id", SHOULD_RETRY];
const SHOULD_RETRY: &str = "x-should-retry";

/// A shorter credential is found in all sorts of words.
const SHORTEST_SECRET: usize = 8;

/// Longest value that goes on, which is as long as an id of our own may be.
const LONGEST_VALUE: usize = 128;

/// The response headers to pass on: the common ones, and those that the vendor's facts add (its own request
/// id, its processing time). A name that must never go on does not, even if a vendor's facts list it.
#[must_use]
pub fn relayed(upstream: &HeaderMap, vendor: &[HeaderName]) -> HeaderMap {
    let mut chosen = HeaderMap::new();
    let common = RELAYED.into_iter().map(HeaderName::from_static);
    for name in common.chain(vendor.iter().filter(|name| !is_never_relayed(name)).cloned()) {
        if let Some(value) = upstream.get(&name).filter(|value| is_plain(value) && is_sensible(&name, value))
        {
            chosen.insert(name, value.clone());
        }
    }
    chosen
}

/// The credentials among the headers of a request.
pub(super) fn secrets_of(request: &HeaderMap) -> Vec<HeaderValue> {
    request.values().filter(|value| value.is_sensitive()).cloned().collect()
}

/// Takes out the headers of an answer that repeat a credential, so that none of them gets into a log or to a client under a name
/// that is allowed.
pub(super) fn drop_echoes(answer: &mut HeaderMap, secrets: &[HeaderValue]) {
    for secret in secrets {
        let secret = secret.as_bytes();
        // Without the scheme before it, as in `Bearer sk-…`.
        let secret = memchr::memchr(b' ', secret).and_then(|space| secret.get(space + 1..)).unwrap_or(secret);
        if secret.len() < SHORTEST_SECRET {
            continue;
        }
        // Most values are too short, so that looking for a secret is not prepared before one is met that is not.
        let echoes = |(_, value): &(&HeaderName, &HeaderValue)| {
            value.len() >= secret.len() && memchr::memmem::find(value.as_bytes(), secret).is_some()
        };
        let names: Vec<HeaderName> = answer.iter().filter(echoes).map(|(name, _)| name.clone()).collect();
        for name in names.iter().filter(|name| !name.as_str().starts_with("content-")) {
            answer.remove(name);
        }
    }
}

/// A header of two possible values carries nothing else.
fn is_sensible(name: &HeaderName, value: &HeaderValue) -> bool {
    name != SHOULD_RETRY || matches!(value.as_bytes(), b"true" | b"false")
}

/// The id that the upstream gave the request, for logs and support: the vendor's own header first, then
/// the two usual ones.
#[must_use]
pub fn upstream_request_id<'a>(upstream: &'a HeaderMap, vendor: Option<&HeaderName>) -> Option<&'a str> {
    vendor
        .and_then(|name| upstream.get(name))
        .or_else(|| upstream.get("x-request-id"))
        .or_else(|| upstream.get("request-id"))
        .filter(|value| is_plain(value))
        .and_then(|value| value.to_str().ok())
}

/// A short word of visible ASCII: nothing that a log or a client would stumble over.
fn is_plain(value: &HeaderValue) -> bool {
    (1..=LONGEST_VALUE).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic)
}

fn is_never_relayed(name: &HeaderName) -> bool {
    let name = name.as_str();
    let connection = matches!(
        name,
        "connection" | "keep-alive" | "te" | "trailer" | "transfer-encoding" | "upgrade" | "via" | "alt-svc"
    );
    let ours = matches!(
        name,
        "x-request-id"
            | "retry-after"
            | "retry-after-ms"
            | "location"
            | "server"
            | "date"
            | "age"
            | "vary"
            | "link"
    );
    let secret = matches!(name, "set-cookie" | "set-cookie2" | "authorization" | "www-authenticate")
        || name.ends_with("api-key")
        || name.ends_with("-token");
    let account = name.contains("ratelimit") || name.ends_with("-organization");
    let families = ["content-", "proxy-", "access-control-", "sec-", "x-switchyard-", "strict-transport-"];
    connection || ours || secret || account || families.iter().any(|family| name.starts_with(family))
}
