//! Upstreams that take their time.

use super::attempt::{PATIENT, Scene, ask};
use super::subject::Subject;
use std::time::{Duration, Instant};
use switchyard_domain::fault::FaultKind;
use switchyard_ports::provider::Deadlines;

const SHORT: Duration = Duration::from_millis(150);
/// What a timeout may be late on a busy machine.
const SLACK: Duration = Duration::from_millis(500);

async fn timed(
    scene: &Scene,
    script: &str,
    stream: bool,
    deadlines: Deadlines,
) -> (super::attempt::Outcome, Duration) {
    let began = Instant::now();
    let outcome = scene.attempt_within(script, &ask(stream), deadlines).await;
    (outcome, began.elapsed())
}

/// See the name.
pub async fn a_late_first_byte_is_a_timeout(subject: Subject) {
    let scene = Scene::new(subject);
    let deadlines = Deadlines { first_content: SHORT, ..PATIENT };
    for (script, stream) in [
        ("latency_ms=5000", true),
        ("latency_ms=5000", false),
        ("stall_before_first", true),
        ("first_byte_ms=5000", true),
    ] {
        let (outcome, took) = timed(&scene, script, stream, deadlines).await;
        let outcome = outcome.failed(FaultKind::FirstByteTimeout);
        assert!(took >= SHORT && took < SHORT + SLACK, "{script}: {took:?}");
        assert_eq!(outcome.received.began, !script.starts_with("latency"), "{script}");
    }
    // Comments and a preamble are no content.
    let (outcome, _) = timed(&scene, "comments&empty_choices_first&stall_after=0", true, deadlines).await;
    outcome.failed(FaultKind::FirstByteTimeout);
}

/// See the name.
pub async fn silence_within_a_stream_is_a_timeout(subject: Subject) {
    let scene = Scene::new(subject);
    let deadlines = Deadlines { idle: SHORT, ..PATIENT };
    let (outcome, took) = timed(&scene, "stall_after=3", true, deadlines).await;
    let outcome = outcome.failed(FaultKind::IdleTimeout);
    assert_eq!(outcome.text(), scene.text_sent());
    assert_eq!(outcome.received.output_text.split_whitespace().count(), 3);
    assert!(took >= SHORT && took < SHORT + SLACK, "{took:?}");
    // A slow but steady stream is in time.
    let (outcome, _) = timed(&scene, "chunk_ms=40&tokens=6", true, deadlines).await;
    outcome.whole();
}

/// See the name.
pub async fn the_whole_time_is_bounded(subject: Subject) {
    let scene = Scene::new(subject);
    let deadlines = Deadlines { total: SHORT, ..PATIENT };
    for (script, stream) in [("chunk_ms=30&tokens=100", true), ("latency_ms=5000", false)] {
        let (outcome, took) = timed(&scene, script, stream, deadlines).await;
        outcome.failed(FaultKind::TotalTimeout);
        assert!(took >= SHORT && took < SHORT + SLACK, "{script}: {took:?}");
    }
}
