//! Knowing whether a request went out on a connection that was opened before it.
//!
//! A server may close an idle connection at the moment a request is put on it. Then nothing was answered
//! and one more try is harmless, while the same silence on a fresh connection is a failure of the upstream.
//! The HTTP client does not tell the two apart, so the connector notes in the task that asked for a
//! connection that one was opened for it.

use std::{cell::Cell, time::Duration};

/// A server that was just closing an idle connection has said so before the request can have reached it: half a round trip
/// from here. One that hangs up later had the request: it may have worked for it, and bill it. The time is that of upstreams on
/// the same continent; of one further off, a hang-up that crossed counts as a failure, which the call's own retries answer.
const CLOSING_TIME: Duration = Duration::from_millis(50);

/// The connection that a request without an answer was on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Connection {
    /// Opened for it.
    Fresh,
    /// Opened before it, and ended so soon that the two crossed.
    Stale,
    /// Opened before it, and alive while it waited.
    Kept,
}

impl Connection {
    /// `waited` is the time from sending to the end of the connection.
    pub(super) fn of(opened: bool, waited: Duration) -> Self {
        match (opened, waited < CLOSING_TIME) {
            (true, _) => Self::Fresh,
            (false, true) => Self::Stale,
            (false, false) => Self::Kept,
        }
    }
}

tokio::task_local! {
    static OPENED: Cell<bool>;
}

/// Runs `send` and says whether it asked for a new connection. `false` means that it ran on a pooled one;
/// `true` can also mean that a pooled one came free before the new one was ready.
pub(super) async fn watched<F: Future>(send: F) -> (F::Output, bool) {
    OPENED
        .scope(Cell::new(false), async move {
            let output = send.await;
            (output, OPENED.with(Cell::get))
        })
        .await
}

/// A connection is being opened by the task that runs this.
pub(super) fn note_opened() {
    // Outside a watched send (a connection finished in the background) there is nobody to tell.
    let _ = OPENED.try_with(|opened| opened.set(true));
}
