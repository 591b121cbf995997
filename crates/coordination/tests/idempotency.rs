//! The memory store of idempotency keys keeps its contract, and its bounds.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use switchyard_coordination::memory::MemoryIdempotency;
use switchyard_ports::idempotency::{Finish, IdempotencyStore, KEPT_FOR, NamedRequest, Standing};
use switchyard_testkit::clock::ManualClock;
use switchyard_testkit::contracts::idempotency::{answer, request};

fn fresh() -> (Arc<dyn IdempotencyStore>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::default());
    (Arc::new(MemoryIdempotency::new(Arc::clone(&clock) as _)), clock)
}

switchyard_testkit::idempotency_contract!(fresh);

fn bounded(bytes: usize, names: usize) -> (MemoryIdempotency, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::default());
    (MemoryIdempotency::bounded(Arc::clone(&clock) as _, bytes, names), clock)
}

async fn answered(store: &MemoryIdempotency, name: u8, bytes: usize) {
    assert_eq!(store.claim(&request(name, 1, u128::from(name))).await.unwrap(), Standing::Claimed);
    store.finish(&request(name, 1, u128::from(name)), Finish::Answered(answer(bytes))).await.unwrap();
}

async fn standing(store: &MemoryIdempotency, name: u8) -> Standing {
    store.claim(&request(name, 1, 999)).await.unwrap()
}

#[tokio::test]
async fn answers_are_forgotten_from_the_oldest_and_their_names_kept() {
    let (store, _) = bounded(10_000, 100);
    for name in 1..=5 {
        answered(&store, name, 3000).await;
    }
    for name in 1..=3 {
        assert_eq!(standing(&store, name).await, Standing::Spent, "{name}");
    }
    for name in 4..=5 {
        assert_eq!(standing(&store, name).await, Standing::Answered(answer(3000)), "{name}");
    }
}

#[tokio::test]
async fn many_small_answers_take_no_more_than_large_ones() {
    let (store, _) = bounded(10_000, 100);
    for name in 1..=100 {
        answered(&store, name, 0).await;
    }
    let mut kept = 0;
    for name in 1..=100 {
        kept += usize::from(matches!(standing(&store, name).await, Standing::Answered(_)));
    }
    assert!((10..40).contains(&kept), "{kept}");
}

#[tokio::test]
async fn names_are_forgotten_from_the_oldest_and_never_one_that_is_being_answered() {
    let (store, _) = bounded(1_000_000, 10);
    assert_eq!(standing(&store, 200).await, Standing::Claimed);
    for name in 1..=20 {
        answered(&store, name, 10).await;
    }
    assert_eq!(standing(&store, 200).await, Standing::InFlight);
    assert_eq!(standing(&store, 20).await, Standing::Answered(answer(10)));
    assert_eq!(standing(&store, 1).await, Standing::Claimed);
}

#[tokio::test]
async fn what_has_ended_takes_no_room_of_what_has_not() {
    let (store, clock) = bounded(11_000, 100);
    for name in 1..=3 {
        answered(&store, name, 3000).await;
    }
    clock.advance(KEPT_FOR);
    for name in 4..=6 {
        answered(&store, name, 3000).await;
    }
    for name in 4..=6 {
        assert_eq!(standing(&store, name).await, Standing::Answered(answer(3000)), "{name}");
    }
}

/// What a caller names and has answered.
async fn of_caller(store: &MemoryIdempotency, caller: u8, name: u8, bytes: usize) {
    let request = NamedRequest { caller: [caller; 32], ..request(name, 1, u128::from(name)) };
    assert_eq!(store.claim(&request).await.unwrap(), Standing::Claimed, "{name}");
    store.finish(&request, Finish::Answered(answer(bytes))).await.unwrap();
}

#[tokio::test]
async fn who_names_many_requests_makes_nobody_elses_be_forgotten() {
    let (store, _) = bounded(1_000_000, 10);
    for name in 1..=3 {
        of_caller(&store, 1, name, 10).await;
    }
    for name in 10..=100 {
        of_caller(&store, 2, name, 10).await;
    }
    for name in 1..=3 {
        assert_eq!(standing(&store, name).await, Standing::Answered(answer(10)), "{name}");
    }
    assert_eq!(standing(&store, 100).await, Standing::Answered(answer(10)));
    assert_eq!(standing(&store, 10).await, Standing::Claimed, "their own went");
}

#[tokio::test]
async fn whose_answers_are_long_makes_nobody_elses_be_forgotten() {
    let (store, _) = bounded(10_000, 100);
    of_caller(&store, 1, 1, 1000).await;
    for name in 10..=20 {
        of_caller(&store, 2, name, 3000).await;
    }
    assert_eq!(standing(&store, 1).await, Standing::Answered(answer(1000)));
    assert_eq!(standing(&store, 10).await, Standing::Spent);
    assert_eq!(standing(&store, 20).await, Standing::Answered(answer(3000)));
}
