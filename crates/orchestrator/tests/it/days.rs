//! Limits of a day: what is told to the limiter, and which attempts count.

use crate::world::{SECOND, World, buffered, named, route};
use std::sync::Arc;
use switchyard_domain::fault::FaultKind;
use switchyard_domain::ids::TargetId;
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::usage::{Outcome, UsageEvent};
use switchyard_orchestrator::chat::{DayCountError, DayCounts};
use switchyard_ports::clock::Clock as _;
use switchyard_ports::repositories::{NewQuota, QuotaRepository as _, UsageRepository as _};
use switchyard_testkit::contracts::repositories::{author, sample_event};
use switchyard_testkit::fakes::provider::Act;

const FEW: Limits = Limits { rpd: Some(5), ..Limits::NONE };

/// A world whose route `daily` leads to `a/m` and then to `b/m`, each with a limit of the day; and their ids.
async fn world() -> (World, Vec<TargetId>) {
    let world = World::usual().await;
    let mut declared = route("daily", &["a/m", "b/m"]);
    declared.targets.iter_mut().for_each(|target| target.limits = FEW);
    world.routes.add(&declared, &Writer::API).await.unwrap();
    let routes = world.routes.states().await.unwrap();
    let daily = routes.into_iter().find(|state| state.route.name == named("daily")).unwrap().route;
    (world, daily.targets.iter().map(|target| target.id).collect())
}

fn days(world: &World) -> DayCounts {
    DayCounts::new(
        Arc::clone(&world.store) as _,
        Arc::clone(&world.limiter) as _,
        Arc::clone(&world.keeper),
        Arc::clone(&world.clock) as _,
    )
}

fn told(world: &World, scope: &str) -> Option<u64> {
    world.limiter.scope(scope).told.map(|(day, count)| {
        assert_eq!(day, world.clock.now().day());
        count
    })
}

#[tokio::test]
async fn an_attempt_that_fails_is_none_of_its_targets_day_and_one_of_its_callers() {
    let (world, targets) = world().await;
    let [first, second] = [targets[0], targets[1]].map(|id| format!("target:{id}"));
    let key = world.key("ci", FEW, None).await;
    let caller = format!("key:{}", key.key_id().unwrap());
    world.factory.next("a/m", [Act::fail(FaultKind::ServerError)]);
    world.finish(world.call_as(key.clone(), buffered("daily"))).await.unwrap();
    assert_eq!([&first, &second, &caller].map(|scope| world.limiter.scope(scope).void), [1, 0, 0]);
    let events = world.journal.events();
    let facts: Vec<_> = events.iter().map(|event| (event.target, event.outcome)).collect();
    assert_eq!(facts, [(Some(targets[0]), Outcome::Failed), (Some(targets[1]), Outcome::Complete)]);
    world.is_idle();
}

#[tokio::test]
async fn what_the_ledger_knows_of_today_is_told_of_what_has_a_limit_of_the_day() {
    let (world, targets) = world().await;
    let key = world.key("ci", FEW, None).await.key_id().unwrap();
    let free = world.key("free", Limits::NONE, None).await.key_id().unwrap();
    let provider = world.providers.find(&named("a")).await.unwrap().id;
    let quota = NewQuota { scope: QuotaScope::Provider(provider), limits: FEW, budget: None };
    world.store.put(quota, None, &author(0)).await.unwrap();
    world.keeper.refresh().await.unwrap();
    let now = world.clock.now();
    let event =
        |outcome| UsageEvent { outcome, provider, target: Some(targets[0]), ..sample_event(Some(key), now) };
    let events = [
        event(Outcome::Complete),
        event(Outcome::ClientClosed),
        event(Outcome::Failed),
        UsageEvent { key: Some(free), target: None, ..event(Outcome::Complete) },
        UsageEvent { at: now.before(86_400 * SECOND), ..event(Outcome::Complete) },
    ];
    world.store.record(&events).await.unwrap();
    days(&world).tell().await.unwrap();
    assert_eq!(told(&world, &format!("target:{}", targets[0])), Some(2));
    assert_eq!(told(&world, &format!("target:{}", targets[1])), None, "nothing is known of it");
    assert_eq!(told(&world, &format!("key:{key}")), Some(3));
    assert_eq!(told(&world, &format!("key:{free}")), None, "it has no such limit");
    assert_eq!(told(&world, &format!("provider:{provider}")), Some(3));
}

#[tokio::test]
async fn it_is_told_again_as_soon_as_limits_change_and_from_time_to_time() {
    let (world, targets) = world().await;
    let scope = format!("target:{}", targets[0]);
    let days = Arc::new(days(&world));
    let stopping = tokio_util::sync::CancellationToken::new();
    let mut keeping = tokio::task::JoinSet::new();
    let (kept, stop) = (Arc::clone(&days), stopping.clone());
    keeping.spawn(async move { kept.keep_told(stop).await });
    let event = UsageEvent { target: Some(targets[0]), ..sample_event(None, world.clock.now()) };
    world.store.record(std::slice::from_ref(&event)).await.unwrap();
    let passes = async |seconds: u32| {
        for _ in 0..seconds {
            world.clock.until_sleeping(1).await;
            world.clock.advance(SECOND);
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        }
    };
    passes(20).await;
    assert_eq!(told(&world, &scope), None);
    passes(11).await;
    assert_eq!(told(&world, &scope), Some(1), "half a minute is over");
    world.store.record(&[UsageEvent { id: sample_event(None, event.at).id, ..event }]).await.unwrap();
    world.route("another", &["a/m"]).await;
    passes(2).await;
    assert_eq!(told(&world, &scope), Some(2), "the configuration was changed");
    stopping.cancel();
    keeping.join_all().await;
}

#[tokio::test]
async fn a_limiter_that_is_away_is_an_error_and_told_later() {
    let (world, targets) = world().await;
    let event = UsageEvent { target: Some(targets[0]), ..sample_event(None, world.clock.now()) };
    world.store.record(&[event]).await.unwrap();
    world.limiter.take_away();
    assert!(matches!(days(&world).tell().await, Err(DayCountError::Limiter(_))));
}
