//! The health of one process keeps its contract.

use std::sync::Arc;
use switchyard_coordination::memory::MemoryHealth;
use switchyard_ports::health::Health;
use switchyard_testkit::clock::ManualClock;
use switchyard_testkit::entropy::SeededEntropy;

fn fresh() -> (Arc<dyn Health>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::default());
    (Arc::new(MemoryHealth::new(Arc::clone(&clock) as _, Arc::new(SeededEntropy::default()))), clock)
}

switchyard_testkit::health_contract!(fresh);
