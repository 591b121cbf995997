//! A fleet of eight targets. How long calls take is `make prove-fleet`'s to judge, as a busy machine may take longer to run a test.

use crate::holds;
use std::time::Duration;
use switchyard_tests::fleet::served::ServedFleet;
use switchyard_tests::fleet::virtual_time::VirtualFleet;

#[test]
fn a_fleet_with_one_target_in_trouble_answers_all_but_one_call_in_a_thousand_and_finds_the_quick_ones() {
    let report = VirtualFleet { calls: 10_000 }.run();
    holds(&report, &report.broken());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_the_server_no_strategy_shows_its_clients_the_trouble_of_one_target_nor_multiplies_it() {
    let report =
        ServedFleet { calls: 100, at_once: 4, measured: Duration::from_millis(20), servers: 8 }.run().await;
    holds(&report, &report.broken());
}
