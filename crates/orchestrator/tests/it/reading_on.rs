//! Routes whose calls are read on when their client has gone: to the end that the provider gives them, for a bounded time.

use crate::world::{Calling, World, buffered, eventually, route, streamed, until};
use futures_util::StreamExt;
use std::time::Duration;
use switchyard_domain::chat::UsageSource;
use switchyard_domain::declared::DeclaredRoute;
use switchyard_domain::fault::FaultKind;
use switchyard_domain::meta::Writer;
use switchyard_domain::route::OnDisconnect;
use switchyard_domain::usage::Outcome;
use switchyard_orchestrator::chat::ReplyBody;
use switchyard_testkit::fakes::provider::{Act, End};

async fn draining() -> World {
    let world = World::usual().await;
    let route = DeclaredRoute { on_disconnect: OnDisconnect::Drain, ..route("drained", &["a/m"]) };
    world.routes.add(&route, &Writer::API).await.unwrap();
    world
}

async fn leave_after_the_first_piece(calling: Calling) {
    let ReplyBody::Stream(mut frames) = calling.await.unwrap().body else { panic!("no stream") };
    frames.next().await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stream_that_is_left_is_read_to_its_end_and_billed_as_the_provider_says() {
    let world = draining().await;
    world.factory.always("a/m", Act::say(["one ", "two ", "three "]).counted(counts(21, 34)));
    leave_after_the_first_piece(world.call(streamed("drained"))).await;
    eventually(|| world.journal.events().len() == 1).await;
    let event = world.only_event();
    assert_eq!((event.outcome, event.usage.input, event.usage.output), (Outcome::ClientClosed, 21, 34));
    assert_eq!(event.usage_source, UsageSource::Provider);
    eventually(|| world.factory.open() == 0 && world.statistics.in_flight() == 0).await;
    world.is_idle();
}

#[tokio::test]
async fn for_a_client_that_has_left_no_attempt_is_begun() {
    let world = draining().await;
    world.factory.always("a/m", Act::fail(FaultKind::ServerError));
    let mut calling = world.call(buffered("drained"));
    until(&mut calling, || world.clock.sleepers() == 1).await;
    drop(calling);
    eventually(|| world.clock.sleepers() == 2).await;
    world.clock.advance(Duration::from_millis(50));
    eventually(|| world.statistics.in_flight() == 0).await;
    assert_eq!(world.factory.targets(), ["a/m"]);
    world.is_idle();
}

#[tokio::test]
async fn who_stays_hears_all_of_it() {
    let world = draining().await;
    world.factory.always("a/m", Act::counting(10, 1));
    let reply = world.call(buffered("drained")).await.unwrap();
    assert!(matches!(reply.body, ReplyBody::Buffered(_)));
    let ReplyBody::Stream(frames) = world.call(streamed("drained")).await.unwrap().body else {
        panic!("no stream")
    };
    assert!(frames.collect::<Vec<_>>().await.iter().all(Result::is_ok));
    assert_eq!(world.outcomes(), [Outcome::Complete; 2]);
    eventually(|| world.statistics.in_flight() == 0).await;
    world.is_idle();
}

#[tokio::test]
async fn one_that_never_ends_is_given_up_after_half_a_minute() {
    let world = draining().await;
    world.factory.always("a/m", Act::say(["one ", "two "]).ending(End::Hang));
    for streams in [true, false] {
        let before = world.journal.events().len();
        if streams {
            leave_after_the_first_piece(world.call(streamed("drained"))).await;
        } else {
            let mut calling = world.call(buffered("drained"));
            until(&mut calling, || world.factory.open() == 1).await;
            drop(calling);
        }
        eventually(|| world.clock.sleepers() == 1).await;
        world.clock.advance(Duration::from_secs(29));
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!((world.factory.open(), world.journal.events().len()), (1, before));
        world.clock.advance(Duration::from_secs(1));
        eventually(|| world.journal.events().len() == before + 1).await;
        assert_eq!(world.outcomes()[before], Outcome::ClientClosed);
        eventually(|| world.factory.open() == 0 && world.statistics.in_flight() == 0).await;
        world.is_idle();
    }
}

#[tokio::test]
async fn no_more_than_64_are_read_on_at_once() {
    let world = draining().await;
    world.factory.always("a/m", Act::say(["one ", "two "]).ending(End::Hang));
    for _ in 0..70 {
        leave_after_the_first_piece(world.call(streamed("drained"))).await;
    }
    eventually(|| world.factory.open() == 64 && world.journal.events().len() == 6).await;
    world.clock.advance(Duration::from_secs(30));
    eventually(|| world.factory.open() == 0 && world.journal.events().len() == 70).await;
}

fn counts(input: u64, output: u64) -> switchyard_domain::chat::TokenUsage {
    switchyard_domain::chat::TokenUsage { input, output, ..Default::default() }
}
