//! Ids and random numbers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::time::Timestamp;
use switchyard_ports::clock::Clock;
use switchyard_ports::entropy::Entropy;
use switchyard_security::entropy::OsEntropy;
use switchyard_testkit::clock::ManualClock;
use uuid::Uuid;

fn entropy() -> (Arc<ManualClock>, OsEntropy) {
    let clock = Arc::new(ManualClock::default());
    (Arc::clone(&clock), OsEntropy::new(clock))
}

fn millis(id: Uuid) -> i64 {
    i64::try_from(id.as_u128() >> 80).unwrap()
}

#[test]
fn an_id_is_a_version_7_uuid_of_the_clocks_time() {
    let (clock, entropy) = entropy();
    for _ in 0..10 {
        let id = entropy.new_id();
        assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
        assert_eq!(millis(id), clock.now().0);
        clock.advance(Duration::from_millis(7));
    }
}

#[test]
fn ids_grow_within_a_millisecond_and_when_the_clock_steps_back() {
    let (clock, entropy) = entropy();
    let mut ids: Vec<Uuid> = (0..10_000).map(|_| entropy.new_id()).collect();
    assert!(millis(ids[9_999]) - clock.now().0 <= 3, "a full counter carries into the next milliseconds");
    clock.set_now(Timestamp(clock.now().0 - 3_600_000));
    ids.extend((0..100).map(|_| entropy.new_id()));
    assert!(ids.is_sorted_by(|one, next| one < next));
}

#[test]
fn ids_of_many_threads_are_all_different_and_grow_in_each() {
    let (_, entropy) = entropy();
    let entropy = Arc::new(entropy);
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let entropy = Arc::clone(&entropy);
            std::thread::spawn(move || (0..5_000).map(|_| entropy.new_id()).collect::<Vec<_>>())
        })
        .collect();
    let mut all = BTreeSet::new();
    for thread in threads {
        let ids = thread.join().unwrap();
        assert!(ids.is_sorted_by(|one, next| one < next));
        all.extend(ids.into_iter().map(|id| id.as_u128() >> 64));
    }
    assert_eq!(all.len(), 40_000, "time and counter alone keep the ids of a process apart");
}

#[test]
fn replicas_that_mint_at_the_same_moment_do_not_collide() {
    let ids: BTreeSet<Uuid> = (0..2_000).map(|_| entropy().1.new_id()).collect();
    assert_eq!(ids.len(), 2_000);
}

#[test]
fn absurd_clocks_still_give_ids() {
    for now in [i64::MIN, -1, 0, i64::MAX] {
        let entropy = OsEntropy::new(Arc::new(ManualClock::at(Timestamp(now))));
        let (one, next) = (entropy.new_id(), entropy.new_id());
        assert!(one.get_version_num() == 7 && one != next, "{now}");
    }
}

#[test]
fn random_numbers_use_all_bits() {
    let (_, entropy) = entropy();
    let (mut ones, mut zeros) = (0, 0);
    for _ in 0..200 {
        let random = entropy.random();
        ones |= random;
        zeros |= !random;
    }
    assert_eq!((ones, zeros), (u64::MAX, u64::MAX));
}
