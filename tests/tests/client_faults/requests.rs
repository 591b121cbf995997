//! Requests as bytes, and servers to send them to.

use serde_json::{Value, json};
use std::time::Duration;
use switchyard::orchestrator::chat::CallSettings;
use switchyard::ports::provider::Deadlines;
use switchyard_harness::{Answer, RawConnection, TestApp, TestAppBuilder};

/// A model whose tokenizer is known, so that what was received can be counted exactly.
pub(crate) const MODEL: &str = "gpt-4o-sim";
/// [`MODEL`] as clients call it.
pub(crate) const TARGET: &str = "upstream/gpt-4o-sim";

/// A server that waits for its provider longer than any test does.
pub(crate) fn patient() -> TestAppBuilder {
    let long = Duration::from_secs(60);
    let deadlines = Deadlines { first_content: long, idle: long, total: long };
    TestApp::builder().vendor("openai").models([MODEL]).calls(CallSettings {
        max_attempts: 3,
        deadlines,
        first_of_pieces: None,
    })
}

/// A chat call's head, with these header lines besides the usual ones, and its body.
pub(crate) fn chat_with(key: &str, lines: &[&str], body: &[u8]) -> Vec<u8> {
    let mut bytes = head("POST /v1/chat/completions HTTP/1.1", key, lines);
    bytes.splice(bytes.len() - 2.., format!("content-length: {}\r\n\r\n", body.len()).into_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// A chat call of this request id.
pub(crate) fn chat(key: &str, id: &str, body: &Value) -> Vec<u8> {
    chat_with(key, &[&format!("x-request-id: {id}")], body.to_string().as_bytes())
}

/// A head up to its empty line, without a length.
pub(crate) fn head(first: &str, key: &str, lines: &[&str]) -> Vec<u8> {
    let mut text = format!(
        "{first}\r\nhost: gateway\r\ncontent-type: application/json\r\nauthorization: Bearer {key}\r\n"
    );
    for line in lines {
        text.push_str(line);
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    text.into_bytes()
}

/// A good body.
pub(crate) fn body(stream: bool) -> Value {
    json!({"model": TARGET, "stream": stream, "messages": [{"role": "user", "content": "say some words"}]})
}

/// The answer to one request on a connection of its own.
pub(crate) async fn answer_to(app: &TestApp, bytes: &[u8]) -> Option<Answer> {
    let mut connection = RawConnection::open(app.address()).await;
    // A refusal may come, and the connection close, before all is sent.
    let _sent = connection.try_send(bytes).await;
    connection.answer().await
}

/// Whether the server still answers others.
pub(crate) async fn is_alive(app: &TestApp) {
    assert_eq!(app.anonymous().get("/ping").await.status, 200);
}
