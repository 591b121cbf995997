//! The three deadlines of a call on one timer.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

use super::fault::TransportFault;

/// Stands for "never" where adding a duration would leave the range of the clock.
const FAR_OFF: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// How long a call may take, in three respects. The time for connecting is a setting of the transport,
/// as connections outlive calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// From sending to the first content (connecting included). In force until
    /// [`BodyReader::content_arrived`](super::BodyReader::content_arrived) is called.
    pub first_byte: Duration,
    /// Longest silence after that.
    pub idle: Duration,
    /// From sending to the last byte.
    pub total: Duration,
}

/// Watches over a call from its start to its last byte.
///
/// There is one timer entry per call, not one per chunk: it is moved forward only after it has fired early.
/// A stream of a thousand chunks in ten seconds thus touches the timer once.
#[derive(Debug)]
pub(super) struct DeadlineTimer {
    sleep: Pin<Box<Sleep>>,
    /// `None` once the content has begun.
    first_byte_at: Option<Instant>,
    idle: Duration,
    total_at: Instant,
}

impl DeadlineTimer {
    pub(super) fn start(deadlines: &Deadlines) -> Self {
        let now = now();
        let first_byte_at = after(now, deadlines.first_byte);
        let total_at = after(now, deadlines.total);
        Self {
            sleep: Box::pin(sleep_until(first_byte_at.min(total_at))),
            first_byte_at: Some(first_byte_at),
            idle: deadlines.idle,
            total_at,
        }
    }

    pub(super) fn content_arrived(&mut self) {
        self.first_byte_at = None;
    }

    /// Ready with the fault as soon as a deadline has passed. `waiting_since` is when the current wait
    /// began: the upstream's silence counts, not the time that our reader took.
    pub(super) fn poll_passed(
        &mut self,
        waiting_since: Instant,
        cx: &mut Context<'_>,
    ) -> Poll<TransportFault> {
        let (due, fault) = self.next(waiting_since);
        // The first-byte deadline may be further away than the idle one that replaces it.
        if due < self.sleep.deadline() {
            self.sleep.as_mut().reset(due);
        }
        loop {
            ready!(self.sleep.as_mut().poll(cx));
            if self.sleep.deadline() >= due {
                return Poll::Ready(fault);
            }
            self.sleep.as_mut().reset(due);
        }
    }

    fn next(&self, waiting_since: Instant) -> (Instant, TransportFault) {
        let (due, fault) = match self.first_byte_at {
            Some(at) => (at, TransportFault::FirstByteTimeout),
            None => (after(waiting_since, self.idle), TransportFault::IdleTimeout),
        };
        if self.total_at <= due { (self.total_at, TransportFault::TotalTimeout) } else { (due, fault) }
    }
}

/// The runtime's monotonic time. Deadlines of sockets run on the timer that also drives the sockets; a
/// boxed future of the clock port per wait would cost more than the wait's bookkeeping.
#[expect(
    clippy::disallowed_methods,
    reason = "timers beside real I/O are the runtime's, not the clock port's"
)]
pub(super) fn now() -> Instant {
    Instant::now()
}

fn after(start: Instant, duration: Duration) -> Instant {
    start.checked_add(duration).unwrap_or_else(|| start + FAR_OFF)
}
