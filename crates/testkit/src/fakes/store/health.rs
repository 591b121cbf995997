//! What tests and checks of providers found.

use super::{MemoryStore, missing, told};
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
                providers.contains(&provider.id) && provider.health.checked_at.is_none_or(|at| at <= before)
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
        event: HealthEvent,
        author: &Author,
    ) -> Result<ProviderHealth, RepositoryError> {
        self.change(ChangeKind::Provider, AuditAction::Update, author, |state| {
            let place = state.providers.iter_mut().find(|known| known.id == provider);
            let place = place.ok_or_else(|| missing("provider", provider.0))?;
            let health = place.health.clone().after(event, author.at);
            let flips = health.is_healthy != place.health.is_healthy;
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
