use super::ahead::Belonging;
use std::cell::{Cell, RefCell};
use std::task::{Context, Waker};

/// What a connection is doing now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Between requests, or within the head of the next.
    Waiting,
    /// A request is being answered.
    Serving,
    /// Its last answer went out before the body it answers had come to an end.
    Leaving,
}

/// What is still to come of a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenBody {
    /// Nothing.
    No,
    /// As much as was declared.
    Sized,
    /// Nobody knows.
    Chunked,
}

/// The state of a connection, shared between its socket and the requests that it carries. One thread serves both.
#[derive(Debug)]
pub(crate) struct Connection {
    phase: Cell<Phase>,
    requests: Cell<u64>,
    body: Cell<OpenBody>,
    reader: RefCell<Option<Waker>>,
}

impl Connection {
    pub(super) fn new() -> Self {
        Self {
            phase: Cell::new(Phase::Waiting),
            requests: Cell::new(0),
            body: Cell::new(OpenBody::No),
            reader: RefCell::new(None),
        }
    }

    /// A request's head is there.
    pub(crate) fn request_began(&self, body: OpenBody) {
        self.phase.set(Phase::Serving);
        self.requests.set(self.requests.get().wrapping_add(1));
        self.body.set(body);
    }

    /// The request's body was read to its end.
    pub(crate) fn body_ended(&self) {
        self.body.set(OpenBody::No);
    }

    /// The answer is handed over, or given up.
    pub(crate) fn response_ended(&self) {
        // A declared rest is the framework's to deal with: it closes. A chunked one it would read for ever.
        if self.body.get() != OpenBody::Chunked {
            self.phase.set(Phase::Waiting);
            return;
        }
        self.phase.set(Phase::Leaving);
        // The socket is asked again only when something comes, and a silent peer must not stay for that.
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    /// The socket waits for the peer.
    pub(super) fn awaits_peer(&self, cx: &Context<'_>) {
        if self.body.get() == OpenBody::Chunked {
            self.reader.replace(Some(cx.waker().clone()));
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// What comes now: a request that is being answered and whose every byte is there is followed by later ones, and an
    /// answer that went out before the body had ended by the rest of that.
    pub(super) fn belonging(&self) -> Belonging {
        match (self.phase.get(), self.body.get()) {
            (Phase::Serving, OpenBody::No) => Belonging::Ahead,
            (Phase::Serving, _) | (_, OpenBody::No) => Belonging::Own,
            (Phase::Waiting | Phase::Leaving, OpenBody::Sized | OpenBody::Chunked) => Belonging::LeftOver,
        }
    }

    /// Requests so far: tells one from the next.
    pub(super) fn requests(&self) -> u64 {
        self.requests.get()
    }
}
