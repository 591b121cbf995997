//! The throttle in memory keeps its contract, and its bound.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;
use switchyard_coordination::memory::MemoryThrottle;
use switchyard_ports::throttle::{Rate, Throttle};
use switchyard_testkit::clock::ManualClock;

fn fresh() -> (Arc<dyn Throttle>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::default());
    (Arc::new(MemoryThrottle::new(Arc::clone(&clock) as _)), clock)
}

switchyard_testkit::throttle_contract!(fresh);

#[tokio::test]
async fn scopes_of_an_attacker_take_bounded_room() {
    let clock = Arc::new(ManualClock::default());
    let throttle = MemoryThrottle::new(Arc::clone(&clock) as _).keeping(100);
    for address in 0..1_000 {
        throttle
            .take(&format!("login:{address}"), Rate { count: 1, window: Duration::from_secs(60) })
            .await
            .unwrap();
        clock.advance(Duration::from_millis(1));
        assert!(throttle.scopes() <= 100);
    }
}
