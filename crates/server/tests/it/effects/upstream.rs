//! How providers are called.

use crate::place::Place;
use crate::running::Running;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

/// The settings that are shown here.
pub(super) const NAMES: &[&str] = &["MAX_ATTEMPTS", "LLM_TIMEOUT_SECONDS"];

/// A provider that fails whatever it is asked, or never answers.
pub(super) fn provider(fails: bool) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        let mut silent = Vec::new();
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 4096];
            if !matches!(stream.read(&mut request), Ok(read) if read > 0) {
                continue;
            }
            count.fetch_add(1, Ordering::SeqCst);
            if fails {
                let answer = b"HTTP/1.1 500 X\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
                let _gone = stream.write_all(answer);
            } else {
                silent.push(stream);
            }
        }
    });
    (url, asked)
}

fn call(place: Place, fails: bool) -> (u16, usize, Duration) {
    let (url, asked) = provider(fails);
    for name in ["one", "two", "three", "four"] {
        place
            .say(&format!("providers add {name} --vendor openai_compatible --base-url {url} --model m"))
            .good();
    }
    place.say("routes add all --target one/m --target two/m --target three/m --target four/m").good();
    let made = place.say("keys create --name ci --json").json();
    let key = format!("Bearer {}", made["key"].as_str().unwrap());
    let server = Running::start(place);
    let body = r#"{"model":"all","messages":[{"role":"user","content":"hi"}]}"#;
    let since_1970 = || SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let began = since_1970();
    let heard = server.ask("POST", "/v1/chat/completions", &[("authorization", &key)], body);
    (heard.status, asked.load(Ordering::SeqCst), since_1970().saturating_sub(began))
}

#[test]
fn a_call_is_tried_as_often_as_told() {
    let (status, asked, _) = call(Place::new(), true);
    assert_eq!((status, asked), (502, 3), "three times by default");
    let (status, asked, _) = call(Place::new().set("SWITCHYARD_MAX_ATTEMPTS", "1"), true);
    assert_eq!((status, asked), (502, 1));
}

#[test]
fn a_provider_has_as_long_to_its_first_byte_as_told() {
    let place = Place::new().set("SWITCHYARD_LLM_TIMEOUT_SECONDS", "0.2").set("SWITCHYARD_MAX_ATTEMPTS", "1");
    let (status, asked, took) = call(place, false);
    assert_eq!((status, asked), (504, 1));
    assert!(took < Duration::from_secs(20), "{took:?}: by default it would be 30 s");
}
