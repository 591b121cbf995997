//! Restarts under other secrets: who is still signed in, whose keys still open, and what is said.

use crate::place::Place;
use crate::running::{Running, administered};
use switchyard_testkit::postgres::PrivatePostgres;

const ONE: &str = "9f1c7a52e0b84d36a1f3c85d7e29b604f8d1327ac95be06417da83bc4e50962f";
const OTHER: &str = "0b61f5d2c7e84a39b0d41e6fa2c3958874d2e0b16c5f9a3be7418d02f6ac935e";
const THIRD: &str = "c3d94a17b8e25f60913ad7f4e20c86b5714f9e3d0a6b82c5e7f1d49360ab58c2";

fn profile(server: &Running, token: &str) -> u16 {
    server.ask_as(token, "GET", "/api/profile", "").status
}

fn refreshed(server: &Running, token: &str) -> (u16, Option<String>) {
    let heard = server.ask("POST", "/api/auth/refresh", &[], &format!(r#"{{"refresh_token":"{token}"}}"#));
    let next = (heard.status == 200).then(|| heard.json()["refresh_token"].as_str().unwrap().to_owned());
    (heard.status, next)
}

fn sessions_under_other_jwt_secrets(place: Place) {
    let server = Running::start(place.set("JWT_SECRET_KEY", ONE));
    let (access, refresh) = server.sign_in();
    assert_eq!(profile(&server, &access), 200);

    let server = Running::start(server.end());
    assert_eq!(profile(&server, &access), 200, "a restart alone ends nothing");

    let place = server.end().set("JWT_SECRET_KEY", OTHER);
    let server = Running::start(place.set("SWITCHYARD_JWT_SECRET_PREVIOUS", ONE));
    assert_eq!(profile(&server, &access), 200, "under the previous secret it goes on");
    let (status, next) = refreshed(&server, &refresh);
    assert_eq!(status, 200);
    let next = next.unwrap();
    let (mine, _) = server.sign_in();

    // The previous secret is forgotten: what was refreshed in the meantime stands under the new one.
    let server = Running::start(server.end().unset("SWITCHYARD_JWT_SECRET_PREVIOUS"));
    assert_eq!((profile(&server, &access), profile(&server, &mine)), (401, 200));
    assert_eq!(refreshed(&server, &refresh).0, 401);
    let (status, last) = refreshed(&server, &next);
    assert_eq!(status, 200, "who refreshed while both held is still signed in");

    let server = Running::start(server.end().set("JWT_SECRET_KEY", THIRD));
    assert_eq!((profile(&server, &mine), refreshed(&server, &last.unwrap()).0), (401, 401));
    let (again, _) = server.sign_in();
    assert_eq!(profile(&server, &again), 200, "accounts and passwords are what they were");
}

fn stored_keys_under_another_encryption_key(place: Place) {
    let place = place.set("ENCRYPTION_KEY", ONE);
    let added = place.say_with_input(
        "providers add mine --vendor openai --model gpt-4o --key-stdin",
        "sk-canary-0123456789-abcdefgh",
    );
    added.good();
    let made = place.say("keys create --name ci --json").json();
    let key = format!("Bearer {}", made["key"].as_str().unwrap());
    let server = Running::start(place);
    let (access, _) = server.sign_in();
    let ask = |server: &Running| {
        let body = r#"{"model":"mine/gpt-4o","messages":[{"role":"user","content":"hi"}]}"#;
        server.ask("POST", "/v1/chat/completions", &[("authorization", &key)], body)
    };
    let hint = |server: &Running| {
        let listed = server.place.say("providers list --json").json();
        let mine = listed.as_array().unwrap().iter().find(|one| one["name"] == "mine").unwrap().clone();
        mine["credential"]["hint"].as_str().unwrap().to_owned()
    };
    assert_eq!(hint(&server), "…efgh");

    let server = Running::start(server.end().set("ENCRYPTION_KEY", OTHER));
    let log = server.log();
    assert!(log.contains("1 stored keys were sealed under another key"), "{log}");
    for advice in ["restore it", "switchyard rekey", "save them again"] {
        assert!(log.contains(advice), "{advice}: {log}");
    }
    assert_eq!(hint(&server), "***...***", "lists still work");
    let refused = ask(&server);
    assert!([502, 503].contains(&refused.status), "{refused:?}");
    assert!(!refused.body.contains("canary") && !server.log().contains("canary"));
    let models = server.ask("GET", "/v1/models", &[("authorization", &key)], "");
    assert_eq!(models.status, 200, "virtual keys are unaffected");
    assert_eq!(profile(&server, &access), 200, "and so are sessions");
    let (again, _) = server.sign_in();
    let status = server.ask_as(&again, "GET", "/api/v1/status", "").json();
    assert_eq!(status["status"], "degraded", "{status}");
    assert_eq!(status["broken_providers"][0]["provider"], "mine", "{status}");

    let server = Running::start(server.end().set("ENCRYPTION_KEY", ONE));
    assert_eq!(hint(&server), "…efgh", "the old key opens what it sealed");
    let status = server.ask_as(&again, "GET", "/api/v1/status", "").json();
    assert_eq!(status["status"], "ok", "{status}");
}

#[test]
fn a_new_jwt_secret_ends_all_sessions_but_those_of_the_previous_one_that_is_named() {
    sessions_under_other_jwt_secrets(administered());
}

#[test]
fn a_new_jwt_secret_ends_all_sessions_but_those_of_the_previous_one_in_postgresql() {
    let Some(server) = PrivatePostgres::start() else { return };
    sessions_under_other_jwt_secrets(administered().set("DATABASE_URL", server.create_database()));
}

#[test]
fn another_encryption_key_starts_and_warns_and_only_stored_keys_do_not_open() {
    stored_keys_under_another_encryption_key(administered());
}

#[test]
fn another_encryption_key_starts_and_warns_and_only_stored_keys_do_not_open_in_postgresql() {
    let Some(server) = PrivatePostgres::start() else { return };
    stored_keys_under_another_encryption_key(administered().set("DATABASE_URL", server.create_database()));
}
