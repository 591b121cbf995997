//! What happens when a process or Redis does not do as it should.

use crate::server::{address, beside, eventually, limiter};
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use switchyard_coordination::redis::{RedisAddress, RedisLimiter};
use switchyard_domain::budget::{Budget, BudgetWindow, Zone};
use switchyard_domain::limits::{LimitKind, Limits};
use switchyard_domain::money::NanoUsd;
use switchyard_ports::clock::Clock;
use switchyard_ports::limiter::{
    Allowance, Ask, Charge, Counter, Demand, Known, Limiter, LimiterError, Permit, Scope, Used,
};
use switchyard_testkit::clock::ManualClock;
use switchyard_testkit::contracts::budgets::make_known;
use switchyard_testkit::contracts::limiter::{ask, concurrency, demand, refused, rpm, tpm};
use switchyard_testkit::postgres::Signal;
use switchyard_testkit::redis::PrivateRedis;
use uuid::Uuid;

const LEASE: Duration = Duration::from_secs(30);

fn budget(amount: i64) -> Demand {
    let budget = Budget { amount: NanoUsd(amount), window: BudgetWindow::Total, zone: Zone::utc() };
    let allowance = Some(Allowance::new(budget, 1));
    Demand { scope: Scope("key:1".into()), limits: Limits::NONE, allowance }
}

fn counter(demand: &Demand) -> Counter {
    let allowance = demand.allowance.as_ref().unwrap();
    let span = allowance.span(switchyard_domain::time::Timestamp(0));
    Counter { scope: demand.scope.clone(), edition: 1, span }
}

async fn pay(limiter: &RedisLimiter, demand: &Demand, money: i64) -> Result<Box<dyn Permit>, LimiterError> {
    let ask = Ask { demands: [demand.clone()].into(), tokens: 0, money: NanoUsd(money) };
    limiter.acquire(&[ask]).await.map(|mut permits| permits.pop().unwrap())
}

fn cost(clock: &ManualClock, amount: i64) -> Used {
    Used { charges: vec![Charge { at: clock.now(), amount: NanoUsd(amount) }], ..Used::default() }
}

async fn standing(limiter: &RedisLimiter, demand: &Demand) -> Option<(i64, i64)> {
    let standing = limiter.standing(&counter(demand)).await.unwrap().standing();
    standing.map(|standing| (standing.spent.0, standing.held.0))
}

async fn is_connected(limiter: &RedisLimiter) {
    let store = limiter.store();
    eventually(async || store.is_connected()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_256_calls_at_once_on_three_processes_exactly_the_limit_pass() {
    let Some(server) = PrivateRedis::shared() else { return };
    let (address, clock) = (address(server), Arc::new(ManualClock::default()));
    let processes: Vec<_> = (1..=3).map(|process| limiter(&address, &clock, process)).collect();
    for process in &processes {
        is_connected(process).await;
    }
    let money = Demand { scope: Scope("key:5".into()), ..budget(105) };
    make_known(&*processes[0], &counter(&money), NanoUsd::ZERO).await;
    let of = |scope: &str, limits| demand(scope, limits);
    let cases = [
        (of("key:1", rpm(10)), 0),
        (of("key:2", tpm(109)), 0),
        (of("key:3", Limits { rpd: Some(10), ..Limits::NONE }), 0),
        (of("key:4", concurrency(10)), 0),
        (money, 10),
    ];
    for (demand, money) in cases {
        let mut racers = tokio::task::JoinSet::new();
        for call in 0..256 {
            let (limiter, demand) = (Arc::clone(&processes[call % 3]), demand.clone());
            let ask = Ask { demands: [demand].into(), tokens: 10, money: NanoUsd(money) };
            racers.spawn(async move { limiter.acquire(&[ask]).await });
        }
        let passed: Vec<_> = racers.join_all().await.into_iter().filter_map(Result::ok).collect();
        assert_eq!(passed.len(), 10, "{demand:?}");
    }
}

#[tokio::test]
async fn what_a_dead_process_held_is_free_within_a_minute_and_its_budget_asks_the_ledger() {
    let Some(server) = PrivateRedis::shared() else { return };
    let (address, clock) = (address(server), Arc::new(ManualClock::default()));
    let (dying, desk) = RedisLimiter::by_clock(&address, Arc::clone(&clock) as _, Uuid::from_u128(1));
    let desk = beside(desk.run(pending()));
    let living = limiter(&address, &clock, 2);
    make_known(&dying, &counter(&budget(100)), NanoUsd(0)).await;
    let slot = ask(&dying, &[demand("key:2", concurrency(1))], 0).await.unwrap();
    let money = pay(&dying, &budget(100), 60).await.unwrap();
    desk.abort();
    assert_eq!(refused(pay(&living, &budget(100), 60).await).kind, LimitKind::BudgetHeld);
    refused(ask(&*living, &[demand("key:2", concurrency(1))], 0).await);
    clock.advance(LEASE);
    ask(&*living, &[demand("key:2", concurrency(1))], 0).await.unwrap();
    let Err(LimiterError::Unseeded(counters)) = pay(&living, &budget(100), 60).await else {
        panic!("nobody asks what the dead process settled")
    };
    make_known(&*living, &counters[0], NanoUsd(25)).await;
    let held = pay(&living, &budget(100), 75).await.unwrap();
    assert_eq!(standing(&living, &budget(100)).await, Some((25, 75)));
    drop((slot, money, held));
}

#[tokio::test]
async fn a_living_process_keeps_what_it_holds_for_as_long_as_it_lives() {
    let Some(server) = PrivateRedis::shared() else { return };
    let (address, clock) = (address(server), Arc::new(ManualClock::default()));
    let (holder, other) = (limiter(&address, &clock, 1), limiter(&address, &clock, 2));
    let held = ask(&*holder, &[demand("key:1", concurrency(1))], 0).await.unwrap();
    for _ in 0..3 {
        clock.advance(LEASE * 2 / 3);
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        refused(ask(&*other, &[demand("key:1", concurrency(1))], 0).await);
    }
    drop(held);
    eventually(async || ask(&*other, &[demand("key:1", concurrency(1))], 0).await.is_ok()).await;
}

#[tokio::test]
async fn after_a_wipe_limits_are_counted_as_before_and_budgets_begin_with_the_ledger() {
    let Some(server) = PrivateRedis::start() else { return };
    let (address, clock) = (address(&server), Arc::new(ManualClock::default()));
    let (one, two) = (limiter(&address, &clock, 1), limiter(&address, &clock, 2));
    make_known(&*one, &counter(&budget(100)), NanoUsd(0)).await;
    pay(&two, &budget(100), 30).await.unwrap().settle(&cost(&clock, 20));
    let held = [
        pay(&one, &budget(100), 40).await.unwrap(),
        ask(&*two, &[demand("key:2", concurrency(2))], 0).await.unwrap(),
    ];
    for limiter in [&one, &two] {
        ask(&**limiter, &[demand("key:3", rpm(2))], 0).await.unwrap();
    }
    server.wipe();
    // Both have noticed after a second at most.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    refused(ask(&*one, &[demand("key:3", rpm(2))], 0).await);
    ask(&*one, &[demand("key:2", concurrency(2))], 0).await.unwrap();
    refused(ask(&*one, &[demand("key:2", Limits { concurrency: Some(1), ..Limits::NONE })], 0).await);
    let Err(LimiterError::Unseeded(counters)) = pay(&two, &budget(100), 1).await else {
        panic!("a wiped counter admitted a call")
    };
    make_known(&*two, &counters[0], NanoUsd(20)).await;
    assert_eq!(standing(&one, &budget(100)).await, Some((20, 40)));
    held[0].settle(&cost(&clock, 33));
    eventually(async || standing(&two, &budget(100)).await == Some((53, 0))).await;
}

#[tokio::test]
async fn an_answer_of_before_a_wipe_is_not_believed_and_what_is_settled_behind_it_is_added() {
    let Some(server) = PrivateRedis::start() else { return };
    let (address, clock) = (address(&server), Arc::new(ManualClock::default()));
    let (one, two) = (limiter(&address, &clock, 1), limiter(&address, &clock, 2));
    let counter = counter(&budget(100));
    let before = one.standing(&counter).await.unwrap();
    make_known(&*one, &counter, NanoUsd(0)).await;
    let late = pay(&two, &budget(100), 30).await.unwrap();
    server.wipe();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let (Known::Unknown(before), Known::Unknown(mark)) = (before, one.standing(&counter).await.unwrap())
    else {
        panic!("what was lost is known")
    };
    late.settle(&cost(&clock, 30));
    drop(late);
    // The ledger was asked before it had the last call.
    assert!(!one.seed(&counter, &before, NanoUsd(0)).await.unwrap());
    assert_eq!(standing(&two, &budget(100)).await, None);
    assert!(one.seed(&counter, &mark, NanoUsd(0)).await.unwrap());
    assert_eq!(standing(&two, &budget(100)).await, Some((30, 0)));
    assert_eq!(two.in_question().await.unwrap(), std::slice::from_ref(&counter));
    make_known(&*two, &counter, NanoUsd(30)).await;
    assert_eq!(standing(&one, &budget(100)).await, Some((30, 0)));
    assert_eq!(one.in_question().await.unwrap(), []);
}

#[tokio::test]
async fn a_doubt_makes_every_budget_ask_again_and_no_answer_of_before_it_is_believed() {
    let Some(server) = PrivateRedis::start() else { return };
    let (address, clock) = (address(&server), Arc::new(ManualClock::default()));
    let (one, two) = (limiter(&address, &clock, 1), limiter(&address, &clock, 2));
    let other = Demand { scope: Scope("key:2".into()), ..budget(100) };
    make_known(&*one, &counter(&budget(100)), NanoUsd(10)).await;
    let Known::Unknown(before) = two.standing(&counter(&other)).await.unwrap() else { panic!("it is known") };
    // Said while nobody answers, and no less heard.
    server.signal(Signal::Stop);
    assert!(matches!(pay(&one, &budget(100), 1).await, Err(LimiterError::Unavailable(_))));
    one.doubt();
    server.signal(Signal::Continue);
    eventually(async || standing(&two, &budget(100)).await.is_none()).await;
    assert!(!two.seed(&counter(&other), &before, NanoUsd(0)).await.unwrap());
    assert!(matches!(pay(&two, &other, 1).await, Err(LimiterError::Unseeded(_))));
    make_known(&*two, &counter(&budget(100)), NanoUsd(25)).await;
    assert_eq!(standing(&one, &budget(100)).await, Some((25, 0)));
    // It is said once.
    server.signal(Signal::Stop);
    assert!(matches!(pay(&one, &budget(100), 1).await, Err(LimiterError::Unavailable(_))));
    server.signal(Signal::Continue);
    is_connected(&one).await;
    assert_eq!(standing(&one, &budget(100)).await, Some((25, 0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_redis_hangs_limits_hold_by_shares_and_budgets_give_nothing() {
    let Some(server) = PrivateRedis::start() else { return };
    let (address, clock) = (address(&server), Arc::new(ManualClock::default()));
    let (one, two) = (limiter(&address, &clock, 1), limiter(&address, &clock, 2));
    make_known(&*one, &counter(&budget(100)), NanoUsd(0)).await;
    is_connected(&two).await;
    let money = pay(&one, &budget(100), 60).await.unwrap();
    let store = one.store();
    eventually(async || store.processes() == 2).await;
    let first = ask(&*one, &[demand("key:2", rpm(7))], 0).await.unwrap();
    server.signal(Signal::Stop);
    // Of seven in a minute each of the two has three; this one had one of them already.
    let passed = async {
        let mut passed = Vec::new();
        for _ in 0..9 {
            passed.extend(ask(&*one, &[demand("key:2", rpm(7))], 0).await);
        }
        passed
    };
    // The first call notices; no other waits.
    let passed = tokio::time::timeout(Duration::from_secs(1), passed).await.unwrap();
    assert_eq!(passed.len(), 2);
    assert!(matches!(pay(&one, &budget(100), 1).await, Err(LimiterError::Unavailable(_))));
    pay(&one, &budget(100), 0).await.unwrap();
    assert!(!one.store().is_connected());
    money.settle(&cost(&clock, 50));
    drop((money, first));
    server.signal(Signal::Continue);
    is_connected(&one).await;
    is_connected(&two).await;
    eventually(async || standing(&two, &budget(100)).await == Some((50, 0))).await;
    // What was admitted meanwhile is counted: four of the seven are left. A question that lay before the hanging server may be
    // counted too, though nobody waited for its answer any longer.
    let mut after = 0;
    for _ in 0..9 {
        after += usize::from(ask(&*two, &[demand("key:2", rpm(7))], 0).await.is_ok());
    }
    assert!((2..=4).contains(&after), "{after}");
}

#[tokio::test]
async fn after_a_restart_everything_goes_on() {
    let Some(server) = PrivateRedis::start() else { return };
    let (address, clock) = (address(&server), Arc::new(ManualClock::default()));
    let one = limiter(&address, &clock, 1);
    make_known(&*one, &counter(&budget(100)), NanoUsd(0)).await;
    let held = pay(&one, &budget(100), 60).await.unwrap();
    ask(&*one, &[demand("key:2", rpm(3))], 0).await.unwrap();
    server.stop();
    ask(&*one, &[demand("key:2", rpm(3))], 0).await.unwrap();
    let refusal = pay(&one, &budget(100), 1).await;
    assert!(matches!(refusal, Err(LimiterError::Unavailable(_))));
    server.start_again();
    is_connected(&one).await;
    ask(&*one, &[demand("key:2", rpm(3))], 0).await.unwrap();
    refused(ask(&*one, &[demand("key:2", rpm(3))], 0).await);
    assert_eq!(standing(&one, &budget(100)).await, None);
    make_known(&*one, &counter(&budget(100)), NanoUsd(5)).await;
    assert_eq!(standing(&one, &budget(100)).await, Some((5, 60)));
    drop(held);
    assert_eq!(standing(&one, &budget(100)).await, Some((5, 0)));
}

#[tokio::test]
async fn scripts_that_are_forgotten_are_told_again() {
    let Some(server) = PrivateRedis::start() else { return };
    let (address, clock) = (address(&server), Arc::new(ManualClock::default()));
    let one = limiter(&address, &clock, 1);
    for turn in 0..20 {
        let permit = ask(&*one, &[demand("key:1", concurrency(1))], 0).await.unwrap();
        if turn % 3 == 0 {
            assert_eq!(server.command(&["SCRIPT", "FLUSH"]), "+OK");
        }
        refused(ask(&*one, &[demand("key:1", concurrency(1))], 0).await);
        drop(permit);
    }
    assert!(one.store().is_connected());
}

#[tokio::test]
async fn calls_that_are_abandoned_while_they_are_admitted_hold_nothing() {
    let Some(server) = PrivateRedis::shared() else { return };
    let (address, clock) = (address(server), Arc::new(ManualClock::default()));
    let one = limiter(&address, &clock, 1);
    make_known(&*one, &counter(&budget(100)), NanoUsd(0)).await;
    let both = Demand { limits: concurrency(1), ..budget(100) };
    for turn in 0..200_u64 {
        let patience = Duration::from_micros(turn * 10);
        let _ = tokio::time::timeout(patience, pay(&one, &both, 100)).await;
    }
    eventually(async || standing(&one, &budget(100)).await == Some((0, 0))).await;
    pay(&one, &both, 100).await.map(drop).unwrap();
}

#[tokio::test]
async fn an_end_says_all_that_became_of_calls_and_holds_nothing() {
    let Some(server) = PrivateRedis::shared() else { return };
    let (address, clock) = (address(server), Arc::new(ManualClock::default()));
    let (ending, desk) = RedisLimiter::by_clock(&address, Arc::clone(&clock) as _, Uuid::from_u128(1));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let desk = beside(desk.run(async move { drop(stopped.await) }));
    let other = limiter(&address, &clock, 2);
    make_known(&ending, &counter(&budget(100)), NanoUsd(0)).await;
    let permits =
        [pay(&ending, &budget(100), 40).await.unwrap(), pay(&ending, &budget(100), 50).await.unwrap()];
    stop.send(()).unwrap();
    permits.iter().for_each(|permit| permit.settle(&cost(&clock, 11)));
    drop(permits);
    desk.await.unwrap();
    assert_eq!(standing(&other, &budget(100)).await, Some((22, 0)));
}

#[tokio::test]
async fn a_desk_that_nobody_can_ask_ends_though_redis_is_away() {
    let nobodys = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let away = RedisAddress::parse(&format!("redis://{nobodys}").into()).unwrap();
    let clock = Arc::new(ManualClock::default());
    let (limiter, desk) = RedisLimiter::by_clock(&away, clock, Uuid::from_u128(1));
    let desk = beside(desk.run(pending()));
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(limiter);
    tokio::time::timeout(Duration::from_secs(5), desk).await.expect("it ends").unwrap();
}

#[tokio::test]
async fn a_password_is_used_and_never_shown() {
    let Some(server) = PrivateRedis::start_with(Some("Canary-4711")) else { return };
    let clock = Arc::new(ManualClock::default());
    let right = address(&server);
    right.probe().await.unwrap();
    let one = limiter(&right, &clock, 1);
    is_connected(&one).await;
    let url = server.url().replace("4711", "4712");
    let wrong = RedisAddress::parse(&url.into()).unwrap();
    let error = wrong.probe().await.unwrap_err();
    let shown = format!("{error} {wrong} {wrong:?} {one:?}");
    assert!(!shown.contains("Canary"), "{shown}");
    assert!(error.contains("127.0.0.1"), "{error}");
}

#[tokio::test]
async fn after_the_stores_clock_is_set_back_money_is_counted_and_a_budget_becomes_known() {
    let Some(server) = PrivateRedis::shared() else { return };
    let (address, early) = (address(server), Arc::new(ManualClock::default()));
    let late = Arc::new(ManualClock::default());
    late.advance(Duration::from_secs(7_200));
    let (ahead, behind) = (limiter(&address, &late, 1), limiter(&address, &early, 2));
    let other = Demand { scope: Scope("key:2".into()), ..budget(100) };
    make_known(&*ahead, &counter(&budget(100)), NanoUsd(10)).await;
    assert_eq!(standing(&ahead, &other).await, None);
    pay(&behind, &budget(100), 30).await.unwrap().settle(&cost(&early, 30));
    eventually(async || standing(&behind, &budget(100)).await == Some((40, 0))).await;
    make_known(&*behind, &counter(&other), NanoUsd(90)).await;
    refused(pay(&behind, &other, 20).await);
}

#[tokio::test]
async fn a_call_that_was_let_in_for_nothing_while_the_store_was_away_pays_for_what_it_buys_later() {
    let Some(server) = PrivateRedis::start() else { return };
    let (address, clock) = (address(&server), Arc::new(ManualClock::default()));
    let process = limiter(&address, &clock, 1);
    is_connected(&process).await;
    server.stop();
    let store = process.store();
    eventually(async || !store.is_connected()).await;
    let free = pay(&process, &budget(100), 0).await.unwrap();
    let taken_at = free.taken_at().expect("it was taken under a budget");
    let Err(LimiterError::Unavailable(_)) = free.cover(NanoUsd(5), taken_at).await else {
        panic!("money was held where nobody counts it")
    };
    server.start_again();
    is_connected(&process).await;
    make_known(&*process, &counter(&budget(100)), NanoUsd(0)).await;
    free.cover(NanoUsd(5), taken_at).await.unwrap();
    assert_eq!(standing(&process, &budget(100)).await, Some((0, 5)));
    free.settle(&cost(&clock, 4));
    eventually(async || standing(&process, &budget(100)).await == Some((4, 0))).await;
}
