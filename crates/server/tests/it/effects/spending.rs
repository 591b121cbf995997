//! Whose credential a call uses, and what it costs where nobody knows.

use super::upstream::provider;
use crate::place::{Place, eventually};
use crate::running::{Running, administered};
use std::sync::atomic::Ordering;

/// The settings that are shown here.
pub(super) const NAMES: &[&str] =
    &["SHARED_CREDENTIALS", "UNPRICED_CALL_CEILING_USD", "CHARGE_UNANSWERED_CALLS"];

/// A key of these commands' making, as a header has it.
fn key_of(place: &Place, commands: &[&str]) -> String {
    let made = place.say("keys create --name ci --json").json();
    for command in commands {
        place.say(command).good();
    }
    format!("Bearer {}", made["key"].as_str().unwrap())
}

fn call(server: &Running, key: &str, model: &str) -> u16 {
    let body =
        format!(r#"{{"model":"{model}","max_tokens":10,"messages":[{{"role":"user","content":"hi"}}]}}"#);
    server.ask("POST", "/v1/chat/completions", &[("authorization", key)], &body).status
}

#[test]
fn calls_use_the_shared_credential_unless_told_otherwise() {
    for (set, expected) in [(None, (502, true)), (Some("on"), (502, true)), (Some("off"), (503, false))] {
        let (url, asked) = provider(true);
        let place = Place::new().set("SWITCHYARD_MAX_ATTEMPTS", "1");
        let line = format!("providers add one --vendor openai --base-url {url} --model m --key-stdin");
        place.say_with_input(&line, "sk-shared-0123456789-abcdefgh").good();
        let key = key_of(&place, &[]);
        let server = Running::start(
            set.into_iter().fold(place, |place, set| place.set("SWITCHYARD_SHARED_CREDENTIALS", set)),
        );
        let status = call(&server, &key, "one/m");
        assert_eq!((status, asked.load(Ordering::SeqCst) > 0), expected, "{set:?}");
    }
}

#[test]
fn no_providers_key_is_read_from_the_environment() {
    let names = ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "MISTRAL_API_KEY"];
    let place =
        names.iter().fold(Place::new(), |place, name| place.set(name, "sk-sample-0123456789-abcdefgh"));
    let key = key_of(&place, &[]);
    let server = Running::start(place);
    let shown = server.ask("GET", "/api/v1/keys/system-keys", &[], "").json();
    let shown = shown["system_keys"].as_object().unwrap();
    assert!(shown.len() == 4 && shown.values().all(|there| there == false), "{shown:?}");
    assert_eq!(call(&server, &key, "openai/gpt-4"), 503, "nobody is called");
}

#[test]
fn under_a_budget_a_call_without_a_price_reserves_as_much_as_told() {
    for (set, expected) in [(None, (400, 0)), (Some("0.25"), (502, 1)), (Some("6"), (429, 0))] {
        let (url, asked) = provider(true);
        let place = Place::new().set("SWITCHYARD_MAX_ATTEMPTS", "1");
        place.say(&format!("providers add one --vendor openai_compatible --base-url {url} --model m")).good();
        let key = key_of(&place, &["budgets set key:ci --amount 5 --window day"]);
        let server = Running::start(
            set.into_iter().fold(place, |place, set| place.set("SWITCHYARD_UNPRICED_CALL_CEILING_USD", set)),
        );
        assert_eq!((call(&server, &key, "one/m"), asked.load(Ordering::SeqCst)), expected, "{set:?}");
    }
}

#[test]
fn a_call_that_nobody_began_to_answer_costs_what_it_reserved_where_told_so() {
    for (set, is_charged) in [(None, false), (Some("true"), true)] {
        let (url, _asked) = provider(false);
        let place =
            administered().set("SWITCHYARD_MAX_ATTEMPTS", "1").set("SWITCHYARD_LLM_TIMEOUT_SECONDS", "0.3");
        let line = format!("providers add one --vendor openai --base-url {url} --model gpt-4o --key-stdin");
        place.say_with_input(&line, "sk-shared-0123456789-abcdefgh").good();
        let key = key_of(&place, &["budgets set key:ci --amount 5 --window day"]);
        let server = Running::start(
            set.into_iter().fold(place, |place, set| place.set("SWITCHYARD_CHARGE_UNANSWERED_CALLS", set)),
        );
        assert_eq!(call(&server, &key, "one/gpt-4o"), 504, "{set:?}");
        let (token, _) = server.sign_in();
        eventually(|| {
            let listed = server.ask_as(&token, "GET", "/api/v1/requests?limit=1", "").json();
            listed["items"][0]["fault"] == "first_byte_timeout"
        });
        let own = server.ask("GET", "/api/v1/virtual-keys/self", &[("authorization", &key)], "").json();
        assert_eq!(own["totalCost"] != "0.000000000", is_charged, "{set:?}: {own}");
        assert_eq!(own["spent_usd"], own["totalCost"], "{set:?}");
    }
}
