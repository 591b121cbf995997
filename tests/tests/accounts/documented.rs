//! Accounts as the Multi-LLM API documents them.

use crate::scene::{ADMIN, bearer, builder, log_in, on_both_databases, open_settings, register, send};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::time::Duration;
use switchyard::orchestrator::accounts::{AccountSettings, Rates};
use switchyard::ports::throttle::Rate;
use switchyard_harness::{PASSWORD, TestApp, TestClient};

on_both_databases! {
    register_login_profile_and_refresh_answer_as_documented,
    what_is_wrong_is_a_400_with_a_bare_text,
    a_refresh_token_that_is_none_is_refused,
    a_token_says_by_its_type_what_it_is_for_and_is_signed_in_one_way,
    whoever_is_switched_off_is_told_the_same_as_with_a_wrong_password,
    a_path_that_is_not_there_speaks_its_surfaces_words,
}

async fn register_login_profile_and_refresh_answer_as_documented(app: TestApp) {
    let registered = register(&app, "ana").await;
    let user = &registered["user"];
    assert_eq!(
        (&user["username"], &user["email"], &user["is_active"]),
        (&json!("ana"), &json!("ana@example.com"), &json!(true))
    );
    assert!(user["id"].is_i64() && user["created_at"].as_str().unwrap().ends_with('Z'), "{user}");
    assert_eq!((&user["last_login"], &registered["token_type"]), (&json!(null), &json!("Bearer")));
    assert!(registered["message"].is_string() && registered["refresh_token"].is_string());
    let login = log_in(&app, "ana", PASSWORD).await;
    assert_eq!(login.status, 200);
    assert!(login.json()["user"]["last_login"].is_string(), "{}", login.text);
    assert!(!login.headers.contains_key("set-cookie"));
    let access = login.json()["access_token"].as_str().unwrap().to_owned();
    let profile = app.client(&access).get("/api/profile").await;
    assert_eq!(
        (profile.status, &profile.json()["user"]["username"]),
        (200, &json!("ana")),
        "{}",
        profile.text
    );
    let refresh = login.json()["refresh_token"].clone();
    let answer =
        app.anonymous().post("/api/auth/refresh", json!({"refresh_token": refresh}).to_string()).await;
    assert_eq!((answer.status, &answer.json()["token_type"]), (200, &json!("Bearer")), "{}", answer.text);
    let renewed = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(app.client(&renewed).get("/api/profile").await.status, 200);
    let refresh = answer.json()["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(app.client(&refresh).get("/api/profile").await.status, 401, "a refresh token lets nobody in");
}

async fn what_is_wrong_is_a_400_with_a_bare_text(app: TestApp) {
    register(&app, "ana").await;
    let client = app.anonymous();
    let whole = json!({"username": "bob", "email": "bob@example.com", "password": PASSWORD});
    let mut cases = vec![json!({})];
    for member in ["username", "email", "password"] {
        let mut body = whole.clone();
        body.as_object_mut().unwrap().remove(member);
        cases.push(body);
    }
    for (member, value) in [
        ("email", "no address"),
        ("email", "a@b@example.com"),
        ("email", "bob@example.com\r\nBcc: x@example.com"),
        ("password", "short1A"),
        ("password", "alllowercase1"),
        ("password", "NoDigitsHere"),
        ("password", ""),
        ("username", "ana"),
        ("email", "ANA@example.com"),
        ("username", "x"),
        ("role", "admin"),
    ] {
        let mut body = whole.clone();
        body[member] = json!(value);
        cases.push(body);
    }
    for body in cases {
        let answer = client.post("/api/auth/register", body.to_string()).await;
        assert_eq!(
            (answer.status, answer.json()["error"].is_string()),
            (400, true),
            "{body}: {}",
            answer.text
        );
        assert_eq!(answer.json().as_object().unwrap().len(), 1, "{}", answer.text);
    }
    let idn = json!({"username": "bob", "email": "bob@bücher.example", "password": PASSWORD});
    assert_eq!(client.post("/api/auth/register", idn.to_string()).await.status, 201);
    for body in [json!({}), json!({"username": "ana"}), json!({"password": PASSWORD})] {
        assert_eq!(client.post("/api/auth/login", body.to_string()).await.status, 400, "{body}");
    }
    let wrong = log_in(&app, "ana", "wrong password").await;
    assert_eq!((wrong.status, wrong.json().as_object().unwrap().len()), (401, 1), "{}", wrong.text);
}

async fn a_refresh_token_that_is_none_is_refused(app: TestApp) {
    let client = app.anonymous();
    let login = log_in(&app, ADMIN, PASSWORD).await.json();
    for (body, status) in [
        (json!({}), 400),
        (json!({"refresh_token": 7}), 400),
        (json!({"refresh_token": ""}), 401),
        (json!({"refresh_token": "garbage"}), 401),
        (json!({"refresh_token": login["access_token"]}), 401),
        (json!({"refresh_token": "x".repeat(1 << 20)}), 413),
    ] {
        let answer = client.post("/api/auth/refresh", body.to_string()).await;
        assert_eq!(answer.status, status, "{}", body.to_string().chars().take(80).collect::<String>());
        assert!(answer.json()["error"].is_string(), "{}", answer.text);
    }
}

async fn a_path_that_is_not_there_speaks_its_surfaces_words(app: TestApp) {
    let text = |path: &str| {
        let (client, path) = (app.anonymous(), path.to_owned());
        async move { client.get(&path).await.json() }
    };
    assert!(text("/api/auth/nothing").await["error"].as_str().unwrap().contains(' '));
    assert_eq!(text("/api/v1/nothing").await["error"], "not_found");
    assert_eq!(text("/llm/nothing").await["status"], "error");
    assert!(text("/api/nothing").await["detail"].is_string());
}

/// The header and the claims of a token.
fn parts(token: &Value) -> (Value, Value) {
    let mut parts = token.as_str().unwrap().split('.');
    let mut part =
        || serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts.next().unwrap()).unwrap()).unwrap();
    (part(), part())
}

async fn a_token_says_by_its_type_what_it_is_for_and_is_signed_in_one_way(app: TestApp) {
    let login = log_in(&app, ADMIN, PASSWORD).await.json();
    for (token, kind, minutes) in
        [(&login["access_token"], "access", 15), (&login["refresh_token"], "refresh", 7 * 24 * 60)]
    {
        let (header, claims) = parts(token);
        assert_eq!((&header["alg"], &claims["type"]), (&json!("HS256"), &json!(kind)), "{header} {claims}");
        let lifetime = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
        assert_eq!(lifetime, minutes * 60, "{claims}");
        assert!(!claims.to_string().contains(PASSWORD), "{claims}");
        // The same claims under another algorithm's name are nobody's.
        let token = token.as_str().unwrap();
        let (_, rest) = token.split_once('.').unwrap();
        for alg in ["none", "HS512", "RS256"] {
            let mut header = header.clone();
            header["alg"] = json!(alg);
            let forged = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()));
            assert_eq!(app.client(&forged).get("/api/profile").await.status, 401, "{alg}");
        }
    }
}

async fn whoever_is_switched_off_is_told_the_same_as_with_a_wrong_password(app: TestApp) {
    let id = register(&app, "ana").await["user"]["id"].as_i64().unwrap();
    let wrong = log_in(&app, "ana", "Wrong-Otter-7").await;
    assert_eq!(crate::scene::patch(&app, id, json!({"is_active": false})).await.status, 200);
    let off = log_in(&app, "ana", PASSWORD).await;
    assert_eq!((wrong.status, off.status, wrong.json()), (401, 401, off.json()));
}

/// The calls of this document, with what each is sent.
const CALLS: [(&str, &str); 8] = [
    ("POST", "/api/auth/register"),
    ("POST", "/api/auth/login"),
    ("POST", "/api/auth/refresh"),
    ("GET", "/api/profile"),
    ("POST", "/api/external/get"),
    ("POST", "/api/external/post"),
    ("POST", "/api/external/put"),
    ("POST", "/api/external/delete"),
];

#[tokio::test(flavor = "multi_thread")]
async fn all_calls_of_the_document_count_together_by_the_minute_and_one_too_many_is_told_to_wait() {
    let sixty = Rate { count: 60, window: Duration::from_secs(60) };
    assert_eq!(Rates::default().documented, Some(sixty), "by default");
    let few = Rate { count: 4, ..sixty };
    let rates = Rates { documented: Some(few), ..open_settings().rates };
    let asked = async |client: &TestClient, (method, path): (&str, &str)| {
        send(client.request(method, path).header("content-type", "application/json").body("{}")).await
    };
    for call in CALLS {
        let app = builder().accounts(AccountSettings { rates, ..open_settings() }).start().await;
        let client = app.client(&bearer(&app, ADMIN).await);
        // Whoever is signed in counts for themselves; those who are not, for their address, as the sign-in did.
        let before = if call.1.starts_with("/api/auth") {
            vec![call, CALLS[0], call]
        } else {
            vec![CALLS[3], call, CALLS[4], call]
        };
        for call in before {
            let answer = asked(&client, call).await;
            assert!([200, 400].contains(&answer.status), "{call:?}: {}", answer.text);
        }
        let refused = asked(&client, call).await;
        assert_eq!(refused.status, 429, "{call:?}: {}", refused.text);
        assert!(refused.json()["error"].is_string() && refused.json().as_object().unwrap().len() == 1);
        let wait: u64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        assert_eq!(client.get("/api/v1/auth/me").await.status, 200, "what is no call of it is not counted");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_behind_the_same_address_takes_the_calls_of_somebody_who_is_signed_in() {
    let few = Rate { count: 4, window: Duration::from_secs(60) };
    let rates = Rates { documented: Some(few), ..open_settings().rates };
    let app = builder().accounts(AccountSettings { rates, ..open_settings() }).start().await;
    register(&app, "ana").await;
    let (ada, ana) = (app.client(&bearer(&app, ADMIN).await), app.client(&bearer(&app, "ana").await));
    while app.anonymous().post("/api/auth/login", "{}").await.status != 429 {}
    for person in [&ada, &ana] {
        for _ in 0..4 {
            assert_eq!(person.get("/api/profile").await.status, 200);
        }
        assert_eq!(person.get("/api/profile").await.status, 429);
    }
}
