//! Providers that throttle.

use crate::matrix::{Row, models_tried};
use crate::scene::{ALONE, BOTH, FAULTY, HEALTHY, Mode, PAIR, Scene};
use futures_util::future::join_all;
use jiff::{Span, Timestamp};
use std::time::Duration;
use switchyard_domain::usage::Outcome;
use switchyard_harness::testkit::simulator::Script;

const THROTTLED: Row<'static> = Row {
    fault: "throttled",
    outcome: Outcome::Throttled,
    answer: (429, "rate_limit_exceeded"),
    tries: 1,
    ..Row::FAILS
};

/// U5, U6.
#[tokio::test]
async fn a_throttle_goes_to_the_next_target_and_stays_a_429_without_one() {
    for script in ["status=429&retry_after=3600", "status=429&retry_after=6"] {
        Row { script, ..THROTTLED }.holds().await;
    }
}

/// U5.
#[tokio::test]
async fn a_throttle_whose_wait_fits_is_waited_for_at_the_only_target() {
    let scene = Scene::scripted("tokens=3").await;
    for mode in BOTH {
        scene.app.simulator().enqueue(FAULTY, [Script::of("status=429&retry_after=1")]);
        let heard = scene.ask(mode, ALONE).await;
        assert_eq!((heard.answer.status, heard.whole), (200, true), "{}", heard.answer.text);
        assert_eq!(heard.answer.header("x-switchyard-attempts"), "2");
        let calls = scene.calls(&heard).await;
        assert_eq!(calls.len(), 2);
        let waited = calls[1].received_at.duration_since(calls[0].received_at);
        assert!(waited >= Duration::from_millis(990), "came back too early: {waited:?}");
        let outcomes: Vec<Outcome> = scene.events(&heard).await.iter().map(|event| event.outcome).collect();
        assert_eq!(outcomes, [Outcome::Throttled, Outcome::Complete]);
    }
}

/// U5.
#[tokio::test]
async fn the_wait_that_a_client_hears_is_the_providers_within_a_second_and_a_minute() {
    let in_forty_seconds = Timestamp::now() + Span::new().seconds(40);
    let date = in_forty_seconds.strftime("%a,%%20%d%%20%b%%20%Y%%20%H:%M:%S%%20GMT").to_string();
    for (said, heard_seconds) in [("6", 6..=6), ("59", 59..=59), ("3600", 60..=60), (date.as_str(), 30..=40)]
    {
        for mode in BOTH {
            let scene = Scene::scripted(&format!("status=429&retry_after={said}")).await;
            let heard = scene.ask(mode, ALONE).await;
            assert_eq!(heard.answer.status, 429, "{}", heard.answer.text);
            let wait: u64 = heard.answer.header("retry-after").parse().unwrap();
            assert!(heard_seconds.contains(&wait), "`{said}` became {wait}");
            assert_eq!(models_tried(&scene, &heard).await, [FAULTY], "`{said}` is not worth waiting for");
        }
    }
}

/// U5, U6.
#[tokio::test]
async fn a_throttle_without_a_usable_wait_is_tried_three_times_with_backoff() {
    let check = async |script| {
        let scene = Scene::scripted(script).await;
        let heard = scene.ask(Mode::Buffered, ALONE).await;
        assert_eq!(heard.answer.status, 429, "{}", heard.answer.text);
        assert_eq!(heard.answer.header("retry-after"), "1", "{script}");
        assert_eq!(models_tried(&scene, &heard).await, [FAULTY; 3], "{script}");
        assert!(scene.events(&heard).await.iter().all(|event| event.outcome == Outcome::Throttled));
    };
    join_all(["status=429", "status=429&retry_after=garbage", "status=429&retry_after=-5"].map(check)).await;
}

/// U6.
#[tokio::test]
async fn a_used_up_quota_goes_to_the_next_target_and_is_never_tried_again() {
    let script = "status=429&error_code=insufficient_quota&error_type=insufficient_quota";
    Row { script, fault: "quota_exhausted", answer: (502, "upstream_error"), ..THROTTLED }.holds().await;
}

/// U5: the target rests for as long as it asked.
#[tokio::test]
async fn a_throttled_target_is_passed_over_while_it_rests() {
    let scene = Scene::scripted("status=429&retry_after=30").await;
    assert_eq!(scene.ask(Mode::Buffered, PAIR).await.answer.header("x-switchyard-attempts"), "2");
    let heard = scene.ask(Mode::Buffered, PAIR).await;
    assert_eq!(heard.answer.header("x-switchyard-attempts"), "1");
    assert_eq!(models_tried(&scene, &heard).await, [HEALTHY]);
}

/// U5: the provider's word against a retry is kept.
#[tokio::test]
async fn a_provider_that_says_not_to_retry_is_not_asked_again() {
    let scene = Scene::scripted("status=500&header.x-should-retry=false").await;
    let heard = scene.ask(Mode::Buffered, ALONE).await;
    assert_eq!((heard.answer.status, heard.error.as_deref()), (502, Some("upstream_error")));
    assert_eq!(models_tried(&scene, &heard).await, [FAULTY]);
}
