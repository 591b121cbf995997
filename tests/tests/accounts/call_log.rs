//! The log of calls as the document of the virtual-key proxy has it.

use crate::scene::{ADMIN, bearer, on_both_databases};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use switchyard_harness::{TestApp, TestClient};

on_both_databases! {
    each_line_has_the_address_that_was_called_and_the_status_that_was_seen,
    pages_lose_nothing,
}

/// The log once it has so many lines.
#[expect(clippy::panic, reason = "the lines did not come")]
async fn logged(admin: &TestClient, lines: usize) -> Vec<Value> {
    for _ in 0..100 {
        let answer = admin.get("/api/logs?limit=1000").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let logs = answer.json()["logs"].as_array().unwrap().clone();
        if logs.len() >= lines {
            return logs;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the log has fewer than {lines} lines: {}", admin.get("/api/logs?limit=1000").await.text);
}

async fn key(app: &TestApp, admin: &TestClient, limits: Value) -> TestClient {
    let body = json!({"name": "ci", "user": null, "limits": limits});
    let made = admin.post("/api/v1/virtual-keys", body.to_string()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    app.client(made.json()["key"].as_str().unwrap())
}

fn chat(model: &str) -> String {
    json!({"model": model, "messages": [{"role": "user", "content": "hi"}]}).to_string()
}

async fn each_line_has_the_address_that_was_called_and_the_status_that_was_seen(app: TestApp) {
    let admin = app.client(&bearer(&app, ADMIN).await);
    let client = key(&app, &admin, json!({"rpm": 4})).await;
    let mut seen = Vec::new();
    for (address, path, model) in [
        ("/v1/chat/completions", "/v1/chat/completions", "sim/swift"),
        ("/chat/completions", "/chat/completions", "sim/swift"),
        ("/v1/chat/completions", "/v1/chat/completions", "nothing"),
        ("/chat/completions", "/chat/completions", "nothing"),
        ("/v1/chat/completions", "/v1/chat/completions", "sim/swift"),
        ("/chat/completions", "/chat/completions", "sim/swift"),
        ("/v1/chat/completions", "/v1/chat/completions", "sim/swift"),
    ] {
        let status = client.post(path, chat(model)).await.status;
        seen.push((address.to_owned(), u64::from(status)));
    }
    let statuses: Vec<u64> = seen.iter().map(|(_, status)| *status).collect();
    assert_eq!(statuses[..4], [200, 200, 404, 400]);
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    let lines = logged(&admin, seen.len()).await;
    let line =
        |line: &Value| (line["endpoint"].as_str().unwrap().to_owned(), line["status"].as_u64().unwrap());
    let mut told: Vec<_> = lines.iter().map(line).collect();
    told.sort();
    seen.sort();
    assert_eq!(told, seen);
    for line in lines.iter().filter(|line| line["status"] != 200) {
        assert_eq!((&line["totalCost"], &line["provider"]), (&json!(0.0), &json!("")), "{line}");
        assert_eq!((&line["inputTokens"], &line["outputTokens"]), (&json!(0), &json!(0)), "{line}");
    }
}

async fn pages_lose_nothing(app: TestApp) {
    let admin = app.client(&bearer(&app, ADMIN).await);
    let client = key(&app, &admin, json!({})).await;
    let calls = (0..12).map(|number| {
        let client = &client;
        async move { client.post("/chat/completions", chat(&format!("nothing-{number}"))).await.status }
    });
    assert!(futures_util::future::join_all(calls).await.into_iter().all(|status| status == 400));
    for _ in 0..3 {
        assert_eq!(client.post("/chat/completions", chat("sim/swift")).await.status, 200);
    }
    let all = logged(&admin, 15).await;
    let (mut paged, mut path) = (Vec::new(), "/api/logs?limit=2".to_owned());
    loop {
        let logs = admin.get(&path).await.json()["logs"].as_array().unwrap().clone();
        let Some(last) = logs.last() else { break };
        assert!(logs.len() == 2 || paged.len() + logs.len() == all.len(), "{logs:?}");
        path = format!("/api/logs?limit=2&lastTimestamp={}", last["timestamp"].as_str().unwrap());
        paged.extend(logs);
    }
    assert_eq!(paged.len(), all.len());
    let models = |lines: &[Value]| {
        lines.iter().map(|line| line["model"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    assert_eq!(models(&paged), models(&all));
    assert_eq!(models(&all).len(), 13);
}
