//! P21: the configuration changes under load.

use crate::holds;
use switchyard_tests::changes::Changes;
use switchyard_tests::installation::Database;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_see_one_version_each_and_none_fails_while_the_configuration_changes() {
    let report = Changes { changes: 60, rate: 60, processes: 1, database: Database::Sqlite }.run().await;
    holds(&report, &report.broken());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_sees_each_change_within_a_second() {
    let Some(database) = Database::postgres() else { return };
    let report = Changes { changes: 60, rate: 60, processes: 2, database }.run().await;
    holds(&report, &report.broken());
}
