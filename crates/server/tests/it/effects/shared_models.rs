//! The models behind `/llm/chat`: what the settings name serves their route, and nobody else.

use crate::place::Place;
use crate::running::{Heard, Running, free_address};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// The settings that are shown here.
pub(super) const NAMES: &[&str] = &[
    "LLM_CHAT_ROUTE",
    "GEMINI_API_KEY",
    "GEMINI_MODEL",
    "GROK_API_KEY",
    "GROK_MODEL",
    "NGROK_API_KEY",
    "NGROK_MODEL",
    "NGROK_BASE_URL",
];

const KEY: &str = "sample-0123456789-abcdefgh";

type Requests = Arc<Mutex<Vec<String>>>;

/// Writes down what it is asked, and fails.
fn recorder() -> (String, Requests) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Requests::default();
    let seen = Arc::clone(&requests);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 16 * 1024];
            let Ok(read @ 1..) = stream.read(&mut request) else { continue };
            seen.lock().unwrap().push(String::from_utf8_lossy(&request[..read]).to_ascii_lowercase());
            let _gone =
                stream.write_all(b"HTTP/1.1 500 X\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}");
        }
    });
    (url, requests)
}

/// A server with these settings, and a key's header.
fn started(settings: &[(&str, &str)], commands: &[&str]) -> (Running, String) {
    let place = settings.iter().fold(Place::new(), |place, (name, value)| place.set(name, *value));
    let place = place.set("SWITCHYARD_MAX_ATTEMPTS", "1");
    let made = place.say("keys create --name ci --json").json();
    commands.iter().for_each(|command| drop(place.say(command).good()));
    (Running::start(place), format!("Bearer {}", made["key"].as_str().unwrap()))
}

fn ask(server: &Running, key: &str, model: &str) -> Heard {
    let body = format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"hi"}}]}}"#);
    server.ask("POST", "/v1/chat/completions", &[("authorization", key)], &body)
}

/// The one request that a call of the route makes.
fn request(settings: &[(&str, &str)], route: &str, requests: &Requests) -> String {
    let (server, key) = started(settings, &[]);
    let heard = ask(&server, &key, route);
    assert_eq!(heard.status, 502, "{settings:?}: {heard:?}");
    let mut made = std::mem::take(&mut *requests.lock().unwrap());
    assert_eq!(made.len(), 1, "{settings:?}: {made:?}");
    made.remove(0)
}

#[test]
fn googles_key_model_and_address_are_those_of_the_settings() {
    let (url, requests) = recorder();
    let at = ("SWITCHYARD_GEMINI_BASE_URL", format!("{url}/v1beta"));
    let key = format!("x-goog-api-key: {KEY}");
    for name in ["GEMINI_API_KEY", "SWITCHYARD_GEMINI_API_KEY"] {
        let made = request(&[(name, KEY), (at.0, at.1.as_str())], "auto", &requests);
        assert!(made.contains("/models/gemini-2.5-flash:generatecontent") && made.contains(&key), "{made}");
    }
    let settings = [("GEMINI_API_KEY", KEY), ("GEMINI_MODEL", "gemini-9-mini"), (at.0, at.1.as_str())];
    let made = request(&settings, "auto", &requests);
    assert!(made.contains("/models/gemini-9-mini:generatecontent"), "{made}");
}

#[test]
fn xais_key_and_model_are_those_of_the_settings() {
    let (url, requests) = recorder();
    let at = ("SWITCHYARD_XAI_BASE_URL", format!("{url}/v1"));
    let key = format!("authorization: bearer {KEY}");
    for (name, model) in [("GROK_API_KEY", None), ("XAI_API_KEY", None), ("XAI_API_KEY", Some("grok-9"))] {
        let mut settings = vec![(name, KEY), (at.0, at.1.as_str())];
        settings.extend(model.map(|model| ("GROK_MODEL", model)));
        let made = request(&settings, "auto", &requests);
        let model = format!(r#""model":"{}""#, model.unwrap_or("grok-beta"));
        assert!(made.contains(&key) && made.contains(&model), "{made}");
    }
}

#[test]
fn the_tunnels_address_key_and_model_are_those_of_the_settings() {
    let (url, requests) = recorder();
    let made = request(&[("NGROK_BASE_URL", url.as_str())], "auto", &requests);
    assert!(made.starts_with("post /v1/chat/completions ") && !made.contains("authorization"), "{made}");
    assert!(made.contains(r#""model":"gemini-2.5-flash""#), "{made}");
    let settings = [("NGROK_BASE_URL", url.as_str()), ("NGROK_API_KEY", KEY), ("NGROK_MODEL", "own-9")];
    let made = request(&settings, "auto", &requests);
    assert!(made.contains(&format!("authorization: bearer {KEY}")), "{made}");
    assert!(made.contains(r#""model":"own-9""#), "{made}");
}

#[test]
fn the_route_has_the_name_of_the_setting() {
    let (url, requests) = recorder();
    let settings = [("NGROK_BASE_URL", url.as_str()), ("SWITCHYARD_LLM_CHAT_ROUTE", "mine")];
    request(&settings, "mine", &requests);
    let (server, key) = started(&settings, &[]);
    assert_eq!(ask(&server, &key, "auto").status, 404);
}

#[test]
fn the_keys_of_the_settings_serve_no_other_call() {
    let (url, requests) = recorder();
    let at = format!("{url}/v1beta");
    let settings = [
        ("GEMINI_API_KEY", KEY),
        ("SWITCHYARD_GEMINI_BASE_URL", at.as_str()),
        ("NGROK_BASE_URL", url.as_str()),
    ];
    let mut document = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    document
        .write_all(b"routes: [{name: before, fallback: auto, targets: [{provider: openai, model: gpt-4}]}]")
        .unwrap();
    let commands = [
        "routes add other --target llm-gemini/gemini-2.5-flash --target llm-ngrok/gemini-2.5-flash",
        &format!("apply {}", document.path().display()),
    ];
    let (server, key) = started(&settings, &commands);
    let direct = [
        "gemini/gemini-2.5-flash",
        "gemini-2.5-flash",
        "llm-gemini/gemini-2.5-flash",
        "ngrok/gemini-2.5-flash",
    ];
    for model in direct.into_iter().chain(["llm-ngrok/gemini-2.5-flash", "gemma-3-27b", "other", "before"]) {
        let heard = ask(&server, &key, model);
        assert!([404, 503].contains(&heard.status), "{model}: {heard:?}");
    }
    assert!(requests.lock().unwrap().is_empty());
    let listed = server.ask("GET", "/v1/models", &[("authorization", &key)], "").json();
    let ids: Vec<&str> =
        listed["data"].as_array().unwrap().iter().filter_map(|row| row["id"].as_str()).collect();
    assert!(
        ids.contains(&"auto") && !ids.iter().any(|id| id.contains("llm-") || id.contains("gem")),
        "{ids:?}"
    );
    let shown = server.ask("GET", "/api/v1/keys/system-keys", &[], "").json();
    assert_eq!(shown["system_keys"]["gemini"], false);
    assert!(!server.log().contains(KEY));
}

#[test]
fn a_key_of_the_settings_ends_with_them() {
    let (url, requests) = recorder();
    let at = format!("{url}/v1beta");
    let (server, key) = started(&[("GEMINI_API_KEY", KEY), ("SWITCHYARD_GEMINI_BASE_URL", at.as_str())], &[]);
    assert_eq!(ask(&server, &key, "auto").status, 502);
    let server = Running::start(server.end().unset("GEMINI_API_KEY"));
    assert_eq!(ask(&server, &key, "auto").status, 503);
    assert_eq!(requests.lock().unwrap().len(), 1);
}

#[test]
fn without_any_of_them_the_route_says_which_settings_to_set() {
    let (server, key) = started(&[], &[]);
    let heard = ask(&server, &key, "auto");
    assert_eq!(heard.status, 503, "{heard:?}");
    for name in ["GEMINI_API_KEY", "GROK_API_KEY", "XAI_API_KEY", "NGROK_BASE_URL", "add a provider"] {
        assert!(heard.body.contains(name), "{name}: {heard:?}");
    }
}

#[test]
fn an_address_that_is_this_server_switches_its_provider_off_and_is_told() {
    let address = free_address();
    let own = format!("http://localhost:{}", address.port());
    let place = Place::new().set("SWITCHYARD_LISTEN", address.to_string()).set("NGROK_BASE_URL", own);
    let made = place.say("keys create --name ci --json").json();
    let server = Running::at(place, address);
    let heard = ask(&server, &format!("Bearer {}", made["key"].as_str().unwrap()), "auto");
    assert_eq!(heard.status, 503, "{heard:?}");
    assert!(server.log().contains("`llm-ngrok` is off"), "{}", server.log());
}
