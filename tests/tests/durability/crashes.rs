//! P1: kill -9.

use crate::holds;
use std::time::Duration;
use switchyard_tests::dice::Dice;
use switchyard_tests::installation::Database;
use switchyard_tests::kills::{KillReport, Kills};

const LIFE: std::ops::Range<Duration> = Duration::from_millis(50)..Duration::from_millis(1200);

async fn kill(kills: usize, database: Database, tears: bool) -> KillReport {
    let seed = Dice::any_seed();
    println!("seed {seed}");
    let report = Kills { kills, rate: 100, life: LIFE, seed, database, tears }.run().await;
    holds(&report, &report.broken());
    report
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_under_load_loses_no_completed_answer_and_doubles_none() {
    kill(4, Database::Sqlite, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_with_the_ledger_in_postgresql() {
    let Some(database) = Database::postgres() else { return };
    kill(2, database, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_where_each_kill_cuts_a_write_to_the_journal_short() {
    let report = kill(4, Database::Sqlite, true).await;
    assert!(report.torn > 0, "no journal had records, so nothing was torn");
}
