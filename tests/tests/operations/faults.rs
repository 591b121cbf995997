//! Providers that fail.

use crate::scene::{ALONE, Call, PAIR, Scene, streamed};
use std::time::Duration;
use switchyard::orchestrator::chat::CallSettings;
use switchyard::ports::provider::Deadlines;
use switchyard_domain::chat::UsageSource;
use switchyard_domain::usage::Outcome;

#[tokio::test]
async fn a_route_goes_on_to_its_next_target_with_the_same_bytes() {
    for call in Call::ALL {
        // Of a request that was taken without a word nobody knows what it bought, see below.
        let refuses = !matches!(call, Call::Images | Call::Speech | Call::Transcriptions);
        let scripts = ["status=503", "status=401", "status=429", "html", "error_in_200&status=200"];
        for script in scripts.into_iter().chain(refuses.then_some("refuse")) {
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

/// The operations whose work is billed whole, wherever it is done.
const BY_THE_PIECE: [Call; 3] = [Call::Images, Call::Speech, Call::Transcriptions];

#[tokio::test]
async fn work_that_may_be_done_is_asked_of_nobody_else() {
    for call in BY_THE_PIECE {
        for script in ["refuse", "cut_after=0", "malformed_json&cut_after=1", "rst_after=0"] {
            let scene = Scene::start().await;
            scene.script(script);
            let heard = scene.call(call, PAIR).await;
            assert_eq!(scene.app.simulator().calls().len(), 1, "{call:?} {script}");
            // Sound has begun to go on to the client, save where nothing of it came.
            assert!(heard.status == 502 || !heard.whole, "{call:?} {script}: {}", heard.text());
            let event = scene.only_event(&heard).await;
            assert!(
                matches!(event.outcome, Outcome::Failed | Outcome::Partial),
                "{call:?} {script}: {event:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_provider_where_nothing_listens_is_passed_for_the_next_one() {
    for call in BY_THE_PIECE {
        let scene = Scene::start().await;
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        scene.app.add_provider("gone", "openai_compatible", &format!("http://{free}/v1"), &["m"]).await;
        crate::refusals::add_route(&scene.app, "mixed", &[("gone", "m"), ("upstream", "healthy")]).await;
        let heard = scene.call(call, "mixed").await;
        assert_eq!(
            (heard.status, heard.header("x-switchyard-target")),
            (200, "upstream/healthy"),
            "{call:?}"
        );
    }
}

#[tokio::test]
async fn what_is_made_before_its_first_byte_has_the_time_of_the_whole_answer() {
    for call in BY_THE_PIECE {
        let scene = Scene::start().await;
        scene.script("latency_ms=2600");
        let heard = scene.call(call, PAIR).await;
        assert_eq!((heard.status, heard.header("x-switchyard-target")), (200, "upstream/faulty"), "{call:?}");
        assert_eq!(scene.only_event(&heard).await.outcome, Outcome::Complete, "{call:?}");
    }
}

#[tokio::test]
async fn a_limit_that_somebody_set_holds_and_what_it_cut_is_not_bought_again() {
    let (first_content, total) = (Duration::from_millis(300), Duration::from_secs(20));
    let deadlines = Deadlines { first_content, idle: total, total };
    for call in BY_THE_PIECE {
        for (first_of_pieces, body) in [(Some(first_content), call.body(PAIR)), (None, streamed(call, PAIR))]
        {
            let calls = CallSettings { max_attempts: 3, deadlines, first_of_pieces };
            let scene = Scene::of(Scene::builder().calls(calls)).await;
            scene.script("latency_ms=1500");
            let heard = scene.send(call, body).await;
            assert_eq!((heard.status, heard.error_code().as_str()), (504, "upstream_timeout"), "{call:?}");
            assert_eq!(scene.app.simulator().calls().len(), 1, "{call:?}");
            let event = scene.only_event(&heard).await;
            assert_eq!((event.outcome, event.usage_source), (Outcome::TimedOut, UsageSource::None));
            assert_eq!(event.cost, None, "nobody said what it cost");
        }
    }
}
