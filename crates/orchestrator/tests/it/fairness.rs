//! How calls share the targets of a route.

use crate::world::{World, at_once, buffered, route};
use std::collections::BTreeMap;
use std::sync::Arc;
use switchyard_domain::declared::DeclaredRoute;
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::route::{Availability, Avoidance, RouteMode, Strategy};
use switchyard_orchestrator::error::CallErrorKind;

async fn rotating(world: &World, name: &str, mode: RouteMode, targets: &[&str]) {
    let route = DeclaredRoute { mode, strategy: Strategy::RoundRobin, ..route(name, targets) };
    let mut route = route;
    route.targets.iter_mut().for_each(|target| target.priority = 0);
    world.routes.add(&route, &Writer::API).await.unwrap();
}

fn shares(world: &World) -> BTreeMap<String, usize> {
    let mut shares = BTreeMap::new();
    for target in world.factory.targets() {
        *shares.entry(target).or_default() += 1;
    }
    shares
}

fn share(world: &World, target: &str) -> usize {
    shares(world).get(target).copied().unwrap_or_default()
}

/// R9.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_256_calls_at_once_each_target_gets_the_same_share_give_or_take_one() {
    let world = Arc::new(World::usual().await);
    rotating(&world, "turns", RouteMode::Auto, &["a/m", "b/m", "c/m"]).await;
    let calls = (0..256).map(|_| {
        let world = Arc::clone(&world);
        async move { world.ask("turns").await.map(drop) }
    });
    for call in at_once(calls).await {
        call.unwrap();
    }
    let shares: Vec<usize> = shares(&world).into_values().collect();
    assert_eq!(shares.iter().sum::<usize>(), 256);
    assert!(shares.iter().all(|share| (85..=86).contains(share)), "{shares:?}");
}

#[tokio::test]
async fn calls_that_name_a_model_share_among_its_targets_whoever_calls_in_between() {
    let world = World::usual().await;
    rotating(&world, "named", RouteMode::Specific, &["a/m", "b/m", "a/n", "b/n"]).await;
    for _ in 0..10 {
        world.ask("named/m").await.unwrap();
        world.ask("named/n").await.unwrap();
    }
    let all: Vec<_> = shares(&world).into_values().collect();
    assert_eq!(all, [5, 5, 5, 5], "{:?}", shares(&world));
    let error = world.ask("named").await.err().unwrap();
    assert_eq!((error.kind, error.param.as_deref()), (CallErrorKind::InvalidRequest, Some("model")));
}

#[tokio::test]
async fn a_call_that_is_not_admitted_takes_no_turn() {
    let world = World::usual().await;
    rotating(&world, "turns", RouteMode::Auto, &["a/m", "b/m"]).await;
    let key = world.key("ci", Limits { rpm: Some(1), ..Limits::NONE }, None).await;
    world.limiter.close(&format!("key:{}", key.key_id().unwrap()), crate::world::SECOND);
    for _ in 0..10 {
        world.ask("turns").await.unwrap();
        assert!(world.finish(world.call_as(key.clone(), buffered("turns"))).await.is_err());
    }
    assert_eq!((share(&world, "a/m"), share(&world, "b/m")), (5, 5));
}

#[tokio::test]
async fn the_turns_go_on_when_the_configuration_changes() {
    let world = World::usual().await;
    rotating(&world, "turns", RouteMode::Auto, &["a/m", "b/m"]).await;
    for _ in 0..10 {
        world.ask("turns").await.unwrap();
        world.provider(&format!("p{}", world.factory.targets().len()), &[]).await;
    }
    assert_eq!((share(&world, "a/m"), share(&world, "b/m")), (5, 5));
}

#[tokio::test]
async fn a_target_that_rests_is_tried_last_and_never_given_up() {
    let world = World::usual().await;
    rotating(&world, "turns", RouteMode::Auto, &["a/m", "b/m"]).await;
    let a = world.providers.find(&crate::world::named("a")).await.unwrap().id;
    world.health.set(a, "m", Availability::Avoid(Avoidance::Unhealthy));
    for _ in 0..4 {
        assert_eq!(world.ask("turns").await.unwrap().head.target, "b/m");
    }
    let b = world.providers.find(&crate::world::named("b")).await.unwrap().id;
    world.health.set(b, "m", Availability::Avoid(Avoidance::Unhealthy));
    assert!(world.ask("turns").await.is_ok(), "the last providers of a route are tried all the same");
}
