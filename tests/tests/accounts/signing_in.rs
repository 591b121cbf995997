//! Registering and signing in.

use crate::scene::{
    ADMIN, bearer, builder, log_in, on_both_databases, open_settings, register, secret, start,
};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use switchyard::PasswordCost;
use switchyard::orchestrator::accounts::{AccountSettings, Rates, RegistrationPolicy};
use switchyard_domain::meta::Writer;
use switchyard_domain::user::PasswordPolicy;
use switchyard_harness::{PASSWORD, TestApp};

on_both_databases! {
    a_name_that_looks_like_one_that_is_taken_is_taken,
    of_64_who_register_one_name_at_once_one_gets_it,
    members_that_would_raise_ones_rights_are_refused,
    nothing_tells_an_unknown_name_a_wrong_password_and_an_account_that_is_off_apart,
    a_password_is_the_same_composed_or_not,
    what_is_no_login_is_refused_before_anything_is_hashed,
    a_token_of_a_session_that_very_many_later_ones_took_the_place_of_is_refused,
}

async fn a_token_of_a_session_that_very_many_later_ones_took_the_place_of_is_refused(app: TestApp) {
    register(&app, "ana").await;
    let earliest = bearer(&app, "ana").await;
    let mut latest = String::new();
    for _ in 0..switchyard_ports::repositories::MOST_SESSIONS {
        latest = bearer(&app, "ana").await;
    }
    let body = json!({"current_password": PASSWORD, "new_password": "Gravel-Otter-8"}).to_string();
    let changed = app.client(&latest).post("/api/v1/auth/password", body).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(app.client(&latest).get("/api/v1/auth/me").await.status, 200);
    assert_eq!(app.client(&earliest).get("/api/v1/auth/me").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn registration_is_closed_by_default_and_says_what_to_do() {
    let app = TestApp::start().await;
    let body = json!({"username": "ana", "password": PASSWORD}).to_string();
    let answer = app.anonymous().post("/api/v1/auth/register", body).await;
    assert_eq!(
        (answer.status, answer.json()["error"].as_str()),
        (400, Some("bad_request")),
        "{}",
        answer.text
    );
    assert_eq!(answer.json()["details"]["code"], "registration_closed");
    let said = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(
        said.contains("SWITCHYARD_ALLOW_OPEN_REGISTRATION=true") && said.contains("switchyard admin link"),
        "{said}"
    );
    let body = json!({"username": "ana", "email": "ana@example.com", "password": PASSWORD}).to_string();
    let answer = app.anonymous().post("/api/auth/register", body).await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    assert!(answer.json()["error"].as_str().unwrap().contains("closed"), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_token_is_demanded_only_who_sends_it_registers() {
    let policy = RegistrationPolicy::Token(secret("come-in-please-2026"));
    let app = builder().accounts(AccountSettings { registration: policy, ..open_settings() }).start().await;
    let attempt = async |token: Option<&str>| {
        let mut body = json!({"username": "ana", "password": PASSWORD});
        if let Some(token) = token {
            body["registration_token"] = json!(token);
        }
        app.anonymous().post("/api/v1/auth/register", body.to_string()).await
    };
    for token in [None, Some(""), Some("come-in-please-2025"), Some("come-in-please-2026 ")] {
        let answer = attempt(token).await;
        assert_eq!(
            (answer.status, answer.json()["error"].as_str()),
            (403, Some("authorization_error")),
            "{token:?}"
        );
    }
    let answer = attempt(Some("come-in-please-2026")).await;
    assert_eq!((answer.status, answer.json()), (201, json!({"message": "Registration successful"})));
    assert!(!answer.headers.contains_key("set-cookie"));
}

async fn a_name_that_looks_like_one_that_is_taken_is_taken(app: TestApp) {
    register(&app, "tallest.ana").await;
    for name in ["tallest.ana", "TALLEST.ana", "ta11est.ana"] {
        let body = json!({"username": name, "password": PASSWORD}).to_string();
        let answer = app.anonymous().post("/api/v1/auth/register", body).await;
        assert_eq!((answer.status, &answer.json()["details"]["field"]), (400, &json!("username")), "{name}");
    }
    for name in [
        "tallest.\u{430}na",
        "ｔａｌｌest.ana",
        "tallest\u{202e}.ana",
        "tall\u{200b}est.ana",
        "an\u{0}a",
        "ab",
    ] {
        let body = json!({"username": name, "password": PASSWORD}).to_string();
        let answer = app.anonymous().post("/api/v1/auth/register", body).await;
        assert_eq!((answer.status, answer.json()["details"]["username"].is_array()), (422, true), "{name:?}");
    }
}

async fn of_64_who_register_one_name_at_once_one_gets_it(app: TestApp) {
    let attempts = (0..64).map(|_| {
        let body = json!({"username": "the.only.one", "password": PASSWORD}).to_string();
        let client = app.anonymous();
        async move {
            // Who comes to a queue that is too long is sent away, not answered wrongly: they come again.
            loop {
                match client.post("/api/v1/auth/register", body.clone()).await.status {
                    503 => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
                    status => return status,
                }
            }
        }
    });
    let mut statuses = BTreeMap::new();
    for status in futures_util::future::join_all(attempts).await {
        *statuses.entry(status).or_insert(0) += 1;
    }
    assert_eq!(statuses, BTreeMap::from([(201, 1), (400, 63)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_judged_by_the_policy_and_by_nothing_else() {
    let strict = AccountSettings { password_policy: PasswordPolicy::Strict, ..open_settings() };
    let (standard, strict) = (start().await, builder_strict(strict).await);
    let attempt = async |app: &TestApp, name: &str, password: &str| {
        let body = json!({"username": name, "password": password}).to_string();
        app.anonymous().post("/api/v1/auth/register", body).await.status
    };
    for (chars, status) in [(7, 422), (8, 201), (128, 201), (129, 422)] {
        let password: String = "kV9ü".chars().cycle().take(chars).collect();
        assert_eq!(attempt(&standard, &format!("standard{chars}"), &password).await, status, "{chars}");
    }
    for (chars, status) in [(14, 422), (15, 201)] {
        let password: String = "kV9üm?".chars().cycle().take(chars).collect();
        assert_eq!(attempt(&strict, &format!("strict{chars}"), &password).await, status, "{chars}");
    }
    assert_eq!(attempt(&standard, "eponymous", "Eponymous").await, 422);
    assert_eq!(attempt(&strict, "listed", "passwordpassword").await, 422);
    assert_eq!(attempt(&strict, "product", "Switchyard-2026!").await, 422);
}

async fn builder_strict(settings: AccountSettings) -> TestApp {
    TestApp::builder().accounts(settings).start().await
}

async fn members_that_would_raise_ones_rights_are_refused(app: TestApp) {
    for member in ["role", "is_admin", "id", "password_hash", "is_active"] {
        let mut body = json!({"username": "ana", "password": PASSWORD});
        body[member] = json!("admin");
        let answer = app.anonymous().post("/api/v1/auth/register", body.to_string()).await;
        assert_eq!(
            (answer.status, answer.json()["details"][member].is_array()),
            (422, true),
            "{}",
            answer.text
        );
    }
    let twice = r#"{"username":"ana","password":"Gravel-Otter-7","password":"Gravel-Otter-8"}"#;
    assert_eq!(app.anonymous().post("/api/v1/auth/register", twice).await.status, 422);
}

async fn nothing_tells_an_unknown_name_a_wrong_password_and_an_account_that_is_off_apart(app: TestApp) {
    register(&app, "ana").await;
    let off = register(&app, "off").await["user"]["id"].as_i64().unwrap();
    assert_eq!(crate::scene::patch(&app, off, json!({"is_active": false})).await.status, 200);
    let mut said = Vec::new();
    for (name, password) in
        [("nobody", PASSWORD), ("off", PASSWORD), ("ana", "wrong password"), ("ana", "gravel-otter-7")]
    {
        let body = json!({"username": name, "password": password}).to_string();
        let answer = app.anonymous().post("/api/v1/auth/login", body).await;
        assert_eq!(answer.status, 401, "{name}");
        let mut body = answer.json();
        body["request_id"] = json!(null);
        said.push(body);
    }
    assert!(said.iter().all(|body| *body == said[0]), "{said:?}");
    assert_eq!(said[0]["error"], "authentication_error");
    for bad in ["Gravel-Otter-7 ", "Gravel-Otter-7\u{0}tail", "' OR 1=1--"] {
        assert_eq!(log_in(&app, "ana", bad).await.status, 401, "{bad:?}");
    }
    assert_eq!(log_in(&app, "ANA", PASSWORD).await.status, 200, "a name is the same in capitals");
}

async fn a_password_is_the_same_composed_or_not(app: TestApp) {
    let body = json!({"username": "ana", "password": "Cafe\u{301} au lait"}).to_string();
    assert_eq!(app.anonymous().post("/api/v1/auth/register", body).await.status, 201);
    assert_eq!(log_in(&app, "ana", "Caf\u{e9} au lait").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_eleventh_wrong_try_is_sent_away_and_the_owner_signs_in_from_elsewhere() {
    let app = builder()
        .server(|server| server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()])
        .start()
        .await;
    register(&app, "ana").await;
    let attempt = async |from: &str, password: &str| {
        let body = json!({"username": "ana", "password": password}).to_string();
        app.anonymous().post_with("/api/v1/auth/login", &[("x-forwarded-for", from)], body).await
    };
    for _ in 0..10 {
        assert_eq!(attempt("192.0.2.1", "wrong password").await.status, 401);
    }
    let eleventh = attempt("192.0.2.1", "wrong password").await;
    assert_eq!((eleventh.status, eleventh.json()["error"].as_str()), (429, Some("too_many_requests")));
    assert!(eleventh.header("retry-after").parse::<u64>().unwrap() <= 900);
    assert_eq!(attempt("192.0.2.1", PASSWORD).await.status, 429, "nor does the right one tell itself");
    assert_eq!(attempt("198.51.100.7", PASSWORD).await.status, 200, "the owner is elsewhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_gets_in_while_strangers_from_everywhere_guess_at_their_password() {
    // So slow that guesses come quicker than they are judged, however busy the machine is.
    let slow = PasswordCost { memory_kib: 1024, passes: 16 };
    let app = builder()
        .password_cost(slow)
        .server(|server| server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()])
        .start()
        .await;
    register(&app, "ana").await;
    let attempt = async |from: String, password: &str| {
        let body = json!({"username": "ana", "password": password}).to_string();
        let headers = [("x-forwarded-for", from.as_str())];
        app.anonymous().post_with("/api/v1/auth/login", &headers, body).await.status
    };
    let own = || "198.51.100.7".to_owned();
    assert_eq!(attempt(own(), PASSWORD).await, 200, "she has been here before");
    let is_over = AtomicBool::new(false);
    let (attempt, is_over) = (&attempt, &is_over);
    let guesses = (0..200).map(|stranger| async move {
        let mut statuses = Vec::new();
        let mut turn = 0;
        while !is_over.load(Ordering::Relaxed) {
            turn += 1;
            statuses.push(attempt(format!("10.{turn}.{}.{}", stranger / 100, stranger % 100), "wrong").await);
        }
        statuses
    });
    let owner = async {
        let mut statuses = Vec::new();
        for _ in 0..5 {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            statuses.push(attempt(own(), PASSWORD).await);
        }
        is_over.store(true, Ordering::Relaxed);
        statuses
    };
    let (of_owner, of_strangers) = tokio::join!(owner, futures_util::future::join_all(guesses));
    assert_eq!(of_owner, [200; 5]);
    let mut statuses = BTreeMap::new();
    of_strangers.into_iter().flatten().for_each(|status| *statuses.entry(status).or_insert(0) += 1);
    assert!(statuses.contains_key(&503) && !statuses.contains_key(&200), "the desk was full: {statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_and_registrations_of_one_source_are_counted() {
    let settings = AccountSettings { rates: Rates::default(), ..open_settings() };
    let app = builder().accounts(settings).start().await;
    for round in 0..11 {
        let status = log_in(&app, &format!("nobody{round}"), "wrong password").await.status;
        assert_eq!(status, if round < 10 { 401 } else { 429 }, "{round}");
    }
    for round in 0..6 {
        let body = json!({"username": format!("somebody{round}"), "password": PASSWORD}).to_string();
        let status = app.anonymous().post("/api/v1/auth/register", body).await.status;
        assert_eq!(status, if round < 5 { 201 } else { 429 }, "{round}");
    }
}

async fn what_is_no_login_is_refused_before_anything_is_hashed(app: TestApp) {
    let client = app.anonymous();
    for body in [
        "",
        "{",
        "[]",
        "{}",
        "null",
        r#"{"username":"ana","password":null}"#,
        r#"{"username":"ana","password":{"$gt":""}}"#,
        r#"{"username":["ana"],"password":"x"}"#,
    ] {
        let answer = client.post("/api/v1/auth/login", body).await;
        assert!([400, 422].contains(&answer.status), "{body}: {}", answer.text);
    }
    let long = json!({"username": "ana", "password": "x".repeat(1 << 20)}).to_string();
    let answer = client.post("/api/v1/auth/login", long).await;
    assert_eq!((answer.status, answer.text.len() < 500), (422, true), "{}", answer.text);
    let in_query = client.get("/api/v1/auth/login?username=ana&password=x").await;
    assert_eq!((in_query.status, in_query.json()["error"].as_str()), (405, Some("method_not_allowed")));
    let form = client.request("POST", "/api/v1/auth/login").header("content-type", "text/plain").body("{}");
    assert_eq!(crate::scene::send(form).await.status, 415);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setup_link_makes_the_first_administrator_once() {
    let app = TestApp::builder().accounts(open_settings()).start().await;
    let link = async || app.embedded().accounts().links.setup(&Writer::SEED).await.unwrap();
    let (earlier, link_now) = (link().await.unwrap(), link().await.unwrap());
    let follow = async |token: &str, name: &str| {
        let body = json!({"token": token, "username": name, "password": PASSWORD}).to_string();
        app.anonymous().post("/api/v1/auth/setup", body).await
    };
    use secrecy::ExposeSecret;
    let token = link_now.token.expose_secret().to_owned();
    for wrong in [earlier.token.expose_secret(), "x", &token[1..]] {
        assert_eq!(follow(wrong, ADMIN).await.status, 400);
    }
    assert_eq!(follow(&token, "\u{202e}").await.status, 422, "the link stays for another name");
    let made = follow(&token, ADMIN).await;
    assert_eq!((made.status, &made.json()["user"]["username"]), (200, &json!(ADMIN)), "{}", made.text);
    assert_eq!(follow(&token, "second").await.status, 400);
    assert!(link().await.is_none(), "there is an administrator");
    let me = app.client(&bearer(&app, ADMIN).await).get("/api/v1/auth/me").await;
    assert_eq!(me.json()["user"]["role"], "admin");
}
