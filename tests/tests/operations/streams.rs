//! Streams of the operations that have them.

use crate::canned::{Canned, Ends};
use crate::scene::{ALONE, Call, Scene, streamed};
use serde_json::json;
use switchyard_domain::chat::UsageSource;
use switchyard_domain::usage::Outcome;

const STREAMED: [Call; 4] = [Call::Completions, Call::Images, Call::Speech, Call::Transcriptions];

#[tokio::test]
async fn events_pass_as_they_are_and_the_last_of_them_once_the_call_is_recorded() {
    for call in STREAMED {
        let scene = Scene::start().await;
        let heard = scene.send(call, streamed(call, ALONE)).await;
        assert_eq!(heard.status, 200, "{call:?}: {}", heard.text());
        assert!(heard.header("content-type").starts_with("text/event-stream"), "{call:?}");
        assert_eq!(heard.header("x-accel-buffering"), "no");
        let (events, done) = heard.events();
        assert_eq!(done, call == Call::Completions, "{call:?}: only the first operation has a terminator");
        let (content, last) = match call {
            Call::Completions => (12, json!("stop")),
            Call::Images => (3, json!("image_generation.completed")),
            Call::Speech => (12, json!("speech.audio.done")),
            _ => (12, json!("transcript.text.done")),
        };
        let ending = events.last().unwrap();
        assert_eq!(events.len(), content + 1, "{call:?}: {events:?}");
        assert!(
            ending["type"] == last || ending["choices"][0]["finish_reason"] == last,
            "{call:?}: {ending}"
        );
        let event = scene.only_event(&heard).await;
        assert_eq!(
            (event.outcome, event.usage_source),
            (Outcome::Complete, UsageSource::Provider),
            "{call:?}"
        );
        assert!(event.stream && event.usage.total() > 0, "{call:?}: {event:?}");
    }
}

#[tokio::test]
async fn usage_is_asked_for_in_streams_of_text_and_hidden_from_who_did_not_ask() {
    let scene = Scene::start().await;
    let heard = scene.send(Call::Completions, streamed(Call::Completions, ALONE)).await;
    assert_eq!(scene.only_call().json["stream_options"], json!({"include_usage": true}));
    assert!(heard.events().0.iter().all(|event| event.get("usage").is_none()), "{}", heard.text());
    let body =
        json!({"model": ALONE, "prompt": "x", "stream": true, "stream_options": {"include_usage": true}});
    let heard = scene.ask(Call::Completions, &body).await;
    assert_eq!(heard.events().0.last().unwrap()["usage"]["completion_tokens"], 12);
}

#[tokio::test]
async fn a_stream_that_breaks_off_ends_with_an_error_and_is_billed_for_what_came() {
    for call in STREAMED {
        for script in ["cut_after=2", "error_event_after=2", "rst_after=2"] {
            let scene = Scene::start().await;
            scene.script(script);
            let heard = scene.send(call, streamed(call, ALONE)).await;
            assert_eq!(heard.status, 200, "{call:?} {script}");
            let (events, done) = heard.events();
            assert!(!done, "{call:?} {script}: a cut answer has a terminator");
            assert_eq!(
                events.last().unwrap()["error"]["code"],
                "upstream_stream_interrupted",
                "{call:?} {script}"
            );
            let event = scene.only_event(&heard).await;
            assert_eq!(
                (event.outcome, event.usage_source),
                (Outcome::Partial, UsageSource::Partial),
                "{call:?}"
            );
        }
    }
}

#[tokio::test]
async fn sound_arrives_while_it_is_made() {
    let scene = Scene::start().await;
    scene.script("tokens=3&chunk_ms=400");
    let body = Call::Speech.body(ALONE);
    let mut answer = crate::scene::request(&scene.client, Call::Speech, body).send().await.unwrap();
    let first = answer.chunk().await.unwrap().unwrap();
    assert!(!first.is_empty() && first.len() <= 1_500, "{}", first.len());
    let call = scene.app.simulator().calls().remove(0);
    assert!(call.ended_at.is_none(), "the first piece came with the last");
}

#[tokio::test]
async fn sound_that_breaks_off_breaks_off_for_the_client_too() {
    let scene = Scene::start().await;
    scene.script("cut_after=3");
    let heard = scene.call(Call::Speech, ALONE).await;
    assert_eq!((heard.status, heard.whole), (200, false));
    assert!(heard.body.len() <= 4_500, "{}", heard.body.len());
    let event = scene.only_event(&heard).await;
    assert_eq!((event.outcome, event.usage_source), (Outcome::Partial, UsageSource::Partial));
    assert_eq!(event.usage.units.characters, 11, "what was asked for is spoken, and billed, whole");
}

const PICTURE: &str = r#"data: {"type":"image_generation.completed","b64_json":"AA","usage":{"input_tokens":10,"output_tokens":100}}"#;

#[tokio::test]
async fn a_stream_that_is_cut_after_the_first_of_two_pictures_is_not_whole() {
    let scene = Scene::start().await;
    let body = format!("{PICTURE}\n\n");
    let canned = Canned::saying(&scene, "openai", "text/event-stream", &body, Ends::Reset).await;
    let asked = json!({"model": "canned/m", "prompt": "a red fox", "n": 2, "stream": true});
    let heard = scene.ask(Call::Images, &asked).await;
    let (events, _) = heard.events();
    assert_eq!((heard.status, events.len()), (200, 2), "{}", heard.text());
    assert_eq!(events[1]["error"]["code"], "upstream_stream_interrupted");
    let event = scene.only_event(&heard).await;
    assert_eq!((event.outcome, event.usage_source), (Outcome::Partial, UsageSource::Partial));
    assert_eq!((event.usage.output, event.usage.units.images, canned.asked()), (100, 1, 1));
}

#[tokio::test]
async fn each_of_several_pictures_counts_for_itself() {
    let scene = Scene::start().await;
    let body = format!("{PICTURE}\n\n{PICTURE}\n\n");
    Canned::saying(&scene, "openai", "text/event-stream", &body, Ends::Well).await;
    let asked = json!({"model": "canned/m", "prompt": "a red fox", "n": 2, "stream": true});
    let heard = scene.ask(Call::Images, &asked).await;
    assert_eq!(heard.events().0.len(), 2);
    let event = scene.only_event(&heard).await;
    assert_eq!(event.outcome, Outcome::Complete);
    assert_eq!((event.usage.input, event.usage.output, event.usage.units.images), (20, 200, 2));
}

#[tokio::test]
async fn a_provider_that_ends_well_after_fewer_pictures_than_asked_for_is_believed() {
    let scene = Scene::start().await;
    Canned::saying(&scene, "openai", "text/event-stream", &format!("{PICTURE}\n\n"), Ends::Well).await;
    let asked = json!({"model": "canned/m", "prompt": "a red fox", "n": 2, "stream": true});
    let heard = scene.ask(Call::Images, &asked).await;
    assert_eq!(heard.events().0.len(), 1, "{}", heard.text());
    assert_eq!(scene.only_event(&heard).await.outcome, Outcome::Complete);
}
