//! Recorded exchanges are answered again, byte by byte.

use serde_json::json;
use switchyard_testkit::simulator::Simulator;

use crate::wire::{Client, End};

const STREAM: &str = ": hello\r\n\r\ndata: {\"a\":\"é\"}\r\n\r\ndata: {\"b\":2}\n\ndata: [DONE]\n\n";

fn recorded() -> (tempfile::TempDir, Simulator) {
    let folder = tempfile::tempdir().unwrap();
    let exchanges = [
        (
            "one",
            json!({"status": 429, "headers": {"content-type": "application/problem+json", "Retry-After": "7",
            "content-encoding": "gzip", "content-length": "9999"}, "body_kind": "json", "body_encoding": "utf-8", "body": " {\"x\": 1}\n"}),
        ),
        (
            "two",
            json!({"status": 200, "headers": {"content-type": "text/event-stream"}, "body_kind": "sse", "body": STREAM}),
        ),
        (
            "three",
            json!({"status": 200, "headers": {}, "body_kind": "eventstream", "body_encoding": "base64", "body": "AAEC/w=="}),
        ),
    ];
    std::fs::create_dir(folder.path().join("vendor")).unwrap();
    for (id, response) in exchanges {
        let path = folder.path().join(format!("vendor/{id}.json"));
        std::fs::write(path, json!({"id": id, "request": null, "response": response}).to_string()).unwrap();
    }
    let sim = Simulator::builder().fixtures(folder.path()).start().unwrap();
    (folder, sim)
}

fn post(client: &mut Client, path: &str, headers: &str) {
    client.write(
        format!("POST {path} HTTP/1.1\r\nhost: s\r\ncontent-length: 2\r\n{headers}\r\n{{}}").as_bytes(),
    );
}

#[test]
fn an_exchange_has_its_status_headers_and_bytes() {
    let (_folder, sim) = recorded();
    let mut client = Client::new(sim.addr());
    post(&mut client, "/x/one/v1/chat/completions", "");
    let answer = client.answer();
    assert_eq!((answer.status, answer.text().as_str()), (429, " {\"x\": 1}\n"));
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!((answer.header("retry-after"), answer.header("content-encoding")), (Some("7"), None));
    assert_eq!(answer.header("x-ratelimit-limit-tokens"), None);
    post(&mut client, "/x/two/any/path", "");
    let answer = client.answer();
    assert_eq!((answer.text().as_str(), answer.chunks.len(), answer.end), (STREAM, 4, End::Open));
    client.get("/x/three");
    let answer = client.answer();
    assert_eq!(
        (answer.body.as_slice(), answer.header("content-type")),
        (&[0, 1, 2, 255][..], Some("application/vnd.amazon.eventstream"))
    );
    assert_eq!(sim.calls()[1].path, "/x/two/any/path");
}

#[test]
fn a_replayed_stream_can_be_torn_and_cut_by_script() {
    let (_folder, sim) = recorded();
    let mut client = Client::new(sim.addr());
    post(&mut client, "/x/two/p", "x-sim-script: split_utf8\r\n");
    let answer = client.answer();
    assert_eq!((answer.text().as_str(), answer.chunks.len()), (STREAM, 5));
    post(&mut client, "/x/two/p", "x-sim-script: cut_after=2\r\n");
    let answer = client.answer();
    assert_eq!(
        (answer.end, STREAM.strip_prefix(&answer.text()).unwrap()),
        (End::Fin, "data: {\"b\":2}\n\ndata: [DONE]\n\n")
    );
}

#[test]
fn an_unknown_exchange_is_not_found() {
    let (_folder, sim) = recorded();
    for sim in [sim, Simulator::start()] {
        let mut client = Client::new(sim.addr());
        post(&mut client, "/x/none/p", "");
        let answer = client.answer();
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (404, &json!("sim_no_such_exchange")));
    }
}
