use crate::snapshot::{ConfigurationKeeper, Snapshot};
use std::sync::Arc;
use switchyard_domain::quota::QuotaScope;
use switchyard_ports::limiter::Payer;

/// Whose budgets pay for a call: those of the scopes that the ledger books it to, as they are set when it is settled. A permit knows
/// those that were set when it was taken.
pub(in crate::chat) struct Payers {
    keeper: Arc<ConfigurationKeeper>,
    /// The configuration under which the call was admitted.
    seen: Arc<Snapshot>,
}

impl Payers {
    /// Of a call that was admitted under `seen`.
    pub(in crate::chat) fn new(keeper: Arc<ConfigurationKeeper>, seen: Arc<Snapshot>) -> Self {
        Self { keeper, seen }
    }

    /// The budgets of some scopes, if any may be others than those that the call met.
    pub(super) fn of(&self, scopes: impl IntoIterator<Item = QuotaScope>) -> Vec<Payer> {
        let now = self.keeper.snapshot();
        if Arc::ptr_eq(&now, &self.seen) || now.quotas.is_empty() {
            return Vec::new();
        }
        scopes.into_iter().filter_map(|scope| now.quotas.payer(scope)).collect()
    }
}
