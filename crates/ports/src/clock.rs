//! Time.

use async_trait::async_trait;
use std::time::Duration;
use switchyard_domain::time::Timestamp;

/// An instant of a clock that never steps: the time since an origin of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Monotonic(pub Duration);

impl Monotonic {
    /// The time from `earlier` to `self`.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// The clock. `now` follows the machine's calendar and may step; `monotonic` MUST never go back. Limits, timeouts and
/// durations use `monotonic`; what is stored uses `now`.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The calendar time.
    fn now(&self) -> Timestamp;
    /// The time that never steps.
    fn monotonic(&self) -> Monotonic;
    /// Returns once `monotonic` has advanced by `duration`.
    async fn sleep(&self, duration: Duration);
}
