//! Answers of another kind than was asked for.

use crate::matrix::Row;
use crate::scene::{ALONE, Mode, PAIR, Scene};
use switchyard_domain::usage::Outcome;

/// U20.
#[tokio::test]
async fn a_web_page_instead_of_an_answer_goes_to_the_next_target_and_is_502() {
    Row {
        script: "html",
        fault: "invalid_response",
        answer: (502, "upstream_invalid_response"),
        ..Row::FAILS
    }
    .holds()
    .await;
}

/// U20.
#[tokio::test]
async fn a_web_page_with_an_error_status_is_judged_by_the_status_and_never_shown() {
    Row { script: "html&status=503", fault: "server_error", ..Row::FAILS }.holds().await;
    let scene = Scene::scripted("html&status=404").await;
    let heard = scene.ask(Mode::Buffered, ALONE).await;
    assert_eq!(heard.answer.status, 404);
    assert!(!heard.answer.text.to_lowercase().contains("<html"), "{}", heard.answer.text);
}

/// U20.
#[tokio::test]
async fn a_json_answer_to_a_call_for_a_stream_becomes_a_stream() {
    let scene = Scene::scripted("json_for_stream").await;
    let heard = scene.ask(Mode::Streamed, PAIR).await;
    assert!(heard.answer.header("content-type").starts_with("text/event-stream"));
    scene.is_answered_whole(&heard).await;
    let finished = heard.events.iter().any(|event| event["choices"][0]["finish_reason"] == "stop");
    assert!(finished, "{}", heard.answer.text);
}

/// U20, the other way round.
#[tokio::test]
async fn a_stream_in_answer_to_a_call_for_json_becomes_json() {
    let scene = Scene::scripted("sse_for_json").await;
    let heard = scene.ask(Mode::Buffered, PAIR).await;
    assert!(heard.answer.header("content-type").starts_with("application/json"));
    scene.is_answered_whole(&heard).await;
    let body = heard.answer.json();
    assert_eq!(body["object"], "chat.completion");
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
}

/// U20: a stream of events that is cut is no answer to a call for JSON.
#[tokio::test]
async fn a_cut_stream_never_becomes_a_whole_json_answer() {
    let scene = Scene::scripted("sse_for_json&cut_after=3").await;
    let heard = scene.ask(Mode::Buffered, ALONE).await;
    assert_eq!(heard.answer.status, 502, "{}", heard.answer.text);
    let events = scene.events(&heard).await;
    assert!(events.iter().all(|event| event.outcome == Outcome::Failed), "{events:?}");
}
