//! Routes as the document of the provider management has them (`failover_on: server_errors`): what moves on, what ends a call, and what
//! its client hears.

use serde_json::json;
use switchyard::Name;
use switchyard::declared::{DeclaredRoute, DeclaredTarget};
use switchyard_domain::fault::FailoverOn;
use switchyard_domain::meta::Writer;
use switchyard_domain::route::{RouteMode, Strategy};
use switchyard_harness::testkit::simulator::Script;
use switchyard_harness::{Answer, Database, TestApp, TestClient, on_both_databases};

on_both_databases! {
    a_400_401_403_404_409_413_422_and_429_of_a_provider_make_one_upstream_call,
    three_attempts_use_three_providers,
    a_lone_provider_that_fails_is_called_once,
    when_all_failed_the_last_failure_says_502_or_429,
    where_no_target_could_be_tried_it_is_503_with_when_to_come_back,
    an_unknown_route_is_404_one_that_is_off_400_and_an_empty_one_400_or_503,
    a_body_outside_of_the_documented_bounds_is_400_and_reaches_nobody,
}

/// A route over the one model of each of so many providers.
async fn over(database: Database, providers: usize) -> (TestApp, TestClient) {
    let app = TestApp::builder().on(database).start().await;
    let mut targets = Vec::new();
    for number in 1..=providers {
        let (name, model) = (format!("p{number}"), format!("m{number}"));
        app.add_provider(&name, "openai_compatible", &app.simulator().base_url(), &[&model]).await;
        let priority = u32::try_from(number).unwrap();
        targets.push(DeclaredTarget { priority, ..DeclaredTarget::new(Name::new(name).unwrap(), model) });
    }
    let route = DeclaredRoute {
        mode: RouteMode::Multi,
        strategy: Strategy::Failover,
        failover_on: FailoverOn::ServerErrors,
        targets,
        ..DeclaredRoute::new(Name::new("managed").unwrap())
    };
    app.embedded().routes().add(&route, &Writer::API).await.unwrap();
    let client = app.client_with_key("ci").await;
    (app, client)
}

/// A call while every model answers as told; and the models that were called, in order.
async fn called(app: &TestApp, client: &TestClient, scripts: &[&str]) -> (Answer, Vec<String>) {
    for (number, script) in (1..).zip(scripts) {
        app.simulator().script(&format!("m{number}"), Script::of(script));
    }
    app.simulator().take_calls();
    let answer = client.ask("managed", "hi").await;
    let models = app.simulator().take_calls().iter().map(|call| call.model.clone()).collect();
    (answer, models)
}

async fn a_400_401_403_404_409_413_422_and_429_of_a_provider_make_one_upstream_call(database: Database) {
    for (status, shown) in
        [(400, 400), (401, 502), (403, 502), (404, 404), (409, 409), (413, 413), (422, 422), (429, 429)]
    {
        let (app, client) = over(database, 3).await;
        let script = format!("status={status}");
        let (answer, models) = called(&app, &client, &[&script, "tokens=1", "tokens=1"]).await;
        assert_eq!((answer.status, models.as_slice()), (shown, &["m1".to_owned()][..]), "{}", answer.text);
    }
}

async fn three_attempts_use_three_providers(database: Database) {
    let (app, client) = over(database, 4).await;
    let (answer, models) = called(&app, &client, &["status=500", "refuse", "tokens=1", "tokens=1"]).await;
    assert_eq!((answer.status, models), (200, vec!["m1".into(), "m2".into(), "m3".into()]));
    assert_eq!(answer.json()["model"], "m3");
    let (app, client) = over(database, 4).await;
    let failing = ["status=500", "status=502", "status=503", "tokens=1"];
    let (answer, models) = called(&app, &client, &failing).await;
    assert_eq!((answer.status, models), (502, vec!["m1".into(), "m2".into(), "m3".into()]));
}

async fn a_lone_provider_that_fails_is_called_once(database: Database) {
    for script in ["status=500", "status=503&retry_after=0", "refuse", "status=429&retry_after=0"] {
        let (app, client) = over(database, 1).await;
        let (_, models) = called(&app, &client, &[script]).await;
        assert_eq!(models, ["m1"], "{script}");
    }
}

async fn when_all_failed_the_last_failure_says_502_or_429(database: Database) {
    for (last, shown) in [
        ("status=500", 502),
        ("refuse", 502),
        ("html", 502),
        ("status=504", 502),
        ("status=429&retry_after=7", 429),
    ] {
        let (app, client) = over(database, 2).await;
        let (answer, models) = called(&app, &client, &["status=500", last]).await;
        assert_eq!((answer.status, models.len()), (shown, 2), "{last}: {}", answer.text);
    }
}

async fn where_no_target_could_be_tried_it_is_503_with_when_to_come_back(database: Database) {
    let (app, client) = over(database, 1).await;
    let provider = app.embedded().providers().find(&Name::new("p1").unwrap()).await.unwrap();
    let off =
        switchyard::ports::repositories::ProviderPatch { is_enabled: Some(false), ..Default::default() };
    app.embedded().providers().update(&provider, off, None, &Writer::API).await.unwrap();
    let (answer, models) = called(&app, &client, &["tokens=1"]).await;
    assert_eq!((answer.status, answer.error_code().as_str()), (503, "upstream_unavailable"));
    assert!(!answer.header("retry-after").is_empty() && models.is_empty());
}

async fn an_unknown_route_is_404_one_that_is_off_400_and_an_empty_one_400_or_503(database: Database) {
    let app = TestApp::builder().on(database).start().await;
    let named = |name: &str| DeclaredRoute::new(Name::new(name).unwrap());
    let off = DeclaredRoute { enabled: false, ..named("off") };
    for route in [off, named("empty")] {
        app.embedded().routes().add(&route, &Writer::API).await.unwrap();
    }
    let client = app.client_with_key("ci").await;
    assert_eq!(client.ask("nowhere", "hi").await.status, 404);
    assert_eq!(client.ask("off", "hi").await.status, 400);
    let empty = client.ask("empty", "hi").await;
    assert!([400, 503].contains(&empty.status), "{}", empty.text);
    assert!(app.simulator().calls().is_empty());
}

async fn a_body_outside_of_the_documented_bounds_is_400_and_reaches_nobody(database: Database) {
    let (app, client) = over(database, 1).await;
    let said = json!([{"role": "user", "content": "hi"}]);
    let with = |name: &str, value: serde_json::Value| {
        let mut body = json!({"model": "managed", "messages": said});
        body[name] = value;
        body
    };
    let bad = [
        with("messages", json!([])),
        with("messages", json!("hi")),
        with("temperature", json!(2.1)),
        with("temperature", json!(-0.1)),
        with("top_p", json!(1.1)),
        with("top_p", json!(-0.1)),
        with("n", json!(0)),
        with("max_tokens", json!(0)),
        with("presence_penalty", json!(2.5)),
        with("frequency_penalty", json!(-2.5)),
        with("stream", json!("yes")),
    ];
    for body in bad {
        let answer = client.chat(body.clone()).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
    }
    assert!(app.simulator().calls().is_empty());
    let parts = json!([{"role": "user", "content": [{"type": "text", "text": "hi"}]}]);
    for body in [with("messages", parts), with("temperature", json!(2)), with("stop", json!(["a"]))] {
        assert_eq!(client.chat(body).await.status, 200);
    }
}
