//! What people see and change of themselves, and administrators of others.

use crate::browser::Browser;
use crate::scene::{ADMIN, JsonBody, bearer, log_in, on_both_databases, patch, register, send};
use serde_json::json;
use switchyard_harness::{PASSWORD, TestApp};

on_both_databases! {
    one_sees_and_ends_ones_own_sessions_and_nobody_elses,
    a_new_password_ends_all_other_sessions,
    administrators_list_read_and_change_people,
    the_last_administrator_stays_one,
    who_is_switched_off_is_out_at_once_everywhere,
    an_administrators_link_sets_a_forgotten_password_once,
    a_persons_bearer_calls_models_and_the_bare_address_wants_a_key,
}

async fn one_sees_and_ends_ones_own_sessions_and_nobody_elses(app: TestApp) {
    register(&app, "ana").await;
    let (here, elsewhere, others) =
        (bearer(&app, "ana").await, bearer(&app, "ana").await, bearer(&app, ADMIN).await);
    let (client, other) = (app.client(&here), app.client(&others));
    let items = client.get("/api/v1/sessions").await.json()["items"].as_array().unwrap().clone();
    assert_eq!(
        (items.len(), items.iter().filter(|item| item["is_current"] == true).count()),
        (3, 1),
        "{items:?}"
    );
    assert_eq!(items[0]["address"], "127.0.0.1");
    let ids: Vec<String> = items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
    let delete = async |client: &switchyard_harness::TestClient, id: &str| {
        send(client.request("DELETE", &format!("/api/v1/sessions/{id}"))).await
    };
    let (foreign, unknown) =
        (delete(&other, &ids[0]).await, delete(&other, "0192f0c1-0000-7000-8000-000000000000").await);
    assert_eq!((foreign.status, unknown.status), (404, 404));
    assert_eq!(foreign.json()["message"], unknown.json()["message"]);
    assert_eq!(delete(&client, "nonsense").await.status, 404);
    assert_eq!(app.client(&elsewhere).get("/api/v1/auth/me").await.status, 200);
    let others_of_mine = items.iter().filter(|item| item["is_current"] == false);
    for item in others_of_mine {
        assert_eq!(delete(&client, item["id"].as_str().unwrap()).await.status, 204);
    }
    assert_eq!(app.client(&elsewhere).get("/api/v1/auth/me").await.status, 401, "it ended at once");
    assert_eq!(client.get("/api/v1/auth/me").await.status, 200);
}

async fn a_new_password_ends_all_other_sessions(app: TestApp) {
    register(&app, "ana").await;
    let (here, elsewhere) = (bearer(&app, "ana").await, bearer(&app, "ana").await);
    let change = async |current: &str, new: &str| {
        let body = json!({"current_password": current, "new_password": new});
        app.client(&here).post("/api/v1/auth/password", body.to_string()).await
    };
    let wrong = change("wrong password", "Another-Otter-7").await;
    assert_eq!(
        (wrong.status, wrong.json()["details"]["current_password"].is_array()),
        (422, true),
        "{}",
        wrong.text
    );
    let weak = change(PASSWORD, "short").await;
    assert_eq!(
        (weak.status, weak.json()["details"]["new_password"].is_array()),
        (422, true),
        "{}",
        weak.text
    );
    assert_eq!(app.client(&elsewhere).get("/api/v1/auth/me").await.status, 200);
    assert_eq!(change(PASSWORD, "Another-Otter-7").await.status, 200);
    assert_eq!(app.client(&elsewhere).get("/api/v1/auth/me").await.status, 401);
    assert_eq!(app.client(&here).get("/api/v1/auth/me").await.status, 200);
    assert_eq!(log_in(&app, "ana", PASSWORD).await.status, 401);
    assert_eq!(log_in(&app, "ana", "Another-Otter-7").await.status, 200);
}

async fn administrators_list_read_and_change_people(app: TestApp) {
    for name in ["ana", "bob", "cyd"] {
        register(&app, name).await;
    }
    let admin = app.client(&bearer(&app, ADMIN).await);
    let first = admin.get("/api/v1/users?limit=3").await.json();
    let names: Vec<_> =
        first["items"].as_array().unwrap().iter().map(|user| user["username"].clone()).collect();
    assert_eq!(names, [ADMIN, "ana", "bob"]);
    let rest =
        admin.get(&format!("/api/v1/users?limit=3&after={}", first["next"].as_str().unwrap())).await.json();
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (1, &json!(null)));
    for query in ["limit=x", "limit=1&limit=2", "offset=1", "after=%00"] {
        assert_eq!(admin.get(&format!("/api/v1/users?{query}")).await.status, 422, "{query}");
    }
    let id = first["items"][1]["id"].as_i64().unwrap();
    let path = format!("/api/v1/users/{id}");
    let shown = admin.get(&path).await;
    assert_eq!((shown.status, shown.header("etag"), &shown.json()["role"]), (200, "\"1\"", &json!("member")));
    assert!(!shown.text.contains("hash") && !shown.text.contains("argon2"), "{}", shown.text);
    let body = json!({"role": "auditor", "limits": {"rpm": 3}, "email": null});
    let changed = send(admin.request("PATCH", &path).header("if-match", "\"1\"").json_body(&body)).await;
    let said = changed.json();
    assert_eq!(
        (changed.status, &said["role"], &said["limits"]["rpm"]),
        (200, &json!("auditor"), &json!(3)),
        "{said}"
    );
    assert_eq!(
        (&said["email"], &said["version"], &said["updated_by"]),
        (&json!(null), &json!(2), &json!(ADMIN))
    );
    let stale = send(admin.request("PATCH", &path).header("if-match", "\"1\"").json_body(&body)).await;
    assert_eq!((stale.status, stale.json()["error"].as_str()), (409, Some("conflict")));
    for bad in [
        json!({"role": "root"}),
        json!({"limits": {"rpm": 0}}),
        json!({"username": "x"}),
        json!({"version": 9}),
        json!({"email": "x"}),
    ] {
        let answer = send(admin.request("PATCH", &path).json_body(&bad)).await;
        assert_eq!(
            (answer.status, answer.json()["error"].as_str()),
            (422, Some("validation_error")),
            "{bad}"
        );
    }
    for path in
        ["/api/v1/users/999999", "/api/v1/users/x", "/api/v1/users/18446744073709551616", "/api/v1/users/-1"]
    {
        assert_eq!(admin.get(path).await.status, 404, "{path}");
    }
}

async fn the_last_administrator_stays_one(app: TestApp) {
    let ana = register(&app, "ana").await["user"]["id"].as_i64().unwrap();
    let admin = app.client(&bearer(&app, ADMIN).await);
    let id = admin.get("/api/v1/auth/me").await.json()["user"]["id"].as_i64().unwrap();
    for body in [json!({"role": "member"}), json!({"is_active": false})] {
        assert_eq!(patch(&app, id, body).await.status, 409);
    }
    assert_eq!(patch(&app, ana, json!({"role": "admin"})).await.status, 200);
    assert_eq!(patch(&app, id, json!({"role": "member"})).await.status, 200);
    assert_eq!(admin.get("/api/v1/users").await.status, 403, "the stored role decides, not the token's");
}

async fn who_is_switched_off_is_out_at_once_everywhere(app: TestApp) {
    let registered = register(&app, "ana").await;
    let id = registered["user"]["id"].as_i64().unwrap();
    let mut browser = Browser::signed_in(&app, "ana").await;
    let client = app.client(registered["access_token"].as_str().unwrap());
    assert_eq!(client.get("/v1/models").await.status, 200, "a person's bearer opens the gateway");
    assert_eq!(patch(&app, id, json!({"is_active": false})).await.status, 200);
    assert_eq!(client.get("/v1/models").await.status, 401);
    assert_eq!(client.get("/api/profile").await.status, 401);
    assert_eq!(browser.get("/api/v1/auth/me").await.status, 401);
    assert_eq!(browser.refresh().await.status, 401);
    assert_eq!(log_in(&app, "ana", PASSWORD).await.status, 401);
    assert_eq!(patch(&app, id, json!({"is_active": true})).await.status, 200);
    assert_eq!(client.get("/api/profile").await.status, 401, "a session that ended stays ended");
    assert_eq!(log_in(&app, "ana", PASSWORD).await.status, 200);
}

async fn an_administrators_link_sets_a_forgotten_password_once(app: TestApp) {
    let registered = register(&app, "ana").await;
    let id = registered["user"]["id"].as_i64().unwrap();
    let admin = app.client(&bearer(&app, ADMIN).await);
    let made = send(admin.request("POST", &format!("/api/v1/users/{id}/password-reset"))).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let access = registered["access_token"].as_str().unwrap();
    assert_eq!(
        app.client(access).get("/api/profile").await.status,
        401,
        "whoever has a session is out at once"
    );
    let follow = async |password: &str| {
        let body = json!({"token": made.json()["token"], "password": password});
        app.anonymous().post("/api/v1/auth/setup", body.to_string()).await
    };
    assert_eq!(follow("short").await.status, 422);
    let done = follow("Another-Otter-7").await;
    assert_eq!((done.status, &done.json()["user"]["username"]), (200, &json!("ana")), "{}", done.text);
    assert_eq!(follow("Third-Otter-7").await.status, 400, "once");
    assert_eq!(log_in(&app, "ana", "Another-Otter-7").await.status, 200);
    assert_eq!(send(admin.request("POST", "/api/v1/users/999999/password-reset")).await.status, 404);
}

async fn a_persons_bearer_calls_models_and_the_bare_address_wants_a_key(app: TestApp) {
    let client = app.client(register(&app, "ana").await["access_token"].as_str().unwrap());
    let answer = client.ask("upstream/gpt-sim", "hello").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let bare = client.post("/chat/completions", r#"{"model":"upstream/gpt-sim","messages":[]}"#).await;
    assert_eq!(bare.status, 401);
}
