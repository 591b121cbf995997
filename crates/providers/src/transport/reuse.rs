//! Knowing whether a request went out on a connection that was opened before it.
//!
//! A server may close an idle connection at the moment a request is put on it. Then nothing was answered
//! and one more try is harmless, while the same silence on a fresh connection is a failure of the upstream.
//! The HTTP client does not tell the two apart, so a layer round its connector notes in the task that
//! asked for a connection that one was opened for it.

use std::{
    cell::Cell,
    task::{Context, Poll},
    time::Duration,
};

use tower_layer::Layer;
use tower_service::Service;

/// A server that was just closing an idle connection has said so within a round trip, lost packets included. One that hangs
/// up later than this had the request all the while: it may have worked for it, and bill it.
const CLOSING_TIME: Duration = Duration::from_secs(1);

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

/// Puts [`NotingConnector`] round the client's connector.
#[derive(Debug, Clone, Copy)]
pub(super) struct NoteConnections;

impl<S> Layer<S> for NoteConnections {
    type Service = NotingConnector<S>;

    fn layer(&self, inner: S) -> Self::Service {
        NotingConnector { inner }
    }
}

#[derive(Debug, Clone)]
pub(super) struct NotingConnector<S> {
    inner: S,
}

impl<S, R> Service<R> for NotingConnector<S>
where
    S: Service<R>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, destination: R) -> Self::Future {
        // Outside a watched send (a connection finished in the background) there is nobody to tell.
        let _ = OPENED.try_with(|opened| opened.set(true));
        self.inner.call(destination)
    }
}
