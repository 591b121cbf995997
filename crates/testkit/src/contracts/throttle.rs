//! What every throttle does. Run it with [`throttle_contract!`](crate::throttle_contract).

#![expect(clippy::unwrap_used, reason = "a suite fails by panicking")]

use crate::clock::ManualClock;
use std::sync::Arc;
use std::time::Duration;
use switchyard_ports::throttle::{Rate, Throttle};

type Shared = Arc<dyn Throttle>;

/// Makes a test of each case. The argument is a function that returns a fresh throttle in an `Arc` and the manual clock that it goes
/// by, or `None` where there is none to be had.
#[macro_export]
macro_rules! throttle_contract {
    ($make:path) => {
        $crate::throttle_contract!(@cases $make,
            as_many_pass_as_the_rate_says_and_then_none,
            no_window_holds_more_than_the_rate,
            nobody_waits_for_longer_than_the_window,
            scopes_are_counted_apart,
            what_is_forgotten_begins_anew,
            what_is_given_back_was_no_try,
            refused_tries_count_for_nothing,
            of_64_at_once_the_rate_passes,
            who_waits_as_long_as_told_passes,
            tries_leave_one_by_one_and_not_all_with_the_first,
        );
    };
    (@cases $make:path, $($case:ident,)+) => {$(
        #[tokio::test]
        async fn $case() {
            let Some((throttle, clock)) = $crate::contracts::made($make()) else { return };
            $crate::contracts::throttle::$case(throttle, clock).await;
        }
    )+};
}

const MINUTE: Duration = Duration::from_secs(60);

fn a_minute(count: u32) -> Rate {
    Rate { count, window: MINUTE }
}

/// See the name.
pub async fn as_many_pass_as_the_rate_says_and_then_none(throttle: Shared, clock: Arc<ManualClock>) {
    for _ in 0..5 {
        throttle.take("login:1", a_minute(5)).await.unwrap();
    }
    let wait = throttle.take("login:1", a_minute(5)).await.unwrap_err();
    assert_eq!(wait, MINUTE);
    clock.advance(wait);
    throttle.take("login:1", a_minute(5)).await.unwrap();
}

/// See the name.
pub async fn no_window_holds_more_than_the_rate(throttle: Shared, clock: Arc<ManualClock>) {
    let (mut passed, mut now) = (Vec::new(), Duration::ZERO);
    for turn in 0_u64..600 {
        if throttle.take("login:1", a_minute(7)).await.is_ok() {
            passed.push(now);
        }
        let pause = Duration::from_millis(turn * 7919 % 1531);
        clock.advance(pause);
        now += pause;
    }
    assert!(passed.len() >= 7 * 5, "{}", passed.len());
    for eight in passed.windows(8) {
        let within = *eight.last().unwrap() - *eight.first().unwrap();
        assert!(within >= MINUTE, "eight within {within:?}");
    }
}

/// See the name.
pub async fn nobody_waits_for_longer_than_the_window(throttle: Shared, clock: Arc<ManualClock>) {
    for window in [Duration::from_secs(1), MINUTE, Duration::from_secs(86_400)] {
        let rate = Rate { count: 1, window };
        let scope = format!("register:{}", window.as_secs());
        for turn in 0_u64..20 {
            throttle.take(&scope, rate).await.unwrap();
            clock.advance(Duration::from_millis(turn % 3));
            let wait = throttle.take(&scope, rate).await.unwrap_err();
            assert!(wait > Duration::ZERO && wait <= window, "{wait:?}");
            clock.advance(wait);
        }
    }
}

/// See the name.
pub async fn scopes_are_counted_apart(throttle: Shared, _: Arc<ManualClock>) {
    for scope in ["login:1", "login:2", "login:11", "password:1:ann"] {
        throttle.take(scope, a_minute(1)).await.unwrap();
        throttle.take(scope, a_minute(1)).await.unwrap_err();
    }
}

/// See the name.
pub async fn what_is_forgotten_begins_anew(throttle: Shared, _: Arc<ManualClock>) {
    throttle.take("password:1:ann", a_minute(1)).await.unwrap();
    throttle.take("password:1:bob", a_minute(1)).await.unwrap();
    throttle.forget("password:1:ann").await;
    throttle.take("password:1:ann", a_minute(1)).await.unwrap();
    throttle.take("password:1:bob", a_minute(1)).await.unwrap_err();
}

/// See the name.
pub async fn what_is_given_back_was_no_try(throttle: Shared, clock: Arc<ManualClock>) {
    throttle.give_back("password:1:ann");
    for _ in 0..3 {
        throttle.take("password:1:ann", a_minute(3)).await.unwrap();
        clock.advance(Duration::from_secs(5));
    }
    throttle.take("password:1:ann", a_minute(3)).await.unwrap_err();
    throttle.give_back("password:1:ann");
    throttle.give_back("password:1:ann");
    throttle.take("password:1:ann", a_minute(3)).await.unwrap();
    throttle.take("password:1:ann", a_minute(3)).await.unwrap();
    throttle.take("password:1:ann", a_minute(3)).await.unwrap_err();
}

/// See the name.
pub async fn refused_tries_count_for_nothing(throttle: Shared, clock: Arc<ManualClock>) {
    throttle.take("login:1", a_minute(1)).await.unwrap();
    for _ in 0..59 {
        clock.advance(Duration::from_secs(1));
        throttle.take("login:1", a_minute(1)).await.unwrap_err();
    }
    clock.advance(Duration::from_secs(1));
    throttle.take("login:1", a_minute(1)).await.unwrap();
}

/// See the name.
pub async fn of_64_at_once_the_rate_passes(throttle: Shared, _: Arc<ManualClock>) {
    let mut racers = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let throttle = Arc::clone(&throttle);
        racers.spawn(async move { throttle.take("login:1", a_minute(10)).await.is_ok() });
    }
    let passed = racers.join_all().await.into_iter().filter(|passed| *passed).count();
    assert_eq!(passed, 10);
}

/// See the name.
pub async fn who_waits_as_long_as_told_passes(throttle: Shared, clock: Arc<ManualClock>) {
    for step in 0..5 {
        throttle.take("patient", a_minute(5)).await.unwrap();
        clock.advance(Duration::from_millis(1_700 * step));
    }
    for _ in 0..20 {
        let wait = throttle.take("patient", a_minute(5)).await.unwrap_err();
        assert!(wait <= MINUTE, "{wait:?}");
        clock.advance(wait);
        assert_eq!(throttle.take("patient", a_minute(5)).await, Ok(()), "after {wait:?}");
        while throttle.take("patient", a_minute(5)).await.is_ok() {}
    }
}

/// See the name.
pub async fn tries_leave_one_by_one_and_not_all_with_the_first(throttle: Shared, clock: Arc<ManualClock>) {
    for _ in 0..3 {
        throttle.take("spread", a_minute(3)).await.unwrap();
        clock.advance(MINUTE / 4);
    }
    clock.advance(MINUTE / 4);
    assert_eq!(throttle.take("spread", a_minute(3)).await, Ok(()), "the first has left");
    assert!(throttle.take("spread", a_minute(3)).await.is_err(), "the others have not");
}
