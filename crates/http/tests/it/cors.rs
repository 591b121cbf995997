//! Whose pages may read our answers.

use crate::wire::{Response, ask, call, get};
use crate::world::World;
use switchyard_http::routes;

const OURS: &str = "https://chat.example.com";

async fn world() -> World {
    World::with(|config| config.cors_origins = vec![OURS.to_owned(), "http://localhost:3000".to_owned()])
        .await
}

fn preflight(path: &str, origin: &str, method: &str) -> String {
    format!(
        "OPTIONS {path} HTTP/1.1\r\nhost: x\r\norigin: {origin}\r\naccess-control-request-method: {method}\r\n\
         access-control-request-headers: authorization,content-type,x-csrf-token,x-stainless-os\r\n\r\n"
    )
}

fn tells_a_stranger_nothing(response: &Response) -> bool {
    !response.headers.iter().any(|(name, _)| name.starts_with("access-control-"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listed_origin_may_ask_and_call_every_route_with_credentials() {
    let world = world().await;
    for endpoint in routes::table() {
        let path = endpoint.path.replace("{id:.*}", "x").replace("{call:.*}", "x").replace("{file:.*}", "x");
        let response = ask(world.address, preflight(&path, OURS, endpoint.method)).await;
        assert_eq!(response.status, 204, "{path}");
        assert_eq!(response.header("access-control-allow-origin"), Some(OURS), "{path}");
        assert_eq!(response.header("access-control-allow-credentials"), Some("true"), "{path}");
        let methods = response.header("access-control-allow-methods").unwrap();
        assert!(methods.split(", ").any(|method| method == endpoint.method), "{path}: {methods}");
        let headers = response.header("access-control-allow-headers").unwrap();
        assert_eq!(headers, "authorization,content-type,x-csrf-token,x-stainless-os", "{path}");
        assert_eq!(response.header("vary"), Some("origin"), "{path}");
        assert!(response.header("x-request-id").is_some(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_answer_to_a_listed_origin_can_be_read_by_its_page() {
    let world = world().await;
    let origin = format!("origin: {OURS}\r\n");
    for (request, status) in [
        (get("/health", &origin), 200),
        (get("/nowhere", &origin), 404),
        (get("/v1/models", &origin), 401),
        (get(&format!("/ping?{}", "a".repeat(9000)), &origin), 414),
        (call("team", "").replacen("host: x\r\n", &format!("host: x\r\n{origin}"), 1), 200),
        (call("panic", "").replacen("host: x\r\n", &format!("host: x\r\n{origin}"), 1), 500),
    ] {
        let line = request.lines().next().unwrap().to_owned();
        let response = ask(world.address, request).await;
        assert_eq!(response.status, status, "{line:.60}");
        assert_eq!(response.header("access-control-allow-origin"), Some(OURS), "{line:.60}");
        assert_eq!(response.header("access-control-allow-credentials"), Some("true"), "{line:.60}");
        let exposed = response.header("access-control-expose-headers").unwrap();
        assert!(exposed.contains("x-request-id") && exposed.contains("retry-after"), "{line:.60}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_those_who_look_like_somebody_are_told_nothing() {
    let world = world().await;
    for origin in [
        "https://evil.example",
        "null",
        "*",
        "http://chat.example.com",
        "https://chat.example.com.evil.example",
        "https://trusted.chat.example.com",
        "https://chat.example.com:8443",
        "https://chat.example.comm",
        "https://xchat.example.com",
    ] {
        let asked = ask(world.address, preflight("/v1/chat/completions", origin, "POST")).await;
        assert_eq!(asked.status, 405, "{origin}");
        let called = ask(world.address, get("/health", &format!("origin: {origin}\r\n"))).await;
        assert_eq!(called.status, 200, "{origin}");
        for response in [asked, called] {
            assert!(tells_a_stranger_nothing(&response), "{origin}: {:?}", response.headers);
            assert_eq!(response.header("vary"), Some("origin"), "{origin}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_list_there_is_no_word_of_origins() {
    let world = World::start().await;
    for request in [preflight("/v1/models", OURS, "GET"), get("/health", &format!("origin: {OURS}\r\n"))] {
        let response = ask(world.address, request).await;
        assert!(tells_a_stranger_nothing(&response), "{:?}", response.headers);
        assert_eq!(response.header("vary"), None);
    }
}
