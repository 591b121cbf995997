//! What tests and checks of providers found: kept beside the providers, whose versions it does not raise.

use super::{Author, RepositoryError};
use async_trait::async_trait;
use switchyard_domain::ids::ProviderId;
use switchyard_domain::provider_health::{HealthEvent, ProviderHealth};
use switchyard_domain::time::Timestamp;

/// The health of providers. It is read with them, by `ConfigurationRepository::load`; a provider that moves to another address, and one
/// that is new, has none yet.
#[async_trait]
pub trait ProviderHealthRepository: Send + Sync {
    /// Takes those of `providers` that were not checked since `before`, or lie ahead of `now` by more than `before` lies behind it, as
    /// where the clock was set back, and marks them as checked at `now`: of several processes that ask at one moment, one gets each. What is not there
    /// is left out.
    async fn claim_checks(
        &self,
        providers: &[ProviderId],
        before: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<ProviderId>, RepositoryError>;
    /// Notes what became known of a provider, at the author's time, and answers what is known now. Where the provider becomes healthy
    /// or unhealthy by it, that is a write of configuration (a change of the provider, with a revision and an entry in the audit log);
    /// else nobody is told. `NotFound` where there is no such provider; `Stale` where it is not at the version, if one is given, that
    /// was looked at: what an old address showed says nothing of the new one.
    async fn note_health(
        &self,
        provider: ProviderId,
        seen_version: Option<i64>,
        event: HealthEvent,
        author: &Author,
    ) -> Result<ProviderHealth, RepositoryError>;
}
