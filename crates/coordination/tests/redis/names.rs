//! Named requests over Redis: the contract, the bounds, and that nothing lies open there.

use crate::server::{stores, vault};
use secrecy::SecretString;
use std::sync::Arc;
use switchyard_coordination::redis::RedisIdempotency;
use switchyard_ports::idempotency::{Finish, IdempotencyStore, KeptAnswer, Standing};
use switchyard_ports::vault::Binding;
use switchyard_testkit::clock::ManualClock;
use switchyard_testkit::contracts::idempotency::{answer, request};
use switchyard_testkit::redis::PrivateRedis;

fn fresh() -> Option<(Arc<dyn IdempotencyStore>, Arc<ManualClock>)> {
    let clock = Arc::new(ManualClock::default());
    let stores = stores(PrivateRedis::shared()?, &clock, 1);
    Some((Arc::new(stores.idempotency), clock))
}

switchyard_testkit::idempotency_contract!(fresh);

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
async fn answers_are_forgotten_from_the_oldest_and_their_names_kept() {
    let Some(server) = PrivateRedis::shared() else { return };
    let clock = Arc::new(ManualClock::default());
    let store = stores(server, &clock, 1).idempotency.bounded(2 * sealed(3000), 100);
    for name in 1..=5 {
        answered(&store, name, 3000).await;
        clock.advance(std::time::Duration::from_secs(1));
    }
    for name in 1..=3 {
        assert_eq!(standing(&store, name).await, Standing::Spent, "{name}");
    }
    for name in 4..=5 {
        assert_eq!(standing(&store, name).await, Standing::Answered(answer(3000)), "{name}");
    }
}

#[tokio::test]
async fn names_are_forgotten_from_the_oldest_and_never_one_that_is_being_answered() {
    let Some(server) = PrivateRedis::shared() else { return };
    let clock = Arc::new(ManualClock::default());
    let store = stores(server, &clock, 1).idempotency.bounded(1_000_000, 10);
    assert_eq!(standing(&store, 200).await, Standing::Claimed);
    for name in 1..=20 {
        answered(&store, name, 10).await;
        clock.advance(std::time::Duration::from_secs(1));
    }
    assert_eq!(store.claim(&request(200, 1, 998)).await.unwrap(), Standing::InFlight);
    assert_eq!(standing(&store, 20).await, Standing::Answered(answer(10)));
    assert_eq!(standing(&store, 1).await, Standing::Claimed);
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
