//! What pays for another try at the same target.

use crate::snapshot::ProviderEntry;
use std::sync::{Arc, PoisonError};
use switchyard_domain::retry::RetryCause;

/// Whether the attempt was a retry at the same target, so that its success refunds the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Retried(pub(super) Option<RetryCause>);

/// What a retry took of its provider's budget. Unless the attempt is made it goes back, however its call ends.
pub(super) struct Paid {
    provider: Arc<ProviderEntry>,
    cause: RetryCause,
    is_spent: bool,
}

impl Paid {
    /// Takes the price of a retry that answers to this; `None` where the budget can't pay.
    pub(super) fn take(provider: &Arc<ProviderEntry>, cause: RetryCause) -> Option<Self> {
        let can_pay = provider.retry_budget.lock().unwrap_or_else(PoisonError::into_inner).take(cause);
        can_pay.then(|| Self { provider: Arc::clone(provider), cause, is_spent: false })
    }

    /// What the retry answers to.
    pub(super) fn cause(&self) -> RetryCause {
        self.cause
    }

    /// The attempt is made now.
    pub(super) fn spend(mut self) {
        self.is_spent = true;
    }
}

impl Drop for Paid {
    fn drop(&mut self) {
        if !self.is_spent {
            let mut budget = self.provider.retry_budget.lock().unwrap_or_else(PoisonError::into_inner);
            budget.not_made(self.cause);
        }
    }
}
