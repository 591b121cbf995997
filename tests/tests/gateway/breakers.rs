//! Targets that fail are left alone, tried by one call, and come back.

use std::sync::Arc;
use std::time::Duration;
use switchyard::Name;
use switchyard::declared::{DeclaredRoute, DeclaredTarget};
use switchyard_domain::fault::FailoverOn;
use switchyard_domain::meta::Writer;
use switchyard_domain::route::RouteMode;
use switchyard_harness::testkit::clock::ManualClock;
use switchyard_harness::testkit::simulator::Script;
use switchyard_harness::{TestApp, TestClient};

const STEP: Duration = Duration::from_millis(50);
const STEPS_IN_A_MINUTE: u32 = 1_200;
const STEPS_IN_TEN_SECONDS: u32 = 200;

/// A server by a clock that is moved by hand, and a route over these models in this order that tries nothing twice.
async fn begin(models: &[&str]) -> (TestApp, Arc<ManualClock>, TestClient) {
    let clock = Arc::new(ManualClock::default());
    let app = TestApp::builder().clock(Arc::clone(&clock) as _).models(models.iter().copied()).start().await;
    let target = |(model, priority): (&&str, u32)| DeclaredTarget {
        priority,
        ..DeclaredTarget::new(Name::new("upstream").unwrap(), (*model).to_owned())
    };
    let route = DeclaredRoute {
        mode: RouteMode::Multi,
        failover_on: FailoverOn::ServerErrors,
        targets: models.iter().zip(0..).map(target).collect(),
        ..DeclaredRoute::new(Name::new("route").unwrap())
    };
    app.embedded().routes().add(&route, &Writer::API).await.unwrap();
    let client = app.client_with_key("ci").await;
    (app, clock, client)
}

fn calls_to(app: &TestApp, model: &str) -> usize {
    app.simulator().calls().iter().filter(|call| call.model == model).count()
}

/// P9, P8.
#[tokio::test]
async fn a_dead_provider_that_is_the_only_one_gets_a_probe_a_second_and_all_calls_soon_after_it_recovers() {
    let (app, clock, client) = begin(&["m1"]).await;
    app.simulator().script("m1", Script::of("status=500"));
    let mut statuses = [0_u32; 2];
    for _ in 0..100 {
        let answer = client.ask("route", "hi").await;
        statuses[usize::from(answer.status == 503)] += 1;
        assert!(matches!(answer.status, 502 | 503), "{}", answer.text);
        if answer.status == 503 {
            assert_eq!(answer.error_code(), "upstream_unavailable");
            assert!((1..=60).contains(&answer.header("retry-after").parse::<u32>().unwrap()));
        }
    }
    let at_once = calls_to(&app, "m1");
    println!("100 calls at once became {at_once} at a dead provider; {statuses:?} answers of 502 and 503");
    assert!(at_once <= 20, "{at_once}");
    for _ in 0..STEPS_IN_A_MINUTE {
        clock.advance(STEP);
        client.ask("route", "hi").await;
    }
    let probes = calls_to(&app, "m1") - at_once;
    println!("then {probes} in a minute");
    assert!((30..=61).contains(&probes), "{probes}");
    app.simulator().script("m1", Script::of("tokens=2"));
    let mut steps = 0;
    while client.ask("route", "hi").await.status != 200 {
        clock.advance(STEP);
        steps += 1;
    }
    println!("traffic came back after {:?}", STEP * steps);
    assert!(steps <= STEPS_IN_TEN_SECONDS, "{steps}");
    for _ in 0..20 {
        assert_eq!(client.ask("route", "hi").await.status, 200);
    }
}

/// P9, P7.
#[tokio::test]
async fn a_dead_provider_before_a_healthy_one_is_hidden_and_gets_its_traffic_back_within_ten_seconds() {
    // Where a kept connection closes before a byte of the answer, an attempt is two requests.
    for (script, requests) in [("status=500", 1), ("refuse", 2)] {
        is_hidden_and_comes_back(script, requests).await;
    }
}

async fn is_hidden_and_comes_back(script: &str, requests_of_an_attempt: usize) {
    let (app, clock, client) = begin(&["m1", "m2"]).await;
    app.simulator().script("m1", script.parse().unwrap());
    for step in 0..STEPS_IN_A_MINUTE {
        clock.advance(STEP);
        let answer = client.ask("route", "hi").await;
        assert_eq!(
            (answer.status, answer.header("x-switchyard-target")),
            (200, "upstream/m2"),
            "step {step}"
        );
    }
    let tried = calls_to(&app, "m1");
    println!("{tried} of {STEPS_IN_A_MINUTE} calls in a minute went to a dead provider first");
    assert!(tried <= 20 * requests_of_an_attempt, "{script}: {tried}");
    app.simulator().script("m1", Script::of("tokens=2"));
    let mut steps = 0;
    while client.ask("route", "hi").await.header("x-switchyard-target") != "upstream/m1" {
        clock.advance(STEP);
        steps += 1;
    }
    println!("its traffic came back after {:?}", STEP * steps);
    assert!(steps <= STEPS_IN_TEN_SECONDS, "{steps}");
}

/// R11.
#[tokio::test]
async fn of_many_calls_that_wait_for_a_half_open_target_one_is_the_probe() {
    let (app, clock, client) = begin(&["m1", "m2"]).await;
    app.simulator().script("m1", Script::of("status=500"));
    for _ in 0..5 {
        assert_eq!(client.ask("route", "hi").await.status, 200);
    }
    assert_eq!(calls_to(&app, "m1"), 5);
    clock.advance(Duration::from_secs(2));
    // It answers nothing, so that the probe is under way for as long as the others come.
    app.simulator().script("m1", Script::of("stall_before_first"));
    let answers = futures_util::future::join_all((0..200).map(|_| client.ask("route", "hi"))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(calls_to(&app, "m1"), 6);
    assert_eq!(calls_to(&app, "m2"), 5 + 200);
}

/// P16: what the caller does wrong is no reason to leave a target alone.
#[tokio::test]
async fn rejected_requests_never_open_a_breaker() {
    let (app, _, client) = begin(&["m1"]).await;
    for status in [400, 404, 413, 422] {
        app.simulator().script("m1", Script::of(&format!("status={status}")));
        for _ in 0..30 {
            assert_eq!(client.ask("route", "hi").await.status, status);
        }
    }
    app.simulator().script("m1", Script::of("tokens=2"));
    assert_eq!(client.ask("route", "hi").await.status, 200);
}

/// P15: no attempt before the time that the target said, and no more than a fifth more attempts than calls.
#[tokio::test]
async fn targets_that_throttle_get_no_attempt_before_they_said() {
    let (app, clock, client) = begin(&["m1", "m2"]).await;
    app.simulator().set_default(Script::of("status=429&retry_after=30"));
    let mut answers = Vec::new();
    for _ in 0..100 {
        answers.push(client.ask("route", "hi").await.status);
        clock.advance(Duration::from_millis(100));
    }
    assert!(app.simulator().calls().len() <= 2, "{}", app.simulator().calls().len());
    assert!(answers.iter().all(|status| *status == 429), "{answers:?}");
    clock.advance(Duration::from_secs(30));
    app.simulator().set_default(Script::of("tokens=2"));
    assert_eq!(client.ask("route", "hi").await.status, 200);
}
