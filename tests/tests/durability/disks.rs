//! P22: a full disk.

use crate::holds;
use std::time::Duration;
use switchyard_tests::full_disk::{DiskOutage, FullDisk};

async fn fill(disk: FullDisk) {
    let outage = DiskOutage { disk, rate: 60, calm: Duration::from_secs(1), full: Duration::from_secs(1) };
    match outage.run().await {
        Some(report) => holds(&report, &report.broken()),
        None => println!("skipped: this machine does not allow to try it ({disk})"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_full_journal_disk_calls_are_refused_and_nothing_goes_out_unrecorded() {
    fill(FullDisk::SmallFileSystem).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_when_no_file_can_grow() {
    fill(FullDisk::NoFileGrows).await;
}
