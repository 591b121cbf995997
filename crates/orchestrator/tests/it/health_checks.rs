//! Providers that are asked in the background whether they answer.

use crate::credentials::owner;
use crate::shared_credentials::place;
use crate::world::{SECOND, Setting, World, buffered, named, until, wanted};
use std::pin::Pin;
use std::sync::Arc;
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::provider_health::HealthStatus;
use switchyard_domain::time::Timestamp;
use switchyard_orchestrator::admin::ProviderRequest;
use switchyard_orchestrator::health_checks::{HealthCheckSettings, HealthChecks};
use switchyard_orchestrator::principal::Principal;
use switchyard_ports::repositories::{Author, ConfigurationRepository as _, ProviderPatch};
use switchyard_testkit::fakes::provider::Act;
use switchyard_testkit::fakes::store::MemoryStore;
use tokio_util::sync::CancellationToken;

fn checks(world: &World) -> HealthChecks {
    HealthChecks::new(
        Arc::clone(&world.keeper),
        Arc::clone(&world.store) as _,
        Arc::clone(&world.clock) as _,
        HealthCheckSettings::default(),
    )
}

fn is_healthy(world: &World, provider: &str) -> bool {
    world.keeper.snapshot().providers[provider].is_healthy
}

#[tokio::test]
async fn the_third_failure_is_in_the_snapshot_and_so_is_the_first_success_behind_it() {
    let world = World::usual().await;
    let checks = checks(&world);
    world.factory.fail_listing("a", Some(FaultKind::ServerError));
    for (round, expected) in [(1, true), (2, true), (3, false), (4, false)] {
        assert_eq!(checks.round().await.unwrap(), 3, "round {round}");
        assert_eq!((is_healthy(&world, "a"), is_healthy(&world, "b")), (expected, true), "round {round}");
        world.clock.advance(60 * SECOND);
    }
    let is_listed = |name: &str| {
        let listed = world.models.for_principal(&Principal::Program);
        listed.iter().any(|model| model.id == name)
    };
    assert_eq!((is_listed("a/m"), is_listed("b/m"), is_listed("all")), (false, true, true));
    let stored = world.providers.find(&named("a")).await.unwrap();
    assert_eq!((stored.health.consecutive_failures, stored.meta.version), (4, 1));
    world.factory.fail_listing("a", None);
    checks.round().await.unwrap();
    assert!(is_healthy(&world, "a"));
    let health = world.providers.find(&named("a")).await.unwrap().health;
    assert_eq!((health.last.status, health.consecutive_failures), (HealthStatus::Online, 0));
    assert!(world.ask("a/m").await.is_ok(), "its client was kept or built anew");
    assert_eq!(world.factory.targets(), ["a/m"], "a check is no call");
}

#[tokio::test]
async fn a_provider_that_was_found_dead_is_asked_every_five_seconds_and_one_that_somebody_calls_unhealthy_is_not()
 {
    let world = World::usual().await;
    let checks = checks(&world);
    world.factory.fail_listing("a", Some(FaultKind::Connect));
    let mut running: Pin<Box<dyn Future<Output = ()> + Send>> =
        Box::pin(async move { checks.run(CancellationToken::new()).await });
    let mut pass = async |seconds: u32| {
        for _ in 0..seconds {
            until(&mut running, || world.clock.sleepers() == 1).await;
            world.clock.advance(SECOND);
        }
        until(&mut running, || world.clock.sleepers() == 1).await;
    };
    let asked =
        |provider: &str| world.factory.asked_for_models().iter().filter(|asked| *asked == provider).count();
    pass(180).await;
    assert_eq!((asked("a"), asked("b"), is_healthy(&world, "a")), (3, 3, false));
    let b = world.providers.find(&named("b")).await.unwrap().id;
    world.providers.state_health(b, false, &Writer::API).await.unwrap();
    pass(59).await;
    assert_eq!((asked("a"), asked("b"), is_healthy(&world, "b")), (3 + 11, 3, false));
    world.factory.fail_listing("a", None);
    pass(5).await;
    assert!(is_healthy(&world, "a") && is_healthy(&world, "b"), "the minute is over as well");
}

#[tokio::test]
async fn one_that_somebody_called_unhealthy_and_that_is_dead_indeed_is_asked_every_five_seconds_as_well() {
    let world = World::usual().await;
    let checks = checks(&world);
    let a = world.providers.find(&named("a")).await.unwrap().id;
    world.providers.state_health(a, false, &Writer::API).await.unwrap();
    world.factory.fail_listing("a", Some(FaultKind::Connect));
    world.clock.advance(60 * SECOND);
    assert_eq!(checks.round().await.unwrap(), 3);
    world.factory.fail_listing("a", None);
    world.clock.advance(5 * SECOND);
    assert_eq!(checks.round().await.unwrap(), 1);
    assert!(is_healthy(&world, "a"));
}

#[tokio::test]
async fn a_dead_provider_whose_last_key_is_gone_is_asked_no_more_and_not_avoided_for_ever() {
    let world = crate::shared_credentials::with_keys(1).await;
    world.route("pair", &["p/m", "a/m"]).await;
    let checks = checks(&world);
    world.factory.fail_listing("p", Some(FaultKind::Connect));
    for _ in 0..3 {
        checks.round().await.unwrap();
        world.clock.advance(60 * SECOND);
    }
    assert!(!is_healthy(&world, "p"));
    assert_eq!(world.ask("pair").await.unwrap().head.target, "a/m");
    let mine = world.key("mine", Limits::NONE, None).await;
    world.store(&owner(&mine), "sk-mine-0123456789").await;
    world.shared.remove(&named("p"), place(1), &Writer::API).await.unwrap();
    let before = world.factory.asked_for_models().len();
    assert_eq!(checks.round().await.unwrap(), 3, "the others");
    assert_eq!(world.factory.asked_for_models()[before..].iter().filter(|asked| *asked == "p").count(), 0);
    let reply = world.finish(world.call_as(mine, buffered("pair"))).await.unwrap();
    assert_eq!(reply.head.target, "p/m", "nobody else finds out that it is back");
}

#[tokio::test]
async fn of_two_servers_one_checks_each_provider_in_each_interval() {
    let store = Arc::new(MemoryStore::default());
    let first = World::over(Arc::clone(&store), Setting::default()).await;
    for name in ["a", "b"] {
        first.provider(name, &["m"]).await;
    }
    let second = World::over(store, Setting::default()).await;
    let (one, other) = (checks(&first), checks(&second));
    assert_eq!((one.round().await.unwrap(), other.round().await.unwrap()), (2, 0));
    for world in [&first, &second] {
        world.clock.advance(59 * SECOND);
    }
    assert_eq!((one.round().await.unwrap(), other.round().await.unwrap()), (0, 0));
    for world in [&first, &second] {
        world.clock.advance(SECOND);
    }
    assert_eq!((other.round().await.unwrap(), one.round().await.unwrap()), (2, 0));
    assert_eq!(first.factory.asked_for_models().len() + second.factory.asked_for_models().len(), 4);
}

#[tokio::test]
async fn another_server_sees_who_is_unhealthy() {
    let store = Arc::new(MemoryStore::default());
    let first = World::over(Arc::clone(&store), Setting::default()).await;
    first.provider("a", &["m"]).await;
    let second = World::over(store, Setting::default()).await;
    first.factory.fail_listing("a", Some(FaultKind::Connect));
    for _ in 0..3 {
        checks(&first).round().await.unwrap();
        first.clock.advance(60 * SECOND);
    }
    second.keeper.refresh().await.unwrap();
    assert_eq!((is_healthy(&first, "a"), is_healthy(&second, "a")), (false, false));
}

#[tokio::test]
async fn who_could_only_be_asked_in_vain_is_not_asked() {
    let world = World::empty().await;
    world.provider_of("locked", "without a key", &["m"]).await;
    world.provider_of("sim", "simulated", &["m"]).await;
    let off = ProviderRequest { is_enabled: false, ..wanted("off") };
    world.providers.add(off, &Writer::API).await.unwrap();
    assert_eq!(checks(&world).round().await.unwrap(), 0);
    assert!(world.factory.asked_for_models().is_empty());
}

#[tokio::test]
async fn the_loop_begins_after_an_interval_and_ends_when_it_is_told_to() {
    let world = World::usual().await;
    let stopping = world.tasks.stopping();
    let checks = checks(&world);
    world.tasks.spawn("health checks", async move { checks.run(stopping).await });
    world.clock.until_sleeping(1).await;
    assert!(world.factory.asked_for_models().is_empty());
    world.clock.advance(60 * SECOND);
    world.clock.until_sleeping(1).await;
    crate::world::eventually(|| world.factory.asked_for_models().len() == 3).await;
    assert!(world.tasks.shutdown(SECOND).await);
}

#[tokio::test]
async fn a_provider_that_refuses_one_of_its_keys_is_well_and_one_that_refuses_all_is_not() {
    let world = crate::shared_credentials::with_keys(3).await;
    let refuses = |number: u8| {
        let fault = ProviderFault { status: Some(401), ..ProviderFault::new(FaultKind::AuthFailed, "no") };
        world.factory.with_credential(&crate::shared_credentials::key(number), Some(Act::Fail(fault)));
    };
    let checks = checks(&world);
    let asked = || world.factory.asked_with().into_iter().flatten().count();
    refuses(1);
    refuses(2);
    for _ in 0..4 {
        checks.round().await.unwrap();
        world.clock.advance(60 * SECOND);
    }
    let health = world.providers.find(&named("p")).await.unwrap().health;
    assert_eq!((health.is_healthy, health.consecutive_failures), (true, 0), "{health:?}");
    assert_eq!(asked(), 12);
    refuses(3);
    for _ in 0..3 {
        checks.round().await.unwrap();
        world.clock.advance(60 * SECOND);
    }
    let health = world.providers.find(&named("p")).await.unwrap().health;
    assert_eq!((health.is_healthy, health.last.status_code), (false, Some(401)), "{health:?}");
}

#[tokio::test]
async fn what_a_check_showed_of_an_address_is_not_noted_of_the_next_one() {
    let world = World::usual().await;
    let checks = checks(&world);
    let a = world.providers.find(&named("a")).await.unwrap();
    world.factory.fail_listing("a", Some(FaultKind::Connect));
    // Somebody else moves it: this process has not heard of it yet.
    let moved = ProviderPatch {
        base_url: Some(Some("https://two.example/v1".to_owned())),
        ..ProviderPatch::default()
    };
    let author = Author { by: Writer::API, at: Timestamp(0) };
    world.store.update_provider(a.id, moved, &author).await.unwrap();
    checks.round().await.unwrap();
    let health = world.providers.find(&named("a")).await.unwrap().health;
    assert_eq!((health.last.status, health.consecutive_failures), (HealthStatus::Unknown, 0));
}
