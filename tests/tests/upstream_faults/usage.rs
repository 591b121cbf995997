//! Providers that count wrongly, or not at all.

use crate::scene::{ALONE, BOTH, Mode, Scene};
use serde_json::json;
use switchyard_domain::chat::UsageSource;
use switchyard_domain::usage::Outcome;

const KNOWN: &str = ALONE;
/// A model whose tokenizer is not public.
const UNKNOWN: &str = "upstream/gpt-sim";

/// U24.
#[tokio::test]
async fn missing_usage_is_counted_by_the_models_own_tokenizer() {
    for script in ["usage=missing", "usage=missing&tokens=200"] {
        let scene = Scene::scripted(script).await;
        for mode in BOTH {
            let heard = scene.ask(mode, KNOWN).await;
            scene.is_answered_whole(&heard).await;
            assert_eq!(
                scene.only_event(&heard).await.usage_source,
                UsageSource::Counted,
                "{script} {mode:?}"
            );
        }
    }
}

/// U24.
#[tokio::test]
async fn where_the_tokenizer_is_not_known_the_count_is_marked_as_an_estimate() {
    let scene = Scene::scripted("").await;
    scene.app.simulator().script("gpt-sim", "usage=missing".parse().unwrap());
    for mode in BOTH {
        let heard = scene.ask(mode, UNKNOWN).await;
        scene.is_answered_whole(&heard).await;
        assert_eq!(scene.only_event(&heard).await.usage_source, UsageSource::Estimated);
    }
}

/// U24.
#[tokio::test]
async fn absurd_usage_is_replaced_by_our_count_and_marked_as_an_estimate() {
    for fault in ["zero", "negative", "huge", "over_max"] {
        let scene = Scene::scripted(&format!("usage={fault}&tokens=20")).await;
        for mode in BOTH {
            let heard = scene.ask_with(mode, KNOWN, json!({"max_tokens": 50})).await;
            scene.is_answered_whole(&heard).await;
            let event = scene.only_event(&heard).await;
            assert_eq!(event.usage_source, UsageSource::Estimated, "{fault} {mode:?}");
            assert_eq!(event.usage.output, 20, "{fault} {mode:?}");
        }
    }
}

/// U24.
#[tokio::test]
async fn usage_that_comes_unasked_or_in_every_chunk_is_read_as_the_providers() {
    for fault in ["unasked", "every_chunk"] {
        let scene = Scene::scripted(&format!("usage={fault}")).await;
        let heard = scene.ask(Mode::Streamed, KNOWN).await;
        scene.is_answered_whole(&heard).await;
        assert_eq!(scene.only_event(&heard).await.usage_source, UsageSource::Provider, "{fault}");
    }
}

/// U24: the parts of the usage are kept apart.
#[tokio::test]
async fn cached_and_reasoning_tokens_are_recorded_inside_their_totals() {
    let scene = Scene::scripted("reasoning=6&tokens=4&cached=5").await;
    for mode in BOTH {
        let heard = scene.ask(mode, KNOWN).await;
        scene.is_answered_whole(&heard).await;
        let event = scene.only_event(&heard).await;
        assert_eq!((event.outcome, event.usage_source), (Outcome::Complete, UsageSource::Provider));
        assert_eq!((event.usage.output, event.usage.reasoning, event.usage.cached_input), (10, 6, 5));
    }
}

/// U24: a client that did not ask for usage does not get it, though we asked.
#[tokio::test]
async fn the_usage_chunk_reaches_only_clients_that_asked_for_it() {
    let scene = Scene::scripted("tokens=4").await;
    let heard = scene.ask(Mode::Streamed, KNOWN).await;
    assert!(heard.events.iter().all(|event| event["choices"].as_array().is_some_and(|all| !all.is_empty())));
    assert_eq!(scene.only_event(&heard).await.usage_source, UsageSource::Provider);
    let asked = json!({"stream_options": {"include_usage": true}});
    let heard = scene.ask_with(Mode::Streamed, KNOWN, asked).await;
    let last = heard.events.last().unwrap();
    assert_eq!(last["choices"], json!([]));
    assert_eq!(last["usage"]["completion_tokens"], 4);
}
