//! Upstreams that take their time.

use std::{io::Write, net::SocketAddr, thread, time::Duration};

use switchyard_providers::transport::{Deadlines, TransportFault};
use tokio::time::Instant;

use crate::{
    PATIENT, call, plain,
    upstream::{read_request, scripted},
};

const HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const SHORT: Duration = Duration::from_millis(300);

/// Sends the head, then `count` chunks `every` so often, then nothing more, without hanging up.
fn trickle(count: usize, every: Duration) -> SocketAddr {
    scripted(move |_, mut stream| {
        read_request(&mut stream);
        stream.write_all(HEAD).unwrap();
        for _ in 0..count {
            thread::sleep(every);
            if stream.write_all(b"3\r\n: x\r\n").is_err() {
                return;
            }
        }
        thread::sleep(Duration::from_secs(20));
    })
}

#[tokio::test]
async fn no_head_in_time() {
    let silent = scripted(|_, mut stream| {
        read_request(&mut stream);
        thread::sleep(Duration::from_secs(20));
    });
    let deadlines = Deadlines { first_byte: SHORT, ..PATIENT };
    let fault = call(&plain(silent), silent, &deadlines).await.unwrap_err();
    assert_eq!(fault, TransportFault::FirstByteTimeout);
}

#[tokio::test]
async fn a_head_and_then_nothing_is_no_first_byte_either() {
    let address = trickle(0, Duration::ZERO);
    let deadlines = Deadlines { first_byte: SHORT, ..PATIENT };
    let mut response = call(&plain(address), address, &deadlines).await.unwrap();
    assert_eq!(response.body.next_chunk().await.unwrap_err(), TransportFault::FirstByteTimeout);
}

#[tokio::test]
async fn a_preamble_does_not_stop_the_first_byte_clock() {
    let address = trickle(1000, Duration::from_millis(20));
    let deadlines = Deadlines { first_byte: SHORT, ..PATIENT };
    let mut response = call(&plain(address), address, &deadlines).await.unwrap();
    let mut chunks = 0;
    let fault = loop {
        match response.body.next_chunk().await {
            Ok(chunk) => assert_eq!(&chunk.unwrap()[..], b": x"),
            Err(fault) => break fault,
        }
        chunks += 1;
    };
    assert_eq!(fault, TransportFault::FirstByteTimeout);
    assert!(chunks > 1, "{chunks} chunks");
}

#[tokio::test]
async fn a_stall_after_content_is_measured_from_the_last_byte() {
    // Six chunks, each later than half the idle deadline: together far more than it.
    let address = trickle(6, Duration::from_millis(200));
    let deadlines = Deadlines { idle: SHORT, ..PATIENT };
    let mut response = call(&plain(address), address, &deadlines).await.unwrap();
    response.body.next_chunk().await.unwrap().unwrap();
    response.body.content_arrived();
    for _ in 1..6 {
        response.body.next_chunk().await.unwrap().unwrap();
    }
    let last = Instant::now();
    assert_eq!(response.body.next_chunk().await.unwrap_err(), TransportFault::IdleTimeout);
    assert!(last.elapsed() >= SHORT, "gave up after {:?}", last.elapsed());
    // A body that failed never seems to end.
    assert_eq!(response.body.next_chunk().await.unwrap_err(), TransportFault::IdleTimeout);
}

#[tokio::test]
async fn our_own_slowness_is_not_the_upstreams_silence() {
    let address = trickle(2, Duration::from_millis(10));
    let deadlines = Deadlines { idle: SHORT, ..PATIENT };
    let mut response = call(&plain(address), address, &deadlines).await.unwrap();
    response.body.next_chunk().await.unwrap().unwrap();
    response.body.content_arrived();
    tokio::time::sleep(SHORT * 2).await;
    assert_eq!(&response.body.next_chunk().await.unwrap().unwrap()[..], b": x");
}

#[tokio::test]
async fn a_call_that_never_ends_is_ended() {
    let address = trickle(1000, Duration::from_millis(20));
    let deadlines = Deadlines { total: SHORT, ..PATIENT };
    let response = call(&plain(address), address, &deadlines).await.unwrap();
    assert_eq!(response.body.collect(1_000_000).await.unwrap_err(), TransportFault::TotalTimeout);
    let silent = scripted(|_, mut stream| {
        read_request(&mut stream);
        thread::sleep(Duration::from_secs(20));
    });
    assert_eq!(call(&plain(silent), silent, &deadlines).await.unwrap_err(), TransportFault::TotalTimeout);
}

#[tokio::test]
async fn deadlines_beyond_the_clocks_range_mean_never() {
    let never = Deadlines { first_byte: Duration::MAX, idle: Duration::MAX, total: Duration::MAX };
    let address = trickle(1, Duration::from_millis(10));
    let mut response = call(&plain(address), address, &never).await.unwrap();
    assert_eq!(&response.body.next_chunk().await.unwrap().unwrap()[..], b": x");
    response.body.content_arrived();
    assert!(tokio::time::timeout(SHORT, response.body.next_chunk()).await.is_err());
}

#[tokio::test]
async fn giving_up_a_wait_loses_no_byte() {
    let address = trickle(5, Duration::from_millis(50));
    let mut response = call(&plain(address), address, &PATIENT).await.unwrap();
    let mut received = Vec::new();
    while received.len() < 15 {
        // Most of these waits are given up in the middle.
        if let Ok(chunk) = tokio::time::timeout(Duration::from_millis(7), response.body.next_chunk()).await {
            received.extend_from_slice(&chunk.unwrap().unwrap());
        }
    }
    assert_eq!(received, b": x: x: x: x: x");
}
