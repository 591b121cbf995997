//! Clients that keep the server waiting.

use crate::requests::{MODEL, body, chat, chat_with, head, is_alive, patient};
use futures_util::future::join_all;
use std::time::{Duration, Instant};
use switchyard_domain::usage::Outcome;
use switchyard_harness::testkit::simulator::Script;
use switchyard_harness::{RawConnection, TestApp};

const SHORT: Duration = Duration::from_millis(500);
/// Far beyond what is set, and far below the defaults.
const CERTAINLY: Duration = Duration::from_secs(4);

async fn impatient() -> TestApp {
    let shorten = |config: &mut switchyard_harness::ServerConfig| {
        config.timeouts.head = SHORT;
        config.timeouts.keep_alive = SHORT;
        config.timeouts.body_idle = SHORT;
        config.timeouts.body_per_mib = SHORT * 3;
        config.timeouts.write_stall = SHORT;
    };
    patient().server(shorten).start().await
}

/// C2.
#[tokio::test]
async fn a_reader_that_takes_nothing_is_pressed_back_to_the_provider_and_cut_in_the_end() {
    let app = impatient().await;
    app.simulator().script(MODEL, Script::of("endless"));
    let client = app.client_with_key("ci").await;
    let mut connection = RawConnection::open_narrow(app.address()).await;
    connection.send(chat(client.key(), "slow-reader", &body(true))).await;
    let ended = app.simulator().until_ended_calls(1, Duration::from_secs(10)).await;
    let call = &ended[0];
    println!("a reader that takes nothing made the provider send {} KiB", call.bytes_sent / 1024);
    // The sockets of three kernels between them hold some megabytes; without back-pressure it would be the cap of 32.
    assert!(call.bytes_sent < 16 << 20, "{} bytes", call.bytes_sent);
    assert!(call.peer_closed_at.is_some(), "{call:?}");
    let events = app.events_of("slow-reader").await;
    assert_eq!(events[0].outcome, Outcome::ClientClosed);
    assert!(events[0].usage.output > 0);
    is_alive(&app).await;
}

/// C2: slow is not silent.
#[tokio::test]
async fn a_reader_that_takes_a_little_now_and_then_is_served_to_the_end() {
    let app = impatient().await;
    app.simulator().script(MODEL, Script::of("tokens=300"));
    let client = app.client_with_key("ci").await;
    let mut connection = RawConnection::open_narrow(app.address()).await;
    connection.send(chat(client.key(), "sipping", &body(true))).await;
    tokio::time::sleep(SHORT / 2).await;
    let answer = connection.answer().await.unwrap();
    assert!(answer.text.ends_with("data: [DONE]\n\n"));
    assert_eq!(app.events_of("sipping").await[0].outcome, Outcome::Complete);
}

/// C13.
#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let app = impatient().await;
    let mut connection = RawConnection::open(app.address()).await;
    assert!(connection.closes_within(CERTAINLY).await);
    is_alive(&app).await;
}

/// C13.
#[tokio::test]
async fn a_head_that_comes_in_drops_is_cut_even_on_a_connection_that_was_used() {
    let app = impatient().await;
    for used in [false, true] {
        let mut connection = RawConnection::open(app.address()).await;
        if used {
            connection.send("GET /ping HTTP/1.1\r\nhost: gateway\r\n\r\n").await;
            assert_eq!(connection.answer().await.unwrap().status, 200);
        }
        let began = Instant::now();
        let mut cut = false;
        for byte in "GET /ping HTTP/1.1\r\nhost: gateway\r\nx-slow: ".bytes().chain(std::iter::repeat(b'x')) {
            if connection.try_send([byte]).await.is_err() {
                cut = true;
                break;
            }
            assert!(began.elapsed() < CERTAINLY, "a head in drops is read for ever (used: {used})");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(cut);
    }
    is_alive(&app).await;
}

/// C13.
#[tokio::test]
async fn a_body_that_stops_coming_is_408_and_the_connection_closes() {
    let app = impatient().await;
    let client = app.client_with_key("ci").await;
    let whole = chat_with(client.key(), &[], body(false).to_string().as_bytes());
    let check = async |sent| {
        let mut connection = RawConnection::open(app.address()).await;
        connection.send(&whole[..sent]).await;
        let answer = connection.answer().await.unwrap();
        assert_eq!((answer.status, answer.error_code().as_str()), (408, "request_timeout"));
        assert!(connection.closes_within(CERTAINLY).await);
    };
    join_all([whole.len() - 1, whole.len() - 40].map(check)).await;
    assert!(app.simulator().calls().is_empty());
}

/// C13: bytes that keep coming do not buy for ever.
#[tokio::test]
async fn a_body_that_comes_in_drops_is_408_in_the_end() {
    let app = impatient().await;
    let client = app.client_with_key("ci").await;
    let check = async |chunked| {
        let framing = if chunked { "transfer-encoding: chunked" } else { "content-length: 5000" };
        let mut connection = RawConnection::open(app.address()).await;
        connection.send(head("POST /v1/chat/completions HTTP/1.1", client.key(), &[framing])).await;
        let began = Instant::now();
        let drip = if chunked { "1\r\n \r\n" } else { " " };
        while connection.try_send(drip).await.is_ok() && began.elapsed() < SHORT * 4 {
            tokio::time::sleep(SHORT / 10).await;
        }
        let answer = connection.answer().await.unwrap();
        assert_eq!(
            (answer.status, answer.error_code().as_str()),
            (408, "request_timeout"),
            "chunked: {chunked}"
        );
    };
    join_all([false, true].map(check)).await;
}

/// C13.
#[tokio::test]
async fn a_connection_that_rests_between_requests_is_closed() {
    let app = impatient().await;
    let mut connection = RawConnection::open(app.address()).await;
    connection.send("GET /ping HTTP/1.1\r\nhost: gateway\r\n\r\n").await;
    assert_eq!(connection.answer().await.unwrap().status, 200);
    assert!(connection.closes_within(CERTAINLY).await);
}

/// C13: a call that waits for its provider is no slow client.
#[tokio::test]
async fn a_client_that_waits_for_its_answer_is_not_cut() {
    let app = impatient().await;
    app.simulator().script(MODEL, Script::of("latency_ms=1500&tokens=2"));
    let client = app.client_with_key("ci").await;
    let mut connection = RawConnection::open(app.address()).await;
    connection.send(chat(client.key(), "waiting", &body(false))).await;
    assert_eq!(connection.answer().await.unwrap().status, 200);
}
