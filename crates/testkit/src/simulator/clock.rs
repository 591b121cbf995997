//! The real time, which a ground truth must be told in: the moments of a call are compared with what
//! a client on the same machine measured.

use std::time::{Duration, Instant, UNIX_EPOCH};

/// This machine's monotonic time.
#[expect(
    clippy::disallowed_methods,
    reason = "the simulator is a process of its own to the product: it lives in real time"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The time since the Unix epoch, zero on a machine that believes to live before it.
pub(crate) fn since_epoch() -> Duration {
    UNIX_EPOCH.elapsed().unwrap_or_default()
}

/// Milliseconds of a duration, saturating.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
