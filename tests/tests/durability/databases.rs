//! P3: databases that go away.

use crate::holds;
use std::time::Duration;
use switchyard_tests::outages::{Cause, Outages};

async fn take_away(cause: Cause, outage: Duration) {
    let outages = Outages { cause, rate: 40, calm: Duration::from_secs(1), outage };
    let Some(report) = outages.run().await else { return };
    holds(&report, &report.broken());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_go_on_while_another_program_locks_sqlite_and_their_usage_arrives_once() {
    take_away(Cause::SqliteLocked, Duration::from_secs(7)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_go_on_while_postgresql_is_stopped_and_their_usage_arrives_once() {
    take_away(Cause::PostgresStopped, Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_go_on_while_postgresql_hangs_and_their_usage_arrives_once() {
    take_away(Cause::PostgresHung, Duration::from_secs(7)).await;
}
