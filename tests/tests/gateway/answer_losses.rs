//! What an answer has that only its provider's dialect knows is not given to a client of another, and it is told.

use serde_json::{Value, json};
use switchyard_harness::TestApp;
use switchyard_testkit::simulator::Simulator;

/// A server with a provider `recorded` of Google's dialect, which gives this answer to every call, and as a stream to `:stream`.
async fn answering(answer: &Value) -> (TestApp, Simulator, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let recorded = |kind: &str, media_type: &str, body: String| json!({"response": {"status": 200, "headers": {"content-type": media_type}, "body_kind": kind, "body": body}});
    let whole = recorded("json", "application/json", answer.to_string());
    let stream = recorded("sse", "text/event-stream", format!("data: {answer}\n\n"));
    std::fs::write(folder.path().join("whole.json"), whole.to_string()).unwrap();
    std::fs::write(folder.path().join("stream.json"), stream.to_string()).unwrap();
    let simulator = Simulator::builder().fixtures(folder.path()).start().unwrap();
    let app = TestApp::start().await;
    for name in ["whole", "stream"] {
        app.add_provider(name, "gemini", &simulator.replay_url(name), &["m"]).await;
    }
    (app, simulator, folder)
}

fn grounded() -> Value {
    json!({
        "candidates": [{
            "content": {"role": "model", "parts": [{"text": "one two"}]}, "finishReason": "STOP", "index": 0,
            "safetyRatings": [{"category": "HARM_CATEGORY_HARASSMENT", "probability": "NEGLIGIBLE"}],
        }],
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2, "totalTokenCount": 3},
        "modelVersion": "m", "responseId": "r", "createTime": "2026-11-21T00:00:00Z", "modelStatus": {"modelStage": "STABLE"},
    })
}

const LOST: &str = "answer.modelStatus,answer.choices[0].safetyRatings";

#[tokio::test]
async fn a_whole_answer_is_given_in_the_clients_words_alone_and_its_head_and_record_tell_the_loss() {
    let (app, _simulator, _folder) = answering(&grounded()).await;
    let answer = app.client_with_key("ci").await.ask("whole/m", "hi").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "one two");
    for foreign in ["safetyRatings", "modelStatus", "createTime"] {
        assert!(!answer.text.contains(foreign), "{}", answer.text);
    }
    assert_eq!(answer.header("x-switchyard-dropped"), LOST);
    assert_eq!(app.events_of(answer.request_id()).await[0].dropped.as_deref(), Some(LOST));
}

#[tokio::test]
async fn of_a_stream_the_record_tells_it() {
    let (app, _simulator, _folder) = answering(&grounded()).await;
    let streamed = app.client_with_key("ci").await.ask_stream("stream/m", "hi").await;
    assert_eq!((streamed.text().as_str(), streamed.error_code()), ("one two", None));
    let answer = streamed.answer;
    for foreign in ["safetyRatings", "modelStatus", "createTime"] {
        assert!(!answer.text.contains(foreign), "{}", answer.text);
    }
    assert_eq!(answer.header("x-switchyard-dropped"), "");
    assert_eq!(app.events_of(answer.request_id()).await[0].dropped.as_deref(), Some(LOST));
}

#[tokio::test]
async fn a_client_of_the_providers_own_dialect_has_all_of_it() {
    let (app, _simulator, _folder) = answering(&grounded()).await;
    let client = app.client_with_key("ci").await;
    let body = json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}).to_string();
    // The array is a form that no provider gives, so that the stream's bytes can't pass through.
    for path in ["/v1beta/models/whole/m:generateContent", "/v1beta/models/stream/m:streamGenerateContent"] {
        let answer = client.post(path, body.clone()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        for own in ["safetyRatings", "modelStatus", "createTime"] {
            assert!(answer.text.contains(own), "{path}: {}", answer.text);
        }
        assert_eq!(app.events_of(answer.request_id()).await[0].dropped, None);
    }
}
