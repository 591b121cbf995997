//! What every throttle does. Run it with [`throttle_contract!`](crate::throttle_contract).

#![expect(clippy::unwrap_used, reason = "a suite fails by panicking")]

use crate::clock::ManualClock;
use std::sync::Barrier;
use std::time::Duration;
use switchyard_ports::throttle::{Rate, Throttle};

/// Makes a test of each case. The argument is a function that returns a fresh throttle in an `Arc` and the manual clock that it goes
/// by.
#[macro_export]
macro_rules! throttle_contract {
    ($make:path) => {
        $crate::throttle_contract!(@cases $make,
            as_many_as_the_rate_pass_and_no_more,
            of_64_at_once_no_more_than_the_rate_pass,
            scopes_do_not_touch_each_other,
            who_waits_as_long_as_told_passes,
            who_is_refused_does_not_wait_longer_for_it,
            no_window_holds_more_than_the_rate_wherever_it_begins,
            tries_leave_one_by_one_and_not_all_with_the_first,
            a_scope_that_was_forgotten_is_as_new,
        );
    };
    (@cases $make:path, $($case:ident,)+) => {$(
        #[test]
        fn $case() {
            let (throttle, clock) = $make();
            $crate::contracts::throttle::$case(throttle.as_ref(), &clock);
        }
    )+};
}

const WINDOW: Duration = Duration::from_secs(60);

fn rate(count: u32) -> Rate {
    Rate { count, window: WINDOW }
}

/// See the name.
pub fn as_many_as_the_rate_pass_and_no_more(throttle: &dyn Throttle, clock: &ManualClock) {
    for count in [1, 3, 100] {
        let scope = format!("scope:{count}");
        for _ in 0..count {
            assert_eq!(throttle.take(&scope, rate(count)), Ok(()));
        }
        let wait = throttle.take(&scope, rate(count)).unwrap_err();
        assert!(wait > Duration::ZERO && wait <= WINDOW, "{wait:?}");
    }
    clock.advance(WINDOW);
    assert_eq!(throttle.take("scope:1", rate(1)), Ok(()));
}

/// See the name.
pub fn of_64_at_once_no_more_than_the_rate_pass(throttle: &dyn Throttle, _: &ManualClock) {
    let line = Barrier::new(64);
    let passed = std::thread::scope(|threads| {
        let tries: Vec<_> = (0..64)
            .map(|_| {
                threads.spawn(|| {
                    line.wait();
                    throttle.take("crowd", rate(10)).is_ok()
                })
            })
            .collect();
        tries.into_iter().map(|one| usize::from(one.join().unwrap())).sum::<usize>()
    });
    assert_eq!(passed, 10);
}

/// See the name.
pub fn scopes_do_not_touch_each_other(throttle: &dyn Throttle, _: &ManualClock) {
    assert_eq!(throttle.take("login:192.0.2.1", rate(1)), Ok(()));
    assert!(throttle.take("login:192.0.2.1", rate(1)).is_err());
    for other in ["login:192.0.2.10", "login:192.0.2", "register:192.0.2.1", "", "login:192.0.2.1 "] {
        assert_eq!(throttle.take(other, rate(1)), Ok(()), "{other:?}");
    }
}

/// See the name.
pub fn who_waits_as_long_as_told_passes(throttle: &dyn Throttle, clock: &ManualClock) {
    for step in 0..5 {
        assert_eq!(throttle.take("patient", rate(5)), Ok(()));
        clock.advance(Duration::from_millis(1_700 * step));
    }
    for _ in 0..20 {
        let wait = throttle.take("patient", rate(5)).unwrap_err();
        assert!(wait <= WINDOW, "{wait:?}");
        clock.advance(wait);
        assert_eq!(throttle.take("patient", rate(5)), Ok(()), "after {wait:?}");
        while throttle.take("patient", rate(5)).is_ok() {}
    }
}

/// See the name.
pub fn who_is_refused_does_not_wait_longer_for_it(throttle: &dyn Throttle, clock: &ManualClock) {
    assert_eq!(throttle.take("eager", rate(1)), Ok(()));
    let wait = throttle.take("eager", rate(1)).unwrap_err();
    for _ in 0..100 {
        assert_eq!(throttle.take("eager", rate(1)), Err(wait));
    }
    clock.advance(wait);
    assert_eq!(throttle.take("eager", rate(1)), Ok(()));
}

/// See the name.
pub fn no_window_holds_more_than_the_rate_wherever_it_begins(throttle: &dyn Throttle, clock: &ManualClock) {
    let (mut now, mut passed) = (Duration::ZERO, Vec::new());
    // Bursts and pauses of no common length.
    for turn in 0..2_000_u64 {
        if throttle.take("log", rate(7)).is_ok() {
            passed.push(now);
        }
        let pause = Duration::from_millis((turn * turn * 37 + turn * 11) % 4_001);
        clock.advance(pause);
        now += pause;
    }
    let most =
        passed.iter().map(|from| passed.iter().filter(|at| **at >= *from && **at < *from + WINDOW).count());
    assert_eq!(most.max(), Some(7));
    // What leaves makes room: no less than the rate passes in the time of two windows.
    let least = u128::from(7_u32) * (now.as_millis() / WINDOW.as_millis()) / 2;
    assert!(passed.len() as u128 >= least, "{} passed in {now:?}", passed.len());
}

/// See the name.
pub fn tries_leave_one_by_one_and_not_all_with_the_first(throttle: &dyn Throttle, clock: &ManualClock) {
    for _ in 0..3 {
        assert_eq!(throttle.take("spread", rate(3)), Ok(()));
        clock.advance(WINDOW / 4);
    }
    clock.advance(WINDOW / 4);
    assert_eq!(throttle.take("spread", rate(3)), Ok(()), "the first has left");
    assert!(throttle.take("spread", rate(3)).is_err(), "the others have not");
}

/// See the name.
pub fn a_scope_that_was_forgotten_is_as_new(throttle: &dyn Throttle, _: &ManualClock) {
    for scope in ["one", "other"] {
        assert_eq!(throttle.take(scope, rate(2)), Ok(()));
        assert_eq!(throttle.take(scope, rate(2)), Ok(()));
    }
    throttle.forget("one");
    throttle.forget("nobody");
    assert_eq!(throttle.take("one", rate(2)), Ok(()));
    assert_eq!(throttle.take("one", rate(2)), Ok(()));
    assert!(throttle.take("one", rate(2)).is_err());
    assert!(throttle.take("other", rate(2)).is_err());
}
