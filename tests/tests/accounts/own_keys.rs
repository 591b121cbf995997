//! People's own keys at providers.

use crate::scene::{ADMIN, bearer, builder, patch, register, send, start};
use serde_json::{Value, json};
use switchyard::ports::repositories::ProviderPatch;
use switchyard::{Name, Store};
use switchyard_domain::audit::AuditFilter;
use switchyard_domain::meta::Writer;
use switchyard_harness::{TestApp, TestClient};
use switchyard_testkit::postgres::PrivatePostgres;
use switchyard_testkit::simulator::Script;

const KEYS: &str = "/api/v1/keys";
const SECRET: &str = "sk-canary-0123456789abcdef";

/// A server over each database.
async fn servers() -> Vec<TestApp> {
    let mut servers = vec![start().await];
    if let Some(postgres) = PrivatePostgres::shared() {
        let store = Store::Postgres(postgres.create_database().into());
        servers.push(builder().store(store).start().await);
    }
    servers
}

async fn member(app: &TestApp, name: &str) -> TestClient {
    register(app, name).await;
    app.client(&bearer(app, name).await)
}

async fn put(client: &TestClient, body: Value) -> u16 {
    client.post(KEYS, body.to_string()).await.status
}

async fn names(client: &TestClient) -> Vec<String> {
    let answer = client.get(KEYS).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(!answer.text.contains("canary"), "{}", answer.text);
    let answer = answer.json();
    let keys = answer["keys"].as_array().unwrap();
    assert!(keys.iter().all(|key| key["override_system_key"] == true && key.as_object().unwrap().len() == 2));
    keys.iter().map(|key| key["provider"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_stored_for_its_owner_alone_listed_by_name_and_forgotten() {
    for app in servers().await {
        let (ana, bob) = (member(&app, "ana").await, member(&app, "bob").await);
        let given = json!({"openai": format!("  {SECRET}\n"), "mistral": SECRET, "grok": SECRET, "openai_override": false});
        let answer = ana.post(KEYS, given.to_string()).await;
        assert_eq!(
            (answer.status, answer.json()),
            (200, json!({"message": "API keys updated successfully"}))
        );
        assert_eq!(names(&ana).await, ["openai", "mistral", "grok"]);
        assert!(names(&bob).await.is_empty());
        assert_eq!(put(&ana, json!({"openai": "", "mistral": "  "})).await, 200);
        assert_eq!(
            names(&ana).await,
            ["openai", "mistral", "grok"],
            "an empty one leaves the stored one alone"
        );
        let forget = async |client: &TestClient, name: &str| {
            send(client.request("DELETE", &format!("{KEYS}/{name}"))).await.status
        };
        assert_eq!(forget(&bob, "openai").await, 404, "another's key is none");
        assert_eq!(forget(&ana, "openai").await, 204);
        assert_eq!(forget(&ana, "openai").await, 404);
        assert_eq!(forget(&ana, "nobody").await, 404);
        assert_eq!(names(&ana).await, ["mistral", "grok"]);
        let entries =
            app.embedded().administration().audit().page(AuditFilter::default(), None, 100).await.unwrap();
        assert!(
            entries.iter().any(|entry| entry.actor == "ana" && entry.object.contains("credential")),
            "{entries:?}"
        );
        assert!(!format!("{entries:?}").contains("canary"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_one_of_several_is_wrong_nothing_is_stored() {
    for app in servers().await {
        let ana = member(&app, "ana").await;
        for (field, value) in [
            ("nobody", json!(SECRET)),
            ("user_id", json!(1)),
            ("nobody_override", json!(true)),
            ("anthropic", json!("a\r\nb")),
            ("anthropic", json!("a\u{0}b")),
            ("anthropic", json!("schl\u{fc}ssel")),
            ("anthropic", json!("k".repeat(8193))),
            ("anthropic", json!({})),
            ("anthropic", json!(true)),
            ("anthropic", json!(null)),
            ("anthropic", json!(7)),
        ] {
            let answer = ana.post(KEYS, json!({"openai": SECRET, field: value}).to_string()).await;
            assert_eq!(
                (answer.status, &answer.json()["error"]),
                (422, &json!("validation_error")),
                "{field}"
            );
            assert!(
                answer.json()["details"][field.trim_end_matches("_override")].is_array(),
                "{}",
                answer.text
            );
            assert!(!answer.text.contains("canary"), "{}", answer.text);
        }
        let twice = ana.post(KEYS, format!(r#"{{"openai":"{SECRET}","openai":"other"}}"#)).await;
        assert_eq!(twice.status, 422, "{}", twice.text);
        assert!(names(&ana).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_there_is_a_shared_key_is_told_to_everybody_and_nothing_else() {
    for app in servers().await {
        let shown = async || app.anonymous().get("/api/v1/keys/system-keys").await.json();
        let none =
            json!({"system_keys": {"openai": false, "anthropic": false, "gemini": false, "mistral": false}});
        assert_eq!(shown().await, none);
        let ana = member(&app, "ana").await;
        assert_eq!(put(&ana, json!({"gemini": SECRET})).await, 200);
        assert_eq!(shown().await, none, "a key of one's own is not shared");
        let openai = app.embedded().providers().find(&Name::new("openai").unwrap()).await.unwrap();
        let nothing = ProviderPatch::default();
        app.embedded()
            .providers()
            .update(&openai, nothing, Some(&SECRET.into()), &Writer::API)
            .await
            .unwrap();
        let mut one = none;
        one["system_keys"]["openai"] = json!(true);
        assert_eq!(shown().await, one, "an administrator stored one");
        assert_eq!(app.anonymous().get(KEYS).await.status, 401);
        assert_eq!(put(&app.anonymous(), json!({})).await, 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_somebody_uses_their_key_until_they_are_switched_off() {
    let app = start().await;
    let id = register(&app, "ana").await["user"]["id"].as_i64().unwrap();
    let ana = app.client(&bearer(&app, "ana").await);
    assert_eq!(put(&ana, json!({"upstream": format!(" \t{SECRET}\n")})).await, 200);
    assert_eq!(ana.ask("upstream/gpt-sim", "hi").await.status, 200);
    let calls = app.simulator().take_calls();
    let sent = calls.last().unwrap().header("authorization");
    assert_eq!(sent, Some(format!("Bearer {SECRET}").as_str()), "the call carries their key, trimmed");
    assert_eq!(patch(&app, id, json!({"is_active": false})).await.status, 200);
    assert_eq!(ana.ask("upstream/gpt-sim", "hi").await.status, 401);
    assert_eq!(ana.get(KEYS).await.status, 401);
    assert!(app.simulator().take_calls().is_empty(), "nobody's key outlives them");
    let admin = app.client(&bearer(&app, ADMIN).await);
    assert_eq!(admin.ask("upstream/gpt-sim", "hi").await.status, 200);
    assert!(!format!("{:?}", app.simulator().take_calls()).contains("canary"), "nor is it anybody else's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_ones_own_is_tried_on_request_and_never_shown() {
    for app in servers().await {
        let (ana, bob) = (member(&app, "ana").await, member(&app, "bob").await);
        let test = async |client: &TestClient, provider: &str| {
            send(client.request("POST", &format!("{KEYS}/{provider}/test"))).await
        };
        assert_eq!(put(&ana, json!({"upstream": "sk-simulated-0123456789"})).await, 200);
        let works = test(&ana, "upstream").await;
        assert_eq!(works.status, 200, "{}", works.text);
        assert!(works.json()["models"].as_u64().unwrap() > 0 && works.json()["provider"] == "upstream");
        assert_eq!(put(&ana, json!({"upstream": SECRET})).await, 200, "what can't work is stored");
        app.simulator().script("/v1/models", Script::of("status=401"));
        let fails = test(&ana, "upstream").await;
        assert_eq!((fails.status, &fails.json()["error"]), (502, &json!("provider_error")), "{}", fails.text);
        assert!(!fails.text.contains("canary"), "{}", fails.text);
        app.simulator().script("/v1/models", Script::of("status=500"));
        let broken = test(&ana, "upstream").await;
        assert_eq!(
            (broken.status, &broken.json()["error"]),
            (502, &json!("provider_error")),
            "{}",
            broken.text
        );
        assert_eq!((test(&bob, "upstream").await.status, test(&ana, "nowhere").await.status), (404, 404));
        assert_eq!(test(&app.anonymous(), "upstream").await.status, 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_does_not_answer_a_trial_in_time_is_told_apart_from_one_that_fails() {
    let app = start().await;
    let ana = member(&app, "ana").await;
    assert_eq!(put(&ana, json!({"upstream": SECRET})).await, 200);
    app.simulator().script("/v1/models", Script::of("latency_ms=60000"));
    let late = send(ana.request("POST", &format!("{KEYS}/upstream/test"))).await;
    assert_eq!((late.status, &late.json()["error"]), (504, &json!("provider_timeout")), "{}", late.text);
    assert!(!late.text.contains("canary"), "{}", late.text);
}
