//! Where the log goes, and what happens when nobody takes it.

use crate::place::{Place, Server, eventually};
use crate::running::{Running, administered};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
}

#[test]
fn a_directory_gets_a_file_of_everything_and_one_of_errors() {
    let address = free_address();
    let place = Place::new().set("SWITCHYARD_LISTEN", address.to_string()).set("SWITCHYARD_LOG_DIR", "logs");
    let _server = Server::spawn(place.command().stderr(Stdio::null()));
    eventually(|| TcpStream::connect(address).is_ok());
    get(address, "/nowhere/%0d%0a%7B%22level%22:%22ERROR%22%7D?key=sy-canary");
    let (app, error) = (place.path("logs/app.log"), place.path("logs/error.log"));
    eventually(|| lines(&app).iter().any(|line| line["message"] == "request"));
    let request = lines(&app).into_iter().find(|line| line["message"] == "request").unwrap();
    for field in
        ["timestamp", "level", "method", "path", "route", "status", "duration_ms", "peer", "request_id"]
    {
        assert!(!request[field].is_null(), "{field}: {request}");
    }
    assert_eq!(request["status"], 404);
    assert!(!std::fs::read_to_string(&app).unwrap().contains("canary"));
    assert!(error.exists(), "{:?}", place.content());
    assert_eq!(lines(&error), Vec::<Value>::new());
}

/// Sends so many requests on one connection.
fn ask_often(address: SocketAddr, times: usize) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let request = "GET /ping HTTP/1.1\r\nhost: x\r\n\r\n".repeat(20);
    let mut buffer = vec![0; 64 * 1024];
    for _ in 0..times / 20 {
        stream.write_all(request.as_bytes()).unwrap();
        let mut answered = 0;
        while answered < 20 {
            let read = stream.read(&mut buffer).expect("an answer while nobody reads the log");
            assert!(read > 0, "the connection ended");
            answered +=
                buffer.get(..read).unwrap().windows(15).filter(|window| window == b"HTTP/1.1 200 OK").count();
        }
    }
}

#[test]
fn a_log_that_nobody_reads_stops_no_request_and_its_lost_lines_are_counted() {
    let (address, metrics) = (free_address(), free_address());
    let place = Place::new()
        .set("SWITCHYARD_LISTEN", address.to_string())
        .set("SWITCHYARD_METRICS_LISTEN", metrics.to_string());
    // A pipe that is never read is full after 64 KiB.
    let _server = Server::spawn(place.command().stderr(Stdio::piped()));
    eventually(|| TcpStream::connect(address).is_ok() && TcpStream::connect(metrics).is_ok());
    let lost = || {
        let page = get(metrics, "/metrics");
        let line = page.lines().find(|line| line.starts_with("switchyard_log_lines_dropped_total "));
        line.and_then(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).unwrap_or_else(|| panic!("{page}"))
    };
    assert_eq!(lost(), 0);
    for _ in 0..20 {
        ask_often(address, 2000);
        if lost() > 0 {
            return;
        }
    }
    panic!("40,000 lines fit into a pipe of 64 KiB");
}

#[test]
fn an_administrator_reads_the_last_lines_without_a_shell() {
    let server = Running::start(administered());
    let (token, _) = server.sign_in();
    let key = "sk-canary-0123456789abcdef";
    server.ask("GET", &format!("/nowhere/{key}"), &[], "");
    let bearer = format!("Bearer {token}");
    let seen = || {
        let heard = server.ask("GET", "/api/admin/logs?limit=50", &[("authorization", &bearer)], "");
        assert_eq!(heard.status, 200, "{heard:?}");
        heard
    };
    eventually(|| seen().body.contains("/api/auth/login") && seen().body.contains("404"));
    let (heard, last) = (seen(), seen().json());
    assert!(!heard.body.contains(key) && !heard.body.contains(&token), "{heard:?}");
    let lines = last["logs"].as_array().unwrap();
    assert!((2..=50).contains(&lines.len()) && last["total"].as_u64().unwrap() >= lines.len() as u64);
    for field in ["timestamp", "level", "message", "method", "path", "status"] {
        assert!(lines.iter().any(|line| !line[field].is_null()), "{field}");
    }
    let one = server.ask("GET", "/api/admin/logs?limit=1", &[("authorization", &bearer)], "").json();
    assert_eq!(one["logs"].as_array().unwrap().len(), 1);
}
