//! What a limiter does with what the ledger says, while something is settled beside it.

use super::{cost, counter, day, mark, now, seed, standing, take, unheld};
use crate::clock::ManualClock;
use crate::contracts::limiter::refused;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::limits::LimitKind;
use switchyard_domain::money::NanoUsd;
use switchyard_ports::clock::Clock;
use switchyard_ports::limiter::{Demand, Known, Limiter, LimiterError, Standing, Used};

/// See the name.
pub async fn a_budget_that_is_not_known_is_asked_for_once(
    limiter: Arc<dyn Limiter>,
    clock: Arc<ManualClock>,
) {
    let demand = day(100);
    let Err(LimiterError::Unseeded(counters)) = take(&*limiter, &demand, 10).await else {
        panic!("an unknown counter admitted a call")
    };
    assert_eq!(counters, [counter(&demand, now(&clock))]);
    let marks = [mark(&*limiter, &counters[0]).await, mark(&*limiter, &counters[0]).await];
    assert!(limiter.seed(&counters[0], &marks[0], NanoUsd(95)).await.unwrap());
    assert!(limiter.seed(&counters[0], &marks[1], NanoUsd(5)).await.unwrap());
    assert_eq!(refused(take(&*limiter, &demand, 10).await).kind, LimitKind::Budget);
    take(&*limiter, &demand, 5).await.map(drop).unwrap();
}

/// See the name.
pub async fn what_is_settled_while_the_ledger_is_asked_is_added_and_the_ledger_asked_again(
    limiter: Arc<dyn Limiter>,
    clock: Arc<ManualClock>,
) {
    let demand = day(100);
    let counter = counter(&demand, now(&clock));
    let older = mark(&*limiter, &counter).await;
    limiter.charge(&unheld(&demand, now(&clock), 30));
    // Somebody else asks too, later, so that the thirty are in the answer.
    let newer = mark(&*limiter, &counter).await;
    assert!(limiter.seed(&counter, &older, NanoUsd(50)).await.unwrap());
    assert!(
        matches!(limiter.standing(&counter).await.unwrap(), Known::AtMost(standing, _) if standing.spent == NanoUsd(80))
    );
    assert_eq!(limiter.in_question().await.unwrap(), std::slice::from_ref(&counter));
    // What costs nothing is nothing that the ledger could lack.
    limiter.charge(&unheld(&demand, now(&clock), 0));
    assert!(limiter.seed(&counter, &newer, NanoUsd(80)).await.unwrap());
    let all = Standing { spent: NanoUsd(80), held: NanoUsd::ZERO };
    assert_eq!(limiter.standing(&counter).await.unwrap(), Known::Exactly(all));
    assert_eq!(limiter.in_question().await.unwrap(), []);
    // The older answer comes last: it knows nothing that is not known better.
    assert!(limiter.seed(&counter, &older, NanoUsd(50)).await.unwrap());
    assert_eq!(limiter.standing(&counter).await.unwrap(), Known::Exactly(all));
}

/// See the name.
pub async fn what_is_counted_twice_is_so_until_the_ledger_is_asked_again(
    limiter: Arc<dyn Limiter>,
    clock: Arc<ManualClock>,
) {
    let demand = day(100);
    let counter = counter(&demand, now(&clock));
    let first = mark(&*limiter, &counter).await;
    limiter.charge(&unheld(&demand, now(&clock), 30));
    // The ledger heard of it before it answered.
    assert!(limiter.seed(&counter, &first, NanoUsd(30)).await.unwrap());
    assert_eq!(standing(&*limiter, &demand, now(&clock)).await, (60, 0));
    let held = take(&*limiter, &demand, 40).await.unwrap();
    assert_eq!(refused(take(&*limiter, &demand, 1).await).kind, LimitKind::BudgetHeld);
    let second = mark(&*limiter, &counter).await;
    held.settle(&cost(now(&clock), 10));
    assert!(limiter.seed(&counter, &second, NanoUsd(40)).await.unwrap());
    assert_eq!(standing(&*limiter, &demand, now(&clock)).await, (50, 0), "the ten may be in the forty");
    let third = mark(&*limiter, &counter).await;
    assert!(limiter.seed(&counter, &third, NanoUsd(40)).await.unwrap());
    assert_eq!(standing(&*limiter, &demand, now(&clock)).await, (40, 0));
    assert_eq!(limiter.in_question().await.unwrap(), []);
}

/// A budget of 100 a day of which the ledger said this, and which is told so much afterwards that was in a journal before it said so.
async fn told_late(limiter: &dyn Limiter, clock: &ManualClock, answer: i64, late: i64) -> Demand {
    let demand = day(100);
    clock.advance(Duration::from_secs(1));
    let journaled = clock.monotonic();
    clock.advance(Duration::from_secs(1));
    seed(limiter, clock, &demand, answer).await;
    limiter.charge(&Used { since: Some(journaled), ..unheld(&demand, now(clock), late) });
    demand
}

/// See the name.
pub async fn what_the_ledger_knew_before_it_was_asked_and_is_settled_later_is_counted_twice_for_a_moment(
    limiter: Arc<dyn Limiter>,
    clock: Arc<ManualClock>,
) {
    let demand = told_late(&*limiter, &clock, 30, 30).await;
    let counter = counter(&demand, now(&clock));
    assert_eq!(standing(&*limiter, &demand, now(&clock)).await, (60, 0));
    assert_eq!(limiter.in_question().await.unwrap(), std::slice::from_ref(&counter));
    seed(&*limiter, &clock, &demand, 30).await;
    assert_eq!(standing(&*limiter, &demand, now(&clock)).await, (30, 0));
    clock.advance(Duration::from_secs(1));
    let since = Some(clock.monotonic());
    limiter.charge(&Used { since, ..unheld(&demand, now(&clock), 5) });
    let all = Standing { spent: NanoUsd(35), held: NanoUsd::ZERO };
    assert_eq!(limiter.standing(&counter).await.unwrap(), Known::Exactly(all));
}

/// See the name.
pub async fn what_was_spent_for_certain_stays_so_where_the_ledger_lacks_it(
    limiter: Arc<dyn Limiter>,
    clock: Arc<ManualClock>,
) {
    let demand = told_late(&*limiter, &clock, 0, 1).await;
    // This still waits in a journal when the ledger is asked again.
    limiter.charge(&unheld(&demand, now(&clock), 80));
    clock.advance(Duration::from_secs(1));
    for answer in [1, 0, 1] {
        seed(&*limiter, &clock, &demand, answer).await;
        assert_eq!(
            standing(&*limiter, &demand, now(&clock)).await,
            (80, 0),
            "the one may have been counted twice"
        );
    }
    assert_eq!(refused(take(&*limiter, &demand, 21).await).kind, LimitKind::Budget);
}
