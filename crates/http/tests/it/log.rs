//! The access log.

use crate::wire::{ask, get, post};
use crate::world::{KEY, World};
use switchyard_testkit::log::LogCapture;

/// The access log's lines of a request.
async fn lines(request_id: &str) -> Vec<serde_json::Value> {
    // The line is written when the answer is handed over, which the client may see a moment before.
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    LogCapture::begin()
        .text()
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("one object a line"))
        .filter(|line| line["fields"]["message"] == "request" && line["fields"]["request_id"] == request_id)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_is_one_line_with_what_operators_look_for() {
    let _capture = LogCapture::begin();
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
    assert_eq!(fields["caller"], "key");
    assert_eq!(fields["caller_id"], 1);
    assert!(fields["duration_ms"].is_number());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_names_its_caller_also_where_the_request_was_refused_and_nobody_where_nobody_was_known() {
    let _capture = LogCapture::begin();
    let world = World::start().await;
    let headers = format!("x-api-key: {KEY}\r\nx-request-id: log-7\r\n");
    let refused = ask(world.address, post("/v1/chat/completions", &headers, "{")).await;
    assert_eq!(refused.status, 400);
    assert_eq!(lines("log-7").await[0]["fields"]["caller"], "key");
    ask(world.address, get("/v1/models", "x-api-key: sy-nobody\r\nx-request-id: log-8\r\n")).await;
    let line = &lines("log-8").await[0]["fields"];
    assert_eq!((line.get("caller"), line.get("caller_id")), (None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_secret_is_written_at_any_level() {
    let _capture = LogCapture::begin();
    let world = World::start().await;
    let headers = "authorization: Bearer sy-canary-1\r\ncookie: a=sy-canary-2\r\nx-request-id: log-2\r\n";
    ask(world.address, get("/v1/models?key=sy-canary-3&api_key=sy-canary-4", headers)).await;
    ask(world.address, get("/v1beta/models?key=sy-canary-3&api_key=sy-canary-4", "")).await;
    let body =
        r#"{"model":"team","messages":[{"role":"user","content":"canary-prompt"}],"x":"canary-member"}"#;
    let headers = format!("authorization: Bearer {KEY}\r\nx-request-id: log-3\r\n");
    ask(world.address, post("/v1/chat/completions", &headers, body)).await;
    assert_eq!((lines("log-2").await.len(), lines("log-3").await.len()), (1, 1));
    for line in LogCapture::begin().text().lines() {
        assert!(!line.contains("canary") && !line.contains(KEY), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_request_stands_out() {
    let _capture = LogCapture::begin();
    let world = World::start().await;
    world.set_recordable(false);
    let headers = format!("x-api-key: {KEY}\r\nx-request-id: log-4\r\n");
    ask(world.address, post("/v1/chat/completions", &headers, &crate::wire::chat("team", ""))).await;
    let lines = lines("log-4").await;
    assert_eq!((lines[0]["level"].as_str(), &lines[0]["fields"]["status"]), (Some("WARN"), &503.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_behind_a_trusted_proxy_is_named_and_nobody_elses_word_is_taken() {
    let _capture = LogCapture::begin();
    let trusting = World::with(|config| config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()]).await;
    let world = World::start().await;
    for (world, id, client) in [(&trusting, "log-5", "198.51.100.7"), (&world, "log-6", "127.0.0.1")] {
        let headers = format!("x-forwarded-for: 192.0.2.1, 198.51.100.7\r\nx-request-id: {id}\r\n");
        ask(world.address, get("/ping", &headers)).await;
        assert_eq!(lines(id).await[0]["fields"]["peer"], client);
    }
}
