//! No secret is ever said: neither the provider's credential nor a virtual key, in any answer, metric or line of the log.

use serde_json::json;
use switchyard_harness::{ServerConfig, TestApp};
use switchyard_testkit::log::LogCapture;

/// The credential that the harness stores for the simulated provider.
const CREDENTIAL: &str = "sk-simulated-0123456789";

/// The ways in which a secret may be written.
fn disguises(secret: &str) -> Vec<String> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let bytes = format!("{:?}", secret.as_bytes());
    let tail = secret.chars().skip(secret.len() / 2).collect();
    vec![secret.to_owned(), hex, bytes.trim_matches(['[', ']']).to_owned(), tail]
}

fn says_nothing(place: &str, text: &str, secrets: &[&str]) {
    for secret in secrets {
        for disguise in disguises(secret) {
            assert!(!text.contains(&disguise), "{place} says {disguise:?} of {secret:.9}...");
        }
    }
}

#[tokio::test]
async fn no_secret_is_said_in_answers_metrics_or_logs_at_the_most_talkative_level() {
    let log = LogCapture::begin();
    let listen = |config: &mut ServerConfig| config.metrics_listen = vec!["127.0.0.1:0".parse().unwrap()];
    let app = TestApp::builder().models(["m2"]).route("pair", ["gpt-sim", "m2"]).server(listen).start().await;
    let client = app.client_with_key("ci").await;
    let key = client.key().to_owned();
    let secrets = [CREDENTIAL, key.as_str()];
    let mut said = Vec::new();
    let echo = CREDENTIAL.to_owned();
    for script in [
        "tokens=3".to_owned(),
        format!("status=401&error_message=Incorrect%20API%20key%20provided:%20{echo}"),
        format!("status=400&error_message=Incorrect%20header:%20Bearer%20{echo}.&error_code={echo}"),
        format!("status=500&error_message={echo}"),
        format!("status=429&retry_after=30&error_message={echo}"),
        format!("error_in_200&error_message={echo}"),
        format!("error_event_after=2&error_message={echo}"),
        format!("header.x-echo={echo}&header.x-should-retry={echo}"),
        format!("redirect=302&location=http://elsewhere.example/{echo}"),
        "malformed_json".to_owned(),
        "html".to_owned(),
        "cut_after=2".to_owned(),
        "bad_events=5".to_owned(),
        "refuse".to_owned(),
    ] {
        app.simulator().script("gpt-sim", script.parse().unwrap());
        for model in ["upstream/gpt-sim", "pair"] {
            for stream in [false, true] {
                let body = json!({"model": model, "stream": stream, "messages": [{"role": "user", "content": "hi"}]});
                said.push((script.clone(), client.chat(body).await));
            }
        }
    }
    for path in [
        "/v1/models",
        "/health",
        &format!("/v1/models?key={key}"),
        &format!("/nowhere?key={key}&x={CREDENTIAL}"),
    ] {
        said.push((path.to_owned(), client.get(path).await));
    }
    said.push(("a wrong key".to_owned(), app.client(&format!("{key}x")).get("/v1/models").await));
    said.push(("no JSON".to_owned(), client.post("/v1/chat/completions", "{").await));
    assert!(app.embedded().flush_usage().await);
    for (what, answer) in &said {
        says_nothing(what, &format!("{} {:?}", answer.text, answer.headers), &secrets);
    }
    let metrics = reqwest::Client::builder().no_proxy().build().unwrap();
    let page =
        metrics.get(format!("http://{}/metrics", app.metrics_address().unwrap())).send().await.unwrap();
    says_nothing("the metrics", &page.text().await.unwrap(), &secrets);
    let log = log.text();
    assert!(log.lines().count() > said.len(), "nothing was logged: the test shows nothing");
    assert!(log.contains("attempt failed"), "attempts are not in the log");
    let line = |secret: &str| log.lines().find(|line| line.contains(secret)).unwrap_or_default().to_owned();
    for secret in secrets {
        assert!(line(secret).is_empty(), "the log says a secret: {:.600}", line(secret));
    }
    says_nothing("the log", &log, &secrets);
}
