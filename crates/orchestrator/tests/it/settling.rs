//! What is recorded of a call that runs to its end, and when.

use crate::world::{SECOND, Setting, World, buffered, drain, poll_once, streamed, until};
use futures_util::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::chat::UsageSource;
use switchyard_domain::fault::FaultKind;
use switchyard_domain::limits::Limits;
use switchyard_domain::usage::Outcome;
use switchyard_orchestrator::chat::ReplyBody;
use switchyard_testkit::clock::START;
use switchyard_testkit::fakes::journal::Appends;
use switchyard_testkit::fakes::provider::{Act, End};
use switchyard_testkit::fakes::tokenizer::WordTokenizer;

#[tokio::test]
async fn a_whole_answer_is_recorded_before_it_is_handed_out() {
    let world = World::usual().await;
    let key = world.key("ci", Limits { tpm: Some(100_000), ..Limits::NONE }, None).await;
    let clock = Arc::clone(&world.clock);
    world.factory.on_send(move |_| clock.advance(2 * SECOND));
    world.factory.always("a/m", Act::counting(10, 3));
    let reply = world.finish(world.call_as(key.clone(), buffered("all"))).await.unwrap();
    assert!(matches!(reply.body, ReplyBody::Buffered(_)));
    let event = world.only_event();
    assert_eq!((event.outcome, event.is_final, event.attempt), (Outcome::Complete, true, 1));
    assert_eq!((event.usage.input, event.usage.output), (10, 3));
    assert_eq!(event.usage_source, UsageSource::Provider);
    assert_eq!((event.key, event.request_id.as_str()), (key.key_id(), "request-1"));
    assert_eq!((event.requested_model.as_str(), event.route.as_deref()), ("all", Some("all")));
    assert_eq!((event.provider_name.as_str(), event.model.as_str()), ("a", "m"));
    assert_eq!((event.status, event.fault.as_deref()), (Some(200), None));
    assert_eq!((event.first_content_ms, event.duration_ms), (Some(2_000), 2_000));
    assert_eq!(event.at, START);
    assert!(!event.stream && !event.simulated);
    let scope = format!("key:{}", key.key_id().unwrap());
    assert_eq!(world.limiter.scope(&scope).settled, [13], "the estimate gives way to the truth");
    world.is_idle();
}

#[tokio::test]
async fn a_stream_is_recorded_at_its_end_and_ends_only_once_it_is_recorded() {
    let world = World::usual().await;
    world.factory.always("a/m", Act::say(["one ", "two"]));
    let mut frames = world.stream("a/m").await;
    for _ in 0..3 {
        assert!(frames.next().await.unwrap().is_ok());
        assert!(world.journal.records().is_empty());
    }
    world.journal.set_appends(Appends::HangUnwritten);
    let mut end: std::pin::Pin<Box<dyn Future<Output = _> + Send>> =
        Box::pin(async move { frames.next().await.is_none() });
    until(&mut end, || world.journal.begun() == 1).await;
    for _ in 0..20 {
        assert!(poll_once(&mut end).await.is_pending(), "the end came before the record was safe");
    }
    drop(end);
    assert_eq!(world.only_event().outcome, Outcome::Complete);
    world.is_idle();
}

#[tokio::test]
async fn a_stream_that_ends_well_is_recorded_once() {
    let world = World::usual().await;
    world.factory.always("a/m", Act::say(["one ", "two"]));
    let frames = drain(world.stream("a/m").await).await;
    assert!(frames.len() == 3 && frames.iter().all(Result::is_ok));
    let event = world.only_event();
    assert_eq!((event.outcome, event.stream), (Outcome::Complete, true));
    assert_eq!((event.usage.output, event.usage_source), (2, UsageSource::Counted));
    world.is_idle();
}

#[tokio::test]
async fn a_stream_that_is_cut_is_recorded_once_with_what_came() {
    let world = World::usual().await;
    world.factory.always("a/m", Act::say(["one ", "two ", "three"]).cut(FaultKind::Interrupted));
    let frames = drain(world.stream("a/m").await).await;
    assert!(frames.last().unwrap().is_err());
    let event = world.only_event();
    assert_eq!((event.outcome, event.fault.as_deref()), (Outcome::Partial, Some("interrupted")));
    assert_eq!((event.usage.input, event.usage.output), (9, 3));
    assert_eq!(event.usage_source, UsageSource::Partial);
    world.is_idle();
}

#[tokio::test]
async fn the_message_of_a_cut_says_what_happened_and_what_to_do() {
    let world = World::usual().await;
    world.factory.always("a/m", Act::say(["one"]).cut(FaultKind::IdleTimeout));
    let error = drain(world.stream("a/m").await).await.pop().unwrap().unwrap_err();
    assert_eq!(
        error.message,
        "The answer broke off: scripted idle_timeout. What came before it is incomplete; ask again."
    );
}

#[tokio::test]
async fn a_call_that_failed_everywhere_is_recorded_before_its_client_hears_of_it() {
    let world = World::usual().await;
    for target in ["a/m", "b/m", "c/m"] {
        world.factory.always(target, Act::fail(FaultKind::ServerError));
    }
    world.journal.set_appends(Appends::HangUnwritten);
    let mut calling = world.call(buffered("all"));
    until(&mut calling, || world.journal.begun() == 1).await;
    assert!(poll_once(&mut calling).await.is_pending());
    drop(calling);
    assert_eq!(world.outcomes(), [Outcome::Failed; 3]);
    world.is_idle();
}

#[tokio::test]
async fn counting_that_takes_long_is_done_on_another_thread() {
    for (text, loaded) in [("short", false), (&"word ".repeat(10_000), true)] {
        let tokenizer = WordTokenizer::new(true, loaded);
        let world = World::set(Setting { tokenizer, ..Setting::default() }).await;
        world.factory.always("a/m", Act::say([text]));
        world.ask("a/m").await.unwrap();
        let here = std::thread::current().id();
        let threads = world.tokenizer.counted_on();
        assert!(!threads.is_empty() && threads.iter().all(|thread| *thread != here));
        assert_eq!(world.only_event().usage.output, text.split_whitespace().count() as u64);
    }
}

#[tokio::test]
async fn counting_that_is_quick_is_done_where_the_call_is() {
    let world = World::usual().await;
    world.factory.always("a/m", Act::say(["short"]));
    world.ask("a/m").await.unwrap();
    let threads = world.tokenizer.counted_on();
    assert!(threads.iter().all(|thread| *thread == std::thread::current().id()));
}

#[tokio::test]
async fn in_flight_are_the_calls_that_run() {
    let world = World::usual().await;
    world.factory.always("a/m", Act::say(["x"]).ending(End::Hang));
    let mut first = world.stream("a/m").await;
    let second = world.stream("a/m").await;
    assert_eq!(world.statistics.in_flight(), 2);
    first.next().await.unwrap().unwrap();
    drop(first);
    assert_eq!(world.statistics.in_flight(), 1);
    drop(second);
    assert_eq!(world.statistics.in_flight(), 0);
}

#[tokio::test]
async fn attempts_are_counted_by_provider_and_outcome() {
    let world = World::usual().await;
    world.factory.next("a/m", [Act::fail(FaultKind::ServerError)]);
    world.ask("all").await.unwrap();
    world.ask("all").await.unwrap();
    let counts: Vec<_> = world
        .statistics
        .attempts()
        .into_iter()
        .map(|(provider, outcome, count)| (provider, outcome, count.attempts, count.input_tokens))
        .collect();
    assert_eq!(
        counts,
        [
            ("a".to_owned(), "complete", 1, 10),
            ("a".to_owned(), "failed", 1, 0),
            ("b".to_owned(), "complete", 1, 10)
        ]
    );
    assert_eq!(world.statistics.unpriced(), 2);
}

#[tokio::test]
async fn a_shutdown_waits_for_records_that_are_still_counted() {
    let tokenizer = WordTokenizer::new(true, false);
    let world = World::set(Setting { tokenizer, ..Setting::default() }).await;
    world.factory.always("a/m", Act::say(["some words"]).ending(End::Hang));
    let mut frames = world.finish(world.call(streamed("a/m"))).await.map(|reply| match reply.body {
        ReplyBody::Stream(frames) => frames,
        ReplyBody::Buffered(_) => panic!("a stream was asked for"),
    });
    frames.as_mut().unwrap().next().await.unwrap().unwrap();
    drop(frames);
    assert!(world.tasks.shutdown(Duration::from_secs(10)).await);
    assert_eq!(world.only_event().usage.output, 2);
}
