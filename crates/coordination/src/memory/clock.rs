//! The clock adapter: the only place that asks the machine for the time.

#![expect(clippy::disallowed_methods, reason = "this is the clock that all others are told to ask")]

use async_trait::async_trait;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use switchyard_domain::time::Timestamp;
use switchyard_ports::clock::{Clock, Monotonic};

/// The machine's clock. Its monotonic time counts from the moment it was made, so a process has one and shares it.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    origin: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time begins now.
    #[must_use]
    pub fn new() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Timestamp(match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => millis(since),
            Err(before) => -millis(before.duration()),
        })
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic(self.origin.elapsed())
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
