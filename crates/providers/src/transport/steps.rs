//! How far the way to an upstream was gone, and how long each step took. Whoever tries a provider wants to know; calls do not.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::deadline::now;

/// A step on the way to an upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// There was none to make: an address in digits, no TLS.
    NotNeeded,
    /// It was not begun.
    NotReached,
    /// It was begun and not ended; for so long.
    Broken(Duration),
    /// It was made in this time.
    Made(Duration),
}

/// The steps until a request could be put on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    /// Asking for the name's addresses, and judging them.
    pub resolve: Step,
    /// Connecting to one of them.
    pub connect: Step,
    /// The TLS handshake.
    pub tls: Step,
    /// How long ago the connection was ready, if it was.
    pub since_open: Option<Duration>,
}

/// Notes when the steps of a way were made. The last time counts, as a connection may be opened twice.
#[derive(Debug)]
pub(super) struct StepWatch(Mutex<Moments>);

#[derive(Debug, Default, Clone, Copy)]
struct Moments {
    opening: Option<Instant>,
    asked: Option<Instant>,
    resolved: Option<Instant>,
    connected: Option<Instant>,
    opened: Option<Instant>,
}

/// Tells a watch, if there is one.
pub(super) fn note(watch: Option<&Arc<StepWatch>>, what: fn(&StepWatch)) {
    if let Some(watch) = watch {
        what(watch);
    }
}

impl StepWatch {
    pub(super) fn new() -> Self {
        Self(Mutex::default())
    }

    /// A connection is being opened.
    pub(super) fn opening(&self) {
        self.set(|moments| *moments = Moments { opening: Some(now()), ..Moments::default() });
    }

    /// The name's addresses were asked for.
    pub(super) fn asked(&self) {
        self.set(|moments| moments.asked = Some(now()));
    }

    /// They came, and may be called.
    pub(super) fn resolved(&self) {
        self.set(|moments| moments.resolved = Some(now()));
    }

    /// The TCP connection is there.
    pub(super) fn connected(&self) {
        self.set(|moments| moments.connected = Some(now()));
    }

    /// The connection can carry a request.
    pub(super) fn opened(&self) {
        self.set(|moments| moments.opened = Some(now()));
    }

    fn set(&self, change: impl FnOnce(&mut Moments)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The steps until now.
    pub(super) fn steps(&self, secured: bool) -> Steps {
        let Moments { opening, asked, resolved, connected, opened } =
            *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let resolve = match (opening, asked) {
            (None, _) => Step::NotReached,
            (Some(_), None) => Step::NotNeeded,
            (Some(_), asked) => Step::between(asked, resolved),
        };
        let connecting = if asked.is_some() { resolved } else { opening };
        let connect = Step::between(connecting, connected);
        let tls = if secured { Step::between(connected, opened) } else { Step::NotNeeded };
        Steps { resolve, connect, tls, since_open: opened.map(|opened| now().duration_since(opened)) }
    }
}

impl Step {
    fn between(begun: Option<Instant>, ended: Option<Instant>) -> Self {
        match (begun, ended) {
            (None, _) => Self::NotReached,
            (Some(begun), None) => Self::Broken(now().duration_since(begun)),
            (Some(begun), Some(ended)) => Self::Made(ended.duration_since(begun)),
        }
    }
}
