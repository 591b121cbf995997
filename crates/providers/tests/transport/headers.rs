//! What is said to an upstream beside the body, and what of its answer is passed on.

use std::sync::{Arc, Mutex};

use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;
use switchyard_providers::transport::{TransportFault, relayed, secret_header, upstream_request_id};

use crate::{
    PATIENT, plain, post,
    upstream::{read_request, scripted},
};

const SECRET: &str = "sk-canary-0123456789";

fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
    lines
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect()
}

#[tokio::test]
async fn the_request_arrives_as_composed_and_without_what_belongs_to_the_way_here() {
    let seen = Arc::new(Mutex::new(String::new()));
    let request = Arc::clone(&seen);
    let address = scripted(move |_, mut stream| {
        *request.lock().unwrap() = read_request(&mut stream);
        std::io::Write::write_all(&mut stream, b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
    });
    let mut outbound = post(&format!("http://{address}/v1/chat?x=1"), r#"{"model":"m"}"#);
    outbound.headers = headers(&[
        ("content-type", "application/json"),
        ("host", "evil.example"),
        ("connection", "x-vanish"),
        ("transfer-encoding", "chunked"),
        ("content-length", "999"),
        ("te", "trailers"),
        ("upgrade", "h2c"),
        ("expect", "100-continue"),
        ("proxy-authorization", "Basic eA=="),
        ("cookie", "session=1"),
        ("forwarded", "for=127.0.0.1"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-host", "evil.example"),
        ("x-real-ip", "127.0.0.1"),
        ("metadata-flavor", "Google"),
        ("metadata", "true"),
        ("x-aws-ec2-metadata-token", "x"),
    ]);
    outbound.headers.insert("authorization", secret_header("Bearer ", &SecretString::from(SECRET)).unwrap());
    plain(address).send(outbound, &PATIENT).await.unwrap();
    let seen = seen.lock().unwrap();
    let (head, body) = seen.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.lines().collect();
    assert_eq!(lines.remove(0), "POST /v1/chat?x=1 HTTP/1.1");
    lines.sort_unstable();
    let agent = concat!("user-agent: switchyard/", env!("CARGO_PKG_VERSION"));
    let host = format!("host: {address}");
    let expected = [
        "accept-encoding: identity",
        "accept: */*",
        "authorization: Bearer sk-canary-0123456789",
        "content-length: 13",
        "content-type: application/json",
        &host,
        agent,
    ];
    assert_eq!(lines, expected);
    assert_eq!(body, r#"{"model":"m"}"#);
}

#[test]
fn no_secret_shows_in_what_is_printed_of_a_request() {
    let mut request =
        post("https://user:sk-canary-0123456789@api.example/v1?key=sk-canary-0123456789", "prompt");
    request.headers.insert("authorization", secret_header("Bearer ", &SecretString::from(SECRET)).unwrap());
    request.headers.insert("x-own-key", HeaderValue::from_static(SECRET));
    let shown = format!("{request:?} {request:#?}");
    assert!(!shown.contains("canary") && !shown.contains("prompt"), "{shown}");
    assert!(shown.contains("api.example") && shown.contains("authorization"), "{shown}");
    let value = secret_header("Bearer ", &SecretString::from(SECRET)).unwrap();
    assert!(value.is_sensitive());
    assert_eq!(format!("{value:?}"), "Sensitive");
}

#[test]
fn a_credential_that_no_header_can_carry_is_refused_without_repeating_it() {
    for secret in ["sk-canary\r\nx: y", "sk-canary\0", "sk-canary\n"] {
        let fault = secret_header("Bearer ", &SecretString::from(secret)).unwrap_err();
        assert!(matches!(fault, TransportFault::InvalidRequest(_)));
        assert!(!fault.to_string().contains("canary"), "{fault}");
    }
}

#[test]
fn only_listed_headers_go_on_to_clients() {
    let upstream = headers(&[
        ("request-id", "req_1"),
        ("x-should-retry", "false"),
        ("x-vendor-processing-ms", "12"),
        ("x-vendor-secret", "s"),
        ("x-request-id", "theirs"),
        ("set-cookie", "a=b"),
        ("x-goog-api-key", SECRET),
        ("x-api-key", SECRET),
        ("authorization", SECRET),
        ("transfer-encoding", "chunked"),
        ("content-length", "5"),
        ("content-encoding", "gzip"),
        ("connection", "close"),
        ("x-ratelimit-remaining-requests", "7"),
        ("vendor-organization", "org-1"),
        ("retry-after", "3600"),
        ("access-control-allow-origin", "*"),
        ("location", "http://127.0.0.1"),
    ]);
    // Even a vendor whose facts list everything gets no more than what is harmless through.
    let greedy: Vec<HeaderName> =
        upstream.keys().filter(|name| *name != "x-vendor-secret").cloned().collect();
    let expected =
        headers(&[("request-id", "req_1"), ("x-should-retry", "false"), ("x-vendor-processing-ms", "12")]);
    assert_eq!(relayed(&upstream, &greedy), expected);
    assert_eq!(relayed(&upstream, &[]), headers(&[("request-id", "req_1"), ("x-should-retry", "false")]));
}

#[tokio::test]
async fn a_header_that_repeats_the_credential_is_not_even_seen() {
    let address = crate::upstream::answering(
        format!(
            "HTTP/1.1 200 OK\r\nrequest-id: of-{SECRET}-1\r\nx-request-id: {SECRET}\r\nx-generation-id: gen-1\r\n\
             content-type: application/json\r\ncontent-length: 0\r\n\r\n"
        )
        .into_bytes(),
    );
    let mut outbound = post(&format!("http://{address}/"), "{}");
    outbound.headers.insert("authorization", secret_header("Bearer ", &SecretString::from(SECRET)).unwrap());
    let answer = plain(address).send(outbound, &PATIENT).await.unwrap();
    let expected =
        [("x-generation-id", "gen-1"), ("content-type", "application/json"), ("content-length", "0")];
    assert_eq!(answer.headers, headers(&expected));
}

#[test]
fn a_header_value_that_a_client_would_stumble_over_stays_here() {
    let longest = "x".repeat(128);
    let passes = |value: &[u8]| {
        let mut upstream = HeaderMap::new();
        upstream.insert("request-id", HeaderValue::from_bytes(value).unwrap());
        let id = upstream_request_id(&upstream, None);
        assert_eq!(id.is_some(), relayed(&upstream, &[]).contains_key("request-id"), "{value:?}");
        id.is_some()
    };
    for good in [b"req_011CSHoEeqs5C35K2UUqR7Fy".as_slice(), b"{\"a\":1}", longest.as_bytes()] {
        assert!(passes(good), "{good:?}");
    }
    let long = format!("{longest}x");
    for bad in [b"caf\xe9".as_slice(), b"", b" ", b"two words", b"a\tb", b"a, b", long.as_bytes()] {
        assert!(!passes(bad), "{bad:?}");
    }
}

#[test]
fn a_header_of_two_values_carries_nothing_else() {
    for (value, passes) in
        [("true", true), ("false", true), ("", false), ("sk-secret", false), ("TRUE", false)]
    {
        let upstream = headers(&[("x-should-retry", value)]);
        assert_eq!(!relayed(&upstream, &[]).is_empty(), passes, "{value}");
    }
}

#[test]
fn the_upstreams_request_id_is_found_under_the_vendors_name_first() {
    let upstream = headers(&[("x-request-id", "general"), ("vendor-trace", "own")]);
    let vendor = HeaderName::from_static("vendor-trace");
    assert_eq!(upstream_request_id(&upstream, Some(&vendor)), Some("own"));
    assert_eq!(upstream_request_id(&upstream, None), Some("general"));
    assert_eq!(upstream_request_id(&headers(&[("request-id", "req_1")]), Some(&vendor)), Some("req_1"));
    assert_eq!(upstream_request_id(&HeaderMap::new(), None), None);
}
