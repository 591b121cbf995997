//! What is said twice in one request: members of a body, credentials; and a request that counts once.

use crate::browser::Browser;
use crate::scene::{ADMIN, bearer, builder, on_both_databases, open_settings};
use serde_json::json;
use std::time::Duration;
use switchyard::orchestrator::accounts::{AccountSettings, Rates};
use switchyard::ports::throttle::Rate;
use switchyard_harness::TestApp;

on_both_databases! {
    two_members_of_one_name_are_refused_however_deep_they_stand,
    two_credentials_are_refused_also_where_none_is_needed,
}

async fn two_members_of_one_name_are_refused_however_deep_they_stand(app: TestApp) {
    let admin = app.client(&bearer(&app, ADMIN).await);
    let target = r#"[{"provider":"upstream","model":"gpt-sim"}]"#;
    for (path, body) in [
        ("/api/v1/routes", format!(r#"{{"name":"r","targets":{target},"config":{{"a":1,"a":2}}}}"#)),
        (
            "/api/v1/routes",
            format!(r#"{{"name":"r","targets":{target},"config":{{"a":{{"b":1,"\u0062":2}}}}}}"#),
        ),
        (
            "/api/model-routes",
            r#"{"name":"r","mode":"auto","nodes":[],"config":{"a":[{"b":1,"b":2}]}}"#.to_owned(),
        ),
        (
            "/api/external/post",
            r#"{"url":"https://example.com/","use_json":true,"payload":{"amount":1,"amount":2}}"#.to_owned(),
        ),
        (
            "/api/v1/explain",
            r#"{"body":{"model":"upstream/gpt-sim","messages":[]},"headers":{"x-a":"1","x-a":"2"}}"#
                .to_owned(),
        ),
    ] {
        let answer = admin.post(path, body.clone()).await;
        assert!([400, 422].contains(&answer.status), "{path} {body}: {} {}", answer.status, answer.text);
        let is_told = answer.text.contains("duplicate") || answer.text.contains("this stands there twice");
        assert!(is_told, "{path} {body}: {}", answer.text);
    }
    let deep = format!("{}1{}", "[".repeat(2_000), "]".repeat(2_000));
    let body = format!(r#"{{"url":"https://example.com/","use_json":true,"payload":{deep}}}"#);
    let answer = admin.post("/api/external/post", body).await;
    assert!([400, 422].contains(&answer.status), "{} {}", answer.status, answer.text);
    assert!(
        admin.get("/api/v1/routes?limit=100").await.json()["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["name"] != "r")
    );
}

async fn two_credentials_are_refused_also_where_none_is_needed(app: TestApp) {
    let key = app.client_with_key("ci").await;
    let (own, other) = (format!("Bearer {}", key.key()), "Bearer sy-another");
    let body = json!({"virtualKey": key.key(), "openaiKey": "sk-saved-0123456789"});
    for headers in [
        [("authorization", own.as_str()), ("authorization", other)],
        [("authorization", own.as_str()), ("x-api-key", "another")],
    ] {
        let saved = app.anonymous().post_with("/api/save-keys", &headers, body.to_string()).await;
        assert_eq!(saved.status, 401, "{headers:?}: {}", saved.text);
        let mut browser = Browser::signed_in(&app, ADMIN).await;
        let left = browser.send("POST", "/api/v1/auth/logout", &headers, None).await;
        assert_eq!((left.status, browser.jar.len()), (401, 4), "{headers:?}: {}", left.text);
    }
    let saved =
        app.anonymous().post_with("/api/save-keys", &[("authorization", &own)], body.to_string()).await;
    assert_eq!(saved.status, 200, "the same one twice: {}", saved.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_with_a_token_that_runs_no_more_counts_once() {
    let few = Rate { count: 3, window: Duration::from_secs(60) };
    let rates = Rates { session: few, ..open_settings().rates };
    let app = builder().accounts(AccountSettings { rates, ..open_settings() }).start().await;
    for status in [200, 200, 200, 429] {
        let answer = app.client("garbage").post("/api/v1/auth/logout", "").await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
}
