//! Sessions in browsers.

use crate::browser::Browser;
use crate::scene::{ADMIN, bearer, log_in, on_both_databases, register, start};
use serde_json::json;
use std::collections::BTreeMap;
use switchyard_domain::audit::{AuditAction, AuditFilter};
use switchyard_harness::{PASSWORD, TestApp};

on_both_databases! {
    a_login_gives_four_cookies_and_they_sign_in,
    a_refresh_changes_both_tokens_and_the_old_one_ends_the_session,
    of_16_refreshes_with_one_token_one_wins_and_the_family_ends,
    a_logout_ends_the_saved_tokens_too,
    a_request_that_could_be_forged_changes_nothing,
    forged_refreshes_and_logouts_fill_no_log,
    two_credentials_that_differ_are_none,
}

async fn a_login_gives_four_cookies_and_they_sign_in(app: TestApp) {
    let mut browser = Browser::new(&app);
    assert_eq!(browser.get("/api/v1/auth/me").await.status, 401);
    let body = json!({"username": ADMIN, "password": PASSWORD});
    let answer = browser.send("POST", "/api/v1/auth/login", &[], Some(&body)).await;
    assert_eq!(
        (answer.json()["message"].as_str(), &answer.json()["user"]["username"]),
        (Some("Login successful"), &json!(ADMIN))
    );
    let set: Vec<_> =
        answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect();
    for (name, marks) in [
        ("access_token_cookie=", ["Path=/;", "HttpOnly", "SameSite=Strict", "Max-Age=900"]),
        ("refresh_token_cookie=", ["Path=/api/v1/auth;", "HttpOnly", "SameSite=Strict", "Max-Age=604800"]),
        ("csrf_access_token=", ["Path=/;", "Secure", "SameSite=Strict", "Max-Age=900"]),
        ("csrf_refresh_token=", ["Path=/;", "Secure", "SameSite=Strict", "Max-Age=604800"]),
    ] {
        let cookie = set.iter().find(|cookie| cookie.starts_with(name)).unwrap();
        assert!(marks.iter().all(|mark| cookie.contains(mark)) && cookie.contains("Secure"), "{cookie}");
        assert_eq!(cookie.contains("HttpOnly"), !name.starts_with("csrf"), "{cookie}");
    }
    let me = browser.get("/api/v1/auth/me").await;
    assert_eq!((me.status, &me.json()["user"]["username"]), (200, &json!(ADMIN)));
    assert_eq!(me.header("cache-control"), "no-store");
    assert_eq!(browser.get("/v1/models").await.status, 401, "a cookie is no key");
}

async fn a_refresh_changes_both_tokens_and_the_old_one_ends_the_session(app: TestApp) {
    let mut browser = Browser::signed_in(&app, ADMIN).await;
    let old = browser.jar.clone();
    let answer = browser.refresh().await;
    assert_eq!((answer.status, answer.json()), (200, json!({"message": "Token refreshed"})));
    assert_ne!(browser.jar["refresh_token_cookie"], old["refresh_token_cookie"]);
    assert_ne!(browser.jar["access_token_cookie"], old["access_token_cookie"]);
    assert_eq!(browser.get("/api/v1/auth/me").await.status, 200);
    let mut thief = Browser::new(&app);
    thief.jar = old;
    let replay = thief.refresh().await;
    assert_eq!(
        (replay.status, replay.json()["error"].as_str()),
        (401, Some("invalid_token")),
        "{}",
        replay.text
    );
    assert_eq!(browser.get("/api/v1/auth/me").await.status, 401, "the family is dead");
    assert_eq!(browser.refresh().await.status, 401);
    assert_eq!(app.client(&browser.jar["access_token_cookie"]).get("/v1/models").await.status, 401);
}

async fn of_16_refreshes_with_one_token_one_wins_and_the_family_ends(app: TestApp) {
    let login = log_in(&app, ADMIN, PASSWORD).await.json();
    let body = json!({"refresh_token": login["refresh_token"]}).to_string();
    let attempts = (0..16).map(|_| {
        let (client, body) = (app.anonymous(), body.clone());
        async move { client.post("/api/auth/refresh", body).await }
    });
    let answers = futures_util::future::join_all(attempts).await;
    let mut statuses = BTreeMap::new();
    answers.iter().for_each(|answer| *statuses.entry(answer.status).or_insert(0) += 1);
    println!("of {} refreshes at once {} won", answers.len(), statuses.get(&200).unwrap_or(&0));
    assert_eq!(statuses, BTreeMap::from([(200, 1), (401, 15)]));
    let winner = answers.iter().find(|answer| answer.status == 200).unwrap().json();
    let access = winner["access_token"].as_str().unwrap();
    assert_eq!(app.client(access).get("/api/profile").await.status, 401, "no grace");
    let body = json!({"refresh_token": winner["refresh_token"]}).to_string();
    assert_eq!(app.anonymous().post("/api/auth/refresh", body).await.status, 401);
}

async fn a_logout_ends_the_saved_tokens_too(app: TestApp) {
    let mut browser = Browser::signed_in(&app, ADMIN).await;
    let saved = browser.jar.clone();
    let without = browser.send("POST", "/api/v1/auth/logout", &[], None).await;
    assert_eq!((without.status, without.json()["error"].as_str()), (403, Some("csrf_failed")));
    assert_eq!(browser.get("/api/v1/auth/me").await.status, 200);
    let answer = browser.log_out().await;
    assert_eq!((answer.status, answer.json(), browser.jar.len()), (200, json!({"message": "Logged out"}), 0));
    assert_eq!(browser.log_out().await.status, 200, "twice");
    browser.jar = saved.clone();
    assert_eq!(browser.get("/api/v1/auth/me").await.status, 401);
    assert_eq!(browser.refresh().await.status, 401);
    assert_eq!(app.client(&saved["access_token_cookie"]).get("/api/v1/auth/me").await.status, 401);
    browser.jar = saved;
    assert_eq!(browser.send("POST", "/api/v1/auth/logout", &[], None).await.status, 200, "it runs no more");
}

async fn forged_refreshes_and_logouts_fill_no_log(app: TestApp) {
    let mut browser = Browser::signed_in(&app, ADMIN).await;
    let mut ended = Browser::signed_in(&app, ADMIN).await;
    let saved = ended.jar.clone();
    assert_eq!(ended.log_out().await.status, 200);
    ended.jar = saved;
    let written_down = async |object: &str| {
        let filter = AuditFilter { action: Some(AuditAction::Access), ..AuditFilter::default() };
        let entries = app.embedded().administration().audit().page(filter, None, 100).await.unwrap();
        entries.iter().filter(|entry| entry.object == object).count()
    };
    let refresh = "/api/v1/auth/refresh";
    for turn in 0..4 {
        assert_eq!(ended.send("POST", refresh, &[], None).await.status, 403, "{turn}");
    }
    assert_eq!(written_down("POST /api/v1/auth/refresh").await, 0, "of a session that has ended");
    for path in [refresh, "/api/v1/auth/logout"] {
        for turn in 0..8 {
            assert_eq!(browser.send("POST", path, &[], None).await.status, 403, "{turn}");
        }
    }
    assert_eq!(written_down("POST /api/v1/auth/refresh").await, 3);
    assert_eq!(written_down("POST /api/v1/auth/logout").await, 3);
}

async fn a_request_that_could_be_forged_changes_nothing(app: TestApp) {
    let mut browser = Browser::signed_in(&app, ADMIN).await;
    let other = Browser::signed_in(&app, ADMIN).await;
    let id = register(&app, "ana").await["user"]["id"].as_i64().unwrap();
    let own = browser.jar["csrf_access_token"].clone();
    let host = app.url();
    let refresh_value = browser.jar["csrf_refresh_token"].clone();
    let foreign = other.jar["csrf_access_token"].clone();
    let forged: Vec<Vec<(&str, &str)>> = vec![
        vec![],
        vec![("x-csrf-token", "")],
        vec![("x-csrf-token", "wrong")],
        vec![("x-csrf-token", &foreign)],
        vec![("x-csrf-token", &refresh_value)],
        vec![("x-csrf-token", &own), ("x-csrf-token", &own)],
        vec![("x-csrf-token", &own), ("origin", "https://evil.example")],
        vec![("x-csrf-token", &own), ("origin", "null")],
        vec![("x-csrf-token", &own), ("sec-fetch-site", "cross-site")],
        vec![("x-csrf-token", &own), ("sec-fetch-site", "same-site")],
    ];
    for (method, path, body) in [
        ("PATCH", format!("/api/v1/users/{id}"), Some(json!({"role": "admin"}))),
        ("POST", format!("/api/v1/users/{id}/password-reset"), None),
        (
            "POST",
            "/api/v1/auth/password".to_owned(),
            Some(json!({"current_password": PASSWORD, "new_password": "Another-Otter-7"})),
        ),
        ("DELETE", "/api/v1/sessions".to_owned(), None),
    ] {
        for headers in &forged {
            let answer = browser.send(method, &path, headers, body.as_ref()).await;
            assert_eq!(
                (answer.status, answer.json()["error"].as_str()),
                (403, Some("csrf_failed")),
                "{method} {path} {headers:?}"
            );
            assert!(answer.text.contains("X-CSRF-Token"), "{}", answer.text);
        }
    }
    for path in ["/api/v1/auth/refresh", "/api/v1/auth/logout"] {
        let answer = browser.send("POST", path, &[("x-csrf-token", "wrong")], None).await;
        assert_eq!(
            (answer.status, answer.json()["error"].as_str()),
            (403, Some("csrf_failed")),
            "{}",
            answer.text
        );
    }
    let filter = AuditFilter { action: Some(AuditAction::Access), ..AuditFilter::default() };
    let entries = app.embedded().administration().audit().page(filter, None, 100).await.unwrap();
    let written_down = |object: &str| {
        let of = entries.iter().filter(|entry| entry.object == object);
        of.filter(|entry| {
            entry.actor == ADMIN && entry.outcome == "refused" && entry.details.contains("csrf")
        })
        .count()
    };
    for object in [
        "PATCH /api/v1/users/{id}",
        "POST /api/v1/users/{id}/password-reset",
        "POST /api/v1/auth/password",
        "DELETE /api/v1/sessions",
    ] {
        // The first few of a minute are written down; nobody fills the log by being refused.
        assert_eq!(written_down(object), 3, "{object}: {entries:?}");
    }
    for object in ["POST /api/v1/auth/refresh", "POST /api/v1/auth/logout"] {
        assert_eq!(written_down(object), 1, "{object}: {entries:?}");
    }
    // A planted pair proves nothing: the value is not double submitted but derived.
    browser.jar.insert("csrf_access_token".to_owned(), "planted".to_owned());
    let path = format!("/api/v1/users/{id}");
    assert_eq!(
        browser
            .send("PATCH", &path, &[("x-csrf-token", "planted")], Some(&json!({"role": "admin"})))
            .await
            .status,
        403
    );
    let headers =
        [("x-csrf-token", own.as_str()), ("origin", host.as_str()), ("sec-fetch-site", "same-origin")];
    let answer = browser.send("PATCH", &path, &headers, Some(&json!({"role": "auditor"}))).await;
    assert_eq!(
        (answer.status, &answer.json()["role"], &answer.json()["version"]),
        (200, &json!("auditor"), &json!(2))
    );
}

async fn two_credentials_that_differ_are_none(app: TestApp) {
    register(&app, "ana").await;
    let mut browser = Browser::signed_in(&app, ADMIN).await;
    let (own, anas) = (browser.jar["access_token_cookie"].clone(), bearer(&app, "ana").await);
    let key = app.client_with_key("ci").await;
    for token in [anas.as_str(), key.key(), "garbage"] {
        let header = format!("Bearer {token}");
        let answer = browser.send("GET", "/api/v1/auth/me", &[("authorization", &header)], None).await;
        assert_eq!(answer.status, 401, "{token}");
    }
    let header = format!("Bearer {own}");
    let same = browser.send("GET", "/api/v1/auth/me", &[("authorization", &header)], None).await;
    assert_eq!(same.status, 200);
    let two = [("authorization", header.as_str()), ("authorization", header.as_str())];
    assert_eq!(Browser::new(&app).send("GET", "/api/v1/auth/me", &two, None).await.status, 401);
    assert_eq!(key.get("/api/v1/auth/me").await.status, 401, "a virtual key is nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_elses_page_and_no_stray_credential_signs_somebody_out() {
    let app = start().await;
    let mut browser = Browser::signed_in(&app, ADMIN).await;
    let value = browser.jar["csrf_access_token"].clone();
    let path = "/api/v1/auth/logout";
    let cases: [&[(&str, &str)]; 6] = [
        &[("authorization", "Bearer garbage")],
        &[("authorization", "garbage")],
        &[("x-api-key", "garbage")],
        &[("x-csrf-token", &value), ("origin", "https://evil.example")],
        &[("authorization", "Bearer garbage"), ("x-csrf-token", "wrong")],
        &[("x-csrf-token", &value), ("sec-fetch-site", "cross-site")],
    ];
    for headers in cases {
        let answer = browser.send("POST", path, headers, None).await;
        assert_eq!((answer.status, browser.jar.len()), (403, 4), "{headers:?}: {}", answer.text);
    }
    let mut elsewhere = Browser::new(&app);
    for headers in [[("origin", "https://evil.example")], [("sec-fetch-site", "cross-site")]] {
        let answer = elsewhere.send("POST", path, &headers, None).await;
        assert_eq!(answer.status, 403, "a page of another site has no cookies taken away: {headers:?}");
        assert!(!answer.headers.contains_key("set-cookie"), "{headers:?}");
    }
    let planted =
        format!("access_token_cookie={}; access_token_cookie=planted", browser.jar["access_token_cookie"]);
    let request =
        app.anonymous().request("POST", path).header("cookie", planted).header("x-csrf-token", &value);
    assert_eq!(
        crate::scene::send(request).await.status,
        401,
        "which of two sessions is meant is not guessed"
    );
    let others = Browser::signed_in(&app, ADMIN).await.jar["access_token_cookie"].clone();
    let header = format!("Bearer {others}");
    let headers = [("authorization", header.as_str()), ("x-csrf-token", value.as_str())];
    let answer = browser.send("POST", path, &headers, None).await;
    assert_eq!((answer.status, browser.jar.len()), (401, 4), "two sessions: {}", answer.text);
    assert_eq!(app.client(&others).get("/api/v1/auth/me").await.status, 200, "the bearer's session runs");
    assert_eq!(browser.get("/api/v1/auth/me").await.status, 200, "the session runs");
    let bearer = browser.jar["access_token_cookie"].clone();
    let answer = app.client(&bearer).post(path, "").await;
    assert_eq!(answer.status, 200, "a bearer of a session needs no more");
    assert_eq!(browser.get("/api/v1/auth/me").await.status, 401);
}
