//! Requests that two parsers may read in two ways.

use crate::requests::{body, head, is_alive, patient};
use futures_util::future::join_all;
use std::time::Duration;
use switchyard_harness::{RawConnection, TestApp};

/// Everything that the server says to these bytes until it closes, or for a moment.
async fn statuses(app: &TestApp, bytes: &[u8]) -> Vec<u16> {
    let mut connection = RawConnection::open(app.address()).await;
    let _closed = connection.try_send(bytes).await;
    let mut statuses = Vec::new();
    while let Ok(Some(answer)) = tokio::time::timeout(Duration::from_millis(600), connection.answer()).await {
        statuses.push(answer.status);
    }
    statuses
}

/// A second request that hides in what the first calls its body.
const HIDDEN: &str = "GET /ping HTTP/1.1\r\nhost: hidden\r\n\r\n";

/// C12.
#[tokio::test]
async fn conflicting_lengths_are_refused_and_nothing_hidden_is_answered() {
    let app = patient().start().await;
    for lines in [
        "content-length: 5\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 5",
        "content-length: 5\r\ncontent-length: 6",
        "content-length: 5, 6",
        "content-length: +5",
        "content-length: -5",
        "content-length: 0x5",
        "content-length: 5 5",
        "content-length: five",
        "content-length:",
        "content-length: 99999999999999999999999",
        "transfer-encoding: xchunked",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: gzip",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity",
        "transfer-encoding: \x0bchunked",
        "transfer-encoding : chunked",
        " transfer-encoding: chunked",
    ] {
        let request = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\n{lines}\r\n\r\n0\r\n\r\n{HIDDEN}"
        );
        let statuses = statuses(&app, request.as_bytes()).await;
        assert!(statuses.len() <= 1, "{lines:?} got {statuses:?}");
        assert!(statuses.iter().all(|status| (400..500).contains(status)), "{lines:?} got {statuses:?}");
    }
    is_alive(&app).await;
}

/// C12.
#[tokio::test]
async fn malformed_header_lines_are_refused_with_one_answer_at_most() {
    let app = patient().start().await;
    for lines in [
        "x-folded: one\r\n two",
        "x-folded: one\r\n\ttwo",
        "x-space : 1",
        "x space: 1",
        "no colon",
        ": no name",
        "x-nul: a\0b",
        "x-control: a\x01b",
        "x-return: a\rb",
        "h\u{f6}st: gateway",
    ] {
        let request = format!("GET /ping HTTP/1.1\r\nhost: gateway\r\n{lines}\r\n\r\n{HIDDEN}");
        let statuses = statuses(&app, request.as_bytes()).await;
        assert!(statuses.len() <= 1, "{lines:?} got {statuses:?}");
        assert!(statuses.iter().all(|status| (400..500).contains(status)), "{lines:?} got {statuses:?}");
    }
    is_alive(&app).await;
}

/// C12: a bare line feed ends no line of a connection's first head, and makes no second request anywhere.
#[tokio::test]
async fn bare_line_feeds_are_refused_or_end_a_line_and_never_make_a_second_request() {
    let app = patient().start().await;
    let app = &app;
    let check = async |request: &str| {
        assert_eq!(statuses(app, request.as_bytes()).await, [400], "{request:?}");
        let second = format!("GET /ping HTTP/1.1\r\nhost: gateway\r\n\r\n{request}");
        let statuses = statuses(app, second.as_bytes()).await;
        assert!(matches!(statuses[..], [200] | [200, 200 | 400]), "{request:?} got {statuses:?}");
    };
    join_all(
        [
            "GET /ping HTTP/1.1\nhost: gateway\n\n",
            "GET /ping HTTP/1.1\r\nhost: gateway\n\r\n",
            "GET /ping HTTP/1.1\nhost: gateway\r\n\r\n",
            "GET /ping HTTP/1.1\r\nhost: gateway\r\nx: 1\n\n",
        ]
        .map(check),
    )
    .await;
    is_alive(app).await;
}

/// C12.
#[tokio::test]
async fn malformed_request_lines_are_refused() {
    let app = patient().start().await;
    for line in [
        "GET /ping",
        "GET  /ping HTTP/1.1",
        "GET /ping HTTP/1.1 ",
        "GET /ping HTTP/2.0",
        "GET /ping HTTP/9.9",
        "GET /pi ng HTTP/1.1",
        "GET /ping\0 HTTP/1.1",
        "/ping GET HTTP/1.1",
        "G\u{cb}T /ping HTTP/1.1",
        "\x16\x03\x01\x02\x00\x01\x00",
    ] {
        let request = format!("{line}\r\nhost: gateway\r\n\r\n{HIDDEN}");
        let statuses = statuses(&app, request.as_bytes()).await;
        assert!(statuses.len() <= 1, "{line:?} got {statuses:?}");
        assert!(
            statuses.iter().all(|status| (400..506).contains(status) && *status != 500),
            "{line:?} got {statuses:?}"
        );
    }
    is_alive(&app).await;
}

/// C12.
#[tokio::test]
async fn malformed_chunks_are_refused_and_nothing_after_them_is_a_request() {
    let app = patient().start().await;
    let key = app.client_with_key("ci").await.key().to_owned();
    let body = body(false).to_string();
    let length = body.len();
    for chunks in [
        format!("{length:x}\n{body}\r\n0\r\n\r\n"),
        format!("-{length:x}\r\n{body}\r\n0\r\n\r\n"),
        format!("0x{length:x}\r\n{body}\r\n0\r\n\r\n"),
        format!("{length:x}\r\n{body}XX0\r\n\r\n"),
        format!("zz\r\n{body}\r\n0\r\n\r\n"),
        format!("fffffffffffffffff\r\n{body}\r\n0\r\n\r\n"),
        format!("\r\n{length:x}\r\n{body}\r\n0\r\n\r\n"),
    ] {
        let mut request = head("POST /v1/chat/completions HTTP/1.1", &key, &["transfer-encoding: chunked"]);
        request.extend_from_slice(chunks.as_bytes());
        request.extend_from_slice(HIDDEN.as_bytes());
        let statuses = statuses(&app, &request).await;
        assert!(statuses.len() <= 1, "{chunks:?} got {statuses:?}");
        assert!(statuses.iter().all(|status| *status == 400), "{chunks:?} got {statuses:?}");
    }
    assert!(app.simulator().calls().is_empty(), "a malformed body reached the provider");
    is_alive(&app).await;
}

/// C12: a request without a host, or with two, names nobody.
#[tokio::test]
async fn nothing_of_a_host_header_decides_what_a_caller_may_do() {
    let app = patient().start().await;
    let check = async |host: &str| {
        let request = format!("GET /v1/models HTTP/1.1\r\n{host}\r\n");
        let statuses = statuses(&app, request.as_bytes()).await;
        assert!(statuses.iter().all(|status| [400, 401].contains(status)), "{host:?} got {statuses:?}");
    };
    join_all(
        ["", "host: gateway\r\nhost: other\r\n", "host: gateway/ping\r\n", "host: 127.0.0.1\r\n"].map(check),
    )
    .await;
}

/// Old proxies ask in HTTP/1.0, which knows no chunks: a stream ends with its connection there.
#[tokio::test]
async fn a_client_of_http_1_0_gets_a_stream_without_chunks() {
    let app = patient().start().await;
    let key = app.client_with_key("ci").await.key().to_owned();
    let (body, whole) = (body(true).to_string(), body(false).to_string());
    for lines in ["", "connection: keep-alive\r\n"] {
        let ask = |body: &str| {
            format!(
                "POST /v1/chat/completions HTTP/1.0\r\nhost: gateway\r\ncontent-type: application/json\r\n{lines}\
                 authorization: Bearer {key}\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
        };
        let mut connection = RawConnection::open(app.address()).await;
        connection.send(ask(&body)).await;
        let answer = String::from_utf8(connection.rest().await).unwrap();
        let (head, events) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 ") && !head.to_lowercase().contains("transfer-encoding"), "{head}");
        assert!(events.starts_with("data: {") && events.ends_with("data: [DONE]\n\n"), "{events}");
        let mut connection = RawConnection::open(app.address()).await;
        connection.send(ask(&whole)).await;
        let head = connection.read_until("\r\n\r\n").await;
        assert!(head.contains(" 200 ") && head.contains("content-length: "), "{head}");
    }
}
