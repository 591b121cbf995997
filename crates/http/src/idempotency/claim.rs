use std::sync::Arc;
use switchyard_ports::idempotency::{Finish, IdempotencyStore, NamedRequest};

/// What becomes of a request whose client leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    /// It is cancelled where it is carried out, so its name is free again.
    GivesBack,
    /// It goes on to its end. Its name is never free before that: it may have been sent, or written.
    GoesOn,
    /// It goes on until its answer begins, which then goes out as it comes: it may be paid for.
    GoesOnToItsAnswer,
}

/// A request's hold on its name.
pub(super) struct Claim {
    store: Arc<dyn IdempotencyStore>,
    request: NamedRequest,
    leaving: Leaving,
    finished: bool,
}

impl Claim {
    pub(super) fn new(store: Arc<dyn IdempotencyStore>, request: NamedRequest, leaving: Leaving) -> Self {
        Self { store, request, leaving, finished: false }
    }

    /// What becomes of the request if its client leaves.
    pub(super) fn leaving(&self) -> Leaving {
        self.leaving
    }

    /// Notes what became of the request. Where that fails the name stays claimed until the claim ends by itself: the work is done,
    /// and must not be done again.
    pub(super) async fn finish(mut self, finish: Finish) {
        self.finished = true;
        if let Err(error) = self.store.finish(&self.request, finish).await {
            tracing::warn!(error = %error, "what became of a named request was not noted");
        }
    }

    /// It was carried out, as far as anybody knows, and there is no answer that could be given again. Where that can't be noted the name
    /// stays claimed until the claim ends by itself.
    fn use_up(&self) {
        let (store, request) = (Arc::clone(&self.store), self.request);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = store.finish(&request, Finish::Spent).await {
                    tracing::warn!(error = %error, "what became of a named request was not noted");
                }
            });
        }
    }

    /// Gives the name back: nothing was carried out.
    pub(super) fn give_back(mut self) {
        self.finished = true;
        self.store.give_back(&self.request);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        match self.leaving {
            _ if self.finished => {}
            Leaving::GivesBack => self.store.give_back(&self.request),
            Leaving::GoesOn | Leaving::GoesOnToItsAnswer => self.use_up(),
        }
    }
}
