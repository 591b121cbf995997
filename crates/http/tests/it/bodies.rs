//! What is read of a body, and what is refused unread.

use crate::wire::{Connection, ask, chat, post};
use crate::world::{KEY, World};
use std::time::Duration;

const SMALL: usize = 64 * 1024;

async fn small() -> World {
    World::with(|config| {
        config.limits.body_bytes = SMALL;
        config.timeouts.body_idle = Duration::from_millis(300);
    })
    .await
}

/// A POST of a call with these header lines and no other.
fn bare(headers: &str, body: &str) -> String {
    format!("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\n{headers}\r\n{body}")
}

fn padded(size: usize) -> String {
    let body = chat("team", "");
    format!("{body}{}", " ".repeat(size - body.len()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_at_the_limit_is_taken_and_one_byte_more_is_refused_unread() {
    let world = small().await;
    let key = format!("x-api-key: {KEY}\r\n");
    let full = ask(world.address, post("/v1/chat/completions", &key, &padded(SMALL))).await;
    assert_eq!(full.status, 200, "{}", full.text());
    for declared in [SMALL + 1, 64 << 20, 1 << 30, usize::MAX] {
        let head = bare(&format!("content-type: application/json\r\ncontent-length: {declared}\r\n"), "");
        let response = ask(world.address, head).await;
        assert_eq!((response.status, response.code().as_str()), (413, "payload_too_large"), "{declared}");
        assert_eq!(response.header("connection"), Some("close"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_length_ends_the_connection_though_the_body_still_comes() {
    let world = small().await;
    let mut connection = Connection::open(world.address).await;
    let size = SMALL * 4;
    connection.send(bare(&format!("content-type: application/json\r\ncontent-length: {size}\r\n"), "")).await;
    connection.send(vec![b' '; SMALL]).await;
    assert_eq!(connection.receive().await.status, 413);
    assert!(connection.ends_within(Duration::from_secs(3)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn chunks_are_counted_and_an_endless_body_is_cut_off() {
    let world = small().await;
    let mut connection = Connection::open(world.address).await;
    let headers = "content-type: application/json\r\ntransfer-encoding: chunked\r\n";
    connection.send(bare(headers, "")).await;
    let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
    for _ in 0..5 {
        connection.send(&chunk).await;
    }
    let response = connection.receive().await;
    assert_eq!((response.status, response.code().as_str()), (413, "payload_too_large"));
    let sent = flood(connection, chunk).await;
    assert!(sent < MOST_AFTER_ITS_REFUSAL, "{sent} bytes went on after the refusal");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_body_that_is_refused_is_not_carried_to_its_end_either() {
    let world = small().await;
    let mut connection = Connection::open(world.address).await;
    let size = 8_usize << 30;
    connection.send(bare(&format!("content-type: application/json\r\ncontent-length: {size}\r\n"), "")).await;
    assert_eq!(connection.receive().await.status, 413);
    let sent = flood(connection, " ".repeat(0x4000)).await;
    assert!(sent < MOST_AFTER_ITS_REFUSAL, "{sent} bytes went on after the refusal");
}

/// What the server reads, and what the kernels on both sides hold, of a body whose refusal is out.
const MOST_AFTER_ITS_REFUSAL: usize = 128 << 20;

/// Goes on sending, as an attacker would, until the connection ends. Answers how many bytes went out.
async fn flood(connection: Connection, piece: String) -> usize {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (mut read, mut write) = connection.stream.into_split();
    let flood = tokio::spawn(async move {
        let mut sent = 0;
        while write.write_all(piece.as_bytes()).await.is_ok() {
            sent += piece.len();
        }
        sent
    });
    let ended = async {
        let mut rest = Vec::new();
        let _reset_is_an_end_too = read.read_to_end(&mut rest).await;
    };
    tokio::time::timeout(Duration::from_secs(5), ended).await.expect("the connection ends");
    flood.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunked_body_is_a_body() {
    let world = small().await;
    let body = chat("team", "");
    let (first, second) = body.split_at(10);
    let chunks = format!("{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n", first.len(), second.len());
    let mut connection = Connection::open(world.address).await;
    for _ in 0..2 {
        let headers = "content-type: application/json\r\ntransfer-encoding: chunked\r\n";
        connection.send(bare(headers, &chunks)).await;
        assert_eq!(connection.receive().await.status, 200, "and the connection goes on");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_plain_json_is_not_read() {
    let world = small().await;
    let body = chat("team", "");
    for headers in [
        "",
        "content-type: text/plain\r\n",
        "content-type: application/x-www-form-urlencoded\r\n",
        "content-type: application/json; charset=utf-16\r\n",
        "content-type: application/json\r\ncontent-encoding: gzip\r\n",
        "content-type: application/json\r\ncontent-encoding: br\r\n",
        "content-type: application/json\r\ncontent-encoding: gzip, gzip\r\n",
    ] {
        let request = bare(&format!("{headers}content-length: {}\r\n", body.len()), &body);
        let response = ask(world.address, request).await;
        assert_eq!(
            (response.status, response.code().as_str()),
            (415, "unsupported_media_type"),
            "{headers:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_stops_coming_is_given_up() {
    let world = small().await;
    for framing in ["content-length: 100\r\n\r\n{\"model\"", "transfer-encoding: chunked\r\n\r\n1\r\n{\r\n"] {
        let mut connection = Connection::open(world.address).await;
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\ncontent-type: application/json\r\n"
        );
        connection.send(format!("{head}{framing}")).await;
        let response = connection.receive().await;
        assert_eq!((response.status, response.code().as_str()), (408, "request_timeout"), "{framing}");
        assert!(connection.ends_within(Duration::from_secs(3)).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_drips_is_given_up_when_its_time_in_all_has_passed() {
    let world = World::with(|config| config.timeouts.body_per_mib = Duration::from_secs(30)).await;
    let mut connection = Connection::open(world.address).await;
    connection.send(bare("content-type: application/json\r\ncontent-length: 1000\r\n", "{")).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    world.clock.advance(Duration::from_secs(31));
    connection.send(" ").await;
    assert_eq!(connection.receive().await.status, 408);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_looked_at_before_a_body() {
    let world = small().await;
    let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n";
    assert_eq!(ask(world.address, head).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_before_it_sends_too_much_is_refused() {
    let world = small().await;
    let mut connection = Connection::open(world.address).await;
    let headers = "content-type: application/json\r\nexpect: 100-continue\r\ncontent-length: 70000\r\n";
    connection.send(bare(headers, "")).await;
    let mut response = connection.receive().await;
    if response.status == 100 {
        response = connection.receive().await;
    }
    assert_eq!(response.status, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_body_and_what_is_no_json_have_the_code_of_their_fault() {
    let world = small().await;
    let key = format!("x-api-key: {KEY}\r\n");
    for (body, code) in [
        ("", "invalid_json"),
        ("{\"model\":", "invalid_json"),
        ("{} x", "invalid_json"),
        ("[1", "invalid_json"),
        ("null", "invalid_request"),
        ("[]", "invalid_request"),
        (r#"{"model":"a","model":"b"}"#, "invalid_request"),
    ] {
        let response = ask(world.address, post("/v1/chat/completions", &key, body)).await;
        assert_eq!((response.status, response.code().as_str()), (400, code), "{body:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_not_judged_for_whoever_has_used_up_the_rate() {
    let world = World::start().await;
    let bad =
        "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 1\r\n\r\nx";
    for request in 0..60 {
        assert_eq!(ask(world.address, bad).await.status, 415, "{request}");
    }
    assert_eq!(ask(world.address, bad).await.status, 429);
}
