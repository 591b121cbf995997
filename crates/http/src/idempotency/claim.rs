use std::sync::Arc;
use switchyard_ports::idempotency::{Finish, IdempotencyStore, NamedRequest};

/// A request's hold on its name. Dropped before the request has ended, it gives the name back.
pub(super) struct Claim {
    store: Arc<dyn IdempotencyStore>,
    request: NamedRequest,
    finished: bool,
}

impl Claim {
    pub(super) fn new(store: Arc<dyn IdempotencyStore>, request: NamedRequest) -> Self {
        Self { store, request, finished: false }
    }

    /// Notes what became of the request. Where that fails the name stays claimed until the claim ends by itself: the work is done,
    /// and must not be done again.
    pub(super) async fn finish(mut self, finish: Finish) {
        self.finished = true;
        if let Err(error) = self.store.finish(&self.request, finish).await {
            tracing::warn!(error = %error, "what became of a named request was not noted");
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.finished {
            self.store.give_back(&self.request);
        }
    }
}
