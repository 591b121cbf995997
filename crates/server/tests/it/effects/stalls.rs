//! How long a provider may take to be reached, to fall silent, and in all: which of the times ends a call is in its record.

use crate::place::eventually;
use crate::running::{Running, administered};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

/// The settings that are shown here.
pub(super) const NAMES: &[&str] =
    &["UPSTREAM_CONNECT_TIMEOUT_SECONDS", "UPSTREAM_IDLE_TIMEOUT_SECONDS", "UPSTREAM_TOTAL_TIMEOUT_SECONDS"];

/// A provider that says one word of a stream and then nothing.
fn one_word() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut silent = Vec::new();
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 4096];
            if !matches!(stream.read(&mut request), Ok(read) if read > 0) {
                continue;
            }
            let answer = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n\
                data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\
                \"delta\":{\"role\":\"assistant\",\"content\":\"one\"},\"finish_reason\":null}]}\n\n";
            let _gone = stream.write_all(answer.as_bytes());
            silent.push(stream);
        }
    });
    url
}

/// A machine that is there and takes no connection: its queue is full. It is so until what comes with the address is dropped.
fn nobody_takes() -> (String, impl Sized) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (listener, waiting) = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        let connect = || tokio::net::TcpStream::connect(address);
        while let Ok(connection) = tokio::time::timeout(Duration::from_millis(300), connect()).await {
            waiting.push(connection.unwrap());
            assert!(waiting.len() < 64, "the queue is never full");
        }
        (listener, waiting)
    });
    (format!("http://{}/v1", listener.local_addr().unwrap()), (runtime, listener, waiting))
}

/// What ended a stream of this provider, as its record has it.
fn fault(url: &str, settings: &[(&str, &str)]) -> String {
    let place = settings.iter().fold(administered(), |place, (name, value)| place.set(name, *value));
    place.say(&format!("providers add one --vendor openai_compatible --base-url {url} --model m")).good();
    let made = place.say("keys create --name ci --json").json();
    let key = format!("Bearer {}", made["key"].as_str().unwrap());
    let server = Running::start(place);
    let body = r#"{"model":"one/m","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    server.ask("POST", "/v1/chat/completions", &[("authorization", &key)], body);
    let (token, _) = server.sign_in();
    let mut said = String::new();
    eventually(|| {
        let listed = server.ask_as(&token, "GET", "/api/v1/requests?limit=1", "").json();
        listed["items"][0]["fault"].as_str().unwrap_or_default().clone_into(&mut said);
        !said.is_empty()
    });
    said
}

const CONNECT: &str = "SWITCHYARD_UPSTREAM_CONNECT_TIMEOUT_SECONDS";
const IDLE: &str = "SWITCHYARD_UPSTREAM_IDLE_TIMEOUT_SECONDS";
const TOTAL: &str = "SWITCHYARD_UPSTREAM_TOTAL_TIMEOUT_SECONDS";

#[test]
fn a_provider_has_as_long_to_take_a_connection_as_told() {
    let (url, _held) = nobody_takes();
    let with = [("SWITCHYARD_LLM_TIMEOUT_SECONDS", "1.5"), ("SWITCHYARD_MAX_ATTEMPTS", "1")];
    assert_eq!(fault(&url, &with), "first_byte_timeout", "by default it would have three seconds");
    assert_eq!(fault(&url, &[with[0], with[1], (CONNECT, "0.2")]), "connect_timeout");
}

#[test]
fn a_provider_may_be_silent_in_its_answer_for_as_long_as_told() {
    let url = one_word();
    assert_eq!(fault(&url, &[(TOTAL, "3")]), "total_timeout", "by default it would have a minute");
    assert_eq!(fault(&url, &[(TOTAL, "3"), (IDLE, "1")]), "idle_timeout");
}

#[test]
fn a_provider_has_as_long_for_its_whole_answer_as_told() {
    let url = one_word();
    assert_eq!(fault(&url, &[(IDLE, "3")]), "idle_timeout", "by default it would have ten minutes");
    assert_eq!(fault(&url, &[(IDLE, "3"), (TOTAL, "1")]), "total_timeout");
}
