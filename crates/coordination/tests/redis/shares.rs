//! How far limits are passed at most in a minute in which Redis goes away.

use crate::server::{address, eventually, limiter};
use std::sync::Arc;
use switchyard_coordination::redis::RedisLimiter;
use switchyard_domain::limits::Limits;
use switchyard_ports::limiter::Permit;
use switchyard_testkit::clock::ManualClock;
use switchyard_testkit::contracts::limiter::{ask, concurrency, demand, rpm};
use switchyard_testkit::postgres::Signal;
use switchyard_testkit::redis::PrivateRedis;

/// Three processes that know of each other.
async fn three(server: &PrivateRedis) -> Vec<Arc<RedisLimiter>> {
    let (address, clock) = (address(server), Arc::new(ManualClock::default()));
    let processes: Vec<_> = (1..=3).map(|process| limiter(&address, &clock, process)).collect();
    for process in &processes {
        let store = process.store();
        eventually(async || store.processes() == 3).await;
    }
    processes
}

/// What one of them lets pass of a hundred calls.
async fn let_pass(process: &RedisLimiter, limits: Limits) -> Vec<Box<dyn Permit>> {
    let mut passed = Vec::new();
    for _ in 0..100 {
        passed.extend(ask(process, &[demand("key:1", limits)], 0).await);
    }
    passed
}

/// How many calls pass in all when Redis goes away after so many in each process; `None` where Redis is left out.
async fn in_all(limits: Limits, before: [usize; 3]) -> Option<usize> {
    let server = PrivateRedis::start()?;
    let processes = three(&server).await;
    let mut held = Vec::new();
    for (process, calls) in processes.iter().zip(before) {
        for _ in 0..calls {
            held.push(ask(&**process, &[demand("key:1", limits)], 0).await.unwrap());
        }
    }
    server.signal(Signal::Stop);
    for process in &processes {
        held.extend(let_pass(process, limits).await);
    }
    Some(held.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_processes_were_used_alike_no_limit_is_passed() {
    for (limits, before) in [(rpm(60), [20, 20, 20]), (rpm(60), [0, 0, 0]), (concurrency(60), [20, 20, 20])] {
        let Some(passed) = in_all(limits, before).await else { return };
        assert_eq!(passed, 60, "{limits:?} {before:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_one_was_used_alone_the_others_add_their_shares() {
    for (limits, before, expected) in
        [(rpm(60), [60, 0, 0], 100), (concurrency(60), [60, 0, 0], 100), (rpm(60), [40, 10, 10], 80)]
    {
        let Some(passed) = in_all(limits, before).await else { return };
        assert_eq!(passed, expected, "{limits:?} {before:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_were_told_of_nobody_and_never_saw_redis_each_hold_the_whole_limit() {
    let Some(server) = PrivateRedis::start() else { return };
    let (address, clock) = (address(&server), Arc::new(ManualClock::default()));
    server.stop();
    let mut held = Vec::new();
    for process in 1..=3 {
        held.extend(let_pass(&limiter(&address, &clock, process), rpm(60)).await);
    }
    assert_eq!(held.len(), 180);
}
