//! The manual clock.

use std::sync::Arc;
use std::time::Duration;
use switchyard_ports::clock::Clock;
use switchyard_ports::entropy::Entropy;
use switchyard_testkit::clock::ManualClock;
use switchyard_testkit::entropy::SeededEntropy;
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sleepers_wake_when_their_time_has_come_and_not_before() {
    let clock = Arc::new(ManualClock::default());
    let mut sleepers = JoinSet::new();
    for seconds in [1, 2, 2] {
        let clock = Arc::clone(&clock);
        sleepers.spawn(async move {
            clock.sleep(Duration::from_secs(seconds)).await;
            seconds
        });
    }
    clock.until_sleeping(3).await;
    clock.advance(Duration::from_millis(999));
    clock.advance(Duration::from_millis(1));
    assert_eq!(sleepers.join_next().await.unwrap().unwrap(), 1);
    assert_eq!((sleepers.len(), clock.sleepers()), (2, 2));
    clock.advance(Duration::from_secs(1));
    while let Some(woken) = sleepers.join_next().await {
        assert_eq!(woken.unwrap(), 2);
    }
    assert_eq!(clock.sleepers(), 0);
}

#[tokio::test]
async fn a_sleep_of_nothing_ends_at_once_and_a_dropped_one_is_not_counted() {
    let clock = ManualClock::default();
    clock.sleep(Duration::ZERO).await;
    assert!(
        tokio::time::timeout(Duration::from_millis(5), clock.sleep(Duration::from_secs(1))).await.is_err()
    );
    assert_eq!(clock.sleepers(), 0);
}

#[test]
fn the_calendar_moves_alone_only_when_it_is_set() {
    let clock = ManualClock::default();
    let (now, monotonic) = (clock.now(), clock.monotonic());
    clock.advance(Duration::from_secs(5));
    assert_eq!(
        (clock.now().since(now), clock.monotonic().since(monotonic)),
        (Duration::from_secs(5), Duration::from_secs(5))
    );
    clock.set_now(now);
    assert_eq!((clock.now(), clock.monotonic().since(monotonic)), (now, Duration::from_secs(5)));
}

#[test]
fn seeded_entropy_repeats_itself_by_seed_and_its_ids_grow() {
    let draw = |seed| {
        let entropy = SeededEntropy::new(seed);
        let ids: Vec<_> = (0..100).map(|_| entropy.new_id()).collect();
        (entropy.random(), ids)
    };
    assert_eq!(draw(7), draw(7));
    assert_ne!(draw(7), draw(8));
    let (_, ids) = draw(7);
    assert!(ids.is_sorted_by(|one, next| one < next) && ids.iter().all(|id| id.get_version_num() == 7));
}
