//! What every answer has, whatever was asked.

use crate::wire::{Connection, ask, call, get, post};
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_headers_of_the_contract() {
    let world = World::start().await;
    for request in [
        get("/health", ""),
        get("/nowhere", ""),
        get("/v1/models", ""),
        post("/v1/models", "", "{}"),
        call("team", ""),
        call("tell", r#","stream":true"#),
        call("panic", ""),
        get(&format!("/ping?{}", "a".repeat(9000)), ""),
    ] {
        let response = ask(world.address, &request).await;
        let line = request.lines().next().unwrap();
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"), "{line}");
        assert_eq!(response.header("x-frame-options"), Some("DENY"), "{line}");
        assert_eq!(response.header("referrer-policy"), Some("strict-origin-when-cross-origin"), "{line}");
        let policy = response.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'self'") && !policy.contains("unsafe"), "{line}");
        assert!(response.header("x-request-id").is_some_and(|id| id.len() == 36), "{line}");
        let time = response.header("x-response-time").unwrap();
        assert!(time.strip_suffix('s').is_some_and(|seconds| seconds.parse::<f64>().is_ok()), "{line}");
        assert!(response.header("cache-control").is_some_and(|rule| rule.starts_with("no-")), "{line}");
        assert_eq!(response.header("server"), None, "{line}");
        assert_eq!(response.header("access-control-allow-origin"), None, "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_well_formed_request_id_is_kept_and_any_other_replaced() {
    let world = World::start().await;
    let kept = ask(world.address, get("/ping", "x-request-id: trace-1.a_B\r\n")).await;
    assert_eq!(kept.header("x-request-id"), Some("trace-1.a_B"));
    let mut minted = std::collections::HashSet::new();
    for bad in ["", "a b", "{\"a\":1}", &"x".repeat(129), "schl\u{fc}ssel"] {
        let response = ask(world.address, get("/ping", &format!("x-request-id: {bad}\r\n"))).await;
        let id = response.header("x-request-id").unwrap().to_owned();
        assert_eq!(id.len(), 36, "{bad}");
        assert!(minted.insert(id), "no id twice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_addresses_answer_in_the_shape_of_their_surface() {
    let world = World::start().await;
    for path in ["/v1/nothing", "/v1", "/v1/chat/completions/"] {
        let response = ask(world.address, get(path, "")).await;
        assert_eq!((response.status, response.code().as_str()), (404, "not_found"), "{path}");
        assert_eq!(response.json()["error"]["type"], "invalid_request_error");
    }
    for path in
        ["/", "/.env", "/.git/config", "/app.db", "/debug/pprof", "/metrics", "//ping", "/PING", "/ping/"]
    {
        let response = ask(world.address, get(path, "")).await;
        assert_eq!(response.status, 404, "{path}");
        let body = response.json();
        assert_eq!(body["error"], "not_found", "{path}");
        assert_eq!(body["request_id"].as_str(), response.header("x-request-id"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_are_refused_and_told_which_there_are() {
    let world = World::start().await;
    for (method, path, allowed) in [
        ("GET", "/v1/chat/completions", "POST"),
        ("DELETE", "/v1/models", "GET, HEAD"),
        ("POST", "/health", "GET, HEAD"),
        ("TRACE", "/health", "GET, HEAD"),
        ("OPTIONS", "/v1/models", "GET, HEAD"),
        ("PROPFIND", "/nowhere", ""),
        ("FOO", "/nowhere", ""),
    ] {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\norigin: https://evil.example\r\ncontent-length: 0\r\n\r\n"
        );
        let response = ask(world.address, request).await;
        assert_eq!(response.status, 405, "{method} {path}");
        assert_eq!(response.header("allow"), Some(allowed), "{method} {path}");
        assert_eq!(response.header("access-control-allow-origin"), None);
    }
    let mut connection = Connection::open(world.address).await;
    connection.send(format!("{} /ping HTTP/1.1\r\nhost: x\r\n\r\n", "A".repeat(10_000))).await;
    assert!(matches!(connection.receive_cut().await.status, 400 | 405));
}

#[tokio::test(flavor = "multi_thread")]
async fn head_answers_as_get_without_a_body() {
    let world = World::start().await;
    let mut connection = Connection::open(world.address).await;
    connection.send("HEAD /health HTTP/1.1\r\nhost: x\r\n\r\n").await;
    connection.send(get("/ping", "connection: close\r\n")).await;
    let mut text = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut connection.stream, &mut text).await.unwrap();
    let (head, rest) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("content-length: "));
    assert!(rest.starts_with("HTTP/1.1 200"), "no body in between: {rest}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_one_requests_failure_and_tells_nothing() {
    let world = World::start().await;
    let mut other = Connection::open(world.address).await;
    other.send(call("late-end", r#","stream":true"#)).await;
    world.until_upstreams(1).await;
    let response = ask(world.address, call("panic", "")).await;
    assert_eq!(response.status, 500);
    assert_eq!(response.code(), "internal_error");
    assert!(!response.text().contains("canary"));
    assert!(other.receive().await.text().ends_with("data: [DONE]\n\n"), "others go on");
    assert_eq!(ask(world.address, call("team", "")).await.status, 200, "and so does the server");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absolute_target_and_a_strange_host_change_nothing() {
    let world = World::start().await;
    let absolute = "GET http://evil.example/v1/models HTTP/1.1\r\nhost: evil.example\r\n\r\n";
    assert_eq!(ask(world.address, absolute).await.status, 401);
    let host = "GET /v1/models HTTP/1.1\r\nhost: x/ping\r\n\r\n";
    assert!(matches!(ask(world.address, host).await.status, 400 | 401));
}
