//! What is seen of a server from outside, in a few words.

use crate::running::{ADMIN, PASSWORD, Running};
use std::path::Path;

fn first_there(server: &Running, files: &[&str]) -> String {
    files.iter().find(|file| server.place.path(file).exists()).unwrap_or(&"nowhere").to_string()
}

pub(super) fn database_file(server: &Running) -> String {
    first_there(server, &["own.db", "elsewhere/switchyard.db", "data/switchyard.db"])
}

pub(super) fn journal(server: &Running) -> String {
    first_there(server, &["waiting", "data/journal"])
}

fn names_in(folder: &Path, is_meant: impl Fn(&str) -> bool) -> String {
    let Ok(entries) = std::fs::read_dir(folder) else { return "none".to_owned() };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| is_meant(name)).collect();
    names.sort();
    names.join(" ")
}

pub(super) fn made_secrets(server: &Running) -> String {
    names_in(&server.place.path("data"), |name| name.ends_with(".key"))
}

pub(super) fn log_files(server: &Running) -> String {
    server.ask("GET", "/ping", &[], "");
    names_in(&server.place.path("logs"), |name| ["app.log", "error.log"].contains(&name))
}

/// Whether the log has this word.
pub(super) fn said(server: &Running, word: &str) -> String {
    let is_word = |text: &str| text.split(|c: char| !c.is_ascii_alphanumeric()).any(|one| one == word);
    if is_word(&server.log()) { "said" } else { "not said" }.to_owned()
}

/// Which Redis the log says is away; a start does not wait for it.
pub(super) fn redis_that_is_missed(server: &Running) -> String {
    for _ in 0..40 {
        let log = server.log();
        if let Some(line) = log.lines().find(|line| line.contains("Redis does not answer")) {
            return if line.contains("127.0.0.1:1") { "127.0.0.1:1" } else { "another" }.to_owned();
        }
        std::thread::sleep(std::time::Duration::from_millis(25));
    }
    "none".to_owned()
}

/// How many of nine calls at once a key with six requests a minute is let make.
pub(super) fn calls_of_a_limited_key(server: &Running) -> String {
    let made = server.place.say("keys create --name ci --rpm 6 --json").json();
    let key = format!("Bearer {}", made["key"].as_str().unwrap());
    let body = r#"{"model":"sim/echo","messages":[{"role":"user","content":"hi"}]}"#;
    let ask = || server.ask("POST", "/v1/chat/completions", &[("authorization", &key)], body).status;
    // Keys that a command makes are known within a second.
    crate::place::eventually(|| {
        server.ask("GET", "/v1/models", &[("authorization", &key)], "").status == 200
    });
    let passed = (0..9).map(|_| ask()).filter(|status| *status == 200).count();
    passed.to_string()
}

/// Whether health tells of a Redis.
pub(super) fn redis_in_health(server: &Running) -> String {
    let health = server.ask("GET", "/health", &[], "").json();
    health["redis"]["connected"].as_bool().map_or("none".to_owned(), |connected| connected.to_string())
}

pub(super) fn register(server: &Running, password: &str) -> String {
    let body = format!(r#"{{"username":"ana.anders","password":"{password}"}}"#);
    server.ask("POST", "/api/v1/auth/register", &[], &body).status.to_string()
}

pub(super) fn register_with_token(server: &Running) -> String {
    let body = r#"{"username":"ana.anders","password":"Gravel-Otter-7","registration_token":"basalt-heron-42-quarry"}"#;
    server.ask("POST", "/api/v1/auth/register", &[], body).status.to_string()
}

fn header(head: &str, name: &str) -> Option<String> {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next()
}

pub(super) fn echoed_origin(server: &Running, origin: &str) -> String {
    let heard = server.ask("GET", "/ping", &[("origin", origin)], "");
    header(&heard.head, "access-control-allow-origin").unwrap_or_else(|| "none".to_owned())
}

/// An attribute of a cookie that a login sets; nothing where it lacks it.
pub(super) fn cookie(server: &Running, name: &str, attribute: &str) -> String {
    let body = format!(r#"{{"username":"{ADMIN}","password":"{PASSWORD}"}}"#);
    let heard = server.ask("POST", "/api/v1/auth/login", &[], &body);
    assert_eq!(heard.status, 200, "{heard:?}");
    let set = heard.head.lines().find(|line| line.contains(&format!("{name}="))).expect("the cookie");
    set.split("; ").find(|part| part.starts_with(attribute)).unwrap_or_default().to_owned()
}

pub(super) fn twice(server: &Running, method: &str, path: &str) -> String {
    [(); 2].map(|()| server.ask(method, path, &[], "{}").status.to_string()).join(" ")
}

pub(super) fn two_logins(server: &Running) -> String {
    let body = r#"{"username":"nobody.at-all","password":"wrong password"}"#;
    [(); 2].map(|()| server.ask("POST", "/api/v1/auth/login", &[], body).status.to_string()).join(" ")
}

/// After the login, which counts too.
pub(super) fn two_profiles(server: &Running) -> String {
    let (token, _) = server.sign_in();
    [(); 2].map(|()| server.ask_as(&token, "GET", "/api/profile", "").status.to_string()).join(" ")
}

pub(super) fn external_call(server: &Running) -> String {
    let (token, _) = server.sign_in();
    let heard = server.ask_as(&token, "POST", "/api/external/get", r#"{"url":"http://10.0.0.1/"}"#);
    assert_eq!(heard.status, 403, "{heard:?}");
    if heard.body.contains("10.0.0.1") { "address" } else { "switched off" }.to_owned()
}

pub(super) fn models_with_any_key(server: &Running) -> String {
    server.ask("GET", "/v1/models", &[("authorization", "Bearer sk-sample")], "").status.to_string()
}

pub(super) fn minted(server: &Running) -> String {
    server.ask("POST", "/api/generate-virtual-key", &[], "").status.to_string()
}

pub(super) fn large_body(server: &Running) -> String {
    let body = format!(r#"{{"username":"{}"}}"#, "x".repeat(4000));
    server.ask("POST", "/api/v1/auth/login", &[], &body).status.to_string()
}

pub(super) fn client_behind_a_proxy(server: &Running) -> String {
    server.ask("GET", "/ping?looked-for", &[("x-forwarded-for", "203.0.113.9")], "");
    let is_there = || server.log().contains("203.0.113.9");
    let patience = std::time::Duration::from_millis(50);
    let seen = (0..20).any(|_| {
        std::thread::sleep(patience);
        is_there()
    });
    if seen { "203.0.113.9" } else { "127.0.0.1" }.to_owned()
}

/// The host that a provider of this vendor would be asked at.
pub(super) fn asked_host(server: &Running, vendor: &str) -> String {
    let place = &server.place;
    let added = place.say_with_input(
        &format!("providers add mine --vendor {vendor} --model m-1 --key-stdin"),
        "sk-sample-0123456789-abcdefgh",
    );
    added.good();
    std::fs::write(
        place.path("body.json"),
        r#"{"model":"mine/m-1","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}"#,
    )
    .unwrap();
    let shown = place.say("explain --json body.json").json();
    let url = shown["targets"][0]["request"]["url"].as_str().unwrap_or_default().to_owned();
    url.split('/').nth(2).unwrap_or_default().to_owned()
}

/// The database's connections: for each purpose, how many there may be.
pub(super) fn pools(server: &Running) -> String {
    let (token, _) = server.sign_in();
    let status = server.ask_as(&token, "GET", "/api/v1/status", "").json();
    let pools = status["database"]["pools"].as_array().unwrap().iter();
    let told: Vec<String> =
        pools.map(|pool| format!("{} {}", pool["purpose"].as_str().unwrap(), pool["size"])).collect();
    told.join(", ")
}

/// What a member is answered who makes two virtual keys.
pub(super) fn two_keys(server: &Running) -> String {
    let body = r#"{"username":"ana.anders","email":"ana@example.com","password":"Gravel-Otter-7"}"#;
    let heard = server.ask("POST", "/api/auth/register", &[], body).json();
    let token = heard["access_token"].as_str().unwrap().to_owned();
    let make = |name| {
        let body = format!(r#"{{"name":"{name}"}}"#);
        server.ask_as(&token, "POST", "/api/v1/virtual-keys", &body).status.to_string()
    };
    ["one", "two"].map(make).join(" ")
}
