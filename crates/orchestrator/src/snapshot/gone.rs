//! Which targets a change of configuration made others: what was known of their health says nothing of what stands there now.

use super::{ProviderEntry, Snapshot};
use std::collections::HashMap;
use switchyard_domain::ids::ProviderId;
use switchyard_ports::health::Health;

/// Two states of the configuration, the providers of each by id.
pub(super) struct Gone<'s> {
    before: HashMap<ProviderId, &'s ProviderEntry>,
    now: HashMap<ProviderId, &'s ProviderEntry>,
}

impl<'s> Gone<'s> {
    /// What is gone from one to the other.
    pub(super) fn between(before: &'s Snapshot, now: &'s Snapshot) -> Self {
        let by_id = |snapshot: &'s Snapshot| {
            snapshot.providers.values().map(|provider| (provider.id, provider.as_ref())).collect()
        };
        Self { before: by_id(before), now: by_id(now) }
    }

    /// Tells it.
    pub(super) fn forget(&self, health: &dyn Health) {
        health.forget(&|provider, model| self.is_gone(provider, model));
    }

    fn is_gone(&self, provider: ProviderId, model: &str) -> bool {
        let Some(now) = self.now.get(&provider) else { return true };
        let is_another = self.before.get(&provider).is_some_and(|before| is_another(before, now));
        is_another || !now.models.contains_key(model)
    }
}

/// Whether calls reach another server now, or with other shared credentials.
fn is_another(before: &ProviderEntry, now: &ProviderEntry) -> bool {
    (&before.vendor, &before.base_url) != (&now.vendor, &now.base_url)
        || !before.credentials.are(&now.credentials)
}
