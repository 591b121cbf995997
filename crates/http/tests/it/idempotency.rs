//! Requests that their callers name.

use crate::wire::{Connection, Response, ask, chat, get, post};
use crate::world::{KEY, NARROW_KEY, World, eventually};

fn named(key: &str, name: &str, body: &str) -> String {
    let headers = format!("authorization: Bearer {key}\r\nidempotency-key: {name}\r\n");
    post("/v1/chat/completions", &headers, body)
}

async fn call(world: &World, name: &str, model: &str, more: &str) -> Response {
    ask(world.address, named(KEY, name, &chat(model, more))).await
}

fn is_replay(response: &Response) -> bool {
    response.header("idempotent-replayed") == Some("true")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_twice_is_carried_out_once_and_answered_twice() {
    let world = World::start().await;
    let first = call(&world, "once", "team", "").await;
    assert_eq!((first.status, is_replay(&first)), (200, false));
    for _ in 0..3 {
        let again = call(&world, "once", "team", "").await;
        assert_eq!((again.status, is_replay(&again)), (200, true));
        assert_eq!(again.body, first.body);
        for name in ["content-type", "x-switchyard-target", "x-switchyard-attempts"] {
            assert_eq!(again.header(name), first.header(name), "{name}");
        }
        assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
        assert_eq!(again.header("x-content-type-options"), Some("nosniff"));
    }
    assert_eq!(world.recorded().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_stands_for_one_address_and_one_body() {
    let world = World::start().await;
    assert_eq!(call(&world, "one", "team", "").await.status, 200);
    let other_body = call(&world, "one", "team", r#","temperature":1"#).await;
    assert_eq!((other_body.status, other_body.code().as_str()), (409, "conflict"));
    let headers = format!("authorization: Bearer {KEY}\r\nidempotency-key: one\r\n");
    for (path, body) in [
        ("/v1/chat/completions?x=1", chat("team", "")),
        ("/chat/completions", chat("team", "")),
        ("/v1/embeddings", r#"{"model":"team","input":"a"}"#.to_owned()),
    ] {
        let other = ask(world.address, post(path, &headers, &body)).await;
        assert_eq!((other.status, other.code().as_str()), (409, "conflict"), "{path}");
    }
    let messages = ask(
        world.address,
        post(
            "/v1/messages",
            &headers,
            r#"{"model":"team","max_tokens":9,"messages":[{"role":"user","content":"a"}]}"#,
        ),
    );
    let messages = messages.await;
    assert_eq!(
        (messages.status, messages.json()["type"].as_str()),
        (409, Some("error")),
        "in its surface's words"
    );
    assert_eq!(world.recorded().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_do_not_meet_in_their_keys() {
    let world = World::start().await;
    for key in [KEY, NARROW_KEY] {
        let response = ask(world.address, named(key, "shared", &chat("team", ""))).await;
        assert_eq!((response.status, is_replay(&response)), (200, false));
    }
    assert_eq!(world.recorded().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_being_answered_is_not_carried_out_again_and_is_free_when_its_client_left() {
    let world = World::start().await;
    let mut first = Connection::open(world.address).await;
    first.send(named(KEY, "busy", &chat("acme/hang", ""))).await;
    world.until_upstreams(1).await;
    for _ in 0..3 {
        let second = call(&world, "busy", "acme/hang", "").await;
        assert_eq!((second.status, second.code().as_str()), (409, "idempotency_in_flight"));
    }
    assert_eq!(world.upstreams(), 1);
    drop(first);
    eventually(|| world.names.in_flight() == 0).await;
    let mut third = Connection::open(world.address).await;
    third.send(named(KEY, "busy", &chat("acme/hang", ""))).await;
    world.until_upstreams(1).await;
    assert_eq!(world.names.in_flight(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finished_streams_key_answers_409_and_that_of_one_that_broke_off_is_free() {
    let world = World::start().await;
    let stream = r#","stream":true"#;
    let first = call(&world, "stream", "acme/tell", stream).await;
    assert!(first.status == 200 && first.text().ends_with("data: [DONE]\n\n"));
    let second = call(&world, "stream", "acme/tell", stream).await;
    assert_eq!((second.status, second.code().as_str()), (409, "conflict"));
    assert_eq!(world.recorded().len(), 1);
    for count in 2..4 {
        let cut = call(&world, "cut", "acme/cut", stream).await;
        assert_eq!(cut.status, 200);
        assert!(!cut.text().contains("[DONE]"));
        eventually(|| world.recorded().len() == count).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_tried_again() {
    let world = World::start().await;
    for model in ["acme/down", "acme/throttle", "nowhere", "acme/panic"] {
        for _ in 0..2 {
            let failed = call(&world, "fails", model, "").await;
            assert!(failed.status >= 400 && failed.status != 409, "{model}: {}", failed.status);
            assert!(!is_replay(&failed), "{model}");
        }
    }
    assert_eq!(world.names.in_flight(), 0);
    assert_eq!(call(&world, "fails", "team", "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_are_given_again_too() {
    let world = World::start().await;
    let headers = format!("authorization: Bearer {KEY}\r\nidempotency-key: vectors\r\n");
    let request = post("/v1/embeddings", &headers, r#"{"model":"acme/say","input":["a"]}"#);
    let first = ask(world.address, &request).await;
    let second = ask(world.address, &request).await;
    assert_eq!((first.status, is_replay(&first)), (200, false), "{}", first.text());
    assert_eq!((second.status, is_replay(&second), &second.body), (200, true, &first.body));
    assert_eq!(world.recorded().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_key_is_refused() {
    let world = World::start().await;
    for bad in ["", " ", &"k".repeat(256), "schl\u{fc}ssel"] {
        let response = call(&world, bad, "team", "").await;
        assert_eq!((response.status, response.code().as_str()), (400, "invalid_request"), "{bad:?}");
    }
    let twice = call(&world, "a\r\nidempotency-key: b", "team", "").await;
    assert_eq!(twice.status, 400);
    assert_eq!(world.recorded().len(), 0);
    assert_eq!(call(&world, &"k".repeat(255), "team", "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_can_not_be_answered_once_only_is_not_answered() {
    let world = World::start().await;
    world.names.take_away();
    let response = call(&world, "lost", "team", "").await;
    assert_eq!((response.status, response.code().as_str()), (503, "storage_unavailable"));
    assert_eq!(world.recorded().len(), 0);
    assert_eq!(ask(world.address, crate::wire::call("team", "")).await.status, 200, "others go on");
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_needs_no_name() {
    let world = World::start().await;
    let headers = format!("authorization: Bearer {KEY}\r\nidempotency-key: read\r\n");
    for _ in 0..2 {
        let response = ask(world.address, get("/v1/models", &headers)).await;
        assert_eq!((response.status, is_replay(&response)), (200, false));
    }
    assert_eq!(ask(world.address, post("/v1/models", &headers, "{}")).await.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_key_is_not_remembered() {
    let world = World::start().await;
    for _ in 0..2 {
        let response = ask(world.address, named("sy-nobody", "mine", &chat("team", ""))).await;
        assert_eq!(response.status, 401);
    }
    assert_eq!(world.names.in_flight(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_whom_nobody_knows_have_no_names_in_common() {
    let world =
        World::with(|config| config.gateway_auth = switchyard_http::server::GatewayAuth::Optional).await;
    let request = |body: &str| post("/v1/chat/completions", "idempotency-key: 1\r\n", body);
    for body in [chat("team", ""), chat("team", ""), chat("team", r#","max_tokens":5"#)] {
        let response = ask(world.address, request(&body)).await;
        assert_eq!((response.status, is_replay(&response)), (200, false), "{}", response.text());
    }
    assert_eq!((world.recorded().len(), world.names.in_flight()), (3, 0));
}
