//! A journal that can't write: nothing is served unrecorded, and nothing that was used is forgotten.

use crate::world::{World, buffered, drain, streamed};
use switchyard_domain::fault::FaultKind;
use switchyard_domain::limits::Limits;
use switchyard_domain::usage::Outcome;
use switchyard_orchestrator::error::CallErrorKind;
use switchyard_ports::repositories::UsageRepository;
use switchyard_testkit::fakes::journal::Appends;
use switchyard_testkit::fakes::provider::Act;

#[tokio::test]
async fn while_the_journal_is_unwritable_calls_are_refused_and_nothing_is_sent() {
    let world = World::usual().await;
    let key = world.key("ci", Limits { rpm: Some(5), ..Limits::NONE }, None).await;
    world.journal.set_unwritable(true);
    for call in [buffered("all"), streamed("all")] {
        let error = world.finish(world.call_as(key.clone(), call)).await.err().unwrap();
        assert_eq!(error.kind, CallErrorKind::StorageUnavailable);
        assert!(error.retry_after.is_some());
    }
    assert!(world.factory.targets().is_empty());
    assert!(world.limiter.scopes().is_empty(), "a refused call counts for nothing");
    world.is_idle();
    world.journal.set_unwritable(false);
    world.finish(world.call_as(key, buffered("all"))).await.unwrap();
}

#[tokio::test]
async fn a_whole_answer_that_can_not_be_recorded_is_withheld_and_its_cost_is_kept() {
    let world = World::usual().await;
    world.factory.always("a/m", Act::counting(10, 3));
    world.journal.set_appends(Appends::Fail);
    let error = world.ask("a/m").await.err().unwrap();
    assert_eq!(error.kind, CallErrorKind::StorageUnavailable);
    assert!(error.message.contains("withheld"), "{}", error.message);
    let event = world.only_event();
    assert_eq!((event.outcome, event.usage.total()), (Outcome::Failed, 13), "the provider is owed for it");
    world.is_idle();
}

#[tokio::test]
async fn a_stream_that_can_not_be_recorded_ends_with_an_error_and_never_well() {
    let world = World::usual().await;
    world.factory.always("a/m", Act::counting(10, 3));
    let frames = world.stream("a/m").await;
    world.journal.set_appends(Appends::Fail);
    let mut frames = drain(frames).await;
    let error = frames.pop().unwrap().unwrap_err();
    assert_eq!(error.kind, CallErrorKind::StorageUnavailable);
    assert!(frames.iter().all(Result::is_ok));
    let event = world.only_event();
    assert_eq!((event.outcome, event.usage.total()), (Outcome::Partial, 13));
    world.is_idle();
}

#[tokio::test]
async fn a_cut_stream_is_a_cut_stream_also_when_it_can_not_be_recorded() {
    let world = World::usual().await;
    world.factory.always("a/m", Act::say(["one"]).cut(FaultKind::Interrupted));
    let frames = world.stream("a/m").await;
    world.journal.set_appends(Appends::Fail);
    let error = drain(frames).await.pop().unwrap().unwrap_err();
    assert_eq!(error.kind, CallErrorKind::StreamInterrupted);
    assert_eq!(world.only_event().outcome, Outcome::Partial);
}

#[tokio::test]
async fn failures_that_can_not_be_recorded_are_told_as_such() {
    let world = World::usual().await;
    world.factory.always("a/m", Act::fail(FaultKind::Rejected));
    world.journal.set_appends(Appends::Fail);
    let error = world.ask("a/m").await.err().unwrap();
    assert_eq!(error.kind, CallErrorKind::StorageUnavailable);
    assert_eq!(world.only_event().outcome, Outcome::Rejected);
    world.is_idle();
}

#[tokio::test]
async fn a_call_that_goes_nowhere_is_noted_and_one_with_an_attempt_is_recorded_alone() {
    let world = World::usual().await;
    world.ask("nothing").await.map(drop).unwrap_err();
    world.factory.always("a/m", Act::fail(FaultKind::Rejected));
    world.ask("a/m").await.map(drop).unwrap_err();
    world.ask("b/m").await.unwrap();
    world.refused.write().await;
    let noted = UsageRepository::refused(&*world.store, None, 10).await.unwrap();
    let told: Vec<_> = noted.iter().map(|call| (call.model.as_str(), call.reason.as_str())).collect();
    assert_eq!(told, [("nothing", "model_not_found")]);
    assert_eq!(world.outcomes(), [Outcome::Rejected, Outcome::Complete]);
}
