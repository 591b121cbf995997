//! Each documented setting, set alone under each of its names: what is seen of it from outside, and what without it.

mod addresses;
mod checks;
mod external;
mod looks;
mod process;
mod shared_models;
mod spending;
mod stalls;
mod upstream;

use crate::place::Place;
use crate::running::{ADMIN, PASSWORD, Running};
use looks::*;
use std::collections::BTreeSet;

/// A setting and what is seen of it.
pub(super) struct Row {
    /// Its names: with the prefix, and as the documents have it.
    names: &'static [&'static str],
    value: &'static str,
    /// What the server needs besides to show it.
    with: &'static [(&'static str, &'static str)],
    look: fn(&Running) -> String,
    by_default: &'static str,
    when_set: &'static str,
}

const NONE: &[(&str, &str)] = &[];
const WITH_ADMIN: &[(&str, &str)] =
    &[("SWITCHYARD_ADMIN_USERNAME", ADMIN), ("SWITCHYARD_ADMIN_PASSWORD", PASSWORD)];
const LIMITED: &[(&str, &str)] = &[
    ("SWITCHYARD_ADMIN_USERNAME", ADMIN),
    ("SWITCHYARD_ADMIN_PASSWORD", PASSWORD),
    ("SWITCHYARD_RATE_LIMIT_PER_MINUTE", "1"),
];
const OPEN: &[(&str, &str)] = &[("SWITCHYARD_ALLOW_OPEN_REGISTRATION", "true")];
const AWAY: &[(&str, &str)] = &[("SWITCHYARD_REDIS_URL", "redis://127.0.0.1:1/0")];
const TEXT: &str = "9f1c7a52e0b84d36a1f3c85d7e29b604f8d1329ac95be06417da83bc4e50962f";

macro_rules! rows {
    ($($name:ident: [$($names:literal),+] = $value:expr, with $with:expr, $look:expr => $default:literal, $set:literal;)+) => {
        $(
            #[test]
            fn $name() {
                let row = Row { names: &[$($names),+], value: $value, with: $with, look: $look, by_default: $default, when_set: $set };
                row.holds();
            }
        )+

        /// Every name that is set here.
        const NAMES: &[&str] = &[$($($names),+),+];
    };
}

rows! {
    data_dir_is_where_everything_is_written: ["SWITCHYARD_DATA_DIR"] = "elsewhere", with NONE, database_file
        => "data/switchyard.db", "elsewhere/switchyard.db";
    database_url_is_where_the_database_is: ["SWITCHYARD_DATABASE_URL", "DATABASE_URL", "BACKEND_DATABASE_URL"] =
        "sqlite:///own.db", with NONE, database_file => "data/switchyard.db", "own.db";
    as_many_connections_read_sqlite_as_told: ["SWITCHYARD_SQLITE_READERS"] = "2", with WITH_ADMIN, pools
        => "reading 4, writing 1", "reading 2, writing 1";
    journal_dir_is_where_usage_waits: ["SWITCHYARD_JOURNAL_DIR"] = "waiting", with NONE, journal
        => "data/journal", "waiting";
    redis_url_is_where_limits_are_shared: ["SWITCHYARD_REDIS_URL", "REDIS_URL"] = "redis://127.0.0.1:1/0", with NONE,
        redis_that_is_missed => "none", "127.0.0.1:1";
    redis_url_is_in_the_servers_health: ["SWITCHYARD_REDIS_URL", "REDIS_URL"] = "redis://127.0.0.1:1/0", with NONE,
        redis_in_health => "none", "false";
    replicas_share_the_limits_while_redis_is_away: ["SWITCHYARD_REPLICAS"] = "3", with AWAY, calls_of_a_limited_key
        => "6", "2";
    secret_key_is_made_unless_it_is_given: ["SWITCHYARD_SECRET_KEY", "SECRET_KEY"] = TEXT, with NONE, made_secrets
        => "jwt.key master.key secret.key", "jwt.key master.key";
    jwt_secret_is_made_unless_it_is_given: ["SWITCHYARD_JWT_SECRET", "JWT_SECRET_KEY"] = TEXT, with NONE, made_secrets
        => "jwt.key master.key secret.key", "master.key secret.key";
    encryption_key_is_made_unless_it_is_given: ["SWITCHYARD_ENCRYPTION_KEY", "ENCRYPTION_KEY"] = TEXT, with NONE, made_secrets
        => "jwt.key master.key secret.key", "jwt.key secret.key";
    a_text_can_stand_for_the_encryption_key: ["SWITCHYARD_BACKEND_API_KEY_SECRET", "BACKEND_API_KEY_SECRET"] =
        "gravel otter basalt nine", with NONE, made_secrets => "jwt.key master.key secret.key", "jwt.key secret.key";
    an_iv_is_ignored_and_said_to_be: ["SWITCHYARD_IV", "IV"] = "0123456789abcdef", with NONE, |server| said(server, "IV")
        => "not said", "said";
    open_registration_lets_anyone_register: ["SWITCHYARD_ALLOW_OPEN_REGISTRATION", "ALLOW_OPEN_REGISTRATION"] = "true",
        with NONE, |server| register(server, "Gravel-Otter-7") => "400", "201";
    a_registration_token_lets_those_register_who_know_it: ["SWITCHYARD_REGISTRATION_TOKEN", "REGISTRATION_TOKEN"] =
        "basalt-heron-42-quarry", with NONE, register_with_token => "400", "201";
    a_strict_password_policy_refuses_short_ones: ["SWITCHYARD_PASSWORD_POLICY"] = "strict", with OPEN,
        |server| register(server, "Gravel-Otter-7") => "201", "422";
    a_listed_origin_may_call: ["SWITCHYARD_CORS_ORIGINS", "CORS_ORIGINS"] = "https://chat.example.com", with NONE,
        |server| echoed_origin(server, "https://chat.example.com") => "none", "https://chat.example.com";
    development_admits_local_web_clients: ["SWITCHYARD_ENVIRONMENT", "FLASK_ENV"] = "development", with NONE,
        |server| echoed_origin(server, "http://localhost:3000") => "none", "http://localhost:3000";
    cookies_are_secure_when_told: ["SWITCHYARD_COOKIE_SECURE", "JWT_COOKIE_SECURE"] = "true", with WITH_ADMIN,
        |server| cookie(server, "access_token_cookie", "Secure") => "", "Secure";
    access_tokens_live_as_long_as_told: ["SWITCHYARD_ACCESS_TOKEN_EXPIRES_MINUTES", "ACCESS_TOKEN_EXPIRES_MINUTES"] = "7",
        with WITH_ADMIN, |server| cookie(server, "access_token_cookie", "Max-Age") => "Max-Age=900", "Max-Age=420";
    sessions_live_as_long_as_told: ["SWITCHYARD_REFRESH_TOKEN_EXPIRES_DAYS", "REFRESH_TOKEN_EXPIRES_DAYS"] = "2",
        with WITH_ADMIN, |server| cookie(server, "refresh_token_cookie", "Max-Age") => "Max-Age=604800", "Max-Age=172800";
    registrations_are_limited: ["SWITCHYARD_REGISTER_RATE_LIMIT"] = "1 per minute", with NONE,
        |server| [(); 2].map(|()| register(server, "Gravel-Otter-7")).join(" ") => "400 400", "400 429";
    logins_are_limited: ["SWITCHYARD_LOGIN_RATE_LIMIT"] = "1 per minute", with NONE, two_logins => "401 401", "401 429";
    logouts_are_limited: ["SWITCHYARD_SESSION_RATE_LIMIT"] = "1 per minute", with NONE,
        |server| twice(server, "POST", "/api/v1/auth/logout") => "200 200", "200 429";
    documented_paths_are_limited: ["SWITCHYARD_RATE_LIMIT_PER_MINUTE", "RATE_LIMIT_PER_MINUTE"] = "1", with WITH_ADMIN,
        two_profiles => "200 200", "200 429";
    the_limit_on_documented_paths_can_be_switched_off: ["SWITCHYARD_RATE_LIMIT_ENABLED", "RATE_LIMIT_ENABLED"] = "false",
        with LIMITED, two_profiles => "200 429", "200 200";
    external_calls_can_be_switched_off: ["SWITCHYARD_EXTERNAL_API"] = "off", with WITH_ADMIN, external_call
        => "address", "switched off";
    the_gateway_can_do_without_keys: ["SWITCHYARD_GATEWAY_AUTH"] = "off", with NONE, models_with_any_key => "401", "200";
    anybody_makes_virtual_keys_where_that_is_open: ["SWITCHYARD_OPEN_VIRTUAL_KEYS"] = "true", with NONE, minted => "401", "201";
    a_person_has_as_many_keys_as_told: ["SWITCHYARD_MAX_KEYS_PER_USER"] = "1", with OPEN, two_keys
        => "201 201", "201 409";
    bodies_may_be_as_large_as_told: ["SWITCHYARD_MAX_BODY_BYTES"] = "1024", with NONE, large_body => "422", "413";
    the_log_tells_what_it_is_told_to_tell: ["SWITCHYARD_LOG_LEVEL", "LOG_LEVEL"] = "ERROR", with NONE,
        |server| said(server, "INFO") => "said", "not said";
    a_log_dir_gets_files: ["SWITCHYARD_LOG_DIR", "LOG_DIR"] = "logs", with NONE, log_files => "none", "app.log error.log";
    a_trusted_proxy_says_who_calls: ["SWITCHYARD_TRUSTED_PROXIES"] = "127.0.0.1/32", with NONE, client_behind_a_proxy
        => "127.0.0.1", "203.0.113.9";
    openai_is_where_it_is_said_to_be: ["SWITCHYARD_OPENAI_BASE_URL"] = "https://proxy.example.com/v1", with NONE,
        |server| asked_host(server, "openai") => "api.openai.com", "proxy.example.com";
    anthropic_is_where_it_is_said_to_be: ["SWITCHYARD_ANTHROPIC_BASE_URL"] = "https://proxy.example.com/v1", with NONE,
        |server| asked_host(server, "anthropic") => "api.anthropic.com", "proxy.example.com";
    gemini_is_where_it_is_said_to_be: ["SWITCHYARD_GEMINI_BASE_URL"] = "https://proxy.example.com/v1beta", with NONE,
        |server| asked_host(server, "gemini") => "generativelanguage.googleapis.com", "proxy.example.com";
    mistral_is_where_it_is_said_to_be: ["SWITCHYARD_MISTRAL_BASE_URL"] = "https://proxy.example.com/v1", with NONE,
        |server| asked_host(server, "mistral") => "api.mistral.ai", "proxy.example.com";
    xai_is_where_it_is_said_to_be: ["SWITCHYARD_XAI_BASE_URL"] = "https://proxy.example.com/v1", with NONE,
        |server| asked_host(server, "xai") => "api.x.ai", "proxy.example.com";
}

/// Known and not used by this version, each said at the start.
const UNSERVED: &[(&str, &str)] = &[
    ("SWITCHYARD_RESPONSE_CACHE_TTL_SECONDS", "60"),
    ("REDIS_CONVERSATION_TTL", "60"),
    ("SWITCHYARD_OPEN_LLM_CHAT", "true"),
    ("API_RATE_LIMIT", "1 per minute"),
    ("SWITCHYARD_LLM_MAX_TOKENS", "7"),
];

/// Shown by a test of another file: the setting, the file among those of `crates`, and the test.
const SHOWN_BY: &[(&str, &str, &str)] = &[
    ("TLS_CERT_FILE", "server/tests/it/certificate.rs", "a_certificate_is_served_and_exchanged_on_a_hang_up"),
    (
        "TLS_KEY_FILE",
        "server/tests/it/certificate.rs",
        "a_certificate_that_can_not_be_served_stops_the_start",
    ),
    (
        "DRAIN_SECONDS",
        "server/tests/it/signals.rs",
        "running_requests_have_as_long_to_end_as_they_are_told_to_have",
    ),
    ("BACKUP_FILE", "server/tests/it/backups.rs", "the_backup_is_written_where_the_setting_says"),
    ("CONFIG", "server/tests/it/reloading.rs", "a_file_that_was_changed_holds_once_it_is_read_again"),
    (
        "JWT_SECRET_PREVIOUS",
        "server/tests/it/restarts.rs",
        "a_new_jwt_secret_ends_all_sessions_but_those_of_the_previous_one_that_is_named",
    ),
    (
        "ENCRYPTION_KEY_PREVIOUS",
        "server/tests/it/other_keys.rs",
        "another_encryption_key_than_the_datas_starts_warns_and_lists_with_a_mask",
    ),
    (
        "BACKEND_API_KEY_SECRET_PREVIOUS",
        "server/tests/it/other_keys.rs",
        "a_text_that_keys_were_derived_from_is_exchanged_for_another_and_for_a_key",
    ),
    // When a disk is asked to keep what was written is seen by that disk alone.
    (
        "JOURNAL_FSYNC",
        "journal/tests/faults/main.rs",
        "a_sync_that_fails_is_told_to_who_waits_for_it_and_ends_the_segment",
    ),
    ("JOURNAL_FSYNC", "journal/tests/faults/main.rs", "an_append_is_answered_before_its_group_is_synced"),
    (
        "JOURNAL_FSYNC",
        "switchyard/tests/settings/rows.rs",
        "every_setting_arrives_in_its_field_from_each_of_its_variables",
    ),
];

impl Row {
    fn holds(&self) {
        let start = |set: Option<&str>| {
            let place = self.with.iter().fold(Place::new(), |place, (name, value)| place.set(name, *value));
            Running::start(match set {
                Some(name) => place.set(name, self.value),
                None => place,
            })
        };
        assert_eq!((self.look)(&start(None)), self.by_default, "{:?} by default", self.names);
        for name in self.names {
            assert_eq!((self.look)(&start(Some(name))), self.when_set, "{name}={}", self.value);
        }
    }
}

#[test]
fn a_setting_that_is_not_used_is_said_to_be_given_in_vain() {
    let place = UNSERVED.iter().fold(Place::new(), |place, (name, value)| place.set(name, *value));
    let server = Running::start(place);
    let log = server.log();
    let told = log.matches("is not used by this version").count();
    assert_eq!(told, UNSERVED.len(), "{log}");
    let log = Running::start(Place::new()).log();
    assert!(!log.contains("is not used by this version"), "{log}");
}

#[test]
fn every_setting_that_there_is_has_its_place_in_these_lists() {
    let listed = Place::new().say("check --json").json();
    let all: BTreeSet<String> = listed["settings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].as_str().unwrap().trim_start_matches("SWITCHYARD_").to_owned())
        .collect();
    let server =
        Running::start(UNSERVED.iter().fold(Place::new(), |place, (name, value)| place.set(name, *value)));
    let log = server.log();
    let is_shown = |name: &String| {
        let prefixed = format!("SWITCHYARD_{name}");
        NAMES.contains(&prefixed.as_str())
            || addresses::NAMES.contains(&name.as_str())
            || checks::NAMES.contains(&name.as_str())
            || external::NAMES.contains(&name.as_str())
            || process::NAMES.contains(&name.as_str())
            || shared_models::NAMES.contains(&name.as_str())
            || spending::NAMES.contains(&name.as_str())
            || stalls::NAMES.contains(&name.as_str())
            || upstream::NAMES.contains(&name.as_str())
            || SHOWN_BY.iter().any(|(setting, ..)| setting == name)
            || log.contains(&format!("{name} is not used by this version"))
    };
    let missing: Vec<&String> = all.iter().filter(|name| !is_shown(name)).collect();
    assert!(missing.is_empty(), "whose effect nobody looks at: {missing:?}");
}

#[test]
fn every_test_that_is_named_for_a_setting_is_there() {
    let crates = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for (setting, file, test) in SHOWN_BY {
        let text =
            std::fs::read_to_string(crates.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
        let declares = |line: &str| {
            let name = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
            name.and_then(|rest| rest.strip_prefix(test)).is_some_and(|rest| rest.starts_with("()"))
        };
        let place = lines.iter().position(|line| declares(line));
        let place = place.unwrap_or_else(|| panic!("{setting}: {file} has no `{test}`"));
        let is_test = lines[..place]
            .last()
            .is_some_and(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"));
        assert!(is_test, "{setting}: `{test}` of {file} is no test");
        let is_about = file.starts_with("journal/") || text.contains(setting);
        assert!(is_about, "{setting}: {file} does not name it");
    }
}
