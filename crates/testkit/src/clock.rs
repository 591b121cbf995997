//! A clock that only moves when a test moves it.

use async_trait::async_trait;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use switchyard_domain::time::Timestamp;
use switchyard_ports::clock::{Clock, Monotonic};
use tokio::sync::Notify;

/// 2026-11-20T08:00:00Z: where a manual clock starts unless told otherwise.
pub const START: Timestamp = Timestamp(1_795_161_600_000);

/// A clock that stands still until it is advanced. Its two times are independent, so that a test can let the calendar
/// jump while the monotonic time goes on.
#[derive(Debug)]
pub struct ManualClock {
    times: Mutex<Times>,
    moved: Notify,
}

#[derive(Debug)]
struct Times {
    now: Timestamp,
    monotonic: Duration,
    sleepers: usize,
}

impl ManualClock {
    /// A clock that stands at `now`; its monotonic time is zero.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self {
            times: Mutex::new(Times { now, monotonic: Duration::ZERO, sleepers: 0 }),
            moved: Notify::new(),
        }
    }

    /// Moves both times on and wakes the sleepers whose time has come.
    pub fn advance(&self, by: Duration) {
        {
            let mut times = self.times();
            times.monotonic += by;
            times.now = times.now.after(by);
        }
        self.moved.notify_waiters();
    }

    /// Sets the calendar, forward or back, as an administrator or a time server may. The monotonic time stays.
    pub fn set_now(&self, now: Timestamp) {
        self.times().now = now;
    }

    /// How many tasks sleep now.
    #[must_use]
    pub fn sleepers(&self) -> usize {
        self.times().sleepers
    }

    /// Returns once at least `count` tasks sleep: the moment at which advancing means something to them.
    pub async fn until_sleeping(&self, count: usize) {
        while self.sleepers() < count {
            tokio::task::yield_now().await;
        }
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::at(START)
    }
}

/// Counts a sleeper for as long as it lives; a sleep may be dropped before its end.
struct Sleeper<'a>(&'a ManualClock);

impl<'a> Sleeper<'a> {
    fn new(clock: &'a ManualClock) -> Self {
        clock.times().sleepers += 1;
        Self(clock)
    }
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        self.0.times().sleepers -= 1;
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.times().now
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic(self.times().monotonic)
    }

    async fn sleep(&self, duration: Duration) {
        let until = self.times().monotonic.saturating_add(duration);
        let mut sleeper = None;
        loop {
            // Enlisted before the time is read, so that no move in between is missed.
            let moved = self.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            if self.times().monotonic >= until {
                return;
            }
            sleeper.get_or_insert_with(|| Sleeper::new(self));
            moved.await;
        }
    }
}
