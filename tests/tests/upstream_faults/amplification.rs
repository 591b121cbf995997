//! An outage must not be multiplied.

use crate::scene::{ALONE, FAULTY, PAIR, Scene};
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::HashMap;
use switchyard_harness::testkit::simulator::Script;

const CALLS: usize = 300;

/// P8: what bounds it is the budget of 35 retries, and the breaker, which leaves a dead provider alone after the first wave.
#[tokio::test]
async fn with_every_upstream_failing_upstream_calls_are_at_most_a_fifth_more_than_client_calls() {
    let scene = Scene::scripted("status=500").await;
    // In waves, as the connections of one source are bounded.
    for wave in 0..CALLS / 50 {
        let calls: FuturesUnordered<_> = (0..50).map(|_| scene.client.ask(ALONE, "hello")).collect();
        let statuses: Vec<u16> = calls.map(|answer| answer.status).collect().await;
        assert!(statuses.iter().all(|status| matches!(status, 502 | 503)), "wave {wave}: {statuses:?}");
    }
    let calls = scene.app.simulator().calls();
    println!("{CALLS} client calls became {} upstream calls", calls.len());
    assert!(calls.len() * 10 <= CALLS * 12, "{} upstream calls for {CALLS}", calls.len());
    let mut tries: HashMap<String, usize> = HashMap::new();
    for call in &calls {
        *tries.entry(call.request_id.clone().unwrap()).or_default() += 1;
    }
    assert!(tries.values().all(|&tries| tries <= 3), "{tries:?}");
}

/// P8.
#[tokio::test]
async fn a_call_has_three_attempts_at_most_however_many_targets_its_route_has() {
    let models = ["m1", "m2", "m3", "m4", "m5"];
    let scene = Scene::start(Scene::builder().models(models).route("long", models), "").await;
    scene.app.simulator().set_default(Script::of("status=500"));
    let answer = scene.client.ask("long", "hello").await;
    assert_eq!(answer.status, 502);
    let tried: Vec<String> = scene.app.simulator().calls().into_iter().map(|call| call.model).collect();
    assert_eq!(tried, ["m1", "m2", "m3"]);
}

/// P8: a success pays the budget back, so that single faults are always retried. Where half of all attempts fail, the target is left alone.
#[tokio::test]
async fn a_provider_that_fails_now_and_then_is_always_tried_again() {
    let scene = Scene::scripted("tokens=2").await;
    for call in 0..60 {
        let fails = call % 2 == 0;
        if fails {
            scene.app.simulator().enqueue(FAULTY, [Script::of("status=503")]);
        }
        let answer = scene.client.ask(ALONE, "hello").await;
        let attempts = if fails { "2" } else { "1" };
        assert_eq!((answer.status, answer.header("x-switchyard-attempts")), (200, attempts), "call {call}");
    }
}

/// P8: going to another target costs no budget, and one that is left alone costs no attempt.
#[tokio::test]
async fn failover_goes_on_when_the_retry_budget_is_used_up() {
    let scene = Scene::scripted("status=500").await;
    let mut attempts = [0; 3];
    for _ in 0..60 {
        let answer = scene.client.ask(PAIR, "hello").await;
        assert_eq!((answer.status, answer.header("x-switchyard-target")), (200, "upstream/gpt-4o-healthy"));
        attempts[answer.header("x-switchyard-attempts").parse::<usize>().unwrap()] += 1;
    }
    assert!(attempts[2] >= 5 && attempts[1] >= 40, "{attempts:?}");
}
