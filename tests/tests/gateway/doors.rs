//! Who may call which address, under each setting of the operator's.

use serde_json::json;
use switchyard_domain::limits::Limits;
use switchyard_harness::{GatewayAuth, TestApp, TestClient};

const V1: &str = "/v1/chat/completions";
const BARE: &str = "/chat/completions";

async fn start(auth: GatewayAuth) -> TestApp {
    TestApp::builder().server(|config| config.gateway_auth = auth).start().await
}

async fn status(client: &TestClient, door: &str) -> u16 {
    let body = json!({"model": "upstream/gpt-sim", "messages": [{"role": "user", "content": "hi"}]});
    client.post(door, body.to_string()).await.status
}

#[tokio::test]
async fn by_default_every_call_needs_a_key() {
    let app = start(GatewayAuth::Required).await;
    let key = app.client_with_key("ci").await;
    for (client, expected) in [(app.anonymous(), 401), (app.client("sk-sample"), 401), (key, 200)] {
        for door in [V1, BARE] {
            assert_eq!(status(&client, door).await, expected, "{door}");
        }
        assert_eq!(client.get("/v1/models").await.status, expected);
        assert_eq!(client.get("/v1/models/upstream/gpt-sim").await.status, expected);
    }
    let answer = app.anonymous().get("/v1/models").await;
    assert_eq!(answer.error_code(), "invalid_api_key");
    assert!(answer.text.contains("SWITCHYARD_GATEWAY_AUTH"), "{}", answer.text);
}

#[tokio::test]
async fn where_keys_are_optional_none_is_good_and_a_wrong_one_is_not() {
    let app = start(GatewayAuth::Optional).await;
    let key = app.client_with_key("ci").await;
    for (client, v1, bare) in
        [(app.anonymous(), 200, 401), (app.client("sk-sample"), 401, 401), (key, 200, 200)]
    {
        assert_eq!((status(&client, V1).await, status(&client, BARE).await), (v1, bare));
        assert_eq!(client.get("/v1/models").await.status, v1);
    }
}

#[tokio::test]
async fn where_keys_are_off_any_is_good_and_a_valid_one_keeps_its_limits_and_its_bill() {
    let app = start(GatewayAuth::Off).await;
    for client in [app.anonymous(), app.client("sk-sample")] {
        assert_eq!((status(&client, V1).await, status(&client, BARE).await), (200, 401));
    }
    let client = app.client_with("ci", Limits { rpm: Some(1), ..Limits::NONE }, None).await;
    let answer = client.ask("upstream/gpt-sim", "hi").await;
    assert_eq!(answer.status, 200);
    assert!(app.events_of(answer.request_id()).await[0].key.is_some());
    assert_eq!(client.ask("upstream/gpt-sim", "hi").await.status, 429);
    let answer = app.anonymous().ask("upstream/gpt-sim", "hi").await;
    assert_eq!(app.events_of(answer.request_id()).await[0].key, None);
}

#[tokio::test]
async fn each_dialects_header_carries_the_key_and_two_that_differ_are_none() {
    let app = start(GatewayAuth::Required).await;
    let key = app.client_with_key("ci").await.key().to_owned();
    for header in ["x-api-key", "x-goog-api-key", "api-key"] {
        let request = app.anonymous().request("GET", "/v1/models").header(header, &key);
        assert_eq!(request.send().await.unwrap().status(), 200, "{header}");
    }
    let other = app.client_with_key("other").await;
    let both = other.request("GET", "/v1/models").header("x-api-key", &key);
    assert_eq!(both.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn an_unknown_model_is_404_at_one_address_and_400_at_the_other() {
    let app = start(GatewayAuth::Required).await;
    let client = app.client_with_key("ci").await;
    let body = json!({"model": "nobody", "messages": [{"role": "user", "content": "hi"}]}).to_string();
    for (door, status) in [(V1, 404), (BARE, 400)] {
        let answer = client.post(door, body.clone()).await;
        assert_eq!((answer.status, answer.error_code().as_str()), (status, "model_not_found"));
    }
}
