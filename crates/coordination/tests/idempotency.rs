//! The memory store of idempotency keys keeps its contract, and its bounds.

use std::sync::Arc;
use switchyard_coordination::memory::MemoryIdempotency;
use switchyard_ports::idempotency::{Finish, IdempotencyStore, Standing};
use switchyard_testkit::clock::ManualClock;
use switchyard_testkit::contracts::idempotency::{Bounds, LONG, answer, request};

fn fresh() -> (Arc<dyn IdempotencyStore>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::default());
    (Arc::new(MemoryIdempotency::new(Arc::clone(&clock) as _)), clock)
}

fn bounded(bounds: Bounds) -> (Arc<dyn IdempotencyStore>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::default());
    // An answer takes some room beside its body.
    let bytes = bounds.answers * (LONG + 500);
    (Arc::new(MemoryIdempotency::bounded(Arc::clone(&clock) as _, bytes, bounds.names)), clock)
}

switchyard_testkit::idempotency_contract!(fresh, bounded);

#[tokio::test]
async fn many_small_answers_take_no_more_than_large_ones() {
    let (store, _) = bounded(Bounds { names: 100, answers: 3 });
    for name in 1..=100 {
        let request = request(name, 1, u128::from(name));
        assert_eq!(store.claim(&request).await.unwrap(), Standing::Claimed);
        store.finish(&request, Finish::Answered(answer(0))).await.unwrap();
    }
    let mut kept = 0;
    for name in 1..=100 {
        kept +=
            usize::from(matches!(store.claim(&request(name, 1, 999)).await.unwrap(), Standing::Answered(_)));
    }
    assert!((10..40).contains(&kept), "{kept}");
}
