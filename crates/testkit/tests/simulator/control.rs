//! The simulator as a process, and its control endpoints.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::wire::{Client, question};

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn send(client: &mut Client, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let body = body.to_string();
    client.write(
        format!("{method} {path} HTTP/1.1\r\nhost: s\r\ncontent-length: {}\r\n\r\n{body}", body.len())
            .as_bytes(),
    );
    let answer = client.answer();
    (answer.status, answer.json())
}

#[test]
fn the_process_says_where_it_listens_and_is_scripted_and_read_over_http() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_simulator"))
        .args(["--listen", "127.0.0.1:0", "--key", "sk-x"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let _process = Process(child);
    let mut client = Client::new(line.strip_prefix("listening on ").unwrap().trim().parse().unwrap());
    let chat = |client: &mut Client| {
        client.post(&question("m"), &[("authorization", "Bearer sk-x")]);
        client.answer().status
    };
    assert_eq!(chat(&mut client), 200);
    let order = json!({"model": "m", "script": "status=500", "queue": ["status=503"]});
    assert_eq!(send(&mut client, "POST", "/__script", &order).0, 200);
    assert_eq!([chat(&mut client), chat(&mut client)], [503, 500]);
    assert_eq!(send(&mut client, "POST", "/__script", &json!({"script": "nope"})).0, 400);
    assert_eq!(send(&mut client, "DELETE", "/__script", &json!({})).0, 200);
    assert_eq!(chat(&mut client), 200);
    let (_, calls) = send(&mut client, "GET", "/__calls", &json!({}));
    let read: Vec<(u64, bool)> = calls
        .as_array()
        .unwrap()
        .iter()
        .map(|call| (call["billed"]["completion"].as_u64().unwrap(), call["received_ms"].is_u64()))
        .collect();
    assert_eq!(read, [(12, true), (0, true), (0, true), (12, true)]);
    assert_eq!(send(&mut client, "DELETE", "/__calls", &json!({})).0, 200);
    assert_eq!(send(&mut client, "GET", "/__calls", &json!({})).1, json!([]));
}

#[test]
fn an_unknown_argument_is_an_error() {
    let output = Command::new(env!("CARGO_BIN_EXE_simulator")).arg("--liste").output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("usage: simulator"));
}
