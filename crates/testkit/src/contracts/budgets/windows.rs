//! What a limiter does with money where one window of a budget ends and another begins.

use super::{cost, day, make_known, now, seed, standing, take};
use crate::clock::ManualClock;
use crate::contracts::limiter::refused;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::limits::LimitKind;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::Timestamp;
use switchyard_ports::limiter::{Charge, Limiter, LimiterError, Used};

/// See the name.
pub async fn a_window_begins_anew_and_late_calls_pay_where_they_began(
    limiter: Arc<dyn Limiter>,
    clock: Arc<ManualClock>,
) {
    let demand = day(100);
    clock.set_now(Timestamp::parse("2026-11-22T23:59:59Z").unwrap());
    let today = now(&clock);
    seed(&*limiter, &clock, &demand, 0).await;
    let late = take(&*limiter, &demand, 100).await.unwrap();
    assert_eq!(refused(take(&*limiter, &demand, 1).await).kind, LimitKind::BudgetHeld);
    clock.advance(Duration::from_secs(2));
    let tomorrow = now(&clock);
    let next = match take(&*limiter, &demand, 100).await {
        Err(LimiterError::Unseeded(counters)) => {
            make_known(&*limiter, &counters[0], NanoUsd::ZERO).await;
            take(&*limiter, &demand, 100).await.unwrap()
        }
        taken => taken.unwrap(),
    };
    late.settle(&Used {
        charges: vec![Charge { at: today, amount: NanoUsd(60) }, Charge { at: tomorrow, amount: NanoUsd(8) }],
        ..Used::default()
    });
    assert_eq!(standing(&*limiter, &demand, today).await, (60, 0));
    assert_eq!(standing(&*limiter, &demand, tomorrow).await, (8, 100));
    drop(next);
    assert_eq!(refused(take(&*limiter, &demand, 93).await).kind, LimitKind::Budget);
    take(&*limiter, &demand, 92).await.map(drop).unwrap();
}

/// See the name.
pub async fn covering_in_another_window_holds_there_too(limiter: Arc<dyn Limiter>, clock: Arc<ManualClock>) {
    let demand = day(100);
    clock.set_now(Timestamp::parse("2026-11-22T23:59:59Z").unwrap());
    let today = now(&clock);
    seed(&*limiter, &clock, &demand, 0).await;
    let late = take(&*limiter, &demand, 100).await.unwrap();
    assert_eq!(late.taken_at(), Some(today));
    clock.advance(Duration::from_secs(2));
    let tomorrow = now(&clock);
    let other = take(&*limiter, &demand, 60).await.unwrap();
    let Err(LimiterError::Refused(refusal)) = late.cover(NanoUsd(41), tomorrow).await else {
        panic!("what others hold of the new window was given again")
    };
    assert_eq!(refusal.kind, LimitKind::BudgetHeld);
    assert_eq!(standing(&*limiter, &demand, tomorrow).await, (0, 60));
    late.cover(NanoUsd(40), tomorrow).await.unwrap();
    late.cover(NanoUsd(40), tomorrow).await.unwrap();
    late.cover(NanoUsd(100), today).await.unwrap();
    assert_eq!(standing(&*limiter, &demand, tomorrow).await, (0, 100));
    assert_eq!(standing(&*limiter, &demand, today).await, (0, 100));
    late.settle(&Used {
        charges: vec![Charge { at: today, amount: NanoUsd(7) }, Charge { at: tomorrow, amount: NanoUsd(9) }],
        ..Used::default()
    });
    assert_eq!(standing(&*limiter, &demand, today).await, (7, 0));
    assert_eq!(standing(&*limiter, &demand, tomorrow).await, (9, 60));
    other.cover(NanoUsd(80), tomorrow).await.unwrap();
    drop(other);
    assert_eq!(standing(&*limiter, &demand, tomorrow).await, (9, 0));
}

/// See the name.
pub async fn a_clock_that_is_set_back_gives_no_money_twice(
    limiter: Arc<dyn Limiter>,
    clock: Arc<ManualClock>,
) {
    const HOUR: i64 = 3_600_000;
    let demand = day(100);
    let noon = Timestamp::parse("2026-11-22T12:00:00Z").unwrap();
    clock.set_now(noon);
    seed(&*limiter, &clock, &demand, 0).await;
    take(&*limiter, &demand, 100).await.unwrap().settle(&cost(noon, 100));
    for hours in [1, 24, -24, 60, -24, 24 * 400, 60] {
        clock.set_now(Timestamp(noon.0 + hours * HOUR));
        if let Err(LimiterError::Unseeded(counters)) = take(&*limiter, &demand, 1).await {
            make_known(&*limiter, &counters[0], NanoUsd::ZERO).await;
        }
    }
    clock.set_now(noon);
    // Where the window was forgotten, the ledger is asked for it.
    if let Err(LimiterError::Unseeded(counters)) = take(&*limiter, &demand, 1).await {
        make_known(&*limiter, &counters[0], NanoUsd(100)).await;
    }
    assert_eq!(refused(take(&*limiter, &demand, 1).await).kind, LimitKind::Budget);
    assert_eq!(standing(&*limiter, &demand, noon).await, (100, 0));
}

/// See the name.
pub async fn a_window_that_the_calendar_jumped_into_is_asked_of_the_ledger(
    limiter: Arc<dyn Limiter>,
    clock: Arc<ManualClock>,
) {
    let demand = day(100);
    // A machine without a clock serves, and then a time server sets it right.
    clock.set_now(Timestamp::parse("1970-01-01T00:00:07Z").unwrap());
    seed(&*limiter, &clock, &demand, 0).await;
    clock.advance(Duration::from_secs(5));
    clock.set_now(Timestamp::parse("2026-11-22T12:00:00Z").unwrap());
    let Err(LimiterError::Unseeded(counters)) = take(&*limiter, &demand, 1).await else {
        panic!("what was spent today before the start is forgotten")
    };
    make_known(&*limiter, &counters[0], NanoUsd(99)).await;
    assert_eq!(refused(take(&*limiter, &demand, 2).await).kind, LimitKind::Budget);
    // From here on it is right, and the next day begins under our eyes.
    clock.advance(Duration::from_secs(86_400));
    take(&*limiter, &demand, 100).await.map(drop).unwrap();
    // A jump over a night is seen too, and one over half a minute is none.
    clock.set_now(Timestamp::parse("2026-11-23T23:59:40Z").unwrap());
    clock.set_now(Timestamp::parse("2026-11-24T12:00:00Z").unwrap());
    assert!(matches!(take(&*limiter, &demand, 1).await, Err(LimiterError::Unseeded(_))));
}
