//! Named requests over Redis: the contract, the bounds, and that nothing lies open there.

use crate::server::{eventually, stores, vault, whole};
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;
use switchyard_coordination::redis::RedisIdempotency;
use switchyard_ports::idempotency::{Finish, IdempotencyStore, KEPT_FOR, KeptAnswer, NamedRequest, Standing};
use switchyard_ports::vault::Binding;
use switchyard_testkit::clock::ManualClock;
use switchyard_testkit::contracts::idempotency::{Bounds, LONG, answer, request};
use switchyard_testkit::postgres::Signal;
use switchyard_testkit::redis::PrivateRedis;

fn fresh() -> Option<(Arc<dyn IdempotencyStore>, Arc<ManualClock>)> {
    let clock = Arc::new(ManualClock::default());
    let stores = stores(PrivateRedis::shared()?, &clock, 1);
    Some((Arc::new(stores.idempotency), clock))
}

fn bounded(bounds: Bounds) -> Option<(Arc<dyn IdempotencyStore>, Arc<ManualClock>)> {
    let clock = Arc::new(ManualClock::default());
    let stores = stores(PrivateRedis::shared()?, &clock, 1);
    let store = stores.idempotency.bounded(bounds.answers * sealed(LONG), bounds.names);
    Some((Arc::new(store), clock))
}

switchyard_testkit::idempotency_contract!(fresh, bounded);

/// How long the sealed form of an answer is.
fn sealed(bytes: usize) -> usize {
    let binding = Binding { table: "idempotency", row: 0, owner: "01".repeat(32), column: "answer" };
    // The body is written in base64, and sealed like that.
    let headers = "201\ncontent-type:YXBwbGljYXRpb24vanNvbg\nx-odd:/w\n\n".len();
    let text = "x".repeat(headers + (bytes * 4).div_ceil(3));
    vault().seal(&SecretString::from(text), &binding).unwrap().len()
}

async fn answered(store: &RedisIdempotency, name: u8, bytes: usize) {
    assert_eq!(store.claim(&request(name, 1, u128::from(name))).await.unwrap(), Standing::Claimed);
    store.finish(&request(name, 1, u128::from(name)), Finish::Answered(answer(bytes))).await.unwrap();
}

async fn standing(store: &RedisIdempotency, name: u8) -> Standing {
    store.claim(&request(name, 1, 999)).await.unwrap()
}

#[tokio::test]
async fn what_is_over_leaves_nothing_on_the_lists_of_callers() {
    let Some(server) = PrivateRedis::start() else { return };
    let (address, clock) = (crate::server::address(&server), Arc::new(ManualClock::default()));
    let store = crate::server::stores_at(&address, &clock, 1).idempotency.bounded(1_000_000, 8);
    let of = |name: u8| NamedRequest { caller: [name % 4; 32], ..request(name, 1, u128::from(name)) };
    for name in 1..=20 {
        let request = of(name);
        assert_eq!(store.claim(&request).await.unwrap(), Standing::Claimed);
        let finish = if name % 5 == 0 { Finish::Spent } else { Finish::Answered(answer(10)) };
        store.finish(&request, finish).await.unwrap();
    }
    let lists = || {
        let count = "return #redis.call('KEYS', '*:cn:*') + #redis.call('KEYS', '*:ca:*')";
        server.command(&["EVAL", count, "0"])
    };
    assert_eq!(lists(), ":8", "names and answers of four callers");
    clock.advance(KEPT_FOR);
    assert_eq!(store.claim(&of(21)).await.unwrap(), Standing::Claimed);
    store.finish(&of(21), Finish::Spent).await.unwrap();
    assert_eq!(lists(), ":1", "the one name that is not over");
    let sums = "local sums = redis.call('HMGET', redis.call('KEYS', '*:named')[1], 'names', 'bytes')
        return redis.status_reply(table.concat(sums, ' '))";
    assert_eq!(server.command(&["EVAL", sums, "0"]), "+1 0", "one name, and no bytes");
}

#[tokio::test]
async fn a_mebibyte_is_given_again_by_another_process() {
    let Some(server) = PrivateRedis::shared() else { return };
    let clock = Arc::new(ManualClock::default());
    let address = crate::server::address(server);
    let [one, two] = [1, 2].map(|process| crate::server::stores_at(&address, &clock, process).idempotency);
    answered(&one, 1, 1024 * 1024).await;
    assert_eq!(standing(&two, 1).await, Standing::Answered(answer(1024 * 1024)));
}

#[tokio::test]
async fn nothing_of_an_answer_lies_open_in_redis() {
    let Some(server) = PrivateRedis::start() else { return };
    let store = stores(&server, &Arc::new(ManualClock::default()), 1).idempotency;
    store.claim(&request(1, 1, 1)).await.unwrap();
    let secret = KeptAnswer {
        status: 201,
        headers: vec![("x-key".to_owned(), b"canary-in-a-header".to_vec())],
        body: "{\"key\":\"sk-canary-in-a-body\"}".into(),
    };
    store.finish(&request(1, 1, 1), Finish::Answered(secret.clone())).await.unwrap();
    assert_eq!(standing(&store, 1).await, Standing::Answered(secret));
    let dump = server.dump();
    let text = String::from_utf8_lossy(&dump);
    assert!(text.contains("in_flight") || text.contains("answered"), "nothing was written at all");
    // As it is, and in base64.
    for canary in ["canary", "Y2FuYXJ5", "NhbmFye", "jYW5hcn"] {
        assert!(!text.contains(canary), "{canary}");
    }
}

#[tokio::test]
async fn without_redis_a_name_is_not_claimed() {
    let Some(server) = PrivateRedis::start() else { return };
    let store = stores(&server, &Arc::new(ManualClock::default()), 1).idempotency;
    assert_eq!(standing(&store, 1).await, Standing::Claimed);
    server.stop();
    store.claim(&request(2, 1, 1)).await.unwrap_err();
    store.give_back(&request(1, 1, 999));
    server.start_again();
    assert_eq!(standing(&store, 2).await, Standing::Claimed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_redis_hangs_nobody_waits_for_longer_than_a_second_and_no_name_is_lost() {
    let Some(server) = PrivateRedis::start() else { return };
    let (store, presence) = whole(&server).await;
    server.signal(Signal::Stop);
    let mut waiting = tokio::task::JoinSet::new();
    for turn in 0..5 {
        for name in 0..40 {
            let store = Arc::clone(&store);
            waiting.spawn(async move {
                let request = request(name, 1, 1 + 40 * turn + u128::from(name));
                let claim = store.idempotency.claim(&request);
                tokio::time::timeout(Duration::from_secs(2), claim).await.unwrap().is_err()
            });
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(waiting.join_all().await, vec![true; 200]);
    server.signal(Signal::Continue);
    eventually(async || presence.is_connected()).await;
    // What the server heard of it and did when it went on was given back.
    for name in 0..40 {
        assert_eq!(
            store.idempotency.claim(&request(name, 2, 999)).await.unwrap(),
            Standing::Claimed,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_claim_whose_asker_left_holds_no_name() {
    let Some(server) = PrivateRedis::start() else { return };
    let store = stores(&server, &Arc::new(ManualClock::default()), 1).idempotency;
    assert_eq!(standing(&store, 1).await, Standing::Claimed);
    for turn in 0..100_u64 {
        let named = request(2, 1, 1_000 + u128::from(turn));
        let left = tokio::time::timeout(Duration::from_micros(turn * 10), store.claim(&named)).await;
        if let Ok(told) = left {
            assert_eq!(told.unwrap(), Standing::Claimed, "{turn}");
            store.give_back(&named);
        }
    }
    assert_eq!(standing(&store, 2).await, Standing::Claimed);
}
