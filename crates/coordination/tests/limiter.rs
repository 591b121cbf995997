//! What the memory limiter does beyond the contract.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;
use switchyard_coordination::memory::MemoryLimiter;
use switchyard_domain::limits::Limits;
use switchyard_ports::limiter::Permit;
use switchyard_testkit::clock::ManualClock;
use switchyard_testkit::contracts::limiter::{ask, concurrency, demand, refused, rpd, rpm, tokens, tpm};

fn fresh() -> (MemoryLimiter, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::default());
    (MemoryLimiter::new(Arc::clone(&clock) as _), clock)
}

async fn take(limiter: &MemoryLimiter, scope: &str, limits: Limits, tokens: u64) -> Box<dyn Permit> {
    ask(limiter, &[demand(scope, limits)], tokens).await.unwrap()
}

#[tokio::test]
async fn tokens_beyond_the_reservation_count_from_the_settlement_on() {
    let (limiter, clock) = fresh();
    let permit = take(&limiter, "key:1", tpm(100), 10).await;
    clock.advance(Duration::from_secs(120));
    permit.settle(&tokens(80));
    let refusal = refused(ask(&limiter, &[demand("key:1", tpm(100))], 40).await);
    assert!(refusal.retry_after >= Duration::from_secs(60), "{:?}", refusal.retry_after);
    clock.advance(refusal.retry_after);
    take(&limiter, "key:1", tpm(100), 100).await;
}

#[tokio::test]
async fn giving_back_after_the_minute_is_over_changes_nothing() {
    let (limiter, clock) = fresh();
    let permit = take(&limiter, "key:1", tpm(100), 90).await;
    clock.advance(Duration::from_secs(120));
    take(&limiter, "key:1", tpm(100), 60).await;
    permit.settle(&tokens(0));
    refused(ask(&limiter, &[demand("key:1", tpm(100))], 41).await);
    take(&limiter, "key:1", tpm(100), 40).await;
}

#[tokio::test]
async fn a_permit_that_is_dropped_unsettled_keeps_its_tokens_reserved() {
    let (limiter, _) = fresh();
    drop(take(&limiter, "key:1", tpm(100), 90).await);
    refused(ask(&limiter, &[demand("key:1", tpm(100))], 11).await);
}

#[tokio::test]
async fn requests_of_one_step_come_back_together_a_minute_after_the_last_of_them() {
    let (limiter, clock) = fresh();
    take(&limiter, "key:1", rpm(2), 0).await;
    clock.advance(Duration::from_millis(200));
    take(&limiter, "key:1", rpm(2), 0).await;
    clock.advance(Duration::from_millis(30));
    let wait = refused(ask(&limiter, &[demand("key:1", rpm(2))], 0).await).retry_after;
    assert_eq!(wait, Duration::from_millis(59_970));
    clock.advance(wait - Duration::from_millis(1));
    refused(ask(&limiter, &[demand("key:1", rpm(2))], 0).await);
    clock.advance(Duration::from_millis(1));
    take(&limiter, "key:1", rpm(2), 0).await;
    take(&limiter, "key:1", rpm(2), 0).await;
}

#[tokio::test]
async fn absurd_token_numbers_neither_wrap_nor_stick() {
    let (limiter, clock) = fresh();
    for _ in 0..3 {
        take(&limiter, "key:1", rpm(10), u64::MAX).await.settle(&tokens(u64::MAX));
        take(&limiter, "key:1", rpm(10), 0).await.settle(&tokens(u64::MAX));
        clock.advance(Duration::from_millis(250));
    }
    refused(ask(&limiter, &[demand("key:1", tpm(u64::MAX))], 1).await);
    clock.advance(Duration::from_secs(61));
    take(&limiter, "key:1", tpm(u64::MAX), u64::MAX).await;
}

#[tokio::test]
async fn idle_scopes_are_forgotten() {
    let (limiter, clock) = fresh();
    for number in 0..10_000 {
        take(&limiter, &format!("key:{number}"), rpm(5), 1).await;
    }
    assert_eq!(limiter.scopes(), 10_000);
    clock.advance(Duration::from_secs(61));
    for _ in 0..2_600 {
        let _ = ask(&limiter, &[demand("key:1", rpm(5))], 1).await;
        clock.advance(Duration::from_secs(13));
    }
    assert_eq!(limiter.scopes(), 1);
}

#[tokio::test]
async fn memory_follows_the_scopes_in_use_and_not_those_that_ever_were() {
    let (limiter, clock) = fresh();
    for number in 0..100_000_u64 {
        take(&limiter, &format!("key:{number}"), rpm(5), 1).await;
        clock.advance(Duration::from_millis(100));
    }
    // Ten a second for a minute are in use; the places are looked at a few at a time.
    assert!(limiter.scopes() < 1_200, "{}", limiter.scopes());
}

#[tokio::test]
async fn a_scope_with_a_call_in_flight_or_a_days_count_is_not_forgotten() {
    let (limiter, clock) = fresh();
    let held = take(&limiter, "key:held", concurrency(1), 0).await;
    take(&limiter, "key:day", rpd(1), 0).await;
    for _ in 0..100 {
        clock.advance(Duration::from_secs(90));
        take(&limiter, "key:other", rpm(1), 0).await;
    }
    refused(ask(&limiter, &[demand("key:held", concurrency(1))], 0).await);
    refused(ask(&limiter, &[demand("key:day", rpd(1))], 0).await);
    drop(held);
    clock.advance(Duration::from_secs(86_400));
    for _ in 0..10 {
        clock.advance(Duration::from_secs(90));
        take(&limiter, "key:other", rpm(1), 0).await;
    }
    assert_eq!(limiter.scopes(), 1);
}

#[tokio::test]
async fn a_scope_is_a_permits_own_until_that_is_dropped_also_without_a_slot() {
    let (limiter, clock) = fresh();
    let held = take(&limiter, "key:held", tpm(100), 10).await;
    held.release_slots();
    for number in 0..20 {
        clock.advance(Duration::from_secs(90));
        take(&limiter, &format!("key:{number}"), tpm(100), 1).await;
    }
    // Far more than was reserved, and nobody else's.
    held.settle(&tokens(1_000));
    for number in 0..20 {
        take(&limiter, &format!("key:{number}"), tpm(100), 50).await;
    }
    refused(ask(&limiter, &[demand("key:held", tpm(100))], 1).await);
}

#[tokio::test]
async fn a_refused_call_leaves_no_scope_behind() {
    let (limiter, _) = fresh();
    for number in 0..100 {
        refused(ask(&limiter, &[demand(&format!("key:{number}"), rpm(5)), demand("all", rpm(0))], 1).await);
    }
    assert_eq!(limiter.scopes(), 0);
}

#[tokio::test]
async fn a_limit_that_is_lowered_holds_at_once() {
    let (limiter, _) = fresh();
    for _ in 0..5 {
        take(&limiter, "key:1", rpm(10), 0).await;
    }
    refused(ask(&limiter, &[demand("key:1", rpm(3))], 0).await);
    take(&limiter, "key:1", rpm(6), 0).await;
}
