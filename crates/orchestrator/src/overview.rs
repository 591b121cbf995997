//! What an administrator looks at first: whether the server is well, and what it holds back from.

use crate::backup::{BackupState, BackupWriter};
use crate::snapshot::{ConfigurationKeeper, CredentialState, ProviderEntry, Snapshot};
use crate::status::{Status, StatusFacts};
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::health::BreakerState;
use switchyard_domain::provider::SharedPlace;
use switchyard_domain::time::Timestamp;
use switchyard_ports::clock::{Clock, Monotonic};
use switchyard_ports::health::{Health, TargetState};
use switchyard_ports::repositories::{DatabaseState, PoolState};

/// See the module.
pub struct Overview {
    status: Arc<Status>,
    keeper: Arc<ConfigurationKeeper>,
    health: Arc<dyn Health>,
    database: Arc<dyn DatabaseState>,
    clock: Arc<dyn Clock>,
    started_at: Timestamp,
    started: Monotonic,
    backup: Option<Arc<BackupWriter>>,
}

/// A target that is tried only when nothing better is left, or by one call alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestingTarget {
    /// The provider's name; its number where it is no more there.
    pub provider: String,
    /// The model.
    pub model: String,
    /// Its breaker; closed where it rests for what it said itself.
    pub breaker: BreakerState,
    /// How long it rests yet; zero where one call may try it.
    pub rest: Duration,
}

/// A provider that can't be called as it is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenProvider {
    /// Its name.
    pub provider: String,
    /// Why.
    pub reason: String,
}

/// A shared credential that calls do not use now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestingCredential {
    /// Its provider's name.
    pub provider: String,
    /// Its place there.
    pub place: SharedPlace,
    /// Why, since when, and until when.
    pub state: CredentialState,
}

/// How the server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerState {
    /// What is known of it.
    pub facts: StatusFacts,
    /// When it started.
    pub started_at: Timestamp,
    /// How long it has run.
    pub uptime: Duration,
    /// Targets that rest.
    pub resting: Vec<RestingTarget>,
    /// Shared credentials that are benched or rest.
    pub credentials: Vec<RestingCredential>,
    /// Providers that can't be called.
    pub broken: Vec<BrokenProvider>,
    /// The database's connections.
    pub pools: Vec<PoolState>,
    /// The backup, where one is kept.
    pub backup: Option<BackupState>,
}

/// How long a target is better not tried, whyever; `None` where nothing stands against it.
fn rest_of(state: &TargetState) -> Option<Duration> {
    let open = match state.breaker {
        BreakerState::Open { left } => Some(left),
        BreakerState::HalfOpen { .. } => Some(Duration::ZERO),
        BreakerState::Closed => None,
    };
    open.max(state.rest)
}

impl Overview {
    /// Over the given parts, of a server that starts now.
    #[must_use]
    pub fn new(
        status: Arc<Status>,
        keeper: Arc<ConfigurationKeeper>,
        health: Arc<dyn Health>,
        database: Arc<dyn DatabaseState>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (started_at, started) = (clock.now(), clock.monotonic());
        Self { status, keeper, health, database, clock, started_at, started, backup: None }
    }

    /// The same, telling of the backup too.
    #[must_use]
    pub fn with_backup(self, backup: Option<Arc<BackupWriter>>) -> Self {
        Self { backup, ..self }
    }

    /// How the server is. Asks no database.
    #[must_use]
    pub fn state(&self) -> ServerState {
        let snapshot = self.keeper.snapshot();
        let name = |id| {
            let known = snapshot.providers.values().find(|provider| provider.id == id);
            known.map_or_else(|| format!("#{id}"), |provider| provider.name.clone())
        };
        let mut resting: Vec<RestingTarget> = self
            .health
            .states()
            .into_iter()
            .filter_map(|state| {
                let rest = rest_of(&state)?;
                let provider = name(state.provider);
                Some(RestingTarget { provider, model: state.model, breaker: state.breaker, rest })
            })
            .collect();
        resting.sort_by(|one, other| (&one.provider, &one.model).cmp(&(&other.provider, &other.model)));
        let mut broken: Vec<BrokenProvider> = snapshot
            .providers
            .values()
            .filter_map(|provider| {
                let reason = provider.client.as_ref().err().map(String::as_str);
                let reason = reason.or_else(|| provider.credentials.unreadable())?.to_owned();
                Some(BrokenProvider { provider: provider.name.clone(), reason })
            })
            .collect();
        broken.sort_by(|one, other| one.provider.cmp(&other.provider));
        ServerState {
            facts: self.status.facts(),
            started_at: self.started_at,
            uptime: self.clock.monotonic().since(self.started),
            resting,
            credentials: self.resting_credentials(&snapshot),
            broken,
            pools: self.database.pools(),
            backup: self.backup.as_ref().map(|backup| backup.state()),
        }
    }

    fn resting_credentials(&self, snapshot: &Snapshot) -> Vec<RestingCredential> {
        let of_provider = |provider: &Arc<ProviderEntry>| {
            let resting = provider.credentials.iter().map(|credential| RestingCredential {
                provider: provider.name.clone(),
                place: credential.place,
                state: credential.state(self.clock.as_ref()),
            });
            resting.filter(|credential| credential.state != CredentialState::Usable).collect::<Vec<_>>()
        };
        let mut resting: Vec<RestingCredential> = snapshot.providers.values().flat_map(of_provider).collect();
        resting.sort_by(|one, other| (&one.provider, one.place).cmp(&(&other.provider, other.place)));
        resting
    }
}
