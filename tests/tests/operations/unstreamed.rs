//! Answers that come whole though a stream was asked for: OpenAI's own models without streams ignore the wish.

use crate::canned::{Canned, Ends};
use crate::scene::{ALONE, Call, Scene, streamed};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use switchyard_domain::chat::UsageSource;
use switchyard_domain::usage::Outcome;

/// The events that a client reads, of a call that the provider was asked once for.
async fn read(call: Call) -> (Vec<Value>, bool, switchyard_domain::usage::UsageEvent) {
    let scene = Scene::start().await;
    scene.script("json_for_stream");
    let heard = scene.send(call, streamed(call, ALONE)).await;
    assert_eq!(heard.status, 200, "{call:?}: {}", heard.text());
    assert!(heard.whole && heard.header("content-type").starts_with("text/event-stream"), "{call:?}");
    let event = scene.only_event(&heard).await;
    assert_eq!(scene.only_call().path, call.path(), "asked once");
    assert_eq!(event.outcome, Outcome::Complete, "{call:?}");
    let (events, done) = heard.events();
    (events, done, event)
}

#[tokio::test]
async fn a_transcription_that_is_not_streamed_is_bought_once_and_read_as_its_last_event() {
    let (events, _, event) = read(Call::Transcriptions).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["type"], "transcript.text.done");
    assert_eq!(events[0]["text"].as_str().unwrap().split_whitespace().count(), 12);
    assert_eq!((event.usage.input, event.usage.output), (9, 12));
    assert_eq!(event.usage_source, UsageSource::Provider);
}

#[tokio::test]
async fn pictures_that_are_not_streamed_are_bought_once_and_read_as_completed_events() {
    let (events, _, event) = read(Call::Images).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["type"], "image_generation.completed");
    assert!(events[0]["b64_json"].is_string() && events[0]["usage"]["output_tokens"] == 272);
    assert_eq!((event.usage.units.images, event.usage.output), (1, 272));
}

#[tokio::test]
async fn speech_that_is_not_streamed_is_bought_once_and_read_as_pieces_of_sound() {
    let (events, _, event) = read(Call::Speech).await;
    let (done, deltas) = events.split_last().unwrap();
    assert_eq!(*done, json!({"type": "speech.audio.done"}));
    let piece = |event: &Value| {
        assert_eq!(event["type"], "speech.audio.delta");
        STANDARD.decode(event["audio"].as_str().unwrap()).unwrap()
    };
    let heard: Vec<u8> = deltas.iter().flat_map(piece).collect();
    let plain = Scene::start().await;
    let body = json!({"model": ALONE, "input": "hello there", "voice": "alloy"});
    assert_eq!(heard, plain.ask(Call::Speech, &body).await.body);
    assert_eq!((event.usage.units.characters, event.usage_source), (11, UsageSource::Counted));
}

#[tokio::test]
async fn a_text_that_is_not_streamed_is_bought_once_and_read_as_its_only_chunk() {
    let (events, done, event) = read(Call::Completions).await;
    assert!(done && events.len() == 1);
    assert_eq!(events[0]["choices"][0]["finish_reason"], "stop");
    assert_eq!((event.usage.output, event.usage_source), (12, UsageSource::Provider));
}

#[tokio::test]
async fn whisper_s_seconds_are_metered_of_an_answer_that_should_have_been_a_stream() {
    let scene = Scene::start().await;
    let body = r#"{"text": "hello", "usage": {"type": "duration", "seconds": 9}}"#;
    let canned = Canned::saying(&scene, "openai", "application/json", body, Ends::Well).await;
    let heard = scene.send(Call::Transcriptions, streamed(Call::Transcriptions, "canned/m")).await;
    let expected =
        json!({"type": "transcript.text.done", "text": "hello", "usage": {"type": "duration", "seconds": 9}});
    assert_eq!((heard.status, heard.events().0), (200, vec![expected]));
    let event = scene.only_event(&heard).await;
    assert_eq!((event.usage.units.audio_seconds, event.usage_source), (9, UsageSource::Provider));
    assert_eq!(canned.asked(), 1);
}

#[tokio::test]
async fn pictures_too_large_to_be_put_into_events_pass_as_what_they_are() {
    let scene = Scene::start().await;
    let body = format!(
        r#"{{"data":[{{"b64_json":"{}"}}],"usage":{{"input_tokens":1,"output_tokens":2}}}}"#,
        "A".repeat(17 << 20)
    );
    Canned::saying(&scene, "openai", "application/json", &body, Ends::Well).await;
    let heard = scene.send(Call::Images, streamed(Call::Images, "canned/m")).await;
    assert_eq!((heard.status, heard.header("content-type")), (200, "application/json"));
    assert!(heard.whole && heard.body == body.as_bytes());
    assert_eq!(scene.only_event(&heard).await.usage.output, 2);
}

#[tokio::test]
async fn an_answer_of_another_kind_than_was_asked_for_is_bought_once() {
    for (call, media_type, body) in [
        (Call::Transcriptions, "audio/mpeg", "x"),
        (Call::Images, "text/event-stream", "data: {}\n\n"),
        (Call::Speech, "application/json", r#"{"sound":"AAAA"}"#),
        (Call::Images, "application/json", r#"{"pictures":[]}"#),
        (Call::Transcriptions, "application/json", r#"{"words":[]}"#),
        (Call::Embeddings, "application/json", r#"{"vectors":[]}"#),
    ] {
        let scene = Scene::start().await;
        let canned = Canned::saying(&scene, "openai", media_type, body, Ends::Well).await;
        let heard = scene.call(call, "canned/m").await;
        let told = (heard.status, heard.error_code());
        assert_eq!(told, (502, "upstream_invalid_response".to_owned()), "{call:?} {media_type}");
        assert_eq!(canned.asked(), 1, "{call:?} {media_type}");
        assert_eq!(scene.only_event(&heard).await.outcome, Outcome::Failed, "{call:?}");
    }
}
