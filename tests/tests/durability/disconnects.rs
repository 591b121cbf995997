//! P6: clients that leave.

use crate::holds;
use std::time::Duration;
use switchyard_tests::disconnects::Disconnects;

/// The promise is 100 ms; a busy machine may take longer to run a test.
const SOON: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_leave_end_the_providers_work_pay_what_was_received_and_leave_nothing_behind() {
    let report = Disconnects { calls: 100, at_once: 16, seed: 6 }.run().await;
    let mut broken = report.broken();
    for (what, spread) in [("streamed", report.streamed), ("buffered", report.buffered)] {
        if spread.p99 > SOON {
            broken.push(format!("{what} calls are not cancelled: {spread}"));
        }
    }
    holds(&report, &broken);
}
