//! P7, P8, P9: providers that fail.

use crate::holds;
use std::time::Duration;
use switchyard_tests::all_failing::AllFailing;
use switchyard_tests::failover::Failover;
use switchyard_tests::recovery::Recovery;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_before_the_first_byte_is_hidden_and_what_fails_after_it_is_never_mixed() {
    let report = Failover { calls: 16, stalls: 16 }.run().await;
    holds(&report, &report.broken());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_all_providers_fail_an_outage_is_not_multiplied() {
    for report in (AllFailing { calls: 400, at_once: 16 }).run().await {
        holds(&report, &report.broken());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_provider_gets_a_probe_a_second_and_its_traffic_within_ten_seconds_of_its_recovery() {
    let report = Recovery { dead: Duration::from_secs(6), rate: 30 }.run().await;
    holds(&report, &report.broken());
}
