//! Tries over Redis: the contract, the bound, and what holds while it is away.

use crate::server::{address, eventually, stores, stores_at, whole};
use std::sync::Arc;
use std::time::Duration;
use switchyard_ports::throttle::{Rate, Throttle};
use switchyard_testkit::clock::ManualClock;
use switchyard_testkit::postgres::Signal;
use switchyard_testkit::redis::PrivateRedis;

const RATE: Rate = Rate { count: 9, window: Duration::from_secs(60) };

fn fresh() -> Option<(Arc<dyn Throttle>, Arc<ManualClock>)> {
    let clock = Arc::new(ManualClock::default());
    let stores = stores(PrivateRedis::shared()?, &clock, 1);
    Some((Arc::new(stores.throttle), clock))
}

switchyard_testkit::throttle_contract!(fresh);

#[tokio::test]
async fn three_processes_count_together() {
    let Some(server) = PrivateRedis::shared() else { return };
    let (address, clock) = (address(server), Arc::new(ManualClock::default()));
    let processes = [1, 2, 3].map(|process| stores_at(&address, &clock, process).throttle);
    let mut passed = 0;
    for turn in 0..30 {
        passed += usize::from(processes[turn % 3].take("login:1", RATE).await.is_ok());
    }
    assert_eq!(passed, 9);
    processes[0].forget("login:1").await;
    // Said, not asked: the next question of the same process comes after it.
    processes[0].take("login:1", RATE).await.unwrap();
    processes[1].take("login:1", RATE).await.unwrap();
}

#[tokio::test]
async fn while_redis_is_away_each_counts_for_itself_and_nobody_is_locked_out() {
    let Some(server) = PrivateRedis::start() else { return };
    let (address, clock) = (address(&server), Arc::new(ManualClock::default()));
    server.stop();
    let process = stores_at(&address, &clock, 1).throttle;
    let mut passed = 0;
    for _ in 0..20 {
        passed += usize::from(process.take("login:1", RATE).await.is_ok());
    }
    assert_eq!(passed, 9, "of one process's share of a rate for one");
    process.take("login:2", Rate { count: 1, ..RATE }).await.unwrap();
}

#[tokio::test]
async fn scopes_of_an_attacker_take_bounded_room_and_none_of_another_kind() {
    let Some(server) = PrivateRedis::start() else { return };
    let clock = Arc::new(ManualClock::default());
    let throttle = stores(&server, &clock, 1).throttle.keeping(100);
    let once = Rate { count: 1, ..RATE };
    throttle.take("password:2001:db8:7/48:ana", once).await.unwrap();
    for address in 0..1_000 {
        throttle.take(&format!("login:{address}"), RATE).await.unwrap();
        clock.advance(Duration::from_millis(1));
    }
    throttle.take("password:2001:db8:7/48:ana", once).await.unwrap_err();
    let keys: u64 = server.command(&["DBSIZE"]).trim_start_matches(':').parse().unwrap();
    assert!(keys <= 110, "{keys}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_tried_while_redis_hung_is_not_tried_again_when_it_is_back() {
    let Some(server) = PrivateRedis::start() else { return };
    let (process, presence) = whole(&server).await;
    let rate = Rate { count: 200, window: Duration::from_secs(600) };
    process.throttle.take("login:1", rate).await.unwrap();
    server.signal(Signal::Stop);
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..10 {
        for _ in 0..100 {
            let process = Arc::clone(&process);
            tries.spawn(async move { process.throttle.take("login:1", rate).await.is_ok() });
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    let passed = tries.join_all().await.into_iter().filter(|passed| *passed).count();
    assert_eq!(passed, 200, "the process counted for itself");
    server.signal(Signal::Continue);
    eventually(async || presence.is_connected()).await;
    let mut left = 0;
    for _ in 0..400 {
        left += usize::from(process.throttle.take("login:1", rate).await.is_ok());
    }
    // What lay before the hanging server already was counted there too: two round trips at most.
    assert!((199 - 32..=199).contains(&left), "{left}");
}
