//! P12: another encryption key.

use crate::holds;
use switchyard_tests::dice::Dice;
use switchyard_tests::installation::Database;
use switchyard_tests::rotation::Rotation;

async fn rotate(database: Database) {
    let seed = Dice::any_seed();
    println!("seed {seed}");
    let report = Rotation { credentials: 60, rate: 50, kills: 2, seed, database }.run().await;
    holds(&report, &report.broken());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_encryption_key_is_changed_under_load_and_broken_off_and_no_call_fails() {
    rotate(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_with_everything_in_postgresql() {
    let Some(database) = Database::postgres() else { return };
    rotate(database).await;
}
