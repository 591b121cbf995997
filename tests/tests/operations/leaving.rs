//! Clients that leave.

use crate::scene::{ALONE, Call, Scene, request, streamed};
use std::time::Duration;
use switchyard_domain::chat::UsageSource;
use switchyard_domain::usage::{Outcome, UsageEvent};

const PATIENCE: Duration = Duration::from_secs(10);

/// The call's client leaves once the provider has begun with it; what is recorded.
async fn left(scene: &Scene, call: Call, body: Vec<u8>) -> UsageEvent {
    let request = request(&scene.client, call, body).header("x-request-id", "left").send();
    let running = tokio::spawn(async move {
        let mut answer = request.await.unwrap();
        while let Ok(Some(_)) = answer.chunk().await {}
    });
    assert_eq!(scene.app.simulator().until_calls(1, PATIENCE).await.len(), 1);
    tokio::time::sleep(Duration::from_millis(300)).await;
    running.abort();
    let ended = scene.app.simulator().until_ended_calls(1, PATIENCE).await.remove(0);
    assert!(ended.peer_closed_at.is_some() && !ended.completed, "{call:?}: the call was not cancelled");
    let mut events = scene.app.events_of("left").await;
    assert_eq!(events.len(), 1, "{call:?}");
    events.remove(0)
}

#[tokio::test]
async fn a_call_whose_client_leaves_is_cancelled_and_recorded_once() {
    for call in Call::ALL {
        let scene = Scene::start().await;
        scene.script("latency_ms=60000");
        let event = left(&scene, call, call.body(ALONE)).await;
        assert_eq!(
            (event.outcome, event.usage_source),
            (Outcome::ClientClosed, UsageSource::None),
            "{call:?}"
        );
        assert_eq!(scene.app.embedded().status().facts().calls_in_flight, 0, "{call:?}");
    }
}

#[tokio::test]
async fn sound_and_streams_that_nobody_hears_any_more_are_billed_for_what_came() {
    for (call, body) in [
        (Call::Speech, Call::Speech.body(ALONE)),
        (Call::Speech, streamed(Call::Speech, ALONE)),
        (Call::Completions, streamed(Call::Completions, ALONE)),
        (Call::Transcriptions, streamed(Call::Transcriptions, ALONE)),
        (Call::Images, streamed(Call::Images, ALONE)),
    ] {
        let scene = Scene::start().await;
        scene.script("chunk_ms=1000&tokens=1000");
        let event = left(&scene, call, body).await;
        assert_eq!(
            (event.outcome, event.usage_source),
            (Outcome::ClientClosed, UsageSource::Partial),
            "{call:?}"
        );
        if call == Call::Completions {
            assert!((1..200).contains(&event.usage.output), "{event:?}");
        }
        assert!(event.is_billed(), "{call:?}");
    }
}
