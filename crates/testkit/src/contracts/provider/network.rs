//! Connections: none, lost, kept, given up.

use super::attempt::{PATIENT, Scene, ask, context};
use super::subject::Subject;
use crate::simulator::Simulator;
use futures_util::StreamExt;
use std::time::{Duration, Instant};
use switchyard_domain::fault::FaultKind;
use switchyard_ports::provider::AnswerBody;

/// See the name.
pub async fn unreachable_upstreams_are_told_apart(subject: Subject) {
    let scene = Scene::new(subject);
    scene.stream("refuse").await.failed(FaultKind::Connect);
    scene.upstream.shutdown();
    let outcome = scene.stream("").await.failed(FaultKind::Connect);
    assert!(!outcome.received.began);

    let nowhere = (subject.build)("https://switchyard-contract.invalid");
    let call = subject.call(&ask(true));
    let prepared = nowhere.prepare(&call, "m").unwrap();
    let fault = nowhere.send(prepared, context(PATIENT)).await.err().unwrap();
    assert_eq!(fault.kind, FaultKind::Dns, "{fault}");
}

/// See the name.
pub async fn a_connection_closed_before_reuse_is_hidden(subject: Subject) {
    let scene = Scene::new(subject);
    for body in [ask(false), ask(true)] {
        scene.attempt("close_on_reuse", &body).await.whole();
        scene.attempt("", &body).await.whole();
    }
    let outcome = scene.buffered("close_after").await.whole();
    assert_eq!(outcome.text(), scene.text_sent());
    tokio::time::sleep(Duration::from_millis(20)).await;
    scene.buffered("").await.whole();
}

/// See the name.
pub async fn a_finished_stream_leaves_its_connection_for_the_next_call(subject: Subject) {
    let scene = Scene::new(subject);
    for _ in 0..4 {
        scene.stream("").await.whole();
        scene.buffered("").await.whole();
    }
    assert_eq!(scene.upstream.accepted_connections(), 1);
}

/// See the name.
pub async fn dropping_cancels_the_upstream_call(subject: Subject) {
    let scene = Scene::new(subject);
    let call = |stream| subject.call(&ask(stream));
    let prepared = scene.provider.prepare(&call(true), "m?chunk_ms=20&tokens=1000").unwrap();
    let answer = scene.provider.send(prepared, context(PATIENT)).await.unwrap();
    let AnswerBody::Stream(mut frames) = answer.body else { panic!("no stream") };
    frames.next().await.unwrap().unwrap();
    let dropped = Instant::now();
    drop(frames);
    closed_soon(&scene.upstream, 1, dropped).await;

    for (stream, script) in
        [(true, "stall_before_first"), (true, "latency_ms=20000"), (false, "latency_ms=20000")]
    {
        let arrived = scene.upstream.calls().len() + 1;
        let prepared = scene.provider.prepare(&call(stream), &format!("m?{script}")).unwrap();
        let send = scene.provider.send(prepared, context(PATIENT));
        let waiting = async {
            scene.upstream.until_calls(arrived, Duration::from_secs(10)).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        tokio::select! {
            _ = send => panic!("{script}: an answer came"),
            () = waiting => {}
        }
        closed_soon(&scene.upstream, arrived, Instant::now()).await;
    }
}

/// The upstream sees soon (a busy machine adds to it) that call number `count` was given up.
async fn closed_soon(upstream: &Simulator, count: usize, dropped: Instant) {
    let calls = upstream.until_ended_calls(count, Duration::from_secs(5)).await;
    let closed = calls[count - 1].peer_closed_at.unwrap_or_else(|| panic!("call {count} was not given up"));
    let took = closed.saturating_duration_since(dropped);
    assert!(took < Duration::from_millis(500), "{took:?}");
    assert!(!calls[count - 1].completed);
}
