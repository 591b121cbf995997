//! What every store of idempotency keys does. Run it with [`idempotency_contract!`](crate::idempotency_contract).

#![expect(clippy::unwrap_used, reason = "a suite fails by panicking")]

use crate::clock::ManualClock;
use bytes::Bytes;
use std::sync::{Arc, Barrier};
use std::time::Duration;
use switchyard_ports::idempotency::{
    CLAIMED_FOR, Finish, IdempotencyStore, KEPT_FOR, KeptAnswer, NamedRequest, Standing,
};
use uuid::Uuid;

type Store = Arc<dyn IdempotencyStore>;
type Made = Option<(Store, Arc<ManualClock>)>;

/// Makes a test of each case. The first argument is a function that returns a fresh store in an `Arc` and the manual clock that it goes
/// by, or `None` where there is none to be had; the second one makes the same with [`Bounds`]. A fake, which keeps everything, has none.
#[macro_export]
macro_rules! idempotency_contract {
    ($make:path) => {
        $crate::idempotency_contract!(@cases $make,
            a_name_is_claimed_once_and_told_until_it_is_finished,
            an_answer_is_given_again_whole,
            what_can_not_be_given_again_is_not_carried_out_again,
            a_name_stands_for_one_request_only,
            names_do_not_touch_each_other,
            a_name_that_was_given_back_is_as_new,
            who_lost_the_claim_changes_nothing,
            an_answer_is_kept_for_a_day,
            a_claim_of_the_dead_ends,
            of_64_at_once_one_claims,
        );
    };
    ($make:path, $bounded:path) => {
        $crate::idempotency_contract!($make);
        $crate::idempotency_contract!(@bounded $bounded,
            answers_are_forgotten_from_the_oldest_and_their_names_kept,
            names_are_forgotten_from_the_oldest_and_never_one_that_is_being_answered,
            what_has_ended_takes_no_room_of_what_has_not,
            who_names_many_requests_makes_nobody_elses_be_forgotten,
            whose_answers_are_long_makes_nobody_elses_be_forgotten,
        );
    };
    (@bounded $make:path, $($case:ident,)+) => {$(
        #[tokio::test]
        async fn $case() {
            $crate::contracts::idempotency::$case(|bounds| $crate::contracts::made($make(bounds))).await;
        }
    )+};
    (@cases $make:path, $($case:ident,)+) => {$(
        #[tokio::test]
        async fn $case() {
            let Some((store, clock)) = $crate::contracts::made($make()) else { return };
            $crate::contracts::idempotency::$case(store, clock).await;
        }
    )+};
}

/// What a store keeps at most.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Names.
    pub names: usize,
    /// Answers of [`LONG`] bytes. There is no room for the half of another one.
    pub answers: usize,
}

/// The length of an answer of which few are kept.
pub const LONG: usize = 3000;

/// A request: its name, what it asks, and which attempt it is, each by a number.
#[must_use]
pub fn request(name: u8, content: u8, claim: u128) -> NamedRequest {
    let caller = [0; 32];
    NamedRequest { name: [name; 32], caller, content: [content; 32], claim: Uuid::from_u128(claim) }
}

/// An answer of this many bytes.
#[must_use]
pub fn answer(bytes: usize) -> KeptAnswer {
    KeptAnswer {
        status: 201,
        headers: vec![
            ("content-type".to_owned(), b"application/json".to_vec()),
            ("x-odd".to_owned(), vec![0xff]),
        ],
        body: Bytes::from(vec![b'x'; bytes]),
    }
}

/// See the name.
pub async fn a_name_is_claimed_once_and_told_until_it_is_finished(store: Store, _: Arc<ManualClock>) {
    assert_eq!(store.claim(&request(1, 1, 1)).await.unwrap(), Standing::Claimed);
    for claim in 2..5 {
        assert_eq!(store.claim(&request(1, 1, claim)).await.unwrap(), Standing::InFlight);
    }
}

/// See the name.
pub async fn an_answer_is_given_again_whole(store: Store, _: Arc<ManualClock>) {
    store.claim(&request(1, 1, 1)).await.unwrap();
    store.finish(&request(1, 1, 1), Finish::Answered(answer(1000))).await.unwrap();
    for claim in 2..5 {
        let standing = store.claim(&request(1, 1, claim)).await.unwrap();
        assert_eq!(standing, Standing::Answered(answer(1000)));
    }
}

/// See the name.
pub async fn what_can_not_be_given_again_is_not_carried_out_again(store: Store, _: Arc<ManualClock>) {
    store.claim(&request(1, 1, 1)).await.unwrap();
    store.finish(&request(1, 1, 1), Finish::Spent).await.unwrap();
    assert_eq!(store.claim(&request(1, 1, 2)).await.unwrap(), Standing::Spent);
}

/// See the name.
pub async fn a_name_stands_for_one_request_only(store: Store, _: Arc<ManualClock>) {
    store.claim(&request(1, 1, 1)).await.unwrap();
    assert_eq!(store.claim(&request(1, 2, 2)).await.unwrap(), Standing::Different);
    store.finish(&request(1, 1, 1), Finish::Answered(answer(1))).await.unwrap();
    assert_eq!(store.claim(&request(1, 2, 3)).await.unwrap(), Standing::Different);
    assert_eq!(store.claim(&request(1, 1, 4)).await.unwrap(), Standing::Answered(answer(1)));
}

/// See the name.
pub async fn names_do_not_touch_each_other(store: Store, _: Arc<ManualClock>) {
    for name in 1..=3 {
        assert_eq!(store.claim(&request(name, 1, u128::from(name))).await.unwrap(), Standing::Claimed);
    }
    store.finish(&request(2, 1, 2), Finish::Answered(answer(2))).await.unwrap();
    assert_eq!(store.claim(&request(1, 1, 9)).await.unwrap(), Standing::InFlight);
    assert_eq!(store.claim(&request(2, 1, 9)).await.unwrap(), Standing::Answered(answer(2)));
}

/// See the name.
pub async fn a_name_that_was_given_back_is_as_new(store: Store, _: Arc<ManualClock>) {
    store.claim(&request(1, 1, 1)).await.unwrap();
    store.give_back(&request(1, 1, 1));
    assert_eq!(store.claim(&request(1, 2, 2)).await.unwrap(), Standing::Claimed);
}

/// See the name.
pub async fn who_lost_the_claim_changes_nothing(store: Store, clock: Arc<ManualClock>) {
    store.claim(&request(1, 1, 1)).await.unwrap();
    clock.advance(CLAIMED_FOR);
    assert_eq!(store.claim(&request(1, 1, 2)).await.unwrap(), Standing::Claimed);
    store.give_back(&request(1, 1, 1));
    assert_eq!(store.claim(&request(1, 1, 3)).await.unwrap(), Standing::InFlight);
    store.finish(&request(1, 1, 1), Finish::Answered(answer(1))).await.unwrap();
    assert_eq!(store.claim(&request(1, 1, 3)).await.unwrap(), Standing::InFlight);
    store.finish(&request(1, 1, 2), Finish::Answered(answer(2))).await.unwrap();
    store.give_back(&request(1, 1, 2));
    assert_eq!(store.claim(&request(1, 1, 3)).await.unwrap(), Standing::Answered(answer(2)));
}

/// See the name.
pub async fn an_answer_is_kept_for_a_day(store: Store, clock: Arc<ManualClock>) {
    store.claim(&request(1, 1, 1)).await.unwrap();
    clock.advance(Duration::from_secs(600));
    store.finish(&request(1, 1, 1), Finish::Answered(answer(1))).await.unwrap();
    clock.advance(KEPT_FOR - Duration::from_secs(1));
    assert_eq!(store.claim(&request(1, 1, 2)).await.unwrap(), Standing::Answered(answer(1)));
    clock.advance(Duration::from_secs(1));
    assert_eq!(store.claim(&request(1, 2, 3)).await.unwrap(), Standing::Claimed);
}

/// See the name.
pub async fn a_claim_of_the_dead_ends(store: Store, clock: Arc<ManualClock>) {
    store.claim(&request(1, 1, 1)).await.unwrap();
    clock.advance(CLAIMED_FOR - Duration::from_secs(1));
    assert_eq!(store.claim(&request(1, 1, 2)).await.unwrap(), Standing::InFlight);
    clock.advance(Duration::from_secs(1));
    assert_eq!(store.claim(&request(1, 1, 2)).await.unwrap(), Standing::Claimed);
}

/// See the name.
pub async fn of_64_at_once_one_claims(store: Store, _: Arc<ManualClock>) {
    let barrier = Arc::new(Barrier::new(64));
    let racers: Vec<_> = (0..64)
        .map(|claim| {
            let (store, barrier) = (Arc::clone(&store), Arc::clone(&barrier));
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                barrier.wait();
                runtime.block_on(store.claim(&request(1, 1, claim))).unwrap()
            })
        })
        .collect();
    let joined = tokio::task::spawn_blocking(move || {
        racers.into_iter().map(|racer| racer.join().unwrap()).collect::<Vec<_>>()
    });
    let standings = joined.await.unwrap();
    let claimed = standings.iter().filter(|standing| **standing == Standing::Claimed).count();
    let told = standings.iter().filter(|standing| **standing == Standing::InFlight).count();
    assert_eq!((claimed, told), (1, 63));
}

/// What a caller names and has answered.
async fn answered(store: &Store, clock: &ManualClock, caller: u8, name: u8, bytes: usize) {
    let request = NamedRequest { caller: [caller; 32], ..request(name, 1, u128::from(name)) };
    assert_eq!(store.claim(&request).await.unwrap(), Standing::Claimed, "{name}");
    store.finish(&request, Finish::Answered(answer(bytes))).await.unwrap();
    clock.advance(Duration::from_secs(1));
}

/// What the next request of a name is told.
async fn told(store: &Store, name: u8) -> Standing {
    store.claim(&request(name, 1, 999)).await.unwrap()
}

/// See the name.
pub async fn answers_are_forgotten_from_the_oldest_and_their_names_kept(make: impl FnOnce(Bounds) -> Made) {
    let Some((store, clock)) = make(Bounds { names: 100, answers: 2 }) else { return };
    for name in 1..=5 {
        answered(&store, &clock, 1, name, LONG).await;
    }
    for name in 1..=3 {
        assert_eq!(told(&store, name).await, Standing::Spent, "{name}");
    }
    for name in 4..=5 {
        assert_eq!(told(&store, name).await, Standing::Answered(answer(LONG)), "{name}");
    }
}

/// See the name.
pub async fn names_are_forgotten_from_the_oldest_and_never_one_that_is_being_answered(
    make: impl FnOnce(Bounds) -> Made,
) {
    let Some((store, clock)) = make(Bounds { names: 10, answers: 100 }) else { return };
    assert_eq!(store.claim(&request(200, 1, 200)).await.unwrap(), Standing::Claimed);
    for name in 1..=20 {
        answered(&store, &clock, 0, name, 10).await;
    }
    assert_eq!(told(&store, 200).await, Standing::InFlight);
    assert_eq!(told(&store, 20).await, Standing::Answered(answer(10)));
    assert_eq!(told(&store, 1).await, Standing::Claimed);
}

/// See the name.
pub async fn what_has_ended_takes_no_room_of_what_has_not(make: impl FnOnce(Bounds) -> Made) {
    let Some((store, clock)) = make(Bounds { names: 3, answers: 3 }) else { return };
    for name in 1..=3 {
        answered(&store, &clock, 1, name, LONG).await;
    }
    clock.advance(KEPT_FOR);
    for name in 4..=6 {
        answered(&store, &clock, 2, name, LONG).await;
    }
    for name in 4..=6 {
        assert_eq!(told(&store, name).await, Standing::Answered(answer(LONG)), "{name}");
    }
}

/// See the name.
pub async fn who_names_many_requests_makes_nobody_elses_be_forgotten(make: impl FnOnce(Bounds) -> Made) {
    let Some((store, clock)) = make(Bounds { names: 10, answers: 100 }) else { return };
    for name in 1..=3 {
        answered(&store, &clock, 1, name, 10).await;
    }
    for name in 10..=100 {
        answered(&store, &clock, 2, name, 10).await;
    }
    for name in 1..=3 {
        assert_eq!(told(&store, name).await, Standing::Answered(answer(10)), "{name}");
    }
    assert_eq!(told(&store, 100).await, Standing::Answered(answer(10)));
    assert_eq!(told(&store, 10).await, Standing::Claimed, "their own went");
}

/// See the name.
pub async fn whose_answers_are_long_makes_nobody_elses_be_forgotten(make: impl FnOnce(Bounds) -> Made) {
    let Some((store, clock)) = make(Bounds { names: 100, answers: 3 }) else { return };
    answered(&store, &clock, 1, 1, LONG / 3).await;
    for name in 10..=20 {
        answered(&store, &clock, 2, name, LONG).await;
    }
    assert_eq!(told(&store, 1).await, Standing::Answered(answer(LONG / 3)));
    assert_eq!(told(&store, 10).await, Standing::Spent);
    assert_eq!(told(&store, 20).await, Standing::Answered(answer(LONG)));
}
