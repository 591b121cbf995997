//! P4: money under concurrency and kill -9.

use crate::holds;
use switchyard_tests::installation::Database;
use switchyard_tests::overspending::Overspending;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_is_not_overrun_and_loses_nothing_when_the_server_is_killed_under_load() {
    let database = Database::Sqlite;
    let report = Overspending { at_once: 64, affordable: 10, kills: 2, database }.run().await;
    holds(&report, &report.broken());
}
