//! A request that is sent twice under one `Idempotency-Key`: the provider is called once, and the key pays once.

use futures_util::future::join_all;
use serde_json::{Value, json};
use switchyard_harness::testkit::simulator::Script;
use switchyard_harness::{Answer, TestApp, TestClient};

const MODEL: &str = "upstream/gpt-sim";

fn bodies() -> [(&'static str, Value); 6] {
    let messages = json!([{"role": "user", "content": "hi"}]);
    let chat = json!({"model": MODEL, "messages": messages});
    [
        ("/v1/chat/completions", chat.clone()),
        ("/chat/completions", chat),
        ("/v1/responses", json!({"model": MODEL, "input": "hi"})),
        ("/v1/messages", json!({"model": MODEL, "max_tokens": 50, "messages": messages})),
        (
            "/v1beta/models/upstream/gpt-sim:generateContent",
            json!({"contents": [{"parts": [{"text": "hi"}]}]}),
        ),
        ("/v1/embeddings", json!({"model": MODEL, "input": ["hi"]})),
    ]
}

async fn post(client: &TestClient, path: &str, key: &str, body: &Value) -> Answer {
    client.post_with(path, &[("idempotency-key", key)], body.to_string()).await
}

fn is_replay(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == "true"
}

#[tokio::test]
async fn on_every_surface_the_second_answer_is_the_first_ones_and_costs_nothing() {
    let app = TestApp::start().await;
    let client = app.client_with_key("ci").await;
    for (number, (path, body)) in bodies().into_iter().enumerate() {
        let key = format!("{number}");
        let first = post(&client, path, &key, &body).await;
        assert_eq!((first.status, is_replay(&first)), (200, false), "{path}: {}", first.text);
        let second = post(&client, path, &key, &body).await;
        assert_eq!((second.status, is_replay(&second)), (200, true), "{path}: {}", second.text);
        assert_eq!(first.text, second.text, "{path}");
        assert_eq!(app.simulator().calls().len(), number + 1, "{path}");
        assert_eq!(app.events_of(first.request_id()).await.len(), 1, "{path}");
        assert_eq!(app.embedded().usage().events_of(second.request_id()).await.unwrap(), [], "{path}");
    }
}

#[tokio::test]
async fn of_many_at_once_one_is_carried_out() {
    let app = TestApp::start().await;
    app.simulator().script("gpt-sim", Script::of("latency_ms=300&tokens=5"));
    let client = app.client_with_key("ci").await;
    let (path, body) = &bodies()[0];
    let answers = join_all((0..32).map(|_| post(&client, path, "race", body))).await;
    let answered: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert!(!answered.is_empty());
    assert_eq!(answered.iter().filter(|answer| !is_replay(answer)).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!((answer.status, answer.error_code().as_str()), (409, "idempotency_in_flight"));
    }
    assert_eq!(app.simulator().calls().len(), 1);
    let later = post(&client, path, "race", body).await;
    assert_eq!((later.status, is_replay(&later)), (200, true));
    assert_eq!(app.simulator().calls().len(), 1);
}

#[tokio::test]
async fn another_body_is_a_conflict_and_another_key_holder_is_somebody_else() {
    let app = TestApp::start().await;
    let (ann, ben) = (app.client_with_key("ann").await, app.client_with_key("ben").await);
    let (path, body) = &bodies()[0];
    let first = post(&ann, path, "mine", body).await;
    let mut other = body.clone();
    other["temperature"] = json!(1);
    let conflict = post(&ann, path, "mine", &other).await;
    assert_eq!((conflict.status, conflict.error_code().as_str()), (409, "conflict"));
    assert!(!conflict.text.contains(first.json()["id"].as_str().unwrap()));
    let theirs = post(&ben, path, "mine", body).await;
    assert_eq!((theirs.status, is_replay(&theirs)), (200, false));
    assert_eq!(app.simulator().calls().len(), 2);
}

#[tokio::test]
async fn a_finished_stream_is_not_paid_twice() {
    let app = TestApp::start().await;
    let client = app.client_with_key("ci").await;
    let (path, mut body) = bodies()[0].clone();
    body["stream"] = json!(true);
    let first = post(&client, path, "stream", &body).await;
    assert!(first.status == 200 && first.text.ends_with("data: [DONE]\n\n"));
    let second = post(&client, path, "stream", &body).await;
    assert_eq!((second.status, second.error_code().as_str()), (409, "conflict"));
    assert_eq!(app.simulator().calls().len(), 1);
}

#[tokio::test]
async fn an_answer_beyond_a_mebibyte_is_not_kept_and_not_made_again() {
    let app = TestApp::start().await;
    app.simulator().script("gpt-sim", Script::of("huge_body=1200000"));
    let client = app.client_with_key("ci").await;
    let (path, body) = &bodies()[0];
    let first = post(&client, path, "long", body).await;
    assert_eq!(first.status, 200, "{:.300}", first.text);
    assert!(first.text.len() > 1 << 20, "{} bytes", first.text.len());
    let second = post(&client, path, "long", body).await;
    assert_eq!((second.status, second.error_code().as_str()), (409, "conflict"));
    assert_eq!(app.simulator().calls().len(), 1);
}

#[tokio::test]
async fn a_failed_call_is_made_again() {
    let app = TestApp::start().await;
    app.simulator().script("gpt-sim", Script::of("status=500"));
    let client = app.client_with_key("ci").await;
    let (path, body) = &bodies()[0];
    let failed = post(&client, path, "again", body).await;
    assert_eq!(failed.status, 502);
    let before = app.simulator().take_calls().len();
    assert!(before >= 1);
    app.simulator().clear_scripts();
    let better = post(&client, path, "again", body).await;
    assert_eq!((better.status, is_replay(&better)), (200, false));
    assert_eq!(app.simulator().calls().len(), 1);
}
