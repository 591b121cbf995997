//! P18: bodies that are far too large.

use crate::holds;
use switchyard_tests::large_bodies::LargeBodies;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_far_too_large_costs_little_memory_at_any_door() {
    let report = LargeBodies { bytes: 20 << 20, rounds: 1 }.run().await;
    holds(&report, &report.broken());
}
