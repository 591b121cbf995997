//! Rows 87 to 134: any address, and how HTTP is spoken.

use super::{Case, request};
use crate::door::{DOORS, call};
use std::collections::BTreeMap;
use std::time::Duration;
use switchyard_harness::{RawConnection, TestApp};

const OK: &[u16] = &[200];
const UNAUTHORIZED: &[u16] = &[401];
const NOWHERE: &[u16] = &[400, 401, 404];

pub(super) fn cases(key: &str) -> Vec<Case> {
    let credential = format!("authorization: Bearer {key}");
    let mut cases = probes();
    cases.extend(credentials(key, &credential));
    cases.extend(methods(&credential));
    cases.extend(addresses(&credential));
    cases.extend(framing(&credential));
    cases
}

fn get(row: u32, path: &str, lines: &[&str], expected: &'static [u16]) -> Case {
    Case::new(row, request(&format!("GET {path}"), lines, ""), expected)
}

fn post(row: u32, door: &str, lines: &[&str], expected: &'static [u16]) -> Case {
    let (body, json) = (call(), "content-type: application/json");
    let length = format!("content-length: {}", body.len());
    let lines: Vec<&str> = lines.iter().copied().chain([json, length.as_str()]).collect();
    Case::new(row, request(&format!("POST {door}"), &lines, body), expected)
}

/// Rows 87, 88.
fn probes() -> Vec<Case> {
    let strange = [
        "x-a: \u{e4}",
        "range: bytes=0-",
        "if-none-match: *",
        "accept: application/x-nothing",
        "cookie: a=b; a=c",
    ];
    let mut cases = Vec::new();
    for (row, path) in [(87, "/health"), (88, "/ping"), (88, "/api/health")] {
        cases.push(get(row, path, &strange, OK));
        cases.push(Case::new(
            row,
            request(&format!("GET {path}"), &["content-length: 2"], "{}"),
            &[200, 400],
        ));
        cases.push(get(row, &format!("{path}?x=%00&y=1"), &[], OK));
    }
    cases
}

/// Rows 109 to 111, 126, 127.
fn credentials(key: &str, credential: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    for door in DOORS {
        cases.push(post(109, door, &[&format!("authorization: {key}")], UNAUTHORIZED));
        cases.push(post(110, door, &["authorization: Bearer invalid_key"], UNAUTHORIZED));
        let (begun, more, long) = (&key[..key.len() / 2], format!("{key}x"), "k".repeat(8 << 10));
        for bad in ["' OR '1'='1", "%", begun, &more, &long, "schl\u{fc}ssel"] {
            cases.push(post(111, door, &[&format!("authorization: Bearer {bad}")], UNAUTHORIZED));
        }
        cases.push(post(126, door, &[credential, credential], UNAUTHORIZED));
        cases.push(post(126, door, &[credential, "x-api-key: other"], UNAUTHORIZED));
        for name in ["key", "api_key", "access_token", "token"] {
            cases.push(post(127, &format!("{door}?{name}={key}"), &[], UNAUTHORIZED));
        }
    }
    cases
}

/// Rows 121 to 124, 134.
fn methods(credential: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let long = "M".repeat(10_000);
    for path in ["/v1/chat/completions", "/health", "/nowhere"] {
        for method in ["TRACE", "TRACK", "CONNECT", "PROPFIND", "FOO", &long] {
            let first = format!("{method} {path}");
            cases.push(Case::new(121, request(&first, &["content-length: 0"], ""), &[400, 405]));
        }
    }
    cases.push(get(
        122,
        "/v1/chat/completions?_method=POST",
        &["x-http-method-override: POST", credential],
        &[405],
    ));
    cases.push(get(123, "/v1/models", &["x-forwarded-for: 127.0.0.1", "x-real-ip: 127.0.0.1"], UNAUTHORIZED));
    for line in ["x-original-url: /ping", "x-rewrite-url: /ping"] {
        cases.push(get(124, "/v1/models", &[line], UNAUTHORIZED));
    }
    cases.push(get(124, "http://elsewhere.example/v1/models", &[], NOWHERE));
    let hosted = "GET /v1/models HTTP/1.1\r\nhost: gateway/ping\r\n\r\n";
    cases.push(Case::new(124, hosted, NOWHERE));
    for origin in ["https://evil.example", "null", "https://trusted.evil.example"] {
        let lines = [format!("origin: {origin}"), "access-control-request-method: POST".to_owned()];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        cases.push(Case::new(134, request("OPTIONS /v1/chat/completions", &lines, ""), &[405]));
    }
    cases
}

/// Rows 125, 132, 133.
fn addresses(credential: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    for path in [
        "//v1/models",
        "/v1/./models",
        "/ping/../v1/models",
        "/v1/%2e%2e/models",
        "/v1/models;x",
        "/V1/MODELS",
        "/%2576%2531/models",
        "/v1/models%00",
    ] {
        cases.push(get(125, path, &[], NOWHERE));
    }
    for path in ["/.env", "/.git/config", "/app.db", "/config_backup.json", "/debug/pprof"] {
        cases.push(get(132, path, &[credential], &[404]));
    }
    cases.push(get(133, "/assets/..%5c..%5cetc/passwd", &[credential], &[404]));
    cases.push(get(133, "/docs/..%2f..%2fetc/passwd", &[credential], &[404]));
    cases
}

/// Rows 128 to 130.
fn framing(credential: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    for lines in [
        ["content-length: 5", "transfer-encoding: chunked"],
        ["content-length: 5", "content-length: 6"],
        ["content-length: +5", "x: y"],
        ["content-length: 5, 5", "x: y"],
        ["transfer-encoding: xchunked", "x: y"],
        ["transfer-encoding : chunked", "x: y"],
        ["x-a: 1", " folded: 2"],
        ["x-a: \0", "x: y"],
        ["x-a: 1\nx-b: 2", "x: y"],
        ["x-a: 1\n\nGET /ping HTTP/1.1", "x: y"],
    ] {
        let lines: Vec<&str> = [credential].into_iter().chain(lines).collect();
        let mut case = Case::new(
            128,
            request("POST /v1/chat/completions", &lines, "0\r\n\r\nGET /ping HTTP/1.1\r\n\r\n"),
            &[400, 501],
        );
        // A second answer would be one to what the first one's sender hid in its body.
        case.answers = 2;
        cases.push(case);
    }
    for (count, length) in [(97, 1), (5_000, 1), (1, 64 << 10), (1, 256 << 10)] {
        let value = "x".repeat(length);
        let lines: Vec<String> = (0..count).map(|number| format!("x-{number}: {value}")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        cases.push(get(129, "/ping", &lines, &[400, 431]));
    }
    cases.push(get(129, &format!("/ping?{}", "x".repeat(64 << 10)), &[], &[400, 414]));
    let mut pipelined = Case::new(130, request("GET /ping", &[], "").repeat(101), OK);
    pipelined.answers = 101;
    cases.push(pipelined);
    cases
}

/// Row 131, on a server of less patience than the usual one has.
pub(super) async fn slow(asked: &mut BTreeMap<u32, usize>) {
    let short = Duration::from_millis(400);
    let shorten = |config: &mut switchyard_harness::ServerConfig| {
        config.timeouts.head = short;
        config.timeouts.keep_alive = short;
        config.timeouts.body_idle = short;
        config.timeouts.body_per_mib = short * 2;
    };
    let app = TestApp::builder().server(shorten).start().await;
    let key = app.client_with_key("ci").await.key().to_owned();
    let head = request("GET /ping", &[], "");
    let body = request(
        "POST /v1/chat/completions",
        &[&format!("authorization: Bearer {key}"), "content-type: application/json", "content-length: 100"],
        "{",
    );
    for (begun, is_body) in [(&b""[..], false), (&head[..head.len() - 2], false), (&body, true)] {
        let mut connection = RawConnection::open(app.address()).await;
        connection.send(begun).await;
        if is_body {
            assert_eq!(connection.answer().await.map(|answer| answer.status), Some(408), "row 131");
        }
        assert!(connection.closes_within(Duration::from_secs(10)).await, "row 131: {} bytes", begun.len());
        *asked.entry(131).or_default() += 1;
    }
}
