//! What every limiter does with money. Run it with [`budget_contract!`](crate::budget_contract).

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a suite fails by panicking"
)]

mod ledger;
mod windows;

pub use ledger::*;
pub use windows::*;

use crate::clock::ManualClock;
use crate::contracts::limiter::{refused, rpm};
use std::sync::{Arc, Barrier, Mutex as Lock};
use std::time::Duration;
use switchyard_domain::budget::{Budget, BudgetWindow, Zone};
use switchyard_domain::limits::{LimitKind, Limits};
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::Timestamp;
use switchyard_ports::limiter::{
    Allowance, Ask, Charge, Counter, Demand, Known, Limiter, LimiterError, Mark, Payer, Permit, Scope, Used,
};

/// Makes a test of each case. The argument is a function that returns a fresh limiter in an `Arc` and the manual clock that it goes
/// by, or `None` where there is none to be had.
#[macro_export]
macro_rules! budget_contract {
    ($make:path) => {
        $crate::budget_contract!(@cases $make,
            a_budget_that_is_not_known_is_asked_for_once,
            no_more_is_held_than_the_budget_has,
            what_is_held_for_others_is_told_from_what_is_spent,
            settling_spends_the_truth_and_frees_the_rest,
            ending_a_permit_settles_it_and_gives_back_all_it_held_once,
            what_is_dropped_unsettled_costs_nothing,
            covering_more_takes_it_or_changes_nothing,
            all_budgets_give_or_none,
            a_budget_that_is_demanded_twice_gives_once,
            limits_and_money_are_taken_together,
            a_window_begins_anew_and_late_calls_pay_where_they_began,
            covering_in_another_window_holds_there_too,
            a_clock_that_is_set_back_gives_no_money_twice,
            a_window_that_the_calendar_jumped_into_is_asked_of_the_ledger,
            a_budget_that_begins_while_a_call_runs_is_told_what_it_used,
            what_is_settled_while_the_ledger_is_asked_is_added_and_the_ledger_asked_again,
            what_is_counted_twice_is_so_until_the_ledger_is_asked_again,
            what_the_ledger_knew_before_it_was_asked_and_is_settled_later_is_counted_twice_for_a_moment,
            what_was_spent_for_certain_stays_so_where_the_ledger_lacks_it,
            slots_that_are_given_back_leave_the_money_held,
            a_budget_that_is_set_anew_begins_with_the_ledger,
            what_costs_nothing_passes_a_spent_budget,
            of_256_at_once_exactly_the_affordable_pass,
        );
    };
    (@cases $make:path, $($case:ident,)+) => {$(
        #[tokio::test]
        async fn $case() {
            let Some((limiter, clock)) = $crate::contracts::made($make()) else { return };
            $crate::contracts::budgets::$case(limiter, clock).await;
        }
    )+};
}

fn demand(scope: &str, amount: i64, window: BudgetWindow, edition: i64) -> Demand {
    let budget = Budget { amount: NanoUsd(amount), window, zone: Zone::utc() };
    let allowance = Some(Allowance::new(budget, edition));
    Demand { scope: Scope(scope.into()), limits: Limits::NONE, allowance }
}

fn day(amount: i64) -> Demand {
    demand("key:1", amount, BudgetWindow::Day, 1)
}

fn ask(demands: &[Demand], money: i64) -> Ask {
    Ask { demands: demands.into(), tokens: 0, money: NanoUsd(money) }
}

type Taken = Result<Box<dyn Permit>, LimiterError>;

async fn take(limiter: &dyn Limiter, demand: &Demand, money: i64) -> Taken {
    take_all(limiter, std::slice::from_ref(demand), money).await
}

async fn take_all(limiter: &dyn Limiter, demands: &[Demand], money: i64) -> Taken {
    let taken = limiter.acquire(&[ask(demands, money)]).await;
    taken.map(|mut permits| permits.pop().expect("a permit for each ask"))
}

fn counter(demand: &Demand, at: Timestamp) -> Counter {
    let allowance = demand.allowance.as_ref().expect("a budget");
    Counter { scope: demand.scope.clone(), edition: allowance.edition(), span: allowance.span(at) }
}

async fn seed(limiter: &dyn Limiter, clock: &ManualClock, demand: &Demand, spent: i64) {
    make_known(limiter, &counter(demand, now(clock)), NanoUsd(spent)).await;
}

/// Tells a counter what was spent, as whoever asks the ledger does, while nothing is settled. One that is known exactly stays as it is.
pub async fn make_known(limiter: &dyn Limiter, counter: &Counter, spent: NanoUsd) {
    if let Known::Unknown(mark) | Known::AtMost(_, mark) = limiter.standing(counter).await.unwrap() {
        assert!(limiter.seed(counter, &mark, spent).await.unwrap(), "nothing happened to the counter");
    }
}

async fn mark(limiter: &dyn Limiter, counter: &Counter) -> Mark {
    match limiter.standing(counter).await.unwrap() {
        Known::Unknown(mark) | Known::AtMost(_, mark) => mark,
        Known::Exactly(standing) => panic!("it is known: {standing:?}"),
    }
}

async fn is_known(limiter: &dyn Limiter, counter: &Counter) -> bool {
    limiter.standing(counter).await.unwrap().standing().is_some()
}

async fn standing(limiter: &dyn Limiter, demand: &Demand, at: Timestamp) -> (i64, i64) {
    let standing = limiter.standing(&counter(demand, at)).await.unwrap().standing().expect("a known counter");
    (standing.spent.0, standing.held.0)
}

fn now(clock: &ManualClock) -> Timestamp {
    switchyard_ports::clock::Clock::now(clock)
}

fn cost(at: Timestamp, amount: i64) -> Used {
    Used { charges: vec![Charge { at, amount: NanoUsd(amount) }], ..Used::default() }
}

/// See the name.
pub async fn no_more_is_held_than_the_budget_has(limiter: Arc<dyn Limiter>, clock: Arc<ManualClock>) {
    let demand = day(100);
    seed(&*limiter, &clock, &demand, 0).await;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(take(&*limiter, &demand, 25).await.unwrap());
    }
    let refusal = refused(take(&*limiter, &demand, 1).await);
    assert_eq!((refusal.kind, refusal.limit, &*refusal.scope.0), (LimitKind::BudgetHeld, 100, "key:1"));
    assert_eq!(standing(&*limiter, &demand, now(&clock)).await, (0, 100));
}

/// See the name.
pub async fn what_is_held_for_others_is_told_from_what_is_spent(
    limiter: Arc<dyn Limiter>,
    clock: Arc<ManualClock>,
) {
    let demand = day(100);
    seed(&*limiter, &clock, &demand, 40).await;
    let held = take(&*limiter, &demand, 50).await.unwrap();
    assert_eq!(refused(take(&*limiter, &demand, 60).await).kind, LimitKind::BudgetHeld);
    let refusal = refused(take(&*limiter, &demand, 61).await);
    assert_eq!(refusal.kind, LimitKind::Budget);
    let midnight = counter(&demand, now(&clock)).span.end;
    assert_eq!(refusal.retry_after, midnight.since(now(&clock)));
    drop(held);
    take(&*limiter, &demand, 60).await.map(drop).unwrap();
}

/// See the name.
pub async fn settling_spends_the_truth_and_frees_the_rest(
    limiter: Arc<dyn Limiter>,
    clock: Arc<ManualClock>,
) {
    let demand = day(100);
    seed(&*limiter, &clock, &demand, 0).await;
    let permit = take(&*limiter, &demand, 80).await.unwrap();
    permit.settle(&cost(now(&clock), 30));
    assert_eq!(standing(&*limiter, &demand, now(&clock)).await, (30, 0));
    permit.settle(&cost(now(&clock), 99));
    drop(permit);
    assert_eq!(standing(&*limiter, &demand, now(&clock)).await, (30, 0));
    let permit = take(&*limiter, &demand, 70).await.unwrap();
    // More than was reserved is the truth all the same.
    permit.settle(&cost(now(&clock), 90));
    assert_eq!(standing(&*limiter, &demand, now(&clock)).await, (120, 0));
    assert_eq!(refused(take(&*limiter, &demand, 1).await).kind, LimitKind::Budget);
}

/// See the name.
pub async fn ending_a_permit_settles_it_and_gives_back_all_it_held_once(
    limiter: Arc<dyn Limiter>,
    clock: Arc<ManualClock>,
) {
    let limits = Limits { concurrency: Some(2), tpm: Some(1_000), ..Limits::NONE };
    let demand = Demand { limits, ..day(100) };
    seed(&*limiter, &clock, &demand, 0).await;
    let used = |amount| Used { tokens: 10, ..cost(now(&clock), amount) };
    let others = take(&*limiter, &demand, 10).await.unwrap();
    for spent in [30, 60] {
        take(&*limiter, &demand, 40).await.unwrap().end(&used(30));
        assert_eq!(standing(&*limiter, &demand, now(&clock)).await, (spent, 10));
    }
    let landed = take(&*limiter, &demand, 10).await.unwrap();
    landed.release_slots();
    let settled = take(&*limiter, &demand, 10).await.unwrap();
    settled.settle(&used(5));
    settled.end(&used(99));
    landed.end(&used(5));
    assert_eq!(standing(&*limiter, &demand, now(&clock)).await, (70, 10));
    let last = take(&*limiter, &demand, 10).await.unwrap();
    assert_eq!(refused(take(&*limiter, &demand, 10).await).kind, LimitKind::Concurrency);
    assert_eq!(last.rooms().tokens.unwrap().remaining, 960);
    drop((last, others));
    assert_eq!(standing(&*limiter, &demand, now(&clock)).await, (70, 0));
}

/// See the name.
pub async fn what_is_dropped_unsettled_costs_nothing(limiter: Arc<dyn Limiter>, clock: Arc<ManualClock>) {
    let demand = day(100);
    seed(&*limiter, &clock, &demand, 0).await;
    for _ in 0..50 {
        drop(take(&*limiter, &demand, 100).await.unwrap());
    }
    assert_eq!(standing(&*limiter, &demand, now(&clock)).await, (0, 0));
}

/// See the name.
pub async fn covering_more_takes_it_or_changes_nothing(limiter: Arc<dyn Limiter>, clock: Arc<ManualClock>) {
    let demand = day(100);
    seed(&*limiter, &clock, &demand, 0).await;
    let first = take(&*limiter, &demand, 40).await.unwrap();
    let second = take(&*limiter, &demand, 40).await.unwrap();
    first.cover(NanoUsd(60), now(&clock)).await.unwrap();
    first.cover(NanoUsd(10), now(&clock)).await.unwrap();
    assert_eq!(standing(&*limiter, &demand, now(&clock)).await, (0, 100));
    let Err(LimiterError::Refused(refusal)) = second.cover(NanoUsd(41), now(&clock)).await else {
        panic!("it was covered")
    };
    assert_eq!(refusal.kind, LimitKind::BudgetHeld);
    drop(first);
    assert_eq!(standing(&*limiter, &demand, now(&clock)).await, (0, 40));
    second.cover(NanoUsd(100), now(&clock)).await.unwrap();
    second.settle(&cost(now(&clock), 100));
    assert_eq!(standing(&*limiter, &demand, now(&clock)).await, (100, 0));
}

/// See the name.
pub async fn all_budgets_give_or_none(limiter: Arc<dyn Limiter>, clock: Arc<ManualClock>) {
    let demands = [day(100), demand("global", 30, BudgetWindow::Total, 2)];
    for demand in &demands {
        seed(&*limiter, &clock, demand, 0).await;
    }
    let refusal = refused(take_all(&*limiter, &demands, 31).await);
    assert_eq!(&*refusal.scope.0, "global");
    assert!(refusal.retry_after > Duration::ZERO);
    assert_eq!(standing(&*limiter, &demands[0], now(&clock)).await, (0, 0));
    let both = [ask(&demands[..1], 90), ask(&demands[1..], 31)];
    limiter.acquire(&both).await.map(drop).unwrap_err();
    assert_eq!(standing(&*limiter, &demands[0], now(&clock)).await, (0, 0));
    let both = [ask(&demands[..1], 90), ask(&demands[1..], 30)];
    let permits = limiter.acquire(&both).await.unwrap();
    assert_eq!(permits.len(), 2);
    assert_eq!(standing(&*limiter, &demands[0], now(&clock)).await, (0, 90));
    assert_eq!(standing(&*limiter, &demands[1], now(&clock)).await, (0, 30));
    permits[0].settle(&cost(now(&clock), 7));
    drop(permits);
    assert_eq!(standing(&*limiter, &demands[0], now(&clock)).await, (7, 0));
    assert_eq!(standing(&*limiter, &demands[1], now(&clock)).await, (0, 0));
}

/// See the name.
pub async fn a_budget_that_is_demanded_twice_gives_once(limiter: Arc<dyn Limiter>, clock: Arc<ManualClock>) {
    let demand = day(100);
    seed(&*limiter, &clock, &demand, 0).await;
    let permit = take_all(&*limiter, &[demand.clone(), demand.clone()], 60).await.unwrap();
    assert_eq!(standing(&*limiter, &demand, now(&clock)).await, (0, 60));
    permit.cover(NanoUsd(90), now(&clock)).await.unwrap();
    assert_eq!(standing(&*limiter, &demand, now(&clock)).await, (0, 90));
    permit.end(&cost(now(&clock), 20));
    assert_eq!(standing(&*limiter, &demand, now(&clock)).await, (20, 0));
}

/// See the name.
pub async fn limits_and_money_are_taken_together(limiter: Arc<dyn Limiter>, clock: Arc<ManualClock>) {
    let demand = Demand { limits: rpm(2), ..day(100) };
    seed(&*limiter, &clock, &demand, 0).await;
    for _ in 0..5 {
        assert_eq!(refused(take(&*limiter, &demand, 101).await).kind, LimitKind::Budget);
    }
    let held = [take(&*limiter, &demand, 1).await.unwrap(), take(&*limiter, &demand, 1).await.unwrap()];
    assert_eq!(refused(take(&*limiter, &demand, 1).await).kind, LimitKind::Requests);
    assert_eq!(standing(&*limiter, &demand, now(&clock)).await, (0, 2));
    assert_eq!(held[0].rooms().requests.unwrap().remaining, 1);
    assert_eq!(held[1].rooms().requests.unwrap().remaining, 0);
}

/// See the name.
pub async fn a_budget_that_begins_while_a_call_runs_is_told_what_it_used(
    limiter: Arc<dyn Limiter>,
    clock: Arc<ManualClock>,
) {
    let limited = Demand { allowance: None, limits: rpm(9), ..day(0) };
    let running = take(&*limiter, &limited, 40).await.unwrap();
    assert_eq!(running.taken_at(), None);
    let (daily, weekly) = (day(100), demand("key:1", 100, BudgetWindow::Week, 2));
    seed(&*limiter, &clock, &daily, 0).await;
    let held = take(&*limiter, &daily, 40).await.unwrap();
    seed(&*limiter, &clock, &weekly, 0).await;
    let payer = |demand: &Demand| Payer {
        scope: demand.scope.clone(),
        allowance: demand.allowance.clone().expect("a budget"),
    };
    // One was admitted without a budget, one under another than the one that is set now, and one without anything.
    let used = |amount, payers: &[&Demand]| Used {
        payers: payers.iter().map(|demand| payer(demand)).collect(),
        ..cost(now(&clock), amount)
    };
    running.settle(&used(40, &[&daily]));
    assert_eq!(standing(&*limiter, &daily, now(&clock)).await, (40, 40));
    held.settle(&used(20, &[&weekly, &daily]));
    assert_eq!(standing(&*limiter, &daily, now(&clock)).await, (60, 0), "it is charged once");
    assert_eq!(standing(&*limiter, &weekly, now(&clock)).await, (20, 0));
    limiter.charge(&used(5, &[&weekly]));
    assert_eq!(standing(&*limiter, &weekly, now(&clock)).await, (25, 0));
    let nothing = limiter.acquire(&[Ask::default()]).await.unwrap();
    nothing[0].settle(&used(5, &[&weekly]));
    assert_eq!(standing(&*limiter, &weekly, now(&clock)).await, (30, 0));
    drop((running, held));
    assert_eq!(refused(take(&*limiter, &daily, 41).await).kind, LimitKind::Budget);
    take(&*limiter, &daily, 40).await.map(drop).unwrap();
}

/// A charge under no permit.
fn unheld(demand: &Demand, at: Timestamp, amount: i64) -> Used {
    let payer = Payer { scope: demand.scope.clone(), allowance: demand.allowance.clone().expect("a budget") };
    Used { payers: vec![payer], ..cost(at, amount) }
}

/// See the name.
pub async fn slots_that_are_given_back_leave_the_money_held(
    limiter: Arc<dyn Limiter>,
    clock: Arc<ManualClock>,
) {
    let demand = Demand { limits: Limits { concurrency: Some(1), ..Limits::NONE }, ..day(100) };
    seed(&*limiter, &clock, &demand, 0).await;
    let first = take(&*limiter, &demand, 60).await.unwrap();
    assert_eq!(refused(take(&*limiter, &demand, 40).await).kind, LimitKind::Concurrency);
    first.release_slots();
    first.release_slots();
    assert_eq!(standing(&*limiter, &demand, now(&clock)).await, (0, 60));
    let second = take(&*limiter, &demand, 40).await.unwrap();
    first.settle(&cost(now(&clock), 10));
    drop(first);
    assert_eq!(standing(&*limiter, &demand, now(&clock)).await, (10, 40));
    assert_eq!(refused(take(&*limiter, &demand, 1).await).kind, LimitKind::Concurrency);
    drop(second);
    take(&*limiter, &demand, 90).await.map(drop).unwrap();
}

/// See the name.
pub async fn a_budget_that_is_set_anew_begins_with_the_ledger(
    limiter: Arc<dyn Limiter>,
    clock: Arc<ManualClock>,
) {
    let demand = day(100);
    seed(&*limiter, &clock, &demand, 0).await;
    take(&*limiter, &demand, 10).await.unwrap().settle(&cost(now(&clock), 10));
    // The same budget with more money goes on counting; another one asks the ledger.
    let raised = day(200);
    assert_eq!(standing(&*limiter, &raised, now(&clock)).await, (10, 0));
    take(&*limiter, &raised, 190).await.map(drop).unwrap();
    let anew = self::demand("key:1", 100, BudgetWindow::Day, 2);
    assert!(matches!(take(&*limiter, &anew, 1).await, Err(LimiterError::Unseeded(_))));
}

/// See the name.
pub async fn what_costs_nothing_passes_a_spent_budget(limiter: Arc<dyn Limiter>, clock: Arc<ManualClock>) {
    let demand = day(100);
    seed(&*limiter, &clock, &demand, 500).await;
    assert_eq!(refused(take(&*limiter, &demand, 1).await).kind, LimitKind::Budget);
    take(&*limiter, &demand, 0).await.map(drop).unwrap();
    let unknown = self::demand("key:2", 100, BudgetWindow::Day, 3);
    let free = take(&*limiter, &unknown, 0).await.unwrap();
    assert!(!is_known(&*limiter, &counter(&unknown, now(&clock))).await);
    assert!(matches!(free.cover(NanoUsd(1), now(&clock)).await, Err(LimiterError::Unseeded(_))));
    seed(&*limiter, &clock, &unknown, 0).await;
    free.cover(NanoUsd(1), now(&clock)).await.unwrap();
    assert_eq!(standing(&*limiter, &unknown, now(&clock)).await, (0, 1));
}

/// See the name.
pub async fn of_256_at_once_exactly_the_affordable_pass(limiter: Arc<dyn Limiter>, clock: Arc<ManualClock>) {
    let demand = day(105);
    seed(&*limiter, &clock, &demand, 0).await;
    let passed = at_once(256, || {
        let (limiter, demand) = (Arc::clone(&limiter), demand.clone());
        async move { take(&*limiter, &demand, 10).await.ok() }
    });
    let passed: Vec<Box<dyn Permit>> = passed.await.into_iter().flatten().collect();
    assert_eq!(passed.len(), 10);
    // They ask for more at once, too: of what is left one gets all that it asks for.
    let passed: Vec<Arc<dyn Permit>> = passed.into_iter().map(Arc::from).collect();
    let racers = Lock::new(passed.clone());
    let covered = at_once(passed.len(), || {
        let (permit, at) = (racers.lock().unwrap().pop().unwrap(), now(&clock));
        async move { permit.cover(NanoUsd(15), at).await.is_ok() }
    });
    assert_eq!(covered.await.into_iter().filter(|is_covered| *is_covered).count(), 1);
    assert_eq!(standing(&*limiter, &demand, now(&clock)).await, (0, 105));
    let racers = Lock::new(passed);
    at_once(10, || {
        let (permit, used) = (racers.lock().unwrap().pop().unwrap(), cost(now(&clock), 10));
        async move { permit.settle(&used) }
    })
    .await;
    assert_eq!(standing(&*limiter, &demand, now(&clock)).await, (100, 0));
}

/// Does some things on a thread each, which all wait for the last to be there.
async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    count: usize,
    each: impl FnMut() -> F,
) -> Vec<T> {
    let barrier = Arc::new(Barrier::new(count));
    let racers: Vec<_> = std::iter::repeat_with(each)
        .take(count)
        .map(|racer| {
            let barrier = Arc::clone(&barrier);
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                barrier.wait();
                runtime.block_on(racer)
            })
        })
        .collect();
    let joined =
        tokio::task::spawn_blocking(move || racers.into_iter().map(|racer| racer.join().unwrap()).collect());
    joined.await.unwrap()
}
