//! What every limiter does. Run it with [`limiter_contract!`](crate::limiter_contract).

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a suite fails by panicking")]

use crate::clock::ManualClock;
use std::sync::{Arc, Barrier};
use std::time::Duration;
use switchyard_domain::limits::{LimitKind, Limits};
use switchyard_domain::time::{Day, Timestamp};
use switchyard_ports::clock::Clock as _;
use switchyard_ports::limiter::{Ask, Demand, Limiter, LimiterError, Permit, Refusal, Scope, Tally, Used};

const MINUTE: Duration = Duration::from_secs(60);
/// A limiter may count in steps of less than a second, and so hold a refusal that much longer than it had to.
const STEP: Duration = Duration::from_secs(1);

/// Makes a test of each case. The argument is a function that returns a fresh limiter in an `Arc` and the manual clock
/// that it goes by, or `None` where there is none to be had.
#[macro_export]
macro_rules! limiter_contract {
    ($make:path) => {
        $crate::limiter_contract!(@cases $make,
            exactly_the_requests_of_a_minute_pass,
            nobody_waits_for_longer_than_the_window,
            no_minute_holds_more_than_its_limit,
            tokens_of_a_minute_are_counted,
            settling_replaces_what_was_reserved,
            settling_counts_once,
            a_call_over_the_whole_limit_never_passes,
            slots_come_back_when_permits_are_dropped,
            the_requests_of_a_day_come_back_at_midnight_utc,
            a_day_goes_on_where_the_ledger_says_that_it_was_left,
            what_came_to_nothing_is_none_of_the_days_requests,
            a_calendar_that_jumps_moves_no_minute,
            a_calendar_that_is_set_back_makes_nobody_wait_for_longer_than_a_day,
            all_demands_are_taken_or_none,
            the_first_broken_limit_is_named,
            a_scope_that_is_named_twice_counts_once,
            scopes_do_not_touch_each_other,
            what_is_not_limited_always_passes,
            a_limit_of_nothing_lets_nothing_pass,
            of_256_at_once_exactly_the_limit_pass,
            what_is_left_of_everybodys_limits_is_told_to_nobody,
            a_tally_is_what_was_used_of_the_limits,
        );
    };
    (@cases $make:path, $($case:ident,)+) => {$(
        #[tokio::test]
        async fn $case() {
            let Some((limiter, clock)) = $crate::contracts::made($make()) else { return };
            $crate::contracts::limiter::$case(limiter, clock).await;
        }
    )+};
}

/// A demand on a scope.
#[must_use]
pub fn demand(scope: &str, limits: Limits) -> Demand {
    Demand { scope: Scope(scope.into()), limits, allowance: None }
}

/// So many requests in a minute.
#[must_use]
pub fn rpm(limit: u32) -> Limits {
    Limits { rpm: Some(limit), ..Limits::NONE }
}

/// So many tokens in a minute.
#[must_use]
pub fn tpm(limit: u64) -> Limits {
    Limits { tpm: Some(limit), ..Limits::NONE }
}

/// So many requests in a day.
#[must_use]
pub fn rpd(limit: u32) -> Limits {
    Limits { rpd: Some(limit), ..Limits::NONE }
}

/// So many calls at one moment.
#[must_use]
pub fn concurrency(limit: u32) -> Limits {
    Limits { concurrency: Some(limit), ..Limits::NONE }
}

/// Takes all demands under one permit.
pub async fn ask(
    limiter: &dyn Limiter,
    demands: &[Demand],
    tokens: u64,
) -> Result<Box<dyn Permit>, LimiterError> {
    let ask = Ask { demands: demands.into(), tokens, ..Ask::default() };
    let mut permits = limiter.acquire(&[ask]).await?;
    Ok(permits.pop().expect("a permit for each ask"))
}

/// So many tokens were used.
#[must_use]
pub fn tokens(tokens: u64) -> Used {
    Used { tokens, ..Used::default() }
}

type Taken = Result<Box<dyn Permit>, LimiterError>;

/// The refusal; fails the test when the call passed.
pub fn refused(taken: Taken) -> Refusal {
    match taken {
        Ok(_) => panic!("the call passed"),
        Err(LimiterError::Refused(refusal)) => refusal,
        Err(error) => panic!("{error}"),
    }
}

async fn take(limiter: &Arc<dyn Limiter>, limits: Limits, tokens: u64) -> Taken {
    ask(limiter.as_ref(), &[demand("key:1", limits)], tokens).await
}

/// See the name.
pub async fn exactly_the_requests_of_a_minute_pass(limiter: Arc<dyn Limiter>, clock: Arc<ManualClock>) {
    for _ in 0..3 {
        take(&limiter, rpm(3), 0).await.unwrap();
    }
    let refusal = refused(take(&limiter, rpm(3), 0).await);
    assert_eq!((refusal.kind, refusal.limit), (LimitKind::Requests, 3));
    assert_eq!(refusal.retry_after, MINUTE);
    clock.advance(refusal.retry_after);
    for _ in 0..3 {
        take(&limiter, rpm(3), 0).await.unwrap();
    }
}

/// Calls at uneven moments of a step: each is told to come back when it may, and never later than a minute from now.
/// OpenAI's SDKs wait as told only up to 60 seconds; beyond that they come back at once.
pub async fn nobody_waits_for_longer_than_the_window(limiter: Arc<dyn Limiter>, clock: Arc<ManualClock>) {
    for turn in 0_u64..500 {
        take(&limiter, rpm(1), 0).await.unwrap();
        clock.advance(Duration::from_millis(turn % 3));
        let refusal = refused(take(&limiter, rpm(1), 0).await);
        assert!(refusal.retry_after <= MINUTE, "{:?}", refusal.retry_after);
        clock.advance(refusal.retry_after + Duration::from_millis(turn * 7919 % 331));
    }
}

/// Calls at uneven times, over several minutes: every window of a minute is looked at.
pub async fn no_minute_holds_more_than_its_limit(limiter: Arc<dyn Limiter>, clock: Arc<ManualClock>) {
    let (mut passed, mut now) = (Vec::new(), Duration::ZERO);
    for turn in 0_u64..3_000 {
        if take(&limiter, rpm(7), 0).await.is_ok() {
            passed.push(now);
        }
        let pause = Duration::from_millis(turn * 7919 % 331);
        clock.advance(pause);
        now += pause;
    }
    assert!(passed.len() >= 7 * 6, "in more than eight minutes only {} passed", passed.len());
    for eight in passed.windows(8) {
        let [first, .., last] = eight else { panic!("windows of eight") };
        assert!(*last - *first >= MINUTE, "eight within {:?}", *last - *first);
    }
}

/// See the name.
pub async fn tokens_of_a_minute_are_counted(limiter: Arc<dyn Limiter>, clock: Arc<ManualClock>) {
    take(&limiter, tpm(100), 60).await.unwrap();
    clock.advance(Duration::from_secs(10));
    take(&limiter, tpm(100), 40).await.unwrap();
    let first = refused(take(&limiter, tpm(100), 50).await);
    assert_eq!((first.kind, first.limit), (LimitKind::Tokens, 100));
    let wait = Duration::from_secs(50);
    assert!(first.retry_after >= wait && first.retry_after <= wait + STEP, "{:?}", first.retry_after);
    let both = refused(take(&limiter, tpm(100), 61).await);
    assert_eq!(both.retry_after, MINUTE);
    clock.advance(first.retry_after);
    take(&limiter, tpm(100), 50).await.unwrap();
}

/// See the name.
pub async fn settling_replaces_what_was_reserved(limiter: Arc<dyn Limiter>, _: Arc<ManualClock>) {
    let permit = take(&limiter, tpm(100), 90).await.unwrap();
    refused(take(&limiter, tpm(100), 20).await);
    permit.settle(&tokens(10));
    drop(permit);
    let permit = take(&limiter, tpm(100), 20).await.unwrap();
    permit.settle(&tokens(90));
    refused(take(&limiter, tpm(100), 1).await);
    take(&limiter, tpm(100), 0).await.unwrap();
}

/// See the name.
pub async fn settling_counts_once(limiter: Arc<dyn Limiter>, _: Arc<ManualClock>) {
    let permit = take(&limiter, tpm(100), 50).await.unwrap();
    permit.settle(&tokens(90));
    permit.settle(&tokens(0));
    drop(permit);
    refused(take(&limiter, tpm(100), 11).await);
    take(&limiter, tpm(100), 10).await.unwrap();
}

/// See the name.
pub async fn a_call_over_the_whole_limit_never_passes(limiter: Arc<dyn Limiter>, clock: Arc<ManualClock>) {
    for _ in 0..3 {
        let refusal = refused(take(&limiter, tpm(100), 101).await);
        assert!(refusal.retry_after > Duration::ZERO);
        clock.advance(refusal.retry_after);
    }
    take(&limiter, tpm(100), 100).await.unwrap();
}

/// See the name.
pub async fn slots_come_back_when_permits_are_dropped(limiter: Arc<dyn Limiter>, clock: Arc<ManualClock>) {
    let first = take(&limiter, concurrency(2), 0).await.unwrap();
    let second = take(&limiter, concurrency(2), 0).await.unwrap();
    clock.advance(2 * MINUTE);
    let refusal = refused(take(&limiter, concurrency(2), 0).await);
    assert_eq!((refusal.kind, refusal.limit), (LimitKind::Concurrency, 2));
    assert!(refusal.retry_after > Duration::ZERO);
    drop(first);
    let third = take(&limiter, concurrency(2), 0).await.unwrap();
    second.settle(&tokens(5));
    take(&limiter, concurrency(2), 0).await.map(drop).unwrap_err();
    drop((second, third));
    take(&limiter, concurrency(2), 0).await.unwrap();
}

/// See the name.
pub async fn the_requests_of_a_day_come_back_at_midnight_utc(
    limiter: Arc<dyn Limiter>,
    clock: Arc<ManualClock>,
) {
    clock.set_now(Timestamp::parse("2026-11-20T23:00:00Z").unwrap());
    take(&limiter, rpd(2), 0).await.unwrap();
    clock.advance(Duration::from_secs(1800));
    take(&limiter, rpd(2), 0).await.unwrap();
    let refusal = refused(take(&limiter, rpd(2), 0).await);
    assert_eq!((refusal.kind, refusal.limit), (LimitKind::DailyRequests, 2));
    assert_eq!(refusal.retry_after, Duration::from_secs(1800));
    clock.advance(Duration::from_millis(1_799_999));
    take(&limiter, rpd(2), 0).await.map(drop).unwrap_err();
    clock.advance(Duration::from_millis(1));
    for _ in 0..2 {
        take(&limiter, rpd(2), 0).await.unwrap();
    }
    take(&limiter, rpd(2), 0).await.map(drop).unwrap_err();
}

/// See the name.
pub async fn a_day_goes_on_where_the_ledger_says_that_it_was_left(
    limiter: Arc<dyn Limiter>,
    clock: Arc<ManualClock>,
) {
    let today = clock.now().day();
    let tell = async |day: Day, requests: u64| {
        // One that is away for a moment is told again, as it is in the product.
        while limiter.count_day(day, &[(Scope("key:1".into()), requests)]).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    take(&limiter, rpd(9), 0).await.unwrap();
    tell(today, 5).await;
    tell(today, 2).await;
    tell(today.next(), 9).await;
    tell(Day(today.0 - 1), 9).await;
    for _ in 0..4 {
        take(&limiter, rpd(9), 0).await.unwrap();
    }
    let refusal = refused(take(&limiter, rpd(9), 0).await);
    assert_eq!((refusal.kind, refusal.limit), (LimitKind::DailyRequests, 9));
    tell(today, 9).await;
    clock.advance(refusal.retry_after);
    for _ in 0..9 {
        take(&limiter, rpd(9), 0).await.unwrap();
    }
    take(&limiter, rpd(9), 0).await.map(drop).unwrap_err();
}

/// Failed attempts leave the day's requests to others, the one that was made yesterday too; a minute counts them.
pub async fn what_came_to_nothing_is_none_of_the_days_requests(
    limiter: Arc<dyn Limiter>,
    clock: Arc<ManualClock>,
) {
    let limits = Limits { rpm: Some(5), rpd: Some(2), ..Limits::NONE };
    let void = Used { is_void: true, ..Used::default() };
    for _ in 0..3 {
        take(&limiter, limits, 0).await.unwrap().settle(&void);
    }
    let refusal = {
        let (_first, second) = (take(&limiter, limits, 0).await.unwrap(), take(&limiter, limits, 0).await);
        let second = second.unwrap();
        refused(take(&limiter, rpd(2), 0).await);
        let refusal = refused(take(&limiter, limits, 0).await);
        second.settle(&void);
        second.settle(&void);
        refusal
    };
    assert_eq!((refusal.kind, refusal.limit), (LimitKind::Requests, 5));
    let last = take(&limiter, rpd(2), 0).await.unwrap();
    let refusal = refused(take(&limiter, rpd(2), 0).await);
    clock.advance(refusal.retry_after);
    take(&limiter, rpd(2), 0).await.unwrap();
    last.settle(&void);
    take(&limiter, rpd(2), 0).await.unwrap();
    refused(take(&limiter, rpd(2), 0).await);
}

/// See the name.
pub async fn a_calendar_that_jumps_moves_no_minute(limiter: Arc<dyn Limiter>, clock: Arc<ManualClock>) {
    let start = Timestamp::parse("2026-11-20T12:00:00Z").unwrap();
    clock.set_now(start);
    take(&limiter, rpm(1), 0).await.unwrap();
    for now in [start.after(60 * MINUTE), Timestamp(start.0 - 3_600_000)] {
        clock.set_now(now);
        let refusal = refused(take(&limiter, rpm(1), 0).await);
        assert_eq!(refusal.retry_after, MINUTE);
    }
    clock.advance(MINUTE + STEP);
    take(&limiter, rpm(1), 0).await.unwrap();
}

/// See the name.
pub async fn a_calendar_that_is_set_back_makes_nobody_wait_for_longer_than_a_day(
    limiter: Arc<dyn Limiter>,
    clock: Arc<ManualClock>,
) {
    clock.set_now(Timestamp::parse("2026-11-21T00:10:00Z").unwrap());
    take(&limiter, rpd(1), 0).await.unwrap();
    clock.set_now(Timestamp::parse("2026-11-20T23:20:00Z").unwrap());
    let refusal = refused(take(&limiter, rpd(1), 0).await);
    assert_eq!(refusal.kind, LimitKind::DailyRequests);
    assert_eq!(refusal.retry_after, Duration::from_secs(24 * 60 * 60), "it is 40 minutes more");
}

/// See the name.
pub async fn all_demands_are_taken_or_none(limiter: Arc<dyn Limiter>, _: Arc<ManualClock>) {
    let wide = Limits { rpm: Some(2), tpm: Some(100), rpd: Some(2), concurrency: Some(2) };
    let demands = [demand("key:1", wide), demand("model:1", rpm(1))];
    ask(limiter.as_ref(), &demands, 10).await.unwrap();
    for _ in 0..5 {
        let refusal = refused(ask(limiter.as_ref(), &demands, 10).await);
        assert_eq!(refusal.scope, Scope("model:1".into()));
    }
    let held = ask(limiter.as_ref(), &[demand("key:1", wide)], 90).await.unwrap();
    drop(held);
    assert_eq!(refused(ask(limiter.as_ref(), &[demand("key:1", wide)], 0).await).kind, LimitKind::Requests);
}

/// See the name.
pub async fn the_first_broken_limit_is_named(limiter: Arc<dyn Limiter>, _: Arc<ManualClock>) {
    let demands = [demand("key:1", concurrency(9)), demand("key:2", tpm(5)), demand("key:3", rpm(0))];
    let refusal = refused(ask(limiter.as_ref(), &demands, 6).await);
    assert_eq!((&*refusal.scope.0, refusal.kind), ("key:2", LimitKind::Tokens));
}

/// See the name.
pub async fn a_scope_that_is_named_twice_counts_once(limiter: Arc<dyn Limiter>, _: Arc<ManualClock>) {
    let twice = [demand("key:1", rpm(2)), demand("key:1", concurrency(1))];
    for _ in 0..2 {
        ask(limiter.as_ref(), &twice, 0).await.unwrap();
    }
    assert_eq!(refused(ask(limiter.as_ref(), &twice, 0).await).kind, LimitKind::Requests);
}

/// See the name.
pub async fn scopes_do_not_touch_each_other(limiter: Arc<dyn Limiter>, _: Arc<ManualClock>) {
    for scope in ["key:1", "key:2", "key:11"] {
        ask(limiter.as_ref(), &[demand(scope, rpm(1))], 0).await.unwrap();
        refused(ask(limiter.as_ref(), &[demand(scope, rpm(1))], 0).await);
    }
}

/// See the name.
pub async fn a_tally_is_what_was_used_of_the_limits(limiter: Arc<dyn Limiter>, clock: Arc<ManualClock>) {
    let limits = Limits { rpm: Some(10), tpm: Some(1_000), rpd: Some(20), concurrency: None };
    let scope = Scope("target:1".into());
    assert_eq!(limiter.tally(&scope), Tally::default());
    for _ in 0..3 {
        drop(ask(limiter.as_ref(), &[demand("target:1", limits)], 100).await.unwrap());
    }
    assert_eq!(limiter.tally(&scope), Tally { requests: 3, tokens: 300, today: 3 });
    clock.advance(Duration::from_secs(61));
    assert_eq!(limiter.tally(&scope), Tally { requests: 0, tokens: 0, today: 3 });
    clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(limiter.tally(&scope), Tally::default());
}

/// See the name.
pub async fn what_is_not_limited_always_passes(limiter: Arc<dyn Limiter>, _: Arc<ManualClock>) {
    let mut held = Vec::new();
    for _ in 0..1000 {
        held.push(take(&limiter, Limits::NONE, u64::MAX).await.unwrap());
        held.push(ask(limiter.as_ref(), &[], u64::MAX).await.unwrap());
    }
    assert_eq!(held.len(), 2000);
}

/// See the name.
pub async fn a_limit_of_nothing_lets_nothing_pass(limiter: Arc<dyn Limiter>, clock: Arc<ManualClock>) {
    for limits in [rpm(0), rpd(0), concurrency(0)] {
        let refusal = refused(take(&limiter, limits, 0).await);
        assert_eq!(refusal.limit, 0);
        assert!(refusal.retry_after > Duration::ZERO);
        clock.advance(refusal.retry_after);
        take(&limiter, limits, 0).await.map(drop).unwrap_err();
    }
}

/// See the name.
pub async fn of_256_at_once_exactly_the_limit_pass(limiter: Arc<dyn Limiter>, _: Arc<ManualClock>) {
    const LIMIT: usize = 37;
    for (scope, limits) in
        [("key:1", rpm(37)), ("key:2", tpm(379)), ("key:3", rpd(37)), ("key:4", concurrency(37))]
    {
        let barrier = Arc::new(Barrier::new(256));
        let racers: Vec<_> = (0..256)
            .map(|_| {
                let (limiter, barrier) = (Arc::clone(&limiter), Arc::clone(&barrier));
                std::thread::spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    barrier.wait();
                    runtime.block_on(ask(limiter.as_ref(), &[demand(scope, limits)], 10)).ok()
                })
            })
            .collect();
        let joined = tokio::task::spawn_blocking(move || {
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        // All permits are held to the end, so that no slot is passed on.
        let passed: Vec<Option<Box<dyn Permit>>> = joined.await.unwrap();
        let passed: Vec<_> = passed.into_iter().flatten().collect();
        assert_eq!(passed.len(), LIMIT, "{limits:?}");
    }
}

/// See the name.
pub async fn what_is_left_of_everybodys_limits_is_told_to_nobody(
    limiter: Arc<dyn Limiter>,
    _: Arc<ManualClock>,
) {
    let demands = [demand("global", rpm(2)), demand("user:1", rpm(9)), demand("key:1", rpm(10))];
    let rooms = ask(limiter.as_ref(), &demands, 0).await.unwrap().rooms();
    let requests = rooms.requests.unwrap();
    assert_eq!((requests.limit, requests.remaining), (9, 8));
    let permit = ask(limiter.as_ref(), &[demand("global", rpm(2))], 0).await.unwrap();
    assert_eq!(permit.rooms().requests, None);
}
