//! What is asked of the limiter, and what a refusal says.

use crate::world::{SECOND, World, buffered, with};
use std::time::Duration;
use switchyard_domain::limits::Limits;
use switchyard_orchestrator::error::CallErrorKind;
use switchyard_testkit::fakes::provider::Act;

#[tokio::test]
async fn a_call_reserves_its_prompt_by_estimate_and_its_output_limit_for_every_choice() {
    let world = World::usual().await;
    let key = world.key("ci", Limits { tpm: Some(100_000), ..Limits::NONE }, None).await;
    let scope = format!("key:{}", key.key_id().unwrap());
    // Eleven bytes are three tokens, a message's frame four, the priming three.
    for (members, reserved) in
        [("", 10 + 1_000), (r#","max_tokens":50"#, 10 + 50), (r#","max_tokens":50,"n":4"#, 10 + 200)]
    {
        world.finish(world.call_as(key.clone(), with("a/m", members))).await.unwrap();
        assert_eq!(world.limiter.scope(&scope).reserved.last(), Some(&reserved), "{members}");
    }
    assert_eq!(world.limiter.scope(&scope).settled, [11, 11, 11]);
    world.is_idle();
}

#[tokio::test]
async fn a_key_without_limits_asks_for_nothing() {
    let world = World::usual().await;
    let key = world.key("ci", Limits::NONE, None).await;
    world.finish(world.call_as(key, buffered("a/m"))).await.unwrap();
    assert!(world.limiter.scopes().is_empty());
}

#[tokio::test]
async fn a_refused_call_is_429_names_the_key_and_sends_nothing() {
    let world = World::usual().await;
    let key = world.key("ci", Limits { rpm: Some(7), ..Limits::NONE }, None).await;
    let scope = format!("key:{}", key.key_id().unwrap());
    world.limiter.close(&scope, Duration::from_millis(1_001));
    let error = world.finish(world.call_as(key, buffered("all"))).await.err().unwrap();
    assert_eq!(
        (error.kind, error.retry_after),
        (CallErrorKind::RateLimited, Some(Duration::from_millis(1_001)))
    );
    assert_eq!(error.message, "The key `ci` is at its limit of 7 requests per minute. Try again in 2 s.");
    assert!(world.factory.targets().is_empty() && world.journal.records().is_empty());
    world.is_idle();
}

#[tokio::test]
async fn of_calls_at_once_no_more_than_the_slots_run() {
    let world = World::usual().await;
    let key = world.key("ci", Limits { concurrency: Some(2), ..Limits::NONE }, None).await;
    world.factory.always("a/m", Act::Hang);
    let mut running: Vec<_> = (0..2).map(|_| world.call_as(key.clone(), buffered("a/m"))).collect();
    for calling in &mut running {
        assert!(crate::world::poll_once(calling).await.is_pending());
    }
    let error = world.finish(world.call_as(key.clone(), buffered("a/m"))).await.err().unwrap();
    assert_eq!(error.kind, CallErrorKind::RateLimited);
    assert!(error.message.contains("2 calls at the same time"), "{}", error.message);
    drop(running.pop());
    let mut next = world.call_as(key, buffered("a/m"));
    assert!(crate::world::poll_once(&mut next).await.is_pending());
    assert_eq!(world.factory.open(), 2);
    drop((running, next));
    world.is_idle();
}

#[tokio::test]
async fn while_the_limit_store_is_away_limited_callers_are_refused_and_others_served() {
    let world = World::usual().await;
    let key = world.key("ci", Limits { rpm: Some(7), ..Limits::NONE }, None).await;
    world.limiter.take_away();
    let error = world.finish(world.call_as(key, buffered("a/m"))).await.err().unwrap();
    assert_eq!((error.kind, error.retry_after), (CallErrorKind::StorageUnavailable, Some(5 * SECOND)));
    assert!(
        !error.message.contains("took it away"),
        "what the store says is not the client's: {}",
        error.message
    );
    assert!(world.ask("a/m").await.is_ok());
}
