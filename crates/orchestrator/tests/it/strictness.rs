//! Members that a target can't express: told, or refused.

use crate::world::{World, buffered, route, with};
use switchyard_domain::fault::FaultKind;
use switchyard_domain::meta::Writer;
use switchyard_orchestrator::error::CallErrorKind;
use switchyard_testkit::fakes::provider::Act;

#[tokio::test]
async fn a_loss_is_told_to_the_client_and_recorded() {
    let world = World::usual().await;
    world.factory.lose("a/m", "logit_bias");
    let reply = world.ask("a/m").await.unwrap();
    assert_eq!(reply.head.losses.to_string(), "logit_bias");
    assert_eq!(world.only_event().dropped.as_deref(), Some("logit_bias"));
}

#[tokio::test]
async fn a_list_of_losses_without_end_is_recorded_in_part() {
    let world = World::usual().await;
    for message in 0..50_000 {
        world.factory.lose("a/m", &format!("messages[{message}].name"));
    }
    world.ask("a/m").await.unwrap();
    let dropped = world.only_event().dropped.unwrap();
    assert!(dropped.len() <= 2_004, "{}", dropped.len());
    assert!(
        dropped.starts_with("messages[0].name,messages[1].name,") && dropped.ends_with(".name,..."),
        "{dropped}"
    );
}

#[tokio::test]
async fn a_strict_caller_is_refused_and_nothing_is_sent() {
    let world = World::usual().await;
    world.factory.lose("a/m", "logit_bias");
    let error = world.finish(world.call(buffered("a/m").strict())).await.err().unwrap();
    assert_eq!((error.kind, error.param.as_deref()), (CallErrorKind::UnsupportedFeature, Some("logit_bias")));
    assert!(error.message.contains("a/m can't express `logit_bias`"), "{}", error.message);
    assert!(world.factory.targets().is_empty() && world.journal.events().is_empty());
    world.is_idle();
}

#[tokio::test]
async fn a_refusal_says_no_long_name_back() {
    let world = World::usual().await;
    world.factory.lose("a/m", &"x".repeat(100_000));
    let error = world.finish(world.call(buffered("a/m").strict())).await.err().unwrap();
    assert!(error.message.len() < 400 && error.param.unwrap().len() == 100, "{}", error.message.len());
}

#[tokio::test]
async fn a_strict_route_refuses_whoever_calls_it() {
    let world = World::usual().await;
    let mut strict = route("strict", &["a/m"]);
    strict.strict = true;
    world.routes.add(&strict, &Writer::API).await.unwrap();
    world.factory.lose("a/m", "logit_bias");
    let error = world.ask("strict").await.err().unwrap();
    assert_eq!(error.kind, CallErrorKind::UnsupportedFeature);
    assert!(world.factory.targets().is_empty());
}

#[tokio::test]
async fn a_target_that_can_carry_a_strict_call_whole_gets_it() {
    let world = World::usual().await;
    world.factory.lose("a/m", "logit_bias");
    let reply = world.finish(world.call(buffered("all").strict())).await.unwrap();
    assert_eq!((reply.head.target.as_str(), reply.head.attempts), ("b/m", 1));
    assert!(reply.head.losses.is_empty());
}

#[tokio::test]
async fn a_loss_at_the_next_target_does_not_hide_why_the_first_one_failed() {
    let world = World::usual().await;
    world.route("pair", &["a/m", "b/m"]).await;
    world.factory.always("a/m", Act::fail(FaultKind::AuthFailed));
    world.factory.lose("b/m", "logit_bias");
    let error = world.finish(world.call(with("pair", "").strict())).await.err().unwrap();
    assert_eq!(error.kind, CallErrorKind::UpstreamAuthFailed);
    assert_eq!(world.factory.targets(), ["a/m"]);
}
