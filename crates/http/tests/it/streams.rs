//! Calls that are answered piece by piece.

use crate::wire::{Connection, ask, call};
use crate::world::World;
use std::time::Duration;
use switchyard_domain::usage::Outcome;

const STREAM: &str = r#","stream":true"#;

#[tokio::test(flavor = "multi_thread")]
async fn pieces_pass_byte_for_byte_and_the_end_is_told_once_the_call_is_recorded() {
    let world = World::start().await;
    let response = ask(world.address, call("tell", STREAM)).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.text(), "data: {\"a\":1}\n\ndata: {\"b\":2}\n\ndata: [DONE]\n\n");
    assert_eq!(response.header("content-type"), Some("text/event-stream"));
    assert_eq!(response.header("cache-control"), Some("no-cache"));
    assert_eq!(response.header("x-accel-buffering"), Some("no"));
    assert_eq!(response.header("x-switchyard-target"), Some("acme/tell"));
    assert_eq!(response.header("x-switchyard-cost"), None, "nobody knows it yet");
    assert_eq!(world.recorded()[0].outcome, Outcome::Complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_in_another_form_are_written_in_the_clients() {
    let world = World::start().await;
    let response = ask(world.address, call("canon-tell", STREAM)).await;
    let events: Vec<&str> =
        response.text().split("\n\n").filter_map(|event| event.strip_prefix("data: ")).collect();
    let (last, chunks) = events.split_last().unwrap();
    assert_eq!(*last, "[DONE]");
    let chunks: Vec<serde_json::Value> =
        chunks.iter().map(|chunk| serde_json::from_str(chunk).unwrap()).collect();
    assert!(chunks.iter().all(|chunk| chunk["id"] == "up" && chunk["object"] == "chat.completion.chunk"));
    let said: String =
        chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(said, "hé");
    assert_eq!(chunks.last().unwrap()["choices"][0]["finish_reason"], "stop");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_answer_ends_with_an_error_and_without_a_terminator() {
    let world = World::start().await;
    let mut connection = Connection::open(world.address).await;
    connection.send(call("cut", STREAM)).await;
    let response = connection.receive().await;
    assert_eq!(response.status, 200);
    let error = response.text().strip_prefix("data: {\"a\":1}\n\ndata: {\"b\":2}\n\n").unwrap();
    let error: serde_json::Value =
        serde_json::from_str(error.strip_prefix("data: ").unwrap().trim_end()).unwrap();
    assert_eq!(error["error"]["code"], "upstream_stream_interrupted");
    assert!(!response.text().contains("[DONE]"));
    assert_eq!(world.recorded()[0].outcome, Outcome::Partial);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_can_not_be_recorded_never_ends_as_a_whole_one() {
    let world = World::start().await;
    let mut connection = Connection::open(world.address).await;
    connection.send(call("late-end", STREAM)).await;
    world.until_upstreams(1).await;
    world.set_recordable(false);
    let response = connection.receive().await;
    assert!(response.text().contains("storage_unavailable"), "{}", response.text());
    assert!(!response.text().contains("[DONE]"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pieces_leave_as_they_come() {
    let world = World::start().await;
    let mut connection = Connection::open(world.address).await;
    connection.send(call("pause", STREAM)).await;
    let mut text = String::new();
    while !text.contains("{\"b\":2}") {
        let mut piece = [0; 4096];
        let count = tokio::io::AsyncReadExt::read(&mut connection.stream, &mut piece).await.unwrap();
        assert!(count > 0);
        text.push_str(std::str::from_utf8(&piece[..count]).unwrap());
    }
    assert_eq!(world.upstreams(), 1, "the provider still has something to say");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_ends_its_call_at_once() {
    let world = World::start().await;
    for model in ["pause", "hang"] {
        let mut connection = Connection::open(world.address).await;
        connection.send(call(model, STREAM)).await;
        world.until_upstreams(1).await;
        drop(connection);
        world.until_upstreams(0).await;
    }
    let outcomes: Vec<Outcome> = world.recorded().iter().map(|event| event.outcome).collect();
    assert_eq!(outcomes, [Outcome::ClientClosed, Outcome::ClientClosed]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_closes_its_side_has_left() {
    let world = World::start().await;
    let mut connection = Connection::open(world.address).await;
    connection.send(call("pause", STREAM)).await;
    world.until_upstreams(1).await;
    tokio::io::AsyncWriteExt::shutdown(&mut connection.stream).await.unwrap();
    world.until_upstreams(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_takes_nothing_holds_little_and_is_cut_in_the_end() {
    let world = World::with(|config| config.timeouts.write_stall = Duration::from_millis(700)).await;
    let mut connection = Connection::open_narrow(world.address, 16 * 1024).await;
    connection.send(call("flood", STREAM)).await;
    world.until_upstreams(1).await;
    world.until_upstreams(0).await;
    let mut held = 0;
    let mut piece = vec![0; 1 << 20];
    while let Ok(count @ 1..) = tokio::io::AsyncReadExt::read(&mut connection.stream, &mut piece).await {
        held += count;
    }
    assert!(held > 0 && held <= 256 * 1024, "{held} bytes went out to a client that read none");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_that_goes_on_reading_is_not_cut() {
    let world = World::with(|config| config.timeouts.write_stall = Duration::from_millis(600)).await;
    let mut connection = Connection::open(world.address).await;
    connection.send(call("flood", STREAM)).await;
    let mut piece = vec![0; 1 << 20];
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        for _ in 0..8 {
            let count = tokio::io::AsyncReadExt::read(&mut connection.stream, &mut piece).await.unwrap();
            assert!(count > 0);
        }
    }
    assert_eq!(world.upstreams(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stalls_and_closes_its_side_is_cut_at_once() {
    let world = World::start().await;
    let mut connection = Connection::open(world.address).await;
    connection.send(call("flood", STREAM)).await;
    world.until_upstreams(1).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    tokio::io::AsyncWriteExt::shutdown(&mut connection.stream).await.unwrap();
    world.until_upstreams(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_the_middle_cuts_that_answer_only() {
    let world = World::start().await;
    let mut connection = Connection::open(world.address).await;
    connection.send(call("late-panic", STREAM)).await;
    let response = connection.receive_cut().await;
    assert_eq!(response.status, 200);
    assert!(!response.text().contains("[DONE]") && !response.text().contains("canary"));
    assert!(connection.ends_within(Duration::from_secs(3)).await);
    assert_eq!(ask(world.address, call("tell", STREAM)).await.status, 200);
}
