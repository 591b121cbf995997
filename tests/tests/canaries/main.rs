//! P10: no secret in anything that is written. `make prove-p10` prints the figures.

#![expect(clippy::print_stdout, reason = "the figures are worth reading, also where all is well")]

use std::collections::BTreeSet;
use std::path::PathBuf;
use switchyard_tests::canaries::{CanaryHunt, CanaryReport};
use switchyard_tests::installation::Database;

const SEED: u64 = 4711;

async fn hunt(database: Database, leak: bool) -> CanaryReport {
    let defective = PathBuf::from(env!("CARGO_BIN_EXE_prove"));
    let report = CanaryHunt { database, seed: SEED, leak, defective }.run().await;
    println!("{report}");
    report
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_is_written_holds_a_secret() {
    let report = hunt(Database::Sqlite, false).await;
    assert!(report.broken().is_empty(), "{}", report.broken().join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_with_everything_in_postgresql() {
    let Some(database) = Database::postgres() else { return };
    let report = hunt(database, false).await;
    assert!(report.broken().is_empty(), "{}", report.broken().join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_a_client_gives_away_is_found_wherever_it_went() {
    let report = hunt(Database::Sqlite, true).await;
    let kinds: BTreeSet<&str> = report.hits().map(|(kind, _)| kind).collect();
    for kind in ["responses", "data, of a running server", "log, standard error", "log, in files"] {
        assert!(kinds.contains(kind), "it was not found in {kind}: {kinds:?}");
    }
    assert!(
        report.hits().all(|(_, hit)| hit.canary == "the first virtual key"),
        "{}",
        report.broken().join("\n")
    );
    assert!(!report.broken().is_empty());
}
