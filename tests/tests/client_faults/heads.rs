//! Heads that are too large.

use crate::requests::{TARGET, answer_to, body, chat_with, is_alive, patient};
use serde_json::json;
use switchyard_harness::TestApp;

fn get(target: &str, lines: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nhost: gateway\r\n{lines}\r\n").into_bytes()
}

/// The status of a refusal, or nothing where the connection was closed without one.
async fn status_of(app: &TestApp, bytes: &[u8]) -> Option<u16> {
    answer_to(app, bytes).await.map(|answer| answer.status)
}

/// C9.
#[tokio::test]
async fn headers_over_their_limits_are_refused_and_those_within_are_taken() {
    let app = patient().start().await;
    let large = |bytes: usize| format!("x-large: {}\r\n", "x".repeat(bytes));
    let many = |count: usize| (0..count).map(|number| format!("x-{number}: 1\r\n")).collect::<String>();
    assert_eq!(status_of(&app, &get("/ping", &large(30 * 1024))).await, Some(200));
    assert_eq!(status_of(&app, &get("/ping", &large(33 * 1024))).await, Some(431));
    assert_eq!(status_of(&app, &get("/ping", &many(90))).await, Some(200));
    for lines in [large(64 * 1024), large(256 * 1024), many(97), many(5000)] {
        let status = status_of(&app, &get("/ping", &lines)).await;
        assert!(matches!(status, Some(431 | 400) | None), "{status:?} for {} bytes", lines.len());
    }
    is_alive(&app).await;
}

/// C9.
#[tokio::test]
async fn addresses_over_their_limit_are_refused_and_those_within_are_taken() {
    let app = patient().start().await;
    let long = |bytes: usize| format!("/ping?{}", "x".repeat(bytes));
    assert_eq!(status_of(&app, &get(&long(8_000), "")).await, Some(200));
    assert_eq!(status_of(&app, &get(&long(9_000), "")).await, Some(414));
    for bytes in [64 * 1024, 256 * 1024] {
        let status = status_of(&app, &get(&long(bytes), "")).await;
        assert!(matches!(status, Some(414 | 431 | 400) | None), "{status:?}");
    }
    is_alive(&app).await;
}

/// C10.
#[tokio::test]
async fn an_absurd_model_is_refused_and_hardly_said_back() {
    let app = patient().start().await;
    let key = app.client_with_key("ci").await.key().to_owned();
    for model in [
        "m".repeat(100_000),
        "m".repeat(257),
        "m".repeat(256),
        format!("{TARGET}\0"),
        "\u{202e}é".repeat(120),
    ] {
        let call = json!({"model": model, "messages": [{"role": "user", "content": "hi"}]}).to_string();
        let answer = answer_to(&app, &chat_with(&key, &[], call.as_bytes())).await.unwrap();
        assert!(matches!(answer.status, 400 | 404), "{}", answer.text);
        assert_eq!(answer.json()["error"]["param"], "model");
        let echoed = longest_common_run(&answer.text, &model);
        assert!(echoed <= 200, "{echoed} characters were said back");
        assert!(answer.text.len() < 1_000);
    }
    assert!(app.simulator().calls().is_empty());
}

/// How many characters of `input`, from its beginning, stand in `text`.
fn longest_common_run(text: &str, input: &str) -> usize {
    let prefix = |length: usize| input.chars().take(length).collect::<String>();
    (1..=input.chars().count().min(1_000))
        .take_while(|&length| text.contains(&prefix(length)))
        .last()
        .unwrap_or(0)
}

/// C9: the request id of a client is kept only where it is harmless.
#[tokio::test]
async fn request_ids_that_are_too_long_or_odd_are_replaced() {
    let app = patient().start().await;
    let key = app.client_with_key("ci").await.key().to_owned();
    for id in ["x".repeat(129), "two words".to_owned(), "<script>".to_owned()] {
        let line = format!("x-request-id: {id}");
        let call = chat_with(&key, &[&line], body(false).to_string().as_bytes());
        let answer = answer_to(&app, &call).await.unwrap();
        assert_eq!(answer.status, 200);
        assert_ne!(answer.request_id(), id);
        assert_eq!(answer.request_id().len(), 36);
    }
}
