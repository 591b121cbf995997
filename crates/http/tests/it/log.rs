//! The access log.

use crate::wire::{ask, get, post};
use crate::world::{KEY, World};
use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Kept {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Everything that this process logs, whichever thread and test it comes from.
static LOG: LazyLock<Kept> = LazyLock::new(|| {
    let kept = Kept::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(kept.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    kept
});

fn text() -> String {
    String::from_utf8(LOG.0.lock().unwrap().clone()).unwrap()
}

/// The access log's lines of a request.
async fn lines(request_id: &str) -> Vec<serde_json::Value> {
    // The line is written when the answer is handed over, which the client may see a moment before.
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    text()
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("one object a line"))
        .filter(|line| line["fields"]["message"] == "request" && line["fields"]["request_id"] == request_id)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_is_one_line_with_what_operators_look_for() {
    LazyLock::force(&LOG);
    let world = World::start().await;
    let headers = format!("x-api-key: {KEY}\r\nx-request-id: log-1\r\n");
    let response = ask(world.address, get("/v1/models/team?page=1", &headers)).await;
    let lines = lines("log-1").await;
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    assert_eq!(line["level"], "INFO");
    assert!(line["timestamp"].is_string());
    let fields = &line["fields"];
    assert_eq!(fields["method"], "GET");
    assert_eq!(fields["path"], "/v1/models/team");
    assert_eq!(fields["route"], "/v1/models/{id:.*}");
    assert_eq!(fields["status"], 200);
    assert_eq!(fields["bytes"], response.body.len());
    assert_eq!(fields["whole"], true);
    assert_eq!(fields["peer"], "127.0.0.1");
    assert!(fields["duration_ms"].is_number());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_secret_is_written_at_any_level() {
    LazyLock::force(&LOG);
    let world = World::start().await;
    let headers = "authorization: Bearer sy-canary-1\r\ncookie: a=sy-canary-2\r\nx-request-id: log-2\r\n";
    ask(world.address, get("/v1/models?key=sy-canary-3&api_key=sy-canary-4", headers)).await;
    let body =
        r#"{"model":"team","messages":[{"role":"user","content":"canary-prompt"}],"x":"canary-member"}"#;
    let headers = format!("authorization: Bearer {KEY}\r\nx-request-id: log-3\r\n");
    ask(world.address, post("/v1/chat/completions", &headers, body)).await;
    assert_eq!((lines("log-2").await.len(), lines("log-3").await.len()), (1, 1));
    for line in text().lines() {
        assert!(!line.contains("canary") && !line.contains(KEY), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_request_stands_out() {
    LazyLock::force(&LOG);
    let world = World::start().await;
    world.set_recordable(false);
    let headers = format!("x-api-key: {KEY}\r\nx-request-id: log-4\r\n");
    ask(world.address, post("/v1/chat/completions", &headers, &crate::wire::chat("team", ""))).await;
    let lines = lines("log-4").await;
    assert_eq!((lines[0]["level"].as_str(), &lines[0]["fields"]["status"]), (Some("WARN"), &503.into()));
}
