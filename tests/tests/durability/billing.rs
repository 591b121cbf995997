//! P2: the provider's own count.

use crate::holds;
use switchyard_tests::billing::Billing;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ledger_equals_the_providers_own_count_whatever_fails() {
    let report = Billing { calls: 1000, at_once: 32 }.run().await;
    holds(&report, &report.broken());
}
