//! The list of models is exactly what a call accepts.

use futures_util::future::join_all;
use serde_json::json;
use std::collections::BTreeSet;
use switchyard::Name;
use switchyard::declared::{DeclaredModel, DeclaredRoute, DeclaredTarget};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::route::{RouteMode, Strategy};
use switchyard_harness::{Database, GatewayAuth, TestApp, TestClient, on_both_databases};
use switchyard_orchestrator::admin::ProviderRequest;

on_both_databases! {
    a_key_is_listed_exactly_what_it_may_call,
    the_demo_key_is_listed_simulated_models_only,
    nobody_in_particular_is_listed_everything_where_the_door_is_open,
    a_model_that_a_key_may_not_call_is_403_and_names_what_it_may,
}

/// Every public name that there is, callable or not.
const NAMES: [&str; 14] = [
    "pair",
    "off",
    "demo",
    "upstream/gpt-sim",
    "upstream/m1",
    "upstream/m2",
    "bare/m9",
    "disabled/m8",
    "sim/swift",
    "sim/steady",
    "sim/verbose",
    "sim/echo",
    "sim/flaky",
    "nobody",
];

async fn provider(app: &TestApp, name: &str, vendor: &str, model: &str, is_enabled: bool) {
    let request = ProviderRequest {
        name: Name::new(name).unwrap(),
        vendor: vendor.to_owned(),
        base_url: Some(app.simulator().base_url()),
        api_key: None,
        models: vec![DeclaredModel { model: model.to_owned(), ..DeclaredModel::default() }],
        is_enabled,
    };
    app.embedded().providers().add(request, &Writer::API).await.unwrap();
}

async fn start(database: Database, auth: GatewayAuth) -> TestApp {
    let builder = TestApp::builder().on(database).models(["m1", "m2"]).route("pair", ["m1", "m2"]).demo(true);
    let app = builder.server(|config| config.gateway_auth = auth).start().await;
    // One that lacks its credential, and one that is switched off.
    provider(&app, "bare", "openai", "m9", true).await;
    provider(&app, "disabled", "openai_compatible", "m8", false).await;
    let off = DeclaredRoute {
        mode: RouteMode::Auto,
        strategy: Strategy::Failover,
        targets: vec![DeclaredTarget::new(Name::new("upstream").unwrap(), "m1".to_owned())],
        enabled: false,
        ..DeclaredRoute::new(Name::new("off").unwrap())
    };
    app.embedded().routes().add(&off, &Writer::API).await.unwrap();
    app
}

async fn listed(client: &TestClient) -> BTreeSet<String> {
    let answer = client.get("/v1/models").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    assert_eq!(body["object"], "list");
    let models = body["data"].as_array().unwrap();
    for model in models {
        assert_eq!(model["object"], "model");
        assert!(model["created"].is_i64() && model["owned_by"].is_string(), "{model}");
    }
    let names: BTreeSet<String> =
        models.iter().map(|model| model["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names.len(), models.len(), "a name stands twice: {body}");
    names
}

/// Whether a call of this name gets as far as a target.
async fn is_accepted(client: &TestClient, name: &str) -> bool {
    let answer = client
        .chat(json!({"model": name, "max_tokens": 2, "messages": [{"role": "user", "content": "hi"}]}))
        .await;
    match answer.status {
        // The flaky model fails on purpose: it was tried.
        200 | 429 | 502 | 504 => true,
        400 | 403 | 404 | 503 => false,
        status => panic_of(status, &answer.text),
    }
}

#[expect(clippy::panic, reason = "a status that no call may have")]
fn panic_of(status: u16, text: &str) -> ! {
    panic!("{status}: {text}")
}

async fn agrees(client: &TestClient, who: &str) -> BTreeSet<String> {
    let listed = listed(client).await;
    let check = async |name| {
        let accepted = is_accepted(client, name).await;
        assert_eq!(listed.contains(name), accepted, "{who}: `{name}` (listed, accepted)");
        let one = client.get(&format!("/v1/models/{name}")).await;
        assert_eq!(one.status, if accepted { 200 } else { 404 }, "{who}: GET of `{name}`: {}", one.text);
    };
    join_all(NAMES.map(check)).await;
    assert!(listed.iter().all(|name| NAMES.contains(&name.as_str())), "{who}: {listed:?}");
    listed
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

async fn a_key_is_listed_exactly_what_it_may_call(database: Database) {
    let app = start(database, GatewayAuth::Required).await;
    let all = agrees(&app.client_with_key("all").await, "all").await;
    for name in ["pair", "upstream/m1", "sim/swift"] {
        assert!(all.contains(name), "{all:?}");
    }
    for (models, expected) in [
        (vec!["pair"], names(&["pair"])),
        (vec!["upstream/m1"], names(&["upstream/m1"])),
        (vec!["upstream/*"], names(&["upstream/gpt-sim", "upstream/m1", "upstream/m2"])),
        (vec!["off", "bare/*", "disabled/*", "sim/echo"], names(&["sim/echo"])),
        (vec!["nobody"], names(&[])),
    ] {
        let who = models.join(" ").replace(['/', '*', ' '], "-");
        let list = Some(models.into_iter().map(str::to_owned).collect());
        let client = app.client_with(&who, Limits::NONE, list).await;
        assert_eq!(agrees(&client, &who).await, expected, "{who}");
    }
}

async fn the_demo_key_is_listed_simulated_models_only(database: Database) {
    let app = start(database, GatewayAuth::Required).await;
    let listed = agrees(&app.client("sy-demo"), "demo").await;
    assert!(listed.contains("demo") && listed.contains("sim/swift"), "{listed:?}");
    assert!(listed.iter().all(|name| name == "demo" || name.starts_with("sim/")), "{listed:?}");
}

async fn nobody_in_particular_is_listed_everything_where_the_door_is_open(database: Database) {
    let app = start(database, GatewayAuth::Off).await;
    let listed = agrees(&app.anonymous(), "anonymous").await;
    assert!(listed.contains("pair") && listed.contains("upstream/m1"));
}

async fn a_model_that_a_key_may_not_call_is_403_and_names_what_it_may(database: Database) {
    let app = start(database, GatewayAuth::Required).await;
    let client = app.client_with("narrow", Limits::NONE, Some(vec!["pair".to_owned()])).await;
    assert_eq!(client.ask("pair", "hi").await.status, 200);
    app.simulator().take_calls();
    for model in ["upstream/m1", "m1", "sim/swift"] {
        for door in ["/v1/chat/completions", "/chat/completions"] {
            let body = json!({"model": model, "messages": [{"role": "user", "content": "hi"}]});
            let answer = client.post(door, body.to_string()).await;
            assert_eq!(
                (answer.status, answer.error_code().as_str()),
                (403, "model_not_allowed"),
                "{model} {door}"
            );
            assert!(answer.text.contains("pair"), "{}", answer.text);
        }
    }
    assert!(app.simulator().calls().is_empty());
}
