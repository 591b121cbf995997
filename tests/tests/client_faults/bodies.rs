//! Bodies that are too large.

use crate::requests::{TARGET, answer_to, body, chat_with, head, is_alive, patient};
use futures_util::future::join_all;
use serde_json::json;
use std::time::{Duration, Instant};
use switchyard_harness::{Answer, RawConnection, TestApp};

const MIB: usize = 1 << 20;
const POST: &str = "POST /v1/chat/completions HTTP/1.1";

async fn limited(bytes: usize) -> (TestApp, String) {
    let app = patient().server(|config| config.limits.body_bytes = bytes).start().await;
    let key = app.client_with_key("ci").await.key().to_owned();
    (app, key)
}

fn is_too_large(answer: &Answer) {
    assert_eq!((answer.status, answer.error_code().as_str()), (413, "payload_too_large"), "{}", answer.text);
    assert_eq!(answer.header("connection"), "close");
}

/// A body of exactly so many bytes.
fn sized(bytes: usize) -> Vec<u8> {
    let mut body =
        json!({"model": TARGET, "messages": [{"role": "user", "content": "hi"}]}).to_string().into_bytes();
    body.resize(bytes, b' ');
    body
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// C5.
#[tokio::test]
async fn a_body_of_ten_mebibytes_is_taken_and_one_byte_more_is_413() {
    let app = patient().start().await;
    let key = app.client_with_key("ci").await.key().to_owned();
    let good = answer_to(&app, &chat_with(&key, &[], &sized(10 * MIB))).await.unwrap();
    assert_eq!(good.status, 200, "{}", good.text);
    is_too_large(&answer_to(&app, &chat_with(&key, &[], &sized(10 * MIB + 1))).await.unwrap());
}

/// C5.
#[tokio::test]
async fn a_declared_length_over_the_limit_is_413_before_the_body_is_read() {
    let (app, key) = limited(64 * 1024).await;
    let check = async |length| {
        let mut connection = RawConnection::open(app.address()).await;
        connection.send(head(POST, &key, &[&format!("content-length: {length}")])).await;
        is_too_large(&connection.answer().await.unwrap());
        assert!(connection.closes_within(Duration::from_secs(5)).await, "{length}");
    };
    join_all(["65537", "67108864", "1073741824", "18446744073709551615"].map(check)).await;
    is_alive(&app).await;
}

/// C5: what a client still sends to a refusal is thrown away for a moment, so that it can read the refusal, and not kept.
#[tokio::test]
async fn a_chunked_body_is_413_once_it_passes_the_limit_and_the_connection_ends() {
    let (app, key) = limited(64 * 1024).await;
    let mut connection = RawConnection::open(app.address()).await;
    connection.send(head(POST, &key, &["transfer-encoding: chunked"])).await;
    let piece = chunk(&[b' '; 16 * 1024]);
    let (began, mut sent) = (Instant::now(), 0);
    while connection.try_send(&piece).await.is_ok() {
        sent += piece.len();
        assert!(began.elapsed() < Duration::from_secs(10), "a body without end is read without end");
        tokio::task::yield_now().await;
    }
    println!("a body without end was cut after {} KiB had been sent", sent / 1024);
    is_alive(&app).await;
    // The same from a client that listens.
    let mut connection = RawConnection::open(app.address()).await;
    connection.send(head(POST, &key, &["transfer-encoding: chunked"])).await;
    for _ in 0..5 {
        let _closed = connection.try_send(&piece).await;
    }
    is_too_large(&connection.answer().await.unwrap());
}

/// C5: the limit counts the body, not its frames.
#[tokio::test]
async fn a_chunked_body_within_the_limit_is_taken_in_any_pieces() {
    let (app, key) = limited(64 * 1024).await;
    let body = body(false).to_string();
    for size in [1, 7, body.len()] {
        let mut bytes = head(POST, &key, &["transfer-encoding: chunked"]);
        body.as_bytes().chunks(size).for_each(|piece| bytes.extend(chunk(piece)));
        bytes.extend(b"0\r\n\r\n");
        let answer = answer_to(&app, &bytes).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    assert!(
        app.simulator().calls().iter().all(|call| call.json["messages"][0]["content"] == "say some words")
    );
}

/// C14.
#[tokio::test]
async fn an_oversized_body_that_waits_for_leave_is_413_without_being_read() {
    let (app, key) = limited(64 * 1024).await;
    let check = async |length| {
        let mut connection = RawConnection::open(app.address()).await;
        let lines = [format!("content-length: {length}"), "expect: 100-continue".to_owned()];
        connection.send(head(POST, &key, &[&lines[0], &lines[1]])).await;
        is_too_large(&connection.answer().await.unwrap());
        assert!(connection.closes_within(Duration::from_secs(5)).await);
    };
    join_all(["65537", "1073741824"].map(check)).await;
}

/// C14.
#[tokio::test]
async fn a_body_that_waits_for_leave_gets_it() {
    let (app, key) = limited(64 * 1024).await;
    let body = body(false).to_string();
    let mut connection = RawConnection::open(app.address()).await;
    let length = format!("content-length: {}", body.len());
    connection.send(head(POST, &key, &[&length, "expect: 100-continue"])).await;
    let interim = connection.read_until("\r\n\r\n").await;
    assert!(interim.starts_with("HTTP/1.1 100"), "{interim}");
    connection.send(&body).await;
    assert_eq!(connection.answer().await.unwrap().status, 200);
}

/// C5: who has no key has no body read.
#[tokio::test]
async fn without_a_key_a_large_body_is_401_and_not_read() {
    let (app, _) = limited(64 * MIB).await;
    let mut connection = RawConnection::open(app.address()).await;
    connection.send(head(POST, "sy-wrong", &["content-length: 60000000"])).await;
    let answer = connection.answer().await.unwrap();
    assert_eq!((answer.status, answer.error_code().as_str()), (401, "invalid_api_key"));
    // Bytes of a body that nobody reads must not be taken for the next request.
    let smuggled = "GET /ping HTTP/1.1\r\nhost: gateway\r\n\r\n".repeat(50);
    let _closed = connection.try_send(smuggled).await;
    assert!(connection.closes_within(Duration::from_secs(10)).await);
}
