//! What tests and checks of providers found.

use super::{MemoryStore, check_version, missing, told};
use async_trait::async_trait;
use switchyard_domain::audit::AuditAction;
use switchyard_domain::ids::ProviderId;
use switchyard_domain::provider_health::{HealthEvent, ProviderHealth};
use switchyard_domain::time::Timestamp;
use switchyard_ports::repositories::{Author, ChangeKind, ProviderHealthRepository, RepositoryError};

#[async_trait]
impl ProviderHealthRepository for MemoryStore {
    async fn claim_checks(
        &self,
        providers: &[ProviderId],
        before: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<ProviderId>, RepositoryError> {
        self.write(|state| {
            let due = state.providers.iter_mut().filter(|provider| {
                let is_due = |at: Timestamp| at <= before || at.0 - now.0 > now.0 - before.0;
                providers.contains(&provider.id) && provider.health.checked_at.is_none_or(is_due)
            });
            Ok(due
                .map(|provider| {
                    provider.health.checked_at = Some(now);
                    provider.id
                })
                .collect())
        })
    }

    async fn note_health(
        &self,
        provider: ProviderId,
        seen_version: Option<i64>,
        event: HealthEvent,
        author: &Author,
    ) -> Result<ProviderHealth, RepositoryError> {
        self.change(ChangeKind::Provider, AuditAction::Update, author, |state| {
            let place = state.providers.iter_mut().find(|known| known.id == provider);
            let place = place.ok_or_else(|| missing("provider", provider.0))?;
            check_version(seen_version, &place.meta)?;
            let health = place.health.clone().after(event, author.at);
            let flips = !health.is_as_well_as(&place.health);
            place.health = health.clone();
            let state = if health.is_healthy { "healthy" } else { "unhealthy" };
            let details = [
                ("name", place.name.to_string()),
                ("fields", "health".to_owned()),
                ("health", state.to_owned()),
            ];
            Ok((health, flips.then(|| told(provider.0, details)).flatten()))
        })
    }
}
