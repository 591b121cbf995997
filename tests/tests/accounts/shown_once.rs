//! Secrets that are shown once, under an `Idempotency-Key`.

use crate::scene::{ADMIN, bearer, on_both_databases, register};
use serde_json::{Value, json};
use switchyard_harness::{Answer, TestApp, TestClient};

on_both_databases! {
    a_named_request_makes_one_key_and_shows_it_to_the_first_only,
    a_named_request_makes_one_link_and_shows_it_to_the_first_only,
}

async fn named(client: &TestClient, path: &str, name: &str, body: Option<Value>) -> Answer {
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    client.post_with(path, &[("idempotency-key", name)], body).await
}

/// Asks twice; the first answer, once it is certain that the second one shows nothing of it.
async fn twice(client: &TestClient, path: &str, body: Option<Value>, secret: &str) -> Value {
    let first = named(client, path, path, body.clone()).await;
    assert!([200, 201].contains(&first.status), "{path}: {}", first.text);
    let text = first.json()[secret].as_str().unwrap().to_owned();
    let second = named(client, path, path, body.clone()).await;
    assert_eq!(
        (second.status, &second.json()["error"]),
        (409, &json!("conflict")),
        "{path}: {}",
        second.text
    );
    assert!(!second.text.contains(&text) && second.header("idempotent-replayed").is_empty());
    assert!(second.json()["message"].as_str().unwrap().contains("secret"), "{}", second.text);
    first.json()
}

async fn a_named_request_makes_one_key_and_shows_it_to_the_first_only(app: TestApp) {
    let admin = app.client(&bearer(&app, ADMIN).await);
    let made = twice(&admin, "/api/v1/virtual-keys", Some(json!({"name": "ci"})), "key").await;
    let keys = admin.get("/api/v1/virtual-keys").await.json();
    assert_eq!(keys["items"].as_array().unwrap().len(), 1, "{keys}");
    let rotate = format!("/api/v1/virtual-keys/{}/rotate", made["id"]);
    let rotated = twice(&admin, &rotate, Some(json!({"overlap_seconds": 0})), "key").await;
    let present = app.client(rotated["key"].as_str().unwrap());
    assert_eq!(present.get("/v1/models").await.status, 200, "it was rotated once");
}

async fn a_named_request_makes_one_link_and_shows_it_to_the_first_only(app: TestApp) {
    let id = register(&app, "ana").await["user"]["id"].as_i64().unwrap();
    let admin = app.client(&bearer(&app, ADMIN).await);
    let link = twice(&admin, &format!("/api/v1/users/{id}/password-reset"), None, "token").await;
    let body = json!({"token": link["token"], "password": "Another-Otter-7"}).to_string();
    assert_eq!(app.anonymous().post("/api/v1/auth/setup", body).await.status, 200, "the first one opens");
}
