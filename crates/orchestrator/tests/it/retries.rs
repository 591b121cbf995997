//! Trying the same target once more: when, after which wait, and paid by what.

use crate::world::{SECOND, Setting, World, buffered, named, poll_once, route, until};
use std::time::Duration;
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_domain::meta::Writer;
use switchyard_domain::retry::RetryBudget;
use switchyard_domain::route::{Availability, Avoidance};
use switchyard_domain::usage::Outcome;
use switchyard_orchestrator::error::CallErrorKind;
use switchyard_testkit::fakes::health::{HELD_BACK_FOR, ONCE_MORE};
use switchyard_testkit::fakes::provider::Act;

fn throttled(retry_after: Duration) -> Act {
    let fault = ProviderFault::new(FaultKind::Throttled, "slow down");
    Act::Fail(ProviderFault { status: Some(429), retry_after: Some(retry_after), ..fault })
}

#[tokio::test]
async fn the_only_target_is_tried_three_times_with_growing_waits() {
    let world = World::usual().await;
    world.factory.always("a/m", Act::fail(FaultKind::ServerError));
    let mut calling = world.call(buffered("a/m"));
    for (sent, ceiling) in [(1, 50), (2, 100)] {
        until(&mut calling, || world.clock.sleepers() == 1).await;
        assert_eq!(world.factory.targets().len(), sent);
        world.clock.advance(Duration::from_millis(ceiling));
    }
    let error = calling.await.err().unwrap();
    assert_eq!(error.kind, CallErrorKind::UpstreamError);
    assert_eq!(world.factory.targets(), ["a/m"; 3]);
    assert_eq!(world.outcomes(), [Outcome::Failed; 3]);
    world.is_idle();
}

#[tokio::test]
async fn the_first_retry_waits_as_a_first_one_however_many_targets_failed_before() {
    let world = World::usual().await;
    world.route("pair", &["a/m", "b/m"]).await;
    world.factory.always("a/m", Act::fail(FaultKind::ServerError));
    world.factory.next("b/m", [Act::fail(FaultKind::ServerError)]);
    let mut calling = world.call(buffered("pair"));
    until(&mut calling, || world.clock.sleepers() == 1).await;
    world.clock.advance(Duration::from_millis(50));
    let reply = calling.await.unwrap();
    assert_eq!((reply.head.target.as_str(), reply.head.attempts), ("b/m", 3));
}

#[tokio::test]
async fn a_wait_that_the_provider_asks_for_is_kept_to_the_millisecond_and_up_to_a_quarter_of_a_second_more() {
    let world = World::usual().await;
    world.factory.next("a/m", [throttled(Duration::from_millis(1_500))]);
    let mut calling = world.call(buffered("a/m"));
    until(&mut calling, || world.clock.sleepers() == 1).await;
    world.clock.advance(Duration::from_millis(1_499));
    assert!(poll_once(&mut calling).await.is_pending());
    assert_eq!(world.factory.targets().len(), 1);
    world.clock.advance(Duration::from_millis(251));
    assert_eq!(calling.await.unwrap().head.attempts, 2);
    assert_eq!(world.outcomes(), [Outcome::Throttled, Outcome::Complete]);
}

#[tokio::test]
async fn of_targets_that_all_want_to_be_left_alone_the_one_is_asked_again_whose_wait_ends_first() {
    let world = World::usual().await;
    world.route("pair", &["a/m", "b/m"]).await;
    world.factory.next("a/m", [throttled(Duration::from_secs(1))]);
    world.factory.next("b/m", [throttled(Duration::from_secs(4))]);
    let mut calling = world.call(buffered("pair"));
    until(&mut calling, || world.clock.sleepers() == 1).await;
    world.clock.advance(Duration::from_millis(999));
    assert!(poll_once(&mut calling).await.is_pending());
    world.clock.advance(Duration::from_millis(251));
    let reply = calling.await.unwrap();
    assert_eq!((reply.head.target.as_str(), reply.head.attempts), ("a/m", 3));
}

#[tokio::test]
async fn a_target_that_failed_is_asked_again_before_one_that_wants_a_wait() {
    let world = World::usual().await;
    world.route("pair", &["a/m", "b/m"]).await;
    world.factory.next("a/m", [Act::fail(FaultKind::ServerError)]);
    world.factory.next("b/m", [throttled(Duration::from_secs(30))]);
    let mut calling = world.call(buffered("pair"));
    until(&mut calling, || world.clock.sleepers() == 1).await;
    world.clock.advance(Duration::from_millis(50));
    let reply = calling.await.unwrap();
    assert_eq!((reply.head.target.as_str(), reply.head.attempts), ("a/m", 3));
}

#[tokio::test]
async fn where_all_waits_are_too_long_the_client_hears_the_shortest_of_them() {
    let world = World::usual().await;
    world.route("three", &["a/m", "b/m", "c/m"]).await;
    for (target, seconds) in [("a/m", 30), ("b/m", 7), ("c/m", 59)] {
        world.factory.always(target, throttled(Duration::from_secs(seconds)));
    }
    let error = world.ask("three").await.err().unwrap();
    assert_eq!(
        (error.kind, error.retry_after),
        (CallErrorKind::UpstreamThrottled, Some(Duration::from_secs(7)))
    );
    assert_eq!(world.factory.targets(), ["a/m", "b/m", "c/m"]);
}

#[tokio::test]
async fn a_wait_that_is_too_long_ends_the_call_at_once_with_that_wait_within_bounds() {
    for (asked, told) in [(5_001, 5_001), (59_000, 59_000), (3_600_000, 60_000)] {
        let world = World::usual().await;
        world.factory.always("a/m", throttled(Duration::from_millis(asked)));
        let error = world.ask("a/m").await.err().unwrap();
        assert_eq!(error.kind, CallErrorKind::UpstreamThrottled);
        assert_eq!(error.retry_after, Some(Duration::from_millis(told)));
        assert_eq!(world.factory.targets().len(), 1);
    }
}

#[tokio::test]
async fn a_wait_that_does_not_fit_into_the_calls_time_is_not_begun() {
    let mut setting = Setting::default();
    setting.calls.deadlines.total = 3 * SECOND;
    let world = World::set(setting).await;
    world.factory.always("a/m", throttled(3 * SECOND));
    let error = world.ask("a/m").await.err().unwrap();
    assert_eq!((error.kind, error.retry_after), (CallErrorKind::UpstreamThrottled, Some(3 * SECOND)));
    world.factory.always("a/m", throttled(2 * SECOND));
    assert!(world.ask("a/m").await.is_err());
    assert_eq!(world.factory.targets().len(), 1 + 2, "one wait of two seconds fits into three");
}

#[tokio::test]
async fn faults_that_time_does_not_heal_are_not_tried_again_at_the_same_target() {
    for kind in [
        FaultKind::AuthFailed,
        FaultKind::QuotaExhausted,
        FaultKind::Dns,
        FaultKind::Tls,
        FaultKind::EgressRefused,
        FaultKind::Redirect,
        FaultKind::Rejected,
        FaultKind::TooLarge,
        FaultKind::NoCredential,
        FaultKind::Internal,
    ] {
        let world = World::usual().await;
        world.factory.always("a/m", Act::fail(kind));
        assert!(world.ask("a/m").await.is_err());
        assert_eq!(world.factory.targets().len(), 1, "{kind}");
    }
}

#[tokio::test]
async fn silence_is_given_one_more_chance_and_no_two() {
    let world = World::usual().await;
    world.factory.always("a/m", Act::fail(FaultKind::FirstByteTimeout));
    let error = world.ask("a/m").await.err().unwrap();
    assert_eq!(error.kind, CallErrorKind::UpstreamTimeout);
    assert_eq!(world.factory.targets().len(), 2);
    // A target that failed otherwise before does not take that chance away.
    world.factory.next("b/m", [Act::fail(FaultKind::ServerError), Act::fail(FaultKind::FirstByteTimeout)]);
    assert_eq!(world.ask("b/m").await.unwrap().head.attempts, 3);
}

#[tokio::test]
async fn the_providers_word_against_a_retry_is_kept() {
    let world = World::usual().await;
    let fault = ProviderFault::new(FaultKind::ServerError, "down");
    world.factory.always("a/m", Act::Fail(ProviderFault { should_retry: Some(false), ..fault }));
    assert!(world.ask("a/m").await.is_err());
    assert_eq!(world.factory.targets().len(), 1);
}

#[tokio::test]
async fn a_provider_that_asks_for_another_try_gets_one_for_any_of_its_refusals() {
    for kind in [FaultKind::Rejected, FaultKind::QuotaExhausted, FaultKind::AuthFailed] {
        let world = World::usual().await;
        let fault = ProviderFault { should_retry: Some(true), ..ProviderFault::new(kind, "again, please") };
        world.factory.next("a/m", [Act::Fail(fault.clone())]);
        assert_eq!(world.ask("a/m").await.unwrap().head.attempts, 2, "{kind}");
        world.factory.always("a/m", Act::Fail(fault));
        assert!(world.ask("a/m").await.is_err());
        assert_eq!(world.factory.targets().len(), 2 + 2, "{kind}: once more, not over and over");
    }
}

#[tokio::test]
async fn a_rejected_request_that_its_provider_wants_again_goes_to_no_other_target() {
    let world = World::usual().await;
    world.route("pair", &["a/m", "b/m"]).await;
    let rejected = ProviderFault::new(FaultKind::Rejected, "again, please");
    world.factory.next("a/m", [Act::Fail(ProviderFault { should_retry: Some(true), ..rejected })]);
    assert_eq!(world.ask("pair").await.unwrap().head.target, "a/m");
    assert_eq!(world.factory.targets(), ["a/m", "a/m"]);
}

#[tokio::test]
async fn a_dead_provider_gets_thirty_five_retries_and_then_first_tries_only() {
    let world = World::usual().await;
    world.factory.always("a/m", Act::fail(FaultKind::ServerError));
    for _ in 0..100 {
        assert!(world.ask("a/m").await.is_err());
    }
    assert_eq!(world.factory.targets().len(), 100 + 35);
    // Other providers have budgets of their own.
    world.factory.next("b/m", [Act::fail(FaultKind::ServerError)]);
    assert_eq!(world.ask("b/m").await.unwrap().head.attempts, 2);
}

#[tokio::test]
async fn successes_pay_the_budget_back_also_those_of_streams() {
    let world = World::usual().await;
    world.factory.always("a/m", Act::fail(FaultKind::ServerError));
    for _ in 0..40 {
        assert!(world.ask("a/m").await.is_err());
    }
    world.factory.always("a/m", Act::counting(10, 1));
    for _ in 0..7 {
        world.ask("a/m").await.unwrap();
        drop(crate::world::drain(world.stream("a/m").await).await);
    }
    let before = world.factory.targets().len();
    world.factory.next("a/m", [Act::fail(FaultKind::ServerError)]);
    assert_eq!(world.ask("a/m").await.unwrap().head.attempts, 2, "14 successes pay for a retry");
    assert_eq!(world.factory.targets().len(), before + 2);
}

#[tokio::test]
async fn failover_costs_no_budget() {
    let world = World::usual().await;
    world.factory.always("a/m", Act::fail(FaultKind::ServerError));
    for _ in 0..100 {
        assert_eq!(world.ask("all").await.unwrap().head.target, "b/m");
    }
    world.factory.next("a/m", [Act::fail(FaultKind::ServerError)]);
    assert!(world.ask("a/m").await.is_err());
    assert_eq!(world.factory.targets().len(), 200 + 3, "the budget of the failing provider is whole");
}

#[tokio::test]
async fn a_retry_that_the_targets_own_limit_refuses_ends_the_call_with_the_fault() {
    let world = World::usual().await;
    let mut only = route("only", &["a/m"]);
    only.targets[0].limits = switchyard_domain::limits::Limits { rpm: Some(9), ..Default::default() };
    world.routes.add(&only, &Writer::API).await.unwrap();
    world.factory.always("a/m", Act::fail(FaultKind::ServerError));
    let mut calling = world.call(buffered("only"));
    until(&mut calling, || world.clock.sleepers() == 1).await;
    let scope = world.limiter.scopes().remove(0);
    world.limiter.close(&scope, SECOND);
    world.clock.advance(SECOND);
    assert_eq!(calling.await.err().unwrap().kind, CallErrorKind::UpstreamError);
    assert_eq!(world.factory.targets().len(), 1);
    world.is_idle();
}

#[tokio::test]
async fn a_retry_that_is_not_made_costs_no_budget_however_its_call_ends() {
    let world = World::usual().await;
    world.factory.always("a/m", throttled(2 * SECOND));
    for _ in 0..200 {
        let mut calling = world.call(buffered("a/m"));
        until(&mut calling, || world.clock.sleepers() == 1).await;
        drop(calling);
    }
    let budget = *world.keeper.snapshot().providers["a"].retry_budget.lock().unwrap();
    assert_eq!(budget, RetryBudget::default());
    assert_eq!(world.factory.targets().len(), 200);
    world.is_idle();
}

#[tokio::test]
async fn whoever_waited_in_vain_hears_how_long_the_target_is_to_be_left_alone_now() {
    let world = World::usual().await;
    world.factory.always("a/m", throttled(2 * SECOND));
    let mut calling = world.call(buffered("a/m"));
    until(&mut calling, || world.clock.sleepers() == 1).await;
    let a = world.providers.find(&named("a")).await.unwrap().id;
    world.health.set(a, "m", Availability::Avoid(Avoidance::Resting { left: HELD_BACK_FOR }));
    world.health.hold_back(a, "m", &[ONCE_MORE]);
    world.clock.advance(2 * SECOND + SECOND / 4);
    let error = calling.await.err().unwrap();
    assert_eq!((error.kind, error.retry_after), (CallErrorKind::UpstreamThrottled, Some(HELD_BACK_FOR)));
    assert_eq!(world.factory.targets().len(), 1);
    world.is_idle();
}
