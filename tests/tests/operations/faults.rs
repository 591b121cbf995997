//! Providers that fail.

use crate::scene::{ALONE, Call, PAIR, Scene};
use switchyard_domain::usage::Outcome;

#[tokio::test]
async fn a_route_goes_on_to_its_next_target_with_the_same_bytes() {
    for call in Call::ALL {
        for script in ["status=503", "status=401", "status=429", "html", "refuse", "error_in_200&status=200"]
        {
            let scene = Scene::start().await;
            scene.script(script);
            let heard = scene.call(call, PAIR).await;
            assert_eq!(heard.status, 200, "{call:?} {script}: {}", heard.text());
            assert_eq!(heard.header("x-switchyard-target"), "upstream/healthy", "{call:?} {script}");
            let calls = scene.app.simulator().calls();
            assert_eq!(calls.last().unwrap().body, call.body("healthy"), "{call:?} {script}");
            let events = scene.events_of(&heard).await;
            assert_eq!(events.len(), 2, "{call:?} {script}");
            assert!(!events[0].is_billed() && events[1].is_billed(), "{call:?} {script}: {events:?}");
            assert_eq!(events[1].outcome, Outcome::Complete);
            assert_eq!(events[1].route.as_deref(), Some(PAIR));
        }
    }
}

#[tokio::test]
async fn a_provider_s_failure_is_told_in_openai_s_shape() {
    for (script, status, code) in [
        ("status=500", 502, "upstream_error"),
        ("status=401", 502, "upstream_auth_failed"),
        ("status=404&error_code=model_not_found", 404, "model_not_found"),
        ("status=400&error_code=bad_voice", 400, "bad_voice"),
        ("status=429&retry_after=7", 429, "rate_limit_exceeded"),
        ("redirect=307", 502, "upstream_redirect"),
        ("html", 502, "upstream_invalid_response"),
    ] {
        for call in Call::ALL {
            let scene = Scene::start().await;
            scene.script(script);
            let heard = scene.call(call, ALONE).await;
            assert_eq!((heard.status, heard.error_code().as_str()), (status, code), "{call:?} {script}");
            let events = scene.events_of(&heard).await;
            assert!(!events.is_empty() && events.iter().all(|event| !event.is_billed()), "{call:?} {script}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_told_and_what_it_may_have_cost_is_recorded() {
    for call in [Call::Embeddings, Call::Completions, Call::Moderations, Call::Images, Call::Transcriptions] {
        let scene = Scene::start().await;
        scene.script("malformed_json");
        let heard = scene.call(call, ALONE).await;
        assert_eq!(
            (heard.status, heard.error_code().as_str()),
            (502, "upstream_invalid_response"),
            "{call:?}"
        );
        assert!(
            scene.events_of(&heard).await.iter().all(|event| event.outcome == Outcome::Failed),
            "{call:?}"
        );
    }
}

#[tokio::test]
async fn speech_must_be_sound() {
    for kind in ["text/html", "application/json", "image/svg%2Bxml", "text/javascript"] {
        let scene = Scene::start().await;
        scene.script(&format!("header.content-type={kind}"));
        let heard = scene.call(Call::Speech, ALONE).await;
        assert_eq!((heard.status, heard.error_code().as_str()), (502, "upstream_invalid_response"), "{kind}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_cut_at_its_cap() {
    let scene = Scene::start().await;
    scene.script("endless");
    let heard = scene.call(Call::Images, ALONE).await;
    assert!(!heard.whole, "an endless answer came to an end");
    assert!((60 << 20..=64 << 20).contains(&heard.body.len()), "{}", heard.body.len());
    assert_eq!(scene.only_event(&heard).await.outcome, Outcome::Partial);
}

#[tokio::test]
async fn a_model_of_a_vendor_without_the_operation_is_refused_and_passed_over_on_a_route() {
    let scene = Scene::of(Scene::builder().vendor("mistral")).await;
    let simulator = scene.app.simulator().base_url();
    scene.app.add_provider("other", "openai_compatible", &simulator, &["m2"]).await;
    for call in [Call::Completions, Call::Moderations, Call::Images, Call::Speech, Call::Transcriptions] {
        let heard = scene.call(call, ALONE).await;
        assert_eq!((heard.status, heard.error_code().as_str()), (400, "unsupported_feature"), "{call:?}");
        let message = heard.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(ALONE) && message.contains("can't be called for"), "{message}");
    }
    assert!(scene.app.simulator().calls().is_empty(), "a call reached a vendor that can't take it");
    assert_eq!(scene.call(Call::Embeddings, ALONE).await.status, 200);
    crate::refusals::add_route(&scene.app, "mixed", &[("upstream", "faulty"), ("other", "m2")]).await;
    let heard = scene.call(Call::Speech, "mixed").await;
    assert_eq!((heard.status, heard.header("x-switchyard-target")), (200, "other/m2"));
    assert_eq!(scene.events_of(&heard).await.len(), 1, "passing over is no attempt");
}
