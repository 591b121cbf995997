//! The configuration file is read again on request, whole or not at all.

use crate::place::{Place, eventually};
use crate::running::{Heard, Running, administered};
use serde_json::json;

fn write(place: &Place, text: &str) {
    std::fs::write(place.path("switchyard.yaml"), text).unwrap();
}

const FIRST: &str = "\
providers:
  - name: one
    vendor: ollama
    base_url: http://127.0.0.1:9/v1
    models:
      - model: m
routes:
  - name: fast
    targets:
      - {provider: one, model: m}
";

/// A server of this file, and its administrator's token.
fn start(text: &str) -> (Running, String) {
    let place = administered().set("SWITCHYARD_CONFIG", "switchyard.yaml");
    write(&place, text);
    let server = Running::start(place);
    let (token, _) = server.sign_in();
    (server, token)
}

fn reload(server: &Running, token: &str) -> Heard {
    server.ask_as(token, "POST", "/reload-config", "")
}

/// The target that a call of this name would go to first; its error's word where there is none.
fn target(server: &Running, token: &str, model: &str) -> String {
    let body = json!({"body": {"model": model, "messages": [{"role": "user", "content": "hi"}]}});
    let shown = server.ask_as(token, "POST", "/api/v1/explain", &body.to_string()).json();
    let named = shown["targets"][0]["target"].as_str().or(shown["error"].as_str());
    named.unwrap_or_default().to_owned()
}

#[test]
fn a_file_that_was_changed_holds_once_it_is_read_again() {
    let (server, token) = start(FIRST);
    assert_eq!(target(&server, &token, "fast"), "one/m");
    let second = FIRST.replace("one", "two");
    write(&server.place, &second);
    assert_eq!(target(&server, &token, "fast"), "one/m", "it is not watched");
    let heard = reload(&server, &token);
    assert_eq!((heard.status, heard.json()), (200, json!({"message": "Configuration reloaded."})));
    assert_eq!(target(&server, &token, "fast"), "two/m");
    assert_eq!(target(&server, &token, "one/m"), "model_not_found", "what is gone is switched off");
    let heard = server.ask_as(&token, "GET", "/api/v1/audit?limit=1", "").json();
    assert_eq!(heard["items"][0]["actor"], crate::running::ADMIN, "who asked is written down: {heard}");
}

#[test]
fn a_file_with_anything_wrong_in_it_changes_nothing_and_the_answer_says_the_line_and_why() {
    let (server, token) = start(FIRST);
    let more = "  - {name: slow, targets: [{provider: one, model: m}]}\n";
    for (what, text, said) in [
        ("no YAML", format!("{FIRST}{more}  - [\n"), "line 1"),
        ("a member that there is not", format!("{FIRST}{more}colour: red\n"), "line 12"),
        ("a setting that there is not", format!("settings:\n  colour: red\n{FIRST}{more}"), "line 2"),
        ("a wrong setting", format!("settings:\n  max_attempts: many\n{FIRST}{more}"), "line 2"),
        (
            "no vendor",
            format!("{}{more}", FIRST.replace("routes:", "  - {name: two, vendor: nobody}\nroutes:")),
            "line 7",
        ),
        ("no such model", format!("{FIRST}{}", more.replace("model: m", "model: n")), "line 11"),
        ("a name twice", format!("{FIRST}{}", more.replace("slow", "fast")), "fast"),
    ] {
        write(&server.place, &text);
        let heard = reload(&server, &token);
        assert_eq!(heard.status, 500, "{what}: {heard:?}");
        let answer = heard.json();
        let message = answer["error"].as_str().unwrap();
        assert!(message.contains(said), "{what}: {message}");
        assert_eq!(target(&server, &token, "slow"), "model_not_found", "{what}");
        assert_eq!(target(&server, &token, "fast"), "one/m", "{what}");
    }
    std::fs::remove_file(server.place.path("switchyard.yaml")).unwrap();
    let heard = reload(&server, &token);
    assert!(heard.status == 500 && heard.body.contains("switchyard.yaml"), "{heard:?}");
    write(&server.place, &format!("{FIRST}{more}"));
    assert_eq!(reload(&server, &token).status, 200);
    assert_eq!(target(&server, &token, "slow"), "one/m");
}

#[test]
fn what_a_reading_can_not_put_into_effect_is_told() {
    let (server, token) = start(FIRST);
    write(&server.place, &format!("settings:\n  max_attempts: 2\n{FIRST}"));
    let heard = reload(&server, &token);
    assert_eq!(heard.status, 200, "{heard:?}");
    let notes = heard.json()["notes"].clone();
    assert!(notes[0].as_str().unwrap().contains("SWITCHYARD_MAX_ATTEMPTS"), "{notes}");
    let place = &server.place;
    place.say("routes add mine --target one/m").good();
    write(place, &format!("{FIRST}  - {{name: mine, targets: [{{provider: one, model: m}}]}}\n"));
    let heard = reload(&server, &token);
    assert!(heard.body.contains("route mine: it belongs to `cli:ada`"), "{heard:?}");
}

#[test]
fn without_a_file_the_database_alone_is_read_again() {
    let server = Running::start(administered());
    let (token, _) = server.sign_in();
    assert_eq!(reload(&server, &token).json(), json!({"message": "Configuration reloaded."}));
}

#[test]
fn a_hang_up_reads_the_file_again_and_a_wrong_one_leaves_the_last_good() {
    let (server, token) = start(FIRST);
    write(&server.place, &FIRST.replace("one", "two"));
    server.signal("HUP");
    eventually(|| target(&server, &token, "fast") == "two/m");
    write(&server.place, &format!("{FIRST}colour: red\n"));
    server.signal("HUP");
    eventually(|| server.log().contains("the configuration stays as it was"));
    assert!(server.log().contains("line 11"), "{}", server.log());
    assert_eq!(target(&server, &token, "fast"), "two/m");
}

#[test]
fn a_file_that_says_nothing_keeps_the_last_good_and_stops_a_start() {
    let (server, token) = start(FIRST);
    for text in ["", "# nothing\n", "settings: {}\n", "providers:\n"] {
        write(&server.place, text);
        let heard = reload(&server, &token);
        assert!(heard.status == 500 && heard.body.contains("`providers: []`"), "{text:?}: {heard:?}");
        assert_eq!(target(&server, &token, "fast"), "one/m", "{text:?}");
    }
    let place = server.end();
    let started = place.say("serve");
    assert_eq!(started.code, 78, "{started:?}");
    write(&place, "providers: []\n");
    let server = Running::start(place);
    let (token, _) = server.sign_in();
    assert_ne!(target(&server, &token, "fast"), "one/m", "it is switched off");
    write(&server.place, "");
    assert_eq!(reload(&server, &token).status, 200, "nothing is left to switch off");
}

#[test]
fn a_reading_tells_which_routes_of_others_lose_a_model() {
    let (server, token) =
        start(&FIRST.replace("      - model: m\n", "      - model: m\n      - model: old\n"));
    server.place.say("routes add mine --target one/old --target one/m").good();
    write(&server.place, FIRST);
    let heard = reload(&server, &token);
    assert_eq!(heard.status, 200, "{heard:?}");
    let notes = heard.json()["notes"].clone();
    assert_eq!(notes, json!(["route mine: the provider `one` no longer lists `old`"]));
    assert_eq!(target(&server, &token, "mine"), "one/m");
    assert_eq!(reload(&server, &token).json(), json!({"message": "Configuration reloaded."}));
    let heard = server.ask_as(&token, "POST", "/api/v1/restore?dry_run=true", "");
    assert_eq!(heard.status, 200, "{heard:?}");
    write(&server.place, &FIRST.replace("vendor: ollama", "vendor: nobody"));
    let heard = reload(&server, &token);
    assert!(heard.status == 500 && heard.body.contains("line 2"), "{heard:?}");
}
