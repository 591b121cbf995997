//! Clients that leave: at every moment at which a call can wait for something, it is settled once, and nothing of it is held.

use crate::world::{Calling, Setting, World, buffered, eventually, poll_once, streamed, until};
use futures_util::StreamExt;
use switchyard_domain::chat::UsageSource;
use switchyard_domain::fault::FaultKind;
use switchyard_domain::limits::Limits;
use switchyard_domain::usage::{Outcome, UsageEvent};
use switchyard_orchestrator::chat::{ReplyBody, ReplyStream};
use switchyard_testkit::fakes::journal::Appends;
use switchyard_testkit::fakes::provider::{Act, End};
use switchyard_testkit::fakes::tokenizer::WordTokenizer;

/// A world whose caller has a key with room for one call.
async fn begin(stream: bool, act: Act) -> (World, Calling) {
    let world = World::usual().await;
    let key = world.key("ci", Limits { concurrency: Some(1), ..Limits::NONE }, None).await;
    world.factory.always("a/m", act);
    let call = if stream { streamed("a/m") } else { buffered("a/m") };
    let calling = world.call_as(key, call);
    (world, calling)
}

async fn first_frame(calling: Calling) -> ReplyStream {
    let ReplyBody::Stream(mut frames) = calling.await.unwrap().body else { panic!("no stream") };
    frames.next().await.unwrap().unwrap();
    frames
}

fn is_left(world: &World, input: u64, output: u64, source: UsageSource) -> UsageEvent {
    let event = world.only_event();
    assert_eq!((event.outcome, event.is_final), (Outcome::ClientClosed, true));
    assert_eq!((event.usage.input, event.usage.output, event.usage_source), (input, output, source));
    world.is_idle();
    event
}

#[tokio::test]
async fn before_the_providers_head_costs_nothing() {
    for stream in [false, true] {
        let (world, mut calling) = begin(stream, Act::Hang).await;
        until(&mut calling, || world.factory.open() == 1).await;
        drop(calling);
        let event = is_left(&world, 0, 0, UsageSource::None);
        assert_eq!((event.cost, event.ledger_entry()), (None, None));
    }
}

#[tokio::test]
async fn after_the_head_costs_the_prompt() {
    for stream in [false, true] {
        let (world, mut calling) = begin(stream, Act::HangAfterHead).await;
        until(&mut calling, || world.factory.open() == 1).await;
        drop(calling);
        is_left(&world, 9, 0, UsageSource::Partial);
    }
}

#[tokio::test]
async fn in_the_middle_of_a_whole_answer_costs_what_arrived() {
    let (world, mut calling) = begin(false, Act::say(["one ", "two "]).ending(End::Hang)).await;
    until(&mut calling, || world.factory.open() == 1).await;
    drop(calling);
    is_left(&world, 9, 2, UsageSource::Partial);
}

#[tokio::test]
async fn with_a_stream_that_was_never_read_costs_the_prompt() {
    let (world, calling) = begin(true, Act::say(["one ", "two "])).await;
    drop(calling.await.unwrap());
    is_left(&world, 9, 0, UsageSource::Partial);
}

#[tokio::test]
async fn between_two_pieces_of_a_stream_costs_what_arrived() {
    let (world, calling) = begin(true, Act::say(["one ", "two "]).ending(End::Hang)).await;
    drop(first_frame(calling).await);
    is_left(&world, 9, 1, UsageSource::Partial);
}

#[tokio::test]
async fn while_a_stream_is_silent_costs_what_arrived() {
    let (world, calling) = begin(true, Act::say(["one ", "two "]).ending(End::Hang)).await;
    let mut frames = first_frame(calling).await;
    frames.next().await.unwrap().unwrap();
    let mut waiting: std::pin::Pin<Box<dyn Future<Output = ()> + Send>> =
        Box::pin(async move { drop(frames.next().await) });
    for _ in 0..5 {
        assert!(poll_once(&mut waiting).await.is_pending());
    }
    drop(waiting);
    is_left(&world, 9, 2, UsageSource::Partial);
}

#[tokio::test]
async fn behind_the_last_piece_and_before_the_end_counts_as_leaving() {
    let (world, calling) = begin(true, Act::counting(10, 1)).await;
    let mut frames = first_frame(calling).await;
    frames.next().await.unwrap().unwrap();
    drop(frames);
    is_left(&world, 10, 1, UsageSource::Partial);
}

#[tokio::test]
async fn while_a_retry_is_waited_for_starts_none() {
    let (world, mut calling) = begin(false, Act::fail(FaultKind::Throttled)).await;
    until(&mut calling, || world.clock.sleepers() == 1).await;
    drop(calling);
    let event = world.only_event();
    assert_eq!((event.outcome, event.is_final, event.usage.total()), (Outcome::Throttled, true, 0));
    assert_eq!(world.factory.targets().len(), 1);
    world.is_idle();
}

#[tokio::test]
async fn during_a_fallback_records_both_attempts() {
    let world = World::usual().await;
    world.factory.always("a/m", Act::fail_after_head(FaultKind::ServerError));
    world.factory.always("b/m", Act::HangAfterHead);
    let mut calling = world.call(buffered("all"));
    until(&mut calling, || world.factory.targets().len() == 2).await;
    drop(calling);
    assert_eq!(world.outcomes(), [Outcome::Failed, Outcome::ClientClosed]);
    let finals: Vec<bool> = world.journal.events().iter().map(|event| event.is_final).collect();
    assert_eq!(finals, [false, true]);
    world.is_idle();
}

#[tokio::test]
async fn while_the_journal_writes_leaves_one_whole_record() {
    for appends in [Appends::HangUnwritten, Appends::HangWritten] {
        let (world, mut calling) = begin(false, Act::counting(10, 1)).await;
        world.journal.set_appends(appends);
        until(&mut calling, || world.journal.begun() == 1).await;
        drop(calling);
        let events = world.journal.events();
        assert!(!events.is_empty() && events.iter().all(|event| *event == events[0]), "{events:?}");
        assert_eq!((events[0].outcome, events[0].usage.total()), (Outcome::Complete, 11));
        world.is_idle();
    }
}

#[tokio::test]
async fn while_the_journal_writes_the_end_of_a_stream_leaves_one_whole_record() {
    let (world, calling) = begin(true, Act::counting(10, 1)).await;
    let mut frames = first_frame(calling).await;
    frames.next().await.unwrap().unwrap();
    world.journal.set_appends(Appends::HangUnwritten);
    let mut ending: std::pin::Pin<Box<dyn Future<Output = ()> + Send>> =
        Box::pin(async move { drop(frames.next().await) });
    until(&mut ending, || world.journal.begun() == 1).await;
    drop(ending);
    assert_eq!(world.only_event().outcome, Outcome::Complete);
    world.is_idle();
}

#[tokio::test]
async fn while_tokens_are_counted_elsewhere_leaves_one_whole_record() {
    let setting = Setting { tokenizer: WordTokenizer::new(true, false), ..Setting::default() };
    let world = World::set(setting).await;
    world.factory.always("a/m", Act::say(["three more words"]));
    let mut calling = world.call(buffered("a/m"));
    // It may end at once, where the other thread is quick.
    drop(poll_once(&mut calling).await);
    drop(calling);
    eventually(|| !world.journal.events().is_empty()).await;
    let event = world.only_event();
    assert_eq!((event.outcome, event.usage.output), (Outcome::Complete, 3));
    eventually(|| world.journal.permits() == 0).await;
    world.is_idle();
}

#[tokio::test]
async fn a_call_that_was_never_polled_leaves_nothing() {
    let (world, calling) = begin(false, Act::Hang).await;
    drop(calling);
    assert!(world.journal.records().is_empty() && world.factory.targets().is_empty());
    world.is_idle();
}

#[test]
fn a_stream_that_outlives_its_runtime_is_still_recorded() {
    for loaded in [true, false] {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (world, frames) = runtime.block_on(async {
            let setting = Setting { tokenizer: WordTokenizer::new(true, loaded), ..Setting::default() };
            let world = World::set(setting).await;
            world.factory.always("a/m", Act::say(["one ", "two "]).ending(End::Hang));
            let mut frames = world.stream("a/m").await;
            frames.next().await.unwrap().unwrap();
            (world, frames)
        });
        runtime.shutdown_background();
        drop(frames);
        is_left(&world, 9, 1, UsageSource::Partial);
    }
}
