//! Rows 56 to 71: what nobody in particular may send who wants to register, to sign in, to stay signed in or to sign out.

use super::people::{ADMIN, accounts, bearer};
use super::tokens::forged;
use super::{Case, request};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use switchyard::orchestrator::accounts::{AccountSettings, RegistrationPolicy};
use switchyard_domain::user::PasswordPolicy;
use switchyard_harness::testkit::clock::{ManualClock, START};
use switchyard_harness::{Answer, PASSWORD, TestApp};

const BAD: &[u16] = &[400, 422];
const NOBODY: &[u16] = &[401];
const LOGIN: &str = "/api/v1/auth/login";
const REGISTER: &str = "/api/v1/auth/register";
const REFRESH: &str = "/api/v1/auth/refresh";

fn post(row: u32, path: &str, body: &str, expected: &'static [u16]) -> Case {
    let length = format!("content-length: {}", body.len());
    let lines = ["content-type: application/json", length.as_str()];
    Case::new(row, request(&format!("POST {path}"), &lines, body), expected)
}

fn get(row: u32, path: &str, lines: &[&str], expected: &'static [u16]) -> Case {
    Case::new(row, request(&format!("GET {path}"), lines, ""), expected)
}

pub(super) async fn cases(app: &TestApp) -> Vec<Case> {
    let token = bearer(app).await;
    let mut cases = logins();
    cases.extend(registrations());
    cases.extend(sessions(app, &token).await);
    // A key is nobody here, and so is a token that is not as it was signed.
    let key = app.client_with_key("row 71").await.key().to_owned();
    for bad in forged(&token).into_iter().chain([key]) {
        let credential = format!("authorization: Bearer {bad}");
        cases.push(get(71, "/api/v1/auth/me", &[&credential], &[400, 401, 431]));
        let cookie = format!("cookie: access_token_cookie={bad}");
        cases.push(get(71, "/api/v1/auth/me", &[&cookie], &[400, 401, 431]));
    }
    cases
}

/// Rows 56 to 60, 62.
fn logins() -> Vec<Case> {
    let login = |row, body: Value, expected| post(row, LOGIN, &body.to_string(), expected);
    let mut cases = Vec::new();
    for body in ["", "{}", "[]", "null", "{", r#"{"username":"a","username":"b","password":"x"}"#] {
        cases.push(post(56, LOGIN, body, BAD));
    }
    for body in [
        json!({"username": ADMIN, "password": {"$gt": ""}}),
        json!({"username": ADMIN, "password": null}),
        json!({"username": [ADMIN], "password": PASSWORD}),
        json!({"username": {"$ne": null}, "password": {"$ne": null}}),
        json!({"username": ADMIN, "password": PASSWORD, "role": "admin"}),
    ] {
        cases.push(login(56, body, BAD));
    }
    for name in ["' OR 1=1--", "x'; SELECT pg_sleep(5)--", "%", "_da.admin", "ab\u{0}c", "\u{0}"] {
        cases.push(login(57, json!({"username": name, "password": PASSWORD}), NOBODY));
        cases.push(login(57, json!({"username": "nobody.at.all", "password": name}), NOBODY));
    }
    cases.push(login(58, json!({"username": ADMIN, "password": "x".repeat(1 << 20)}), BAD));
    for password in [
        format!("{PASSWORD}\u{0}tail"),
        format!("{PASSWORD} "),
        format!(" {PASSWORD}"),
        PASSWORD.to_lowercase(),
        PASSWORD.to_uppercase(),
    ] {
        cases.push(login(59, json!({"username": ADMIN, "password": password}), NOBODY));
    }
    for name in ["nobody", "nobody@example.com", "\u{202e}ada"] {
        cases.push(login(60, json!({"username": name, "password": "wrong password"}), NOBODY));
    }
    cases.push(get(62, &format!("{LOGIN}?username={ADMIN}&password={PASSWORD}"), &[], &[405]));
    cases
}

/// Rows 64 to 67.
fn registrations() -> Vec<Case> {
    let wanted = |row, name: &str, more: Value, expected| {
        let mut body = json!({"username": name, "password": "Kestrel-Nine-4"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        post(row, REGISTER, &body.to_string(), expected)
    };
    let mut cases = vec![
        wanted(64, "eponymous", json!({"password": "Eponymous"}), BAD),
        wanted(64, "eponymous", json!({"password": "eponymous"}), BAD),
    ];
    let mailed = json!({"username": "mailed", "email": "Ana5@Example.com", "password": "Ana5@Example.com"});
    cases.push(post(64, "/api/auth/register", &mailed.to_string(), BAD));
    for member in ["role", "is_admin", "id", "password_hash", "is_active", "version"] {
        cases.push(wanted(65, "somebody", json!({ member: "admin" }), BAD));
    }
    for name in [
        "ada.admin",
        "ADA.ADMIN",
        "\u{ff41}\u{ff44}\u{ff41}.admin",
        "ada\u{202e}.admin",
        "ada\u{200b}.admin",
        "\u{430}d\u{430}.admin",
    ] {
        cases.push(wanted(66, name, json!({}), BAD));
    }
    let documented = |email: &str| {
        let body = json!({"username": "mailed", "email": email, "password": "Kestrel-Nine-4"});
        post(67, "/api/auth/register", &body.to_string(), BAD)
    };
    for email in
        ["a@example.com\r\nbcc: b@example.com", "a@b@example.com", "a@", "@example.com", "a", "a\u{0}@b.c"]
    {
        cases.push(documented(email));
    }
    cases.push(documented(&format!("{}@example.com", "a".repeat(10_000))));
    cases
}

/// Rows 69, 70: with no token, or none of ours.
async fn sessions(app: &TestApp, access: &str) -> Vec<Case> {
    let cookie = |value: &str| format!("cookie: refresh_token_cookie={value}");
    let refresh = |line: Option<&str>, expected| {
        let lines: Vec<&str> = ["content-length: 0"].into_iter().chain(line).collect();
        Case::new(69, request(&format!("POST {REFRESH}"), &lines, ""), expected)
    };
    let mut cases = vec![refresh(None, NOBODY)];
    for value in ["7", "garbage", "", "null", access] {
        cases.push(refresh(Some(&cookie(value)), NOBODY));
    }
    cases.push(refresh(Some(&cookie(&"x".repeat(1 << 20))), &[413, 431]));
    for body in [
        json!({}),
        json!({"refresh_token": 7}),
        json!({"refresh_token": null}),
        json!({"refresh_token": "garbage"}),
        json!({"refresh_token": access}),
        json!({"refresh_token": "x".repeat(1 << 20)}),
    ] {
        cases.push(post(69, "/api/auth/refresh", &body.to_string(), &[400, 401, 413, 422]));
    }
    for bad in forged(login(app).await["refresh_token"].as_str().unwrap()) {
        cases.push(refresh(Some(&cookie(&bad)), &[400, 401, 431]));
    }
    for _ in 0..2 {
        cases.push(Case::new(70, request("POST /api/v1/auth/logout", &["content-length: 0"], ""), &[200]));
    }
    cases
}

async fn login(app: &TestApp) -> Value {
    let body = json!({"username": ADMIN, "password": PASSWORD}).to_string();
    let answer = app.anonymous().post("/api/auth/login", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

async fn register(app: &TestApp, name: &str, password: &str, token: Option<&str>) -> Answer {
    let mut body = json!({"username": name, "password": password});
    if let Some(token) = token {
        body["registration_token"] = json!(token);
    }
    app.anonymous().post(REGISTER, body.to_string()).await
}

/// Rows that leave something behind, and are asked once: 59 to 61, 63, 67, 69, 70.
pub(super) async fn that_count(app: &TestApp, asked: &mut BTreeMap<u32, usize>) {
    let mut count = |row: u32| *asked.entry(row).or_default() += 1;
    let attempt = async |name: &str, password: &str| {
        app.anonymous().post(LOGIN, json!({"username": name, "password": password}).to_string()).await
    };
    for (chars, status) in [(7, 422), (8, 201), (128, 201), (129, 422)] {
        let password: String = "kV9\u{fc}".chars().cycle().take(chars).collect();
        let answer = register(app, &format!("long{chars}"), &password, None).await;
        assert_eq!(answer.status, status, "row 63: {chars}: {}", answer.text);
        count(63);
    }
    assert_eq!(register(app, "composer", "Cafe\u{301} au lait", None).await.status, 201);
    assert_eq!(attempt("composer", "Caf\u{e9} au lait").await.status, 200, "row 59: the same, composed");
    count(59);
    let body = json!({"username": "idn", "email": "ana@b\u{fc}cher.example", "password": "Kestrel-Nine-4"});
    let answer = app.anonymous().post("/api/auth/register", body.to_string()).await;
    assert_eq!(answer.status, 201, "row 67: {}", answer.text);
    count(67);
    for _ in 0..10 {
        assert_eq!(attempt("long8", "wrong password").await.status, 401, "row 61");
        assert_eq!(attempt("nobody.long", "wrong password").await.status, 401, "row 61");
    }
    for name in ["long8", "nobody.long"] {
        let answer = attempt(name, "wrong password").await;
        let after: u64 = answer.header("retry-after").parse().unwrap();
        assert!(answer.status == 429 && (1..=900).contains(&after), "row 61: {name}: {}", answer.text);
        count(61);
    }
    let first = login(app).await;
    let refresh = async |token: &Value| {
        app.anonymous().post("/api/auth/refresh", json!({"refresh_token": token}).to_string()).await.status
    };
    let statuses = [refresh(&first["refresh_token"]).await, refresh(&first["refresh_token"]).await];
    assert_eq!(statuses, [200, 401], "row 69: used before");
    count(69);
    let client = app.client(login(app).await["access_token"].as_str().unwrap());
    let twice = [client.post("/api/v1/auth/logout", "").await, client.post("/api/v1/auth/logout", "").await];
    assert_eq!(twice.map(|answer| answer.status), [200, 200], "row 70: twice");
    assert_eq!(client.get("/api/v1/auth/me").await.status, 401, "row 71: of a session that ended");
    count(70);
    count(71);
}

/// Rows 63, 64, 68, 69, 71 on servers of other settings.
pub(super) async fn under_other_settings(asked: &mut BTreeMap<u32, usize>) {
    let mut count = |row: u32| *asked.entry(row).or_default() += 1;
    let of = async |settings: AccountSettings| TestApp::builder().accounts(settings).start().await;
    let strict = of(AccountSettings { password_policy: PasswordPolicy::Strict, ..accounts() }).await;
    for (row, name, password, status) in [
        (63, "strict14", "kV9\u{fc}m?kV9\u{fc}m?kV", 422),
        (63, "strict15", "kV9\u{fc}m?kV9\u{fc}m?kV9", 201),
        (64, "listed", "passwordpassword", 422),
        (64, "product", "Switchyard-2026!", 422),
    ] {
        let answer = register(&strict, name, password, None).await;
        assert_eq!(answer.status, status, "row {row}: {name}: {}", answer.text);
        count(row);
    }
    let policy = RegistrationPolicy::Token("come-in-please-2026".into());
    let token = of(AccountSettings { registration: policy, ..accounts() }).await;
    for given in [None, Some(""), Some("come-in-please-2025"), Some("come-in-please-2026x")] {
        let answer = register(&token, "somebody", PASSWORD, given).await;
        assert_eq!(answer.status, 403, "row 68: {given:?}: {}", answer.text);
        assert_eq!(answer.json()["error"], "authorization_error");
        count(68);
    }
    let closed = of(AccountSettings { registration: RegistrationPolicy::Closed, ..accounts() }).await;
    let answer = register(&closed, "somebody", PASSWORD, None).await;
    assert_eq!((answer.status, &answer.json()["details"]["code"]), (400, &json!("registration_closed")));
    count(68);
    let clock = Arc::new(ManualClock::at(START));
    let builder = super::people::app(TestApp::builder()).clock(Arc::clone(&clock) as _);
    let app = builder.start().await;
    let tokens = login(&app).await;
    clock.advance(Duration::from_secs(8 * 24 * 60 * 60));
    let body = json!({"refresh_token": tokens["refresh_token"]}).to_string();
    assert_eq!(app.anonymous().post("/api/auth/refresh", body).await.status, 401, "row 69: expired");
    let client = app.client(tokens["access_token"].as_str().unwrap());
    assert_eq!(client.get("/api/v1/auth/me").await.status, 401, "row 71: expired");
    count(69);
    count(71);
}
