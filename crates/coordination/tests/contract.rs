//! The memory limiter keeps the limiter's contract.

use std::sync::Arc;
use switchyard_coordination::memory::MemoryLimiter;
use switchyard_ports::limiter::Limiter;
use switchyard_testkit::clock::ManualClock;

fn fresh() -> (Arc<dyn Limiter>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::default());
    (Arc::new(MemoryLimiter::new(Arc::clone(&clock) as _)), clock)
}

switchyard_testkit::limiter_contract!(fresh);
switchyard_testkit::budget_contract!(fresh);
