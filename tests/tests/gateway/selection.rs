//! Selection by priority and quota of the day: the lowest priority whose requests of today are not spent, until 00:00 UTC.

use crate::routes::{add, route};
use std::sync::Arc;
use std::time::Duration;
use switchyard::Store;
use switchyard::declared::DeclaredRoute;
use switchyard_domain::limits::Limits;
use switchyard_domain::route::{RouteMode, Strategy};
use switchyard_domain::time::Timestamp;
use switchyard_harness::testkit::clock::ManualClock;
use switchyard_harness::testkit::postgres::PrivatePostgres;
use switchyard_harness::testkit::simulator::Script;
use switchyard_harness::{Answer, TestApp, TestClient};
use tempfile::TempDir;

/// A quarter past the last hour of a day.
const EVENING: &str = "2026-11-22T23:15:00Z";
const TO_MIDNIGHT: Duration = Duration::from_secs(45 * 60);

/// Models by priority, each with its requests of a day.
fn selecting(quotas: &[(&str, Option<u32>)]) -> DeclaredRoute {
    let models: Vec<&str> = quotas.iter().map(|(model, _)| *model).collect();
    let mut route = route("chosen", RouteMode::Multi, Strategy::Failover, &models);
    for ((target, (_, rpd)), priority) in route.targets.iter_mut().zip(quotas).zip(1..) {
        target.priority = priority;
        target.limits = Limits { rpd: *rpd, ..Limits::NONE };
    }
    // Not in the order of their priorities.
    route.targets.reverse();
    route
}

async fn served_by(client: &TestClient) -> String {
    let answer = client.ask("chosen", "hi").await;
    if answer.status == 200 {
        answer.header("x-switchyard-target").trim_start_matches("upstream/").to_owned()
    } else {
        format!("{} {}", answer.status, answer.header("retry-after"))
    }
}

async fn served(client: &TestClient, calls: usize) -> Vec<String> {
    let mut served = Vec::new();
    for _ in 0..calls {
        served.push(served_by(client).await);
    }
    served
}

fn evening() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::parse(EVENING).unwrap()))
}

async fn started(store: &Store, clock: &Arc<ManualClock>) -> TestApp {
    let builder = TestApp::builder().models(["m1", "m2", "m3"]).store(store.clone());
    builder.clock(Arc::clone(clock) as _).start().await
}

/// One that comes after another on the same database.
async fn started_again(store: &Store, clock: &Arc<ManualClock>, secrets: &TempDir) -> TestApp {
    let builder = TestApp::builder().models(["m1", "m2", "m3"]).store(store.clone());
    builder.clock(Arc::clone(clock) as _).secrets_in(secrets.path()).start().await
}

/// Of each of two processes, one after the other, on one database.
async fn selection_goes_on(store: Store) {
    let (clock, secrets) = (evening(), TempDir::new().unwrap());
    let app = started_again(&store, &clock, &secrets).await;
    add(&app, &selecting(&[("m1", Some(2)), ("m2", Some(2)), ("m3", Some(1))])).await;
    let key = app.client_with_key("first").await.key().to_owned();
    assert_eq!(served(&app.client(&key), 3).await, ["m1", "m1", "m2"]);
    app.stop().await;

    let app = started_again(&store, &clock, &secrets).await;
    let client = app.client(&key);
    let minutes = Duration::from_secs(15 * 60);
    assert_eq!(served(&client, 2).await, ["m2", "m3"], "what was spent before the restart is spent");
    assert_eq!(served_by(&client).await, format!("429 {}", TO_MIDNIGHT.as_secs()));
    clock.advance(minutes);
    assert_eq!(served_by(&client).await, format!("429 {}", (TO_MIDNIGHT - minutes).as_secs()));
    clock.advance(TO_MIDNIGHT - minutes - Duration::from_millis(1));
    assert_eq!(served_by(&client).await, "429 1");
    clock.advance(Duration::from_millis(1));
    assert_eq!(served(&client, 3).await, ["m1", "m1", "m2"], "the day begins anew at 00:00 UTC");
    app.stop().await;
}

#[tokio::test]
async fn the_lowest_priority_that_is_not_spent_answers_until_midnight_utc_across_a_restart_on_sqlite() {
    let dir = TempDir::new().unwrap();
    selection_goes_on(Store::SqliteFile(dir.path().join("selection.db"))).await;
}

#[tokio::test]
async fn the_lowest_priority_that_is_not_spent_answers_until_midnight_utc_across_a_restart_on_postgres() {
    let Some(server) = PrivatePostgres::start() else { return };
    selection_goes_on(Store::Postgres(server.create_database().into())).await;
}

#[tokio::test]
async fn every_limit_of_a_day_goes_on_where_the_process_before_left_it() {
    let dir = TempDir::new().unwrap();
    let (store, clock) = (Store::SqliteFile(dir.path().join("days.db")), evening());
    let app = started_again(&store, &clock, &dir).await;
    let limits = Limits { rpd: Some(3), ..Limits::NONE };
    let key = app.client_with("limited", limits, None).await.key().to_owned();
    for _ in 0..2 {
        assert_eq!(app.client(&key).ask("upstream/m1", "hi").await.status, 200);
    }
    app.stop().await;
    let app = started_again(&store, &clock, &dir).await;
    let client = app.client(&key);
    assert_eq!(client.ask("upstream/m1", "hi").await.status, 200);
    let answer = client.ask("upstream/m1", "hi").await;
    let wait = TO_MIDNIGHT.as_secs().to_string();
    assert_eq!((answer.status, answer.header("retry-after")), (429, wait.as_str()), "{}", answer.text);
    app.stop().await;
}

#[tokio::test]
async fn a_zero_and_a_limit_that_is_left_out_are_no_limit() {
    let app = TestApp::builder().models(["m1", "m2", "m3"]).start().await;
    let mut route = selecting(&[("m1", Some(0)), ("m2", None), ("m3", None)]);
    for target in &mut route.targets {
        (target.limits.rpm, target.limits.tpm) = (Some(0), Some(0));
    }
    add(&app, &route).await;
    let client = app.client_with_key("ci").await;
    assert_eq!(served(&client, 5).await, ["m1"; 5]);
}

#[tokio::test]
async fn an_attempt_that_fails_leaves_the_days_request_to_the_next_call() {
    let clock = evening();
    let app = started(&Store::SqliteMemory, &clock).await;
    add(&app, &selecting(&[("m1", Some(1)), ("m2", Some(9))])).await;
    let client = app.client_with_key("ci").await;
    app.simulator().enqueue("m1", [Script::of("status=503")]);
    assert_eq!(served_by(&client).await, "m2");
    // What failed is left in peace for a while.
    clock.advance(Duration::from_secs(120));
    assert_eq!(served(&client, 2).await, ["m1", "m2"]);
}

#[tokio::test]
async fn of_many_calls_at_once_no_more_go_to_a_target_than_its_day_has_left() {
    let app = TestApp::builder().models(["m1", "m2"]).start().await;
    add(&app, &selecting(&[("m1", Some(7)), ("m2", None)])).await;
    let client = app.client_with_key("ci").await;
    let calls = futures_util::future::join_all((0..40).map(|_| client.ask("chosen", "hi"))).await;
    let to_first = |answer: &&Answer| answer.header("x-switchyard-target") == "upstream/m1";
    assert_eq!(calls.iter().filter(to_first).count(), 7);
    assert!(calls.iter().all(|answer| answer.status == 200));
}
