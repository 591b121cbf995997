//! The words of the canonical API's errors, and how often a source may try what needs no credential.

use crate::scene::{ADMIN, JsonBody, bearer, builder, on_both_databases, open_settings, register, send};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use switchyard::orchestrator::accounts::{AccountSettings, Rates};
use switchyard_harness::testkit::clock::ManualClock;
use switchyard_harness::{PASSWORD, TestApp};

on_both_databases! {
    every_word_of_an_error_comes_with_its_status,
}

async fn every_word_of_an_error_comes_with_its_status(app: TestApp) {
    register(&app, "ana").await;
    let (nobody, member) = (app.anonymous(), app.client(&bearer(&app, "ana").await));
    let (admin, garbage) = (app.client(&bearer(&app, ADMIN).await), app.client("a.b.c"));
    let post = |client: &switchyard_harness::TestClient, body: &str, kind: &str| {
        let request = client.request("POST", "/api/v1/auth/login");
        send(request.header("content-type", kind.to_owned()).body(body.to_owned()))
    };
    let answers = [
        ("bad_request", 400, post(&nobody, "{", "application/json").await),
        ("authentication_error", 401, nobody.get("/api/v1/auth/me").await),
        ("invalid_token", 401, garbage.get("/api/v1/auth/me").await),
        ("authorization_error", 403, member.get("/api/v1/users").await),
        ("not_found", 404, admin.get("/api/v1/users/987654").await),
        ("not_found", 404, nobody.get("/api/v1/nothing").await),
        ("method_not_allowed", 405, send(nobody.request("DELETE", "/api/v1/auth/login")).await),
        ("unsupported_media_type", 415, post(&nobody, "username=x", "text/plain").await),
        ("validation_error", 422, post(&nobody, "{}", "application/json").await),
    ];
    for (word, status, answer) in answers {
        let said = answer.json();
        assert_eq!((answer.status, &said["error"]), (status, &json!(word)), "{}", answer.text);
        assert!(said["message"].as_str().is_some_and(|message| !message.is_empty()), "{said}");
        assert_eq!(said["request_id"], answer.request_id(), "{said}");
        if word == "validation_error" {
            let details = said["details"].as_object().unwrap();
            assert!(details.values().all(|said| said[0].is_string()), "each field has a list: {said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ran_out_is_told_apart_from_one_that_is_none() {
    let clock = Arc::new(ManualClock::default());
    let app = builder().clock(clock.clone()).start().await;
    let client = app.client(&bearer(&app, ADMIN).await);
    assert_eq!(client.get("/api/v1/auth/me").await.status, 200);
    clock.advance(Duration::from_secs(16 * 60));
    let answer = client.get("/api/v1/auth/me").await;
    assert_eq!((answer.status, &answer.json()["error"]), (401, &json!("token_expired")), "{}", answer.text);
    let profile = client.get("/api/profile").await;
    assert_eq!(profile.status, 401, "{}", profile.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_has_so_many_tries_a_minute_at_each_kind_of_call_and_is_then_told_to_wait() {
    for (path, body, most) in [
        ("/api/v1/auth/register", json!({"username": "", "password": PASSWORD}), 5),
        ("/api/v1/auth/login", json!({"username": "", "password": PASSWORD}), 10),
        ("/api/v1/auth/refresh", json!({}), 20),
        ("/api/v1/auth/logout", json!({}), 20),
    ] {
        let settings = AccountSettings { rates: Rates::default(), ..open_settings() };
        let app = builder().accounts(settings).start().await;
        let client = app.anonymous();
        let (mut body, mut passed) = (body, 0);
        let refused = loop {
            if let Some(name) = body.get_mut("username") {
                *name = json!(format!("somebody{passed}"));
            }
            // A try is one with something in it: whoever sends no token tries none.
            let request = client.request("POST", path).header("cookie", "refresh_token_cookie=a.b.c");
            let answer = send(request.json_body(&body)).await;
            if answer.status == 429 {
                break answer;
            }
            passed += 1;
            assert!(passed <= most, "{path} is not limited");
        };
        assert_eq!(passed, most, "{path}");
        assert_eq!(refused.json()["error"], "too_many_requests", "{}", refused.text);
        let wait: u64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&wait), "{path}: {wait}");
    }
}
