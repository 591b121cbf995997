//! What a connection may do and for how long, byte by byte.

use crate::wire::{Connection, ask, call, get};
use crate::world::{World, eventually};
use std::time::Duration;

/// Head and keep-alive short enough for a test.
async fn hasty() -> World {
    World::with(|config| {
        config.timeouts.head = Duration::from_millis(600);
        config.timeouts.keep_alive = Duration::from_millis(2500);
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_connection_and_a_head_that_drips_are_cut() {
    let world = hasty().await;
    let mut silent = Connection::open(world.address).await;
    let mut dripping = Connection::open(world.address).await;
    dripping.send("GET /ping HTTP/1.1\r\nhost: x\r\nx-a: ").await;
    assert!(silent.ends_within(Duration::from_secs(3)).await);
    assert!(dripping.ends_within(Duration::from_secs(3)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_head_of_a_later_request_has_no_more_time_than_the_first() {
    let world = hasty().await;
    let mut connection = Connection::open(world.address).await;
    connection.send(get("/ping", "")).await;
    assert_eq!(connection.receive().await.status, 200);
    let (mut read, mut write) = connection.stream.into_split();
    let drip = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        for byte in get("/ping", &format!("x-a: {}\r\n", "a".repeat(1000))).bytes() {
            if write.write_all(&[byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let mut rest = Vec::new();
    let ended = tokio::io::AsyncReadExt::read_to_end(&mut read, &mut rest);
    let _reset_is_an_end_too = tokio::time::timeout(Duration::from_secs(5), ended).await.expect("it is cut");
    drip.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_connection_is_kept_for_its_time_and_then_closed() {
    let world = hasty().await;
    let mut connection = Connection::open(world.address).await;
    for _ in 0..2 {
        connection.send(get("/ping", "")).await;
        assert_eq!(connection.receive().await.status, 200);
        // Longer than a head may take: the wait between requests is another one.
        tokio::time::sleep(Duration::from_millis(1200)).await;
    }
    assert!(connection.ends_within(Duration::from_secs(5)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_call_takes_nothing_from_the_time_of_the_next_head() {
    let world = hasty().await;
    let mut connection = Connection::open(world.address).await;
    connection.send(call("late-end", r#","stream":true"#)).await;
    assert_eq!(connection.receive().await.status, 200);
    tokio::time::sleep(Duration::from_millis(800)).await;
    connection.send(get("/ping", "")).await;
    assert_eq!(connection.receive().await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_has_its_share_of_connections_and_gets_it_back() {
    let world = World::with(|config| config.connections_per_source = 3).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut connection = Connection::open(world.address).await;
        connection.send(get("/ping", "")).await;
        assert_eq!(connection.receive().await.status, 200);
        held.push(connection);
    }
    let mut over = Connection::open(world.address).await;
    assert!(over.ends_within(Duration::from_secs(2)).await);
    held.pop();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(ask(world.address, get("/ping", "")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_of_a_trusted_proxy_are_not_counted() {
    let world = World::with(|config| {
        config.connections_per_source = 0;
        config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    assert_eq!(ask(world.address, get("/ping", "")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_over_their_limits_are_refused() {
    let world = World::start().await;
    let few = "x-a: 1\r\n".repeat(94);
    assert_eq!(ask(world.address, get("/ping", &few)).await.status, 200, "95 headers with `host`");
    for (headers, status) in [
        ("x-a: 1\r\n".repeat(97), 431),
        ("x-a: 1\r\n".repeat(5000), 431),
        (format!("x-a: {}\r\n", "a".repeat(33 * 1024)), 431),
        (format!("x-a: {}\r\n", "a".repeat(256 * 1024)), 431),
    ] {
        let mut connection = Connection::open(world.address).await;
        connection.send(get("/ping", &headers)).await;
        assert_eq!(connection.receive_cut().await.status, status, "{} bytes", headers.len());
    }
    for size in [8 * 1024, 60 * 1024] {
        let response = ask(world.address, get(&format!("/ping?{}", "a".repeat(size)), "")).await;
        assert_eq!(response.status, 414, "{size}");
    }
    let longest = get(&format!("/ping?{}", "a".repeat(8 * 1024 - 6)), "");
    assert_eq!(ask(world.address, longest).await.status, 200);
    let beyond = ask(world.address, get(&format!("/ping?{}", "a".repeat(64 * 1024)), "")).await;
    assert!(matches!(beyond.status, 400 | 414), "{}", beyond.status);
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelined_requests_are_answered_in_order() {
    let world = World::start().await;
    let mut connection = Connection::open(world.address).await;
    let requests: String = (0..101).map(|at| get("/ping", &format!("x-request-id: r{at}\r\n"))).collect();
    connection.send(requests).await;
    for at in 0..101 {
        let response = connection.receive().await;
        assert_eq!(response.header("x-request-id"), Some(format!("r{at}").as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_with_two_meanings_is_refused_and_the_connection_ends() {
    let world = World::start().await;
    let post = "POST /v1/chat/completions HTTP/1.1\r\n";
    for request in [
        format!("{post}host: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        format!("{post}host: x\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nabcde"),
        format!("{post}host: x\r\ncontent-length: +5\r\n\r\nabcde"),
        format!("{post}host: x\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n"),
        format!("{post}host: x\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        format!("{post}host: x\r\ncontent-length : 5\r\n\r\nabcde"),
        format!("{post}host: x\r\nx-a: 1\r\n folded: 2\r\n\r\n"),
        format!("{post}host: x\r\nhost: y\r\n\r\n"),
        format!("{post}\r\n"),
        format!("{post}host: x\r\nx-a: \0\r\n\r\n"),
    ] {
        let mut connection = Connection::open(world.address).await;
        connection.send(&request).await;
        let response = connection.receive_cut().await;
        assert_eq!(response.status, 400, "{request:?}");
        assert!(connection.ends_within(Duration::from_secs(3)).await, "{request:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn draining_closes_quiet_connections_and_waits_for_running_calls() {
    let world = World::start().await;
    let mut quiet = Connection::open(world.address).await;
    quiet.send(get("/ping", "")).await;
    assert_eq!(quiet.receive().await.status, 200);
    let mut busy = Connection::open(world.address).await;
    busy.send(call("late-end", r#","stream":true"#)).await;
    world.until_upstreams(1).await;
    let control = world.control.clone();
    let drain = tokio::spawn(async move { control.drain().await });
    assert!(quiet.ends_within(Duration::from_secs(2)).await);
    let response = busy.receive().await;
    assert!(response.text().ends_with("data: [DONE]\n\n"), "{}", response.text());
    tokio::time::timeout(Duration::from_secs(5), drain).await.expect("the drain ends").unwrap();
    let refused = async { tokio::net::TcpStream::connect(world.address).await.is_err() };
    assert!(refused.await, "nobody listens any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_cuts_what_does_not_end_in_time() {
    let world = World::with(|config| config.timeouts.drain = Duration::from_secs(1)).await;
    let mut busy = Connection::open(world.address).await;
    busy.send(call("pause", r#","stream":true"#)).await;
    world.until_upstreams(1).await;
    tokio::time::timeout(Duration::from_secs(6), world.control.drain()).await.expect("the drain ends");
    eventually(|| world.upstreams() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abort_cuts_what_a_drain_waits_for() {
    let world = World::start().await;
    let mut busy = Connection::open(world.address).await;
    busy.send(call("pause", r#","stream":true"#)).await;
    world.until_upstreams(1).await;
    let control = world.control.clone();
    let drain = tokio::spawn(async move { control.drain().await });
    eventually(|| std::net::TcpStream::connect(world.address).is_err()).await;
    assert_eq!(world.upstreams(), 1, "the drain waits for it");
    world.control.abort();
    tokio::time::timeout(Duration::from_secs(5), drain).await.expect("the drain ends").unwrap();
    eventually(|| world.upstreams() == 0).await;
    assert!(busy.ends_within(Duration::from_secs(2)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_sends_far_ahead_of_its_answers_is_cut() {
    let world = World::start().await;
    let mut connection = Connection::open(world.address).await;
    connection.send(call("hang", "")).await;
    world.until_upstreams(1).await;
    let ahead = get("/ping", &format!("x-a: {}\r\n", "a".repeat(4000))).repeat(200);
    let (_read, mut write) = connection.stream.into_split();
    let _cut = tokio::io::AsyncWriteExt::write_all(&mut write, ahead.as_bytes()).await;
    world.until_upstreams(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_to_upgrade_is_passed_over() {
    let world = World::start().await;
    // What Java's own client sends with its first call in the clear, and what a browser's socket does.
    let http2 = "upgrade: h2c\r\nhttp2-settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n";
    let calling =
        call("team", "").replacen("\r\n", &format!("\r\nconnection: Upgrade, HTTP2-Settings\r\n{http2}"), 1);
    let socket = get("/ping", "connection: Upgrade\r\nupgrade: websocket\r\n");
    for request in [calling, socket] {
        let mut connection = Connection::open(world.address).await;
        connection.send(&request).await;
        let response = connection.receive().await;
        assert_eq!(response.status, 200, "{}", response.text());
        assert_eq!((response.header("connection"), response.header("upgrade")), (Some("close"), None));
        assert!(!response.body.is_empty());
        assert!(connection.ends_within(Duration::from_secs(3)).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_trusted_proxy_each_client_has_its_share_of_requests_and_gets_it_back() {
    let world = World::with(|config| {
        config.connections_per_source = 2;
        config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let from = |client: &str, request: String| {
        request.replacen("host: x\r\n", &format!("host: x\r\nx-forwarded-for: {client}\r\n"), 1)
    };
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut connection = Connection::open(world.address).await;
        connection.send(from("198.51.100.7", call("acme/hang", ""))).await;
        held.push(connection);
    }
    world.until_upstreams(2).await;
    let refused = ask(world.address, from("198.51.100.7", get("/ping", ""))).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    assert_eq!(refused.json()["error"], "overloaded");
    assert_eq!(ask(world.address, from("198.51.100.8", get("/ping", ""))).await.status, 200);
    assert_eq!(ask(world.address, get("/ping", "")).await.status, 200, "the proxy itself has no share");
    drop(held);
    world.until_upstreams(0).await;
    for _ in 0..5 {
        assert_eq!(ask(world.address, from("198.51.100.7", get("/ping", ""))).await.status, 200);
    }
}
