//! Routes: failover, shares, hints, and names that do not lead anywhere.

use std::collections::HashMap;
use switchyard::Name;
use switchyard::declared::{DeclaredModel, DeclaredRoute, DeclaredTarget};
use switchyard_domain::meta::Writer;
use switchyard_domain::route::{RouteMode, Strategy};
use switchyard_harness::testkit::simulator::Script;
use switchyard_harness::{Database, TestApp, on_both_databases};

on_both_databases! {
    a_route_fails_over_and_says_so,
    equals_share_their_calls_evenly_whatever_comes_at_once,
    a_hint_chooses_a_target_of_a_route,
    a_bare_model_leads_to_the_one_provider_that_serves_it_or_to_a_choice,
    a_route_that_is_switched_off_is_400_and_one_that_can_not_answer_is_503,
    a_change_of_the_configuration_is_seen_by_the_next_call_and_not_by_a_running_one,
}

pub(crate) fn route(name: &str, mode: RouteMode, strategy: Strategy, models: &[&str]) -> DeclaredRoute {
    let target = |model: &&str| DeclaredTarget::new(Name::new("upstream").unwrap(), (*model).to_owned());
    DeclaredRoute {
        mode,
        strategy,
        targets: models.iter().map(target).collect(),
        ..DeclaredRoute::new(Name::new(name).unwrap())
    }
}

pub(crate) async fn add(app: &TestApp, route: &DeclaredRoute) {
    app.embedded().routes().add(route, &Writer::API).await.unwrap();
}

async fn a_route_fails_over_and_says_so(database: Database) {
    let app = TestApp::builder().on(database).models(["m1", "m2"]).route("pair", ["m1", "m2"]).start().await;
    let client = app.client_with_key("ci").await;
    let answer = client.ask("pair", "hi").await;
    assert_eq!((answer.status, answer.header("x-switchyard-target")), (200, "upstream/m1"));
    assert_eq!(answer.header("x-switchyard-attempts"), "1");
    app.simulator().script("m1", Script::of("status=503"));
    let answer = client.ask("pair", "hi").await;
    assert_eq!((answer.status, answer.header("x-switchyard-target")), (200, "upstream/m2"));
    assert_eq!(answer.header("x-switchyard-attempts"), "2");
    assert_eq!(answer.json()["model"], "m2");
    let events = app.events_of(answer.request_id()).await;
    let facts: Vec<(u32, &str, &str)> =
        events.iter().map(|event| (event.attempt, event.model.as_str(), event.outcome.as_str())).collect();
    assert_eq!(facts, [(1, "m1", "failed"), (2, "m2", "complete")]);
    assert!(events.iter().all(|event| event.route.as_deref() == Some("pair")));
    assert!(events.iter().all(|event| event.call == events[0].call));
}

async fn equals_share_their_calls_evenly_whatever_comes_at_once(database: Database) {
    let app = TestApp::builder().on(database).models(["m1", "m2", "m3"]).start().await;
    add(&app, &route("even", RouteMode::Auto, Strategy::RoundRobin, &["m1", "m2", "m3"])).await;
    let client = app.client_with_key("ci").await;
    let calls = futures_util::future::join_all((0..60).map(|_| client.ask("even", "hi"))).await;
    let mut shares: HashMap<String, usize> = HashMap::new();
    for answer in calls {
        assert_eq!(answer.status, 200);
        *shares.entry(answer.header("x-switchyard-target").to_owned()).or_default() += 1;
    }
    assert!(shares.values().all(|&share| share == 20), "{shares:?}");
}

async fn a_hint_chooses_a_target_of_a_route(database: Database) {
    let app = TestApp::builder().on(database).models(["m1", "m2"]).start().await;
    add(&app, &route("choice", RouteMode::Specific, Strategy::Failover, &["m1", "m2"])).await;
    let client = app.client_with_key("ci").await;
    let answer = client.ask("choice/m2", "hi").await;
    assert_eq!((answer.status, answer.header("x-switchyard-target")), (200, "upstream/m2"));
    let answer = client.ask("choice", "hi").await;
    assert_eq!((answer.status, answer.error_code().as_str()), (400, "invalid_request"));
    assert_eq!(client.ask("choice/gpt-sim", "hi").await.status, 404);
}

async fn a_bare_model_leads_to_the_one_provider_that_serves_it_or_to_a_choice(database: Database) {
    let app = TestApp::builder().on(database).models(["m1"]).start().await;
    let client = app.client_with_key("ci").await;
    let answer = client.ask("m1", "hi").await;
    assert_eq!((answer.status, answer.header("x-switchyard-target")), (200, "upstream/m1"));
    app.add_provider("second", "openai_compatible", &app.simulator().base_url(), &["m1"]).await;
    let answer = client.ask("m1", "hi").await;
    assert_eq!((answer.status, answer.error_code().as_str()), (400, "model_ambiguous"));
    assert!(answer.text.contains("upstream/m1") && answer.text.contains("second/m1"), "{}", answer.text);
    assert_eq!(client.ask("second/m1", "hi").await.header("x-switchyard-target"), "second/m1");
}

async fn a_route_that_is_switched_off_is_400_and_one_that_can_not_answer_is_503(database: Database) {
    let app = TestApp::builder().on(database).models(["m1"]).start().await;
    let off = DeclaredRoute { enabled: false, ..route("off", RouteMode::Auto, Strategy::Failover, &["m1"]) };
    add(&app, &off).await;
    // A vendor that wants a credential, and none is stored.
    app.embedded()
        .providers()
        .add(
            switchyard_orchestrator::admin::ProviderRequest {
                name: Name::new("bare").unwrap(),
                vendor: "openai".to_owned(),
                base_url: Some(app.simulator().base_url()),
                api_key: None,
                models: vec![DeclaredModel { model: "m9".to_owned(), ..DeclaredModel::default() }],
                is_enabled: true,
            },
            &Writer::API,
        )
        .await
        .unwrap();
    let mut unusable = route("unusable", RouteMode::Auto, Strategy::Failover, &["m9"]);
    unusable.targets[0].provider = Name::new("bare").unwrap();
    add(&app, &unusable).await;
    let client = app.client_with_key("ci").await;
    let answer = client.ask("off", "hi").await;
    assert_eq!((answer.status, answer.error_code().as_str()), (400, "invalid_request"));
    for model in ["unusable", "bare/m9"] {
        let answer = client.ask(model, "hi").await;
        assert_eq!((answer.status, answer.error_code().as_str()), (503, "upstream_unavailable"), "{model}");
        assert!(!answer.header("retry-after").is_empty());
    }
    assert!(app.simulator().calls().is_empty());
}

async fn a_change_of_the_configuration_is_seen_by_the_next_call_and_not_by_a_running_one(database: Database) {
    let app = TestApp::builder().on(database).models(["m1", "m2"]).start().await;
    add(&app, &route("moving", RouteMode::Auto, Strategy::Failover, &["m1"])).await;
    app.simulator().script("m1", Script::of("tokens=20&chunk_ms=20"));
    let client = app.client_with_key("ci").await;
    let running = tokio::spawn({
        let client = client.clone();
        async move { client.ask_stream("moving", "hi").await }
    });
    app.simulator().until_calls(1, std::time::Duration::from_secs(10)).await;
    app.embedded().routes().remove(&Name::new("moving").unwrap(), &Writer::API).await.unwrap();
    add(&app, &route("moving", RouteMode::Auto, Strategy::Failover, &["m2"])).await;
    assert_eq!(client.ask("moving", "hi").await.header("x-switchyard-target"), "upstream/m2");
    let running = running.await.unwrap();
    assert!(running.done && running.text().split_whitespace().count() == 20);
    assert_eq!(running.answer.header("x-switchyard-target"), "upstream/m1");
}
