//! P4: money under concurrency and kill -9.

use crate::holds;
use switchyard_tests::overspending::Overspending;
use switchyard_tests::replicas::Setting;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_is_not_overrun_and_loses_nothing_when_the_server_is_killed_under_load() {
    let report =
        Overspending { at_once: 64, affordable: 10, kills: 2, setting: Setting::alone() }.run().await;
    holds(&report, &report.broken());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_processes_that_share_redis_overrun_no_budget_and_free_what_a_killed_one_held() {
    let Some(setting) = Setting::shared(3) else { return };
    let report = Overspending { at_once: 48, affordable: 6, kills: 1, setting }.run().await;
    holds(&report, &report.broken());
}
