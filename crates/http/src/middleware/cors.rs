//! Which other web sites' pages may read our answers: those of the listed origins, with credentials, and no other.
//!
//! Our own rather than the framework's, which tells strangers that credentials are taken, words its refusals in a shape that no
//! surface has, and is a layer of its own around every call.

use actix_web::HttpResponse;
use actix_web::dev::RequestHead;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue, ORIGIN, VARY,
};
use std::sync::Arc;

/// Every method that a route may have.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
/// Seconds for which a browser need not ask again: a changed list holds for everybody ten minutes later.
const MAX_AGE: &str = "600";
/// What a page's script may read of an answer's head, beside its content type, its length and the like.
const EXPOSED: &str = "x-request-id, x-response-time, retry-after, retry-after-ms, x-should-retry, idempotent-replayed, x-cache, \
     x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests, x-ratelimit-limit-tokens, \
     x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens, x-switchyard-target, x-switchyard-attempts, \
     x-switchyard-reason, x-switchyard-dropped, x-switchyard-cost, x-switchyard-count, content-disposition";
/// Longest list of headers that a page asks to send.
const LONGEST_LIST: usize = 2048;

/// The origins whose pages may read answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins(Arc<[HeaderValue]>);

impl Origins {
    /// Of this list, each `scheme://host[:port]` as a browser sends it. What can be no header's value can be no origin.
    pub(crate) fn new(listed: &[String]) -> Self {
        Self(listed.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect())
    }

    /// Who may read the answer to a request with these headers.
    pub(super) fn readers(&self, headers: &HeaderMap) -> Readers {
        if self.0.is_empty() {
            return Readers::default();
        }
        let mut sent = headers.get_all(ORIGIN);
        // A browser sends one. Which of two is meant nobody knows.
        let origin = sent.next().filter(|_| sent.next().is_none());
        Readers { varies: true, origin: origin.filter(|origin| self.0.contains(origin)).cloned() }
    }
}

/// Who may read one answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Readers {
    /// Whether it depends on who asks, which caches have to know.
    varies: bool,
    origin: Option<HeaderValue>,
}

impl Readers {
    /// The answer to a browser that asks, on behalf of a listed origin, what it may send. Whether there is such a route and who
    /// may call it, the call itself is told.
    pub(super) fn preflight(&self, head: &RequestHead) -> Option<HttpResponse> {
        self.origin.as_ref()?;
        if head.method != Method::OPTIONS || !head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
            return None;
        }
        let mut response = HttpResponse::NoContent();
        response.insert_header((ACCESS_CONTROL_ALLOW_METHODS, METHODS));
        response.insert_header((ACCESS_CONTROL_MAX_AGE, MAX_AGE));
        // Any header: what a listed origin may say is no narrower than what its server could.
        if let Some(asked) = head.headers.get(ACCESS_CONTROL_REQUEST_HEADERS).filter(|asked| is_list(asked)) {
            response.insert_header((ACCESS_CONTROL_ALLOW_HEADERS, asked.clone()));
        }
        Some(response.finish())
    }

    /// Says so in an answer's head.
    pub(super) fn complete(&self, headers: &mut HeaderMap) {
        if self.varies {
            headers.append(VARY, HeaderValue::from_name(ORIGIN));
        }
        if let Some(origin) = &self.origin {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
        }
    }
}

/// Names of headers between commas.
fn is_list(value: &HeaderValue) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b',' | b' ');
    value.len() <= LONGEST_LIST && value.as_bytes().iter().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_by(listed: &[&str], sent: &[&str]) -> Option<String> {
        let listed: Vec<String> = listed.iter().map(|origin| (*origin).to_owned()).collect();
        let mut headers = HeaderMap::new();
        for origin in sent {
            headers.append(ORIGIN, HeaderValue::from_str(origin).unwrap());
        }
        let mut answer = HeaderMap::new();
        Origins::new(&listed).readers(&headers).complete(&mut answer);
        answer.get(ACCESS_CONTROL_ALLOW_ORIGIN).map(|origin| origin.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_listed_origin_is_named_and_nothing_that_looks_like_it() {
        let listed = ["https://chat.example.com", "http://localhost:3000"];
        for origin in listed {
            assert_eq!(read_by(&listed, &[origin]).as_deref(), Some(origin));
        }
        for stranger in [
            "https://evil.example",
            "null",
            "*",
            "",
            "http://chat.example.com",
            "https://chat.example.com.evil.example",
            "https://evil.chat.example.com",
            "https://chat.example.com:443",
            "https://chat.example.com/",
            "https://chat.example.co",
            "https://CHAT.example.com",
            "https://chat.example.com, https://evil.example",
            "http://localhost:30000",
            "http://localhost",
        ] {
            assert_eq!(read_by(&listed, &[stranger]), None, "{stranger}");
        }
        assert_eq!(read_by(&listed, &["https://chat.example.com", "https://evil.example"]), None);
        assert_eq!(read_by(&[], &["https://chat.example.com"]), None);
    }

    #[test]
    fn caches_learn_that_answers_differ_only_where_they_do() {
        let of = |listed: &[String]| {
            let mut answer = HeaderMap::new();
            answer.insert(VARY, HeaderValue::from_static("accept"));
            Origins::new(listed).readers(&HeaderMap::new()).complete(&mut answer);
            answer.get_all(VARY).map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(of(&[]), ["accept"]);
        assert_eq!(of(&["https://a.example".to_owned()]), ["accept", "origin"]);
    }
}
