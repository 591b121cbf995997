//! Refusals of documented calls say what to do. Those that a scene of calls shows stand there.

use crate::scene::{Scene, Setting};
use serde_json::json;
use switchyard::Store;
use switchyard::orchestrator::admin::ProviderRequest;
use switchyard::{Name, orchestrator::error::AdminError};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_call_without_a_key_of_ours_names_the_setting_that_admits_it() {
    let scene = Scene::start(Setting::Secure, Store::SqliteMemory).await;
    for client in [scene.app.anonymous(), scene.app.client("dummy-key")] {
        let answer = client.ask("gpt-4", "hi").await;
        assert_eq!((answer.status, answer.error_code().as_str()), (401, "invalid_api_key"));
        for said in ["SWITCHYARD_GATEWAY_AUTH", "optional", "off", "switchyard keys create"] {
            assert!(answer.text.contains(said), "`{said}` in {}", answer.text);
        }
        let body = json!({"model": "gpt-4", "messages": [{"role": "user", "content": "hi"}]}).to_string();
        let bare = client.post("/chat/completions", body).await;
        assert_eq!(bare.status, 401);
        assert!(!bare.text.contains("GATEWAY_AUTH"), "it does not govern this address: {}", bare.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_keys_are_not_asked_for_the_other_address_still_asks_and_a_good_key_keeps_its_limits() {
    let scene = Scene::start(Setting::Open, Store::SqliteMemory).await;
    let client = scene.app.client("dummy-key");
    assert_eq!(client.ask("upstream/gpt-sim", "hi").await.status, 200);
    let body =
        json!({"model": "upstream/gpt-sim", "messages": [{"role": "user", "content": "hi"}]}).to_string();
    assert_eq!(client.post("/chat/completions", body.clone()).await.status, 401);
    let limited = scene.app.client_with("ci", Limits { rpm: Some(1), ..Limits::NONE }, None).await;
    assert_eq!(limited.ask("upstream/gpt-sim", "hi").await.status, 200);
    assert_eq!(limited.ask("upstream/gpt-sim", "hi").await.status, 429);
    assert_eq!(limited.post("/chat/completions", body).await.status, 429, "one count for both addresses");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_model_is_a_400_that_names_the_closest_ones_that_the_key_may_call() {
    let scene = Scene::start(Setting::Secure, Store::SqliteMemory).await;
    let of = async |name: &str, models: Option<Vec<String>>| {
        let client = scene.app.client_with(name, Limits::NONE, models).await;
        let body = json!({"model": "gpt-sym", "messages": [{"role": "user", "content": "hi"}]}).to_string();
        let answer = client.post("/chat/completions", body).await;
        assert_eq!(
            (answer.status, answer.error_code().as_str()),
            (400, "model_not_found"),
            "{}",
            answer.text
        );
        answer.json()["error"]["message"].as_str().unwrap().to_owned()
    };
    let said = of("all", None).await;
    assert!(said.contains("`upstream/gpt-sim`"), "{said}");
    let said = of("narrow", Some(vec!["gpt-4".to_owned()])).await;
    assert!(!said.contains("upstream/gpt-sim"), "a name that this key may not call: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_at_a_private_address_is_refused_with_the_address_and_the_setting() {
    let scene = Scene::start(Setting::Secure, Store::SqliteMemory).await;
    let request = ProviderRequest {
        name: Name::new("inside").unwrap(),
        vendor: "openai_compatible".to_owned(),
        base_url: Some("http://192.168.7.9/v1".to_owned()),
        api_key: None,
        models: Vec::new(),
        is_enabled: true,
    };
    let error = scene.app.embedded().providers().add(request, &Writer::API).await.unwrap_err();
    let AdminError::Invalid { message, param } = error else { panic!("{error:?}") };
    assert_eq!(param.as_deref(), Some("base_url"));
    assert!(message.contains("192.168.7.9") && message.contains("SWITCHYARD_EGRESS_ALLOW"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_makes_keys_without_saying_who_they_are_makes_few_in_a_minute() {
    let scene = Scene::start(Setting::Open, Store::SqliteMemory).await;
    let client = scene.app.anonymous();
    for number in 0..10 {
        assert_eq!(
            client.request("POST", "/api/generate-virtual-key").send().await.unwrap().status(),
            201,
            "{number}"
        );
    }
    let refused = client.post("/api/generate-virtual-key", "{}").await;
    assert_eq!(refused.status, 429, "{}", refused.text);
    assert!(!refused.header("retry-after").is_empty());
    let admin = scene.app.client(&scene.admin().await);
    assert_eq!(
        admin.post("/api/generate-virtual-key", "{}").await.status,
        201,
        "an administrator is not counted"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_names_keys_that_there_are_not_is_stopped_and_a_good_key_is_not() {
    let scene = Scene::start(Setting::Secure, Store::SqliteMemory).await;
    let key = scene.app.client_with_key("ci").await.key().to_owned();
    let client = scene.app.anonymous();
    let save = async |key: &str| {
        let body = json!({"virtualKey": key, "openaiKey": "sk-0123456789abcdef"}).to_string();
        client.post("/api/save-keys", body).await
    };
    for _ in 0..10 {
        assert_eq!(save("sy-nothing").await.status, 404);
    }
    let refused = save("sy-nothing").await;
    assert_eq!(refused.status, 429, "{}", refused.text);
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(save(&key).await.status, 200);
}
