//! Providers that keep us waiting.

use crate::matrix::Row;
use crate::scene::{ALONE, FAULTY, Mode, PAIR, Scene};
use futures_util::future::join_all;
use std::time::{Duration, Instant};
use switchyard_domain::usage::Outcome;
use switchyard_harness::TestAppBuilder;
use tokio::join;

const FIRST_CONTENT: Duration = Duration::from_millis(700);
const IDLE: Duration = Duration::from_millis(600);

const SILENT: Row<'static> = Row {
    fault: "first_byte_timeout",
    outcome: Outcome::TimedOut,
    answer: (504, "upstream_timeout"),
    tries: 2,
    ..Row::FAILS
};

fn impatient() -> TestAppBuilder {
    Scene::impatient(FIRST_CONTENT, IDLE)
}

/// U11.
#[tokio::test]
async fn slow_headers_go_to_the_next_target_and_are_504_after_two_tries_without_one() {
    Row { script: "latency_ms=60000", ..SILENT }.holds_at(impatient).await;
}

/// U12.
#[tokio::test]
async fn a_stall_before_the_first_token_goes_to_the_next_target_and_its_prompt_is_billed() {
    Row { script: "stall_before_first", billed: true, ..SILENT }.holds_in(Mode::Streamed, impatient).await;
}

/// U12.
#[tokio::test]
async fn a_buffered_answer_that_stalls_after_its_head_goes_to_the_next_target() {
    let scene = Scene::start(impatient(), "stall_before_first").await;
    let (hidden, told) = join!(scene.ask(Mode::Buffered, PAIR), scene.ask(Mode::Buffered, ALONE));
    assert_eq!((hidden.answer.status, hidden.whole), (200, true), "{}", hidden.answer.text);
    assert_eq!(scene.events(&hidden).await[0].outcome, Outcome::TimedOut);
    assert_eq!((told.answer.status, told.error.as_deref()), (504, Some("upstream_timeout")));
}

/// U12: what comes before the content (the role, comments that keep the connection alive) is not content.
#[tokio::test]
async fn a_preamble_does_not_end_the_wait_for_the_first_token() {
    let check = async |script| {
        let scene = Scene::start(impatient(), script).await;
        let heard = scene.ask(Mode::Streamed, PAIR).await;
        assert_eq!(heard.answer.header("x-switchyard-attempts"), "2", "{script}: {}", heard.answer.text);
        assert!(heard.whole, "{script}: {}", heard.answer.text);
    };
    join_all(["stall_after=0", "comments&stall_after=0", "empty_choices_first&stall_after=0"].map(check))
        .await;
}

/// U13, P7.
#[tokio::test]
async fn a_stall_in_mid_stream_ends_with_an_error_event_at_the_idle_timeout() {
    let scene = Scene::start(impatient(), "stall_after=4").await;
    for model in [ALONE, PAIR] {
        let began = Instant::now();
        let heard = scene.ask(Mode::Streamed, model).await;
        let took = began.elapsed();
        println!("idle timeout {IDLE:?}: the stream ended after {took:?}");
        assert!(took >= IDLE, "given up before the idle timeout: {took:?}");
        let event = scene.is_broken_off(&heard).await;
        assert_eq!(event.fault.as_deref(), Some("idle_timeout"));
        assert_eq!(event.model, FAULTY);
        let call = scene.only_call(&heard).await;
        assert_eq!(heard.text, call.text_sent, "{model}");
        assert_eq!((event.usage.input, event.usage.output), (call.billed.prompt, 4));
    }
}

/// U13: tokens that come slowly, but come, are no stall.
#[tokio::test]
async fn a_slow_stream_that_never_falls_silent_for_the_idle_timeout_is_whole() {
    let scene = Scene::start(impatient(), "tokens=6&chunk_ms=200").await;
    let heard = scene.ask(Mode::Streamed, ALONE).await;
    scene.is_answered_whole(&heard).await;
}
