//! Providers, asked in the background whether they answer: for their list of models, which nobody bills.

use crate::snapshot::{ConfigurationKeeper, ProviderEntry};
use futures_util::StreamExt;
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::fault::FaultKind;
use switchyard_domain::ids::ProviderId;
use switchyard_domain::meta::Writer;
use switchyard_domain::provider_health::{HealthEvent, HealthFinding};
use switchyard_domain::time::Timestamp;
use switchyard_ports::clock::Clock;
use switchyard_ports::probe::ProbeReport;
use switchyard_ports::provider::Provider;
use switchyard_ports::repositories::{Author, ProviderHealthRepository, RepositoryError};
use tokio_util::sync::CancellationToken;

/// Providers that are asked at one time.
const AT_ONCE: usize = 32;
/// The time between checks of one that was found dead: calls avoid it while others work, so that nobody else finds out that it is back.
const RECOVERY: Duration = Duration::from_secs(5);

/// How providers are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthCheckSettings {
    /// Whether they are.
    pub enabled: bool,
    /// The time between checks of one provider, whichever process makes them; of one that was found dead it is five seconds at most.
    pub interval: Duration,
    /// How long a check may take.
    pub timeout: Duration,
    /// Failures in a row that make a provider unhealthy.
    pub failure_threshold: u32,
}

impl Default for HealthCheckSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            interval: Duration::from_secs(60),
            timeout: Duration::from_secs(5),
            failure_threshold: 3,
        }
    }
}

/// Checks the providers that calls may go to. Of several processes over one database, one checks each.
pub struct HealthChecks {
    keeper: Arc<ConfigurationKeeper>,
    health: Arc<dyn ProviderHealthRepository>,
    clock: Arc<dyn Clock>,
    settings: HealthCheckSettings,
}

impl HealthChecks {
    /// Over the given ports.
    #[must_use]
    pub fn new(
        keeper: Arc<ConfigurationKeeper>,
        health: Arc<dyn ProviderHealthRepository>,
        clock: Arc<dyn Clock>,
        settings: HealthCheckSettings,
    ) -> Self {
        Self { keeper, health, clock, settings }
    }

    fn until_next(&self) -> Duration {
        let snapshot = self.keeper.snapshot();
        let fails = snapshot.providers.values().any(|entry| entry.fails_checks && entry.can_be_asked());
        if fails { self.settings.interval.min(RECOVERY) } else { self.settings.interval }
    }

    /// Checks all providers once in each interval, the first time after one, until `stopping`. A check that runs then is given up.
    pub async fn run(&self, stopping: CancellationToken) {
        if !self.settings.enabled {
            return;
        }
        let rounds = async {
            loop {
                self.clock.sleep(self.until_next()).await;
                if let Err(error) = self.round().await {
                    tracing::warn!(error = %error, "providers can't be checked");
                }
            }
        };
        tokio::select! {
            () = stopping.cancelled() => {}
            () = rounds => {}
        }
    }

    /// Checks those providers whose turn it is. Answers how many those were.
    ///
    /// # Errors
    /// When the database can't be asked whose turn it is; what can't be noted of one provider is told in the log.
    pub async fn round(&self) -> Result<usize, RepositoryError> {
        let snapshot = self.keeper.snapshot();
        let entries: Vec<&Arc<ProviderEntry>> =
            snapshot.providers.values().filter(|entry| entry.can_be_asked()).collect();
        let now = self.clock.now();
        let (mut due, mut failed) = (Vec::new(), None);
        for (fails, interval) in
            [(false, self.settings.interval), (true, self.settings.interval.min(RECOVERY))]
        {
            let ids = entries.iter().filter(|entry| entry.fails_checks == fails).map(|entry| entry.id);
            let ids: Vec<ProviderId> = ids.collect();
            if !ids.is_empty() {
                let interval = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX);
                let before = Timestamp(now.0.saturating_sub(interval));
                match self.health.claim_checks(&ids, before, now).await {
                    Ok(claimed) => due.extend(claimed),
                    // What was claimed is checked all the same.
                    Err(error) => failed = Some(error),
                }
            }
        }
        let checks = entries.into_iter().filter(|entry| due.contains(&entry.id)).cloned();
        futures_util::stream::iter(checks)
            .for_each_concurrent(AT_ONCE, |entry| async move { self.check(&entry, now).await })
            .await;
        failed.map_or(Ok(due.len()), Err)
    }

    /// What asking a provider shows. That it refuses a credential says nothing of it while it takes another one.
    async fn found(&self, entry: &ProviderEntry, client: &dyn Provider) -> HealthFinding {
        let mut credentials = credentials_of(entry).into_iter();
        let mut credential = credentials.next();
        loop {
            let report = client.probe(credential, self.settings.timeout).await;
            let is_refused = report.fault.as_ref().is_some_and(|fault| fault.kind == FaultKind::AuthFailed);
            credential = credentials.next().filter(|_| is_refused);
            if credential.is_none() {
                return finding_of(&report);
            }
        }
    }

    async fn check(&self, entry: &ProviderEntry, at: Timestamp) {
        let Ok(client) = &entry.client else { return };
        let finding = self.found(entry, client.as_ref()).await;
        let event = HealthEvent::Checked { finding, threshold: self.settings.failure_threshold };
        // The moment of the round: whose turn it is next counts from there, however long the answer took.
        let noted = self
            .health
            .note_health(entry.id, Some(entry.version), event, &Author { by: Writer::HEALTH, at })
            .await;
        match noted {
            Ok(health)
                if (health.is_healthy, health.fails_checks()) != (entry.is_healthy, entry.fails_checks) =>
            {
                if health.is_healthy != entry.is_healthy {
                    let state = if health.is_healthy { "healthy" } else { "unhealthy" };
                    tracing::warn!(
                        provider.name = entry.name,
                        detail = health.last.detail.as_deref().unwrap_or_default(),
                        "the provider is {state} now"
                    );
                }
                if let Err(error) = self.keeper.refresh().await {
                    tracing::warn!(error = %error, "a change was written but can't be read back yet");
                }
            }
            // It may have been removed or changed meanwhile: what it was says nothing of what it is.
            Ok(_) | Err(RepositoryError::NotFound { .. } | RepositoryError::Stale { .. }) => {}
            Err(error) => {
                tracing::warn!(provider.name = entry.name, error = %error, "what a check found can't be noted");
            }
        }
    }
}

/// The shared credentials that open, the likeliest to be taken first.
fn credentials_of(entry: &ProviderEntry) -> Vec<Arc<SecretString>> {
    let mut opened: Vec<(bool, Arc<SecretString>)> = entry
        .credentials
        .iter()
        .filter_map(|credential| {
            Some((credential.is_benched(), Arc::clone(credential.secret.as_ref().ok()?)))
        })
        .collect();
    opened.sort_by_key(|(is_benched, _)| *is_benched);
    opened.into_iter().map(|(_, secret)| secret).collect()
}

/// What a probe shows of a provider.
pub(crate) fn finding_of(report: &ProbeReport) -> HealthFinding {
    let latency = u64::try_from(report.took().as_millis()).unwrap_or(u64::MAX);
    match &report.fault {
        Some(fault) => HealthFinding::failed(fault, latency),
        None => {
            let online = HealthFinding::online(latency);
            HealthFinding { status_code: report.status.or(online.status_code), ..online }
        }
    }
}
