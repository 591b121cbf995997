//! Calls of other operations than chats.

use crate::world::{World, buffered};
use switchyard_domain::chat::Dialect;
use switchyard_domain::fault::FaultKind;
use switchyard_domain::operation::Operation;
use switchyard_domain::usage::Outcome;
use switchyard_orchestrator::error::CallErrorKind;
use switchyard_testkit::fakes::provider::Act;

fn vectors(model: &str) -> switchyard_testkit::call::WireCall {
    buffered(model).of_dialect(Dialect::OPENAI_EMBEDDINGS)
}

#[tokio::test]
async fn targets_that_can_not_take_such_calls_are_passed_over_without_an_attempt() {
    let world = World::usual().await;
    world.factory.offer("b", [Operation::Chat, Operation::Embedding]);
    let reply = world.finish(world.call(vectors("all"))).await.unwrap();
    assert_eq!((reply.head.target.as_str(), reply.head.attempts), ("b/m", 1));
    assert_eq!(world.factory.targets(), ["b/m"]);
    let event = world.only_event();
    assert_eq!((event.dialect.as_str(), event.outcome), ("openai-embeddings", Outcome::Complete));
    assert!(event.is_billed());
    world.is_idle();
}

#[tokio::test]
async fn a_target_that_fails_is_told_before_those_that_were_passed_over() {
    let world = World::usual().await;
    world.factory.offer("b", [Operation::Embedding]);
    world.factory.always("b/m", Act::fail(FaultKind::ServerError));
    let error = world.finish(world.call(vectors("all"))).await.err().unwrap();
    assert_eq!(error.kind, CallErrorKind::UpstreamError);
    assert!(world.factory.targets().iter().all(|target| target == "b/m"));
}

#[tokio::test]
async fn where_no_target_can_the_client_learns_which_model_and_what_for_and_nothing_is_recorded() {
    let world = World::usual().await;
    for model in ["all", "a/m"] {
        let error = world.finish(world.call(vectors(model))).await.err().unwrap();
        assert_eq!((error.kind, error.param.as_deref()), (CallErrorKind::UnsupportedFeature, Some("model")));
        assert!(error.message.contains("`a/m`") && error.message.contains("embeddings"), "{}", error.message);
    }
    assert!(world.factory.targets().is_empty() && world.journal.events().is_empty());
    world.is_idle();
}
