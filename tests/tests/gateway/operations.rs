//! Health, readiness, metrics and the end.

use serde_json::json;
use switchyard_harness::testkit::simulator::Script;
use switchyard_harness::{TestApp, TestClient};

#[tokio::test]
async fn health_has_the_shapes_that_are_documented_and_needs_no_key() {
    let app = TestApp::start().await;
    let nobody = app.anonymous();
    let health = nobody.get("/health").await;
    assert_eq!(health.status, 200);
    let body = health.json();
    assert_eq!((&body["status"], &body["environment"]), (&json!("ok"), &json!("testing")));
    assert_eq!(body["database"], json!({"connected": true}));
    let time = body["timestamp"].as_str().unwrap();
    assert!(time.starts_with("20") && time.ends_with('Z') && time.contains('T'), "{time}");
    for (path, expected) in [
        ("/ping", json!({"status": "ok"})),
        ("/health/live", json!({"status": "ok"})),
        ("/health/ready", json!({"status": "ready"})),
    ] {
        let answer = nobody.get(path).await;
        assert_eq!((answer.status, answer.json()), (200, expected), "{path}");
    }
    let healthy = nobody.get("/api/health").await.json();
    assert_eq!(healthy["status"], "healthy");
    assert!(healthy["message"].is_string());
}

#[tokio::test]
async fn metrics_are_on_a_listener_of_their_own_and_count_what_happened() {
    let listen = |config: &mut switchyard_harness::ServerConfig| {
        config.metrics_listen = vec!["127.0.0.1:0".parse().unwrap()];
    };
    let app = TestApp::builder().route("pair", ["gpt-sim"]).server(listen).start().await;
    let client = app.client_with_key("ci-canary").await;
    app.simulator().enqueue("gpt-sim", [Script::of("status=500")]);
    assert_eq!(client.ask("upstream/gpt-sim", "hi").await.status, 200);
    for path in ["/metrics", "/metrics/", "//metrics"] {
        assert_eq!(client.get(path).await.status, 404, "{path} at the gateway");
    }
    let page = scrape(&app).await;
    for line in [
        r#"switchyard_http_requests_total{method="POST",route="/v1/chat/completions",status="200"} 1"#,
        r#"switchyard_upstream_attempts_total{provider="upstream",outcome="complete"} 1"#,
        r#"switchyard_upstream_attempts_total{provider="upstream",outcome="failed"} 1"#,
        "switchyard_calls_in_flight 0",
    ] {
        assert!(page.contains(line), "{line} is missing in\n{page}");
    }
    assert!(page.ends_with("# EOF\n"));
    for secret in [client.key(), "ci-canary", "sk-simulated"] {
        assert!(!page.contains(secret), "{secret}");
    }
    let metrics = app.metrics_address().unwrap();
    let gateway = reqwest::Client::builder().no_proxy().build().unwrap();
    let elsewhere = gateway.get(format!("http://{metrics}/v1/models")).send().await.unwrap();
    assert_eq!(elsewhere.status(), 404, "the gateway at the metrics' listener");
}

async fn scrape(app: &TestApp) -> String {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer =
        client.get(format!("http://{}/metrics", app.metrics_address().unwrap())).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    answer.text().await.unwrap()
}

#[tokio::test]
async fn a_server_that_stops_lets_a_running_stream_end_and_its_usage_arrive() {
    let folder = tempfile::tempdir().unwrap();
    let store = switchyard::Store::SqliteFile(folder.path().join("switchyard.db"));
    let app = TestApp::builder().store(store.clone()).start().await;
    app.simulator().script("gpt-sim", Script::of("tokens=30&chunk_ms=20"));
    let client = app.client_with_key("ci").await;
    let running = tokio::spawn({
        let client: TestClient = client.clone();
        async move { client.ask_stream("upstream/gpt-sim", "hi").await }
    });
    app.simulator().until_calls(1, std::time::Duration::from_secs(10)).await;
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    // The provider must go on while the server ends, and `stop` takes both.
    let (running, ()) = tokio::join!(running, app.stop());
    let running = running.unwrap();
    assert!(running.done, "{}", running.answer.text);
    assert_eq!(running.text().split_whitespace().count(), 30);
    let after = switchyard::Builder::in_memory().store(store).open_administration().await.unwrap();
    let events = after.usage().events_of(running.answer.request_id()).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].usage.output, 30);
}

#[tokio::test]
async fn the_document_lists_the_addresses_of_the_gateway() {
    let app = TestApp::start().await;
    let answer = app.anonymous().get("/openapi.json").await;
    assert_eq!(answer.status, 200);
    let paths = answer.json()["paths"].as_object().unwrap().clone();
    for path in ["/v1/chat/completions", "/chat/completions", "/v1/models", "/health", "/ping"] {
        assert!(paths.contains_key(path), "{path} is not in {:?}", paths.keys());
    }
}
