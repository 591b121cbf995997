use crate::identity::Identity;
use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest, Sha256};

pub(crate) static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Longest key.
const LONGEST: usize = 255;

/// What a key is, for people.
pub(crate) const RULE: &str = "`Idempotency-Key` must be one header of 1 to 255 characters of visible ASCII.";

/// Whether a header's value is a key.
pub(crate) fn is_key(value: &HeaderValue) -> bool {
    let is_visible = value.as_bytes().iter().all(u8::is_ascii_graphic);
    is_visible && (1..=LONGEST).contains(&value.len())
}

/// A caller, as they are told apart.
pub(super) fn caller(caller: Identity) -> [u8; 32] {
    of_caller(caller).finalize().into()
}

fn of_caller(caller: Identity) -> Sha256 {
    let mut digest = Sha256::new();
    digest.update(caller.kind);
    digest.update([0]);
    digest.update(caller.id.unwrap_or_default().to_be_bytes());
    digest
}

/// The name that a request's key stands for: the caller's own. `None` where it is no key.
pub(super) fn name(headers: &HeaderMap, caller: Identity) -> Option<[u8; 32]> {
    let mut keys = headers.get_all(&IDEMPOTENCY_KEY);
    let key = keys.next().filter(|key| is_key(key) && keys.next().is_none())?;
    let mut digest = of_caller(caller);
    digest.update(key.as_bytes());
    Some(digest.finalize().into())
}

/// What a request asks for.
pub(super) fn content(request: &HttpRequest, body: [u8; 32]) -> [u8; 32] {
    let mut digest = Sha256::new();
    // None of them can hold a zero byte.
    for part in [request.method().as_str(), request.path(), request.query_string()] {
        digest.update(part);
        digest.update([0]);
    }
    digest.update(body);
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    const ANN: Identity = Identity { kind: "key", id: Some(1) };

    fn named(keys: &[&str], caller: Identity) -> Option<[u8; 32]> {
        let mut headers = HeaderMap::new();
        for key in keys {
            headers.append(IDEMPOTENCY_KEY.clone(), HeaderValue::from_bytes(key.as_bytes()).unwrap());
        }
        name(&headers, caller)
    }

    #[test]
    fn a_key_is_short_plain_and_one() {
        assert!(named(&["k"], ANN).is_some() && named(&[&"k".repeat(255)], ANN).is_some());
        for bad in [
            &[][..],
            &[""],
            &[" "],
            &["a b"],
            &["schl\u{fc}ssel"],
            &[&"k".repeat(256)],
            &["a", "a"],
            &["a", "b"],
        ] {
            assert_eq!(named(bad, ANN), None, "{bad:?}");
        }
    }

    #[test]
    fn no_two_callers_share_a_name() {
        let callers = [ANN, Identity { kind: "key", id: Some(2) }, Identity { kind: "user", id: Some(1) }];
        let names: std::collections::HashSet<_> =
            callers.iter().map(|caller| named(&["k"], *caller)).collect();
        assert_eq!(names.len(), callers.len());
        assert_eq!(named(&["k"], ANN), named(&["k"], ANN));
        assert_ne!(named(&["k"], ANN), named(&["K"], ANN));
    }

    #[test]
    fn address_query_method_and_body_all_count() {
        let of =
            |method: TestRequest, uri: &str, body| content(&method.uri(uri).to_http_request(), [body; 32]);
        let first = of(TestRequest::post(), "/v1/a?x=1", 1);
        assert_eq!(first, of(TestRequest::post(), "/v1/a?x=1", 1));
        for other in [
            of(TestRequest::put(), "/v1/a?x=1", 1),
            of(TestRequest::post(), "/v1/b?x=1", 1),
            of(TestRequest::post(), "/v1/a?x=2", 1),
            of(TestRequest::post(), "/v1/a", 1),
            of(TestRequest::post(), "/v1/a?x=1", 2),
        ] {
            assert_ne!(first, other);
        }
    }
}
