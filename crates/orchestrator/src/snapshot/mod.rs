//! The compiled configuration that calls read: immutable, swapped whole, never half of a change. Virtual keys stand beside it
//! in a directory of their own, so that a million of them cost one small update a write.

mod absent;
pub(crate) mod build;
mod credentials;
mod directory;
mod facts;
mod gone;
mod keeper;
mod quotas;
mod rests;
mod set_apart;
mod shared;
mod standing;
mod turns;
mod users;

pub use absent::AbsentTarget;
pub use build::{Builder, credential_binding};
pub use credentials::{CallerCredentials, ChosenCredential, CredentialDirectory, OwnUse, credentials_of};
pub use directory::KeyDirectory;
pub use facts::{KnownFacts, known_facts};
pub use keeper::ConfigurationKeeper;
pub use quotas::{QuotaEntry, Quotas};
pub use set_apart::{ApartProvider, SetApart};
pub use shared::{SharedCredential, SharedCredentials, SharedUse};
pub use standing::{CredentialState, Setback};
pub use turns::{TakenTurn, Turns};
pub use users::{UserDirectory, UserEntry};

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use switchyard_domain::call::CallFacts;
use switchyard_domain::fault::FailoverOn;
use switchyard_domain::ids::{ProviderId, RouteId, TargetId};
use switchyard_domain::limits::Limits;
use switchyard_domain::output::OutputLimit;
use switchyard_domain::price::ModelPrice;
use switchyard_domain::provider::Capabilities;
use switchyard_domain::retry::RetryBudget;
use switchyard_domain::route::{OnDisconnect, RouteMode, Strategy, Timeouts, When};
use switchyard_domain::time::Timestamp;
use switchyard_ports::limiter::Scope;
use switchyard_ports::provider::Provider;
use switchyard_ports::repositories::Revision;

/// The configuration at a revision.
#[derive(Default)]
pub struct Snapshot {
    /// The revision.
    pub revision: Revision,
    /// Providers by name.
    pub providers: HashMap<String, Arc<ProviderEntry>>,
    /// Routes by name.
    pub routes: HashMap<String, Arc<RouteEntry>>,
    /// Which enabled providers serve a bare model id.
    pub by_model: HashMap<String, Vec<Arc<TargetEntry>>>,
    /// The limits and budgets of scopes.
    pub quotas: Quotas,
    /// The credentials of users and keys, which stand beside the snapshot and outlive it.
    pub credentials: Option<Arc<CredentialDirectory>>,
}

/// A provider, ready for calls or disabled with a reason.
pub struct ProviderEntry {
    /// Its id.
    pub id: ProviderId,
    /// Its name.
    pub name: String,
    /// The vendor's key.
    pub vendor: String,
    /// Its own address, if it has one.
    pub base_url: Option<String>,
    /// The version of its row: while it stays, the client with its connections is kept.
    pub version: i64,
    /// When that version was written. A database that was set back may come to the same version by another way.
    pub updated_at: Timestamp,
    /// The client, or why there is none.
    pub client: Result<Arc<dyn Provider>, String>,
    /// Its shared credentials.
    pub credentials: SharedCredentials,
    /// Its models by upstream id.
    pub models: HashMap<String, Arc<ModelEntry>>,
    /// The same in the order in which they are listed.
    pub listed: Vec<Arc<ModelEntry>>,
    /// Whether it only simulates.
    pub simulated: bool,
    /// Whether checks find it well; else it is tried last.
    pub is_healthy: bool,
    /// Whether that is what checks found.
    pub fails_checks: bool,
    /// The one route that it serves; absent where it serves everybody.
    pub set_apart_for: Option<Arc<str>>,
    /// What pays for retries at this provider.
    pub retry_budget: Arc<Mutex<RetryBudget>>,
}

impl ProviderEntry {
    /// Whether asking it for its models shows anything: one that simulates is always there, and one that has no credential and needs one
    /// would only be asked in vain.
    pub(crate) fn can_be_asked(&self) -> bool {
        let goes_without = |client: &Arc<dyn Provider>| {
            client.works_without_credential() && self.credentials.unreadable().is_none()
        };
        let can = |client| self.credentials.any_opens() || goes_without(client);
        !self.simulated && self.client.as_ref().is_ok_and(can)
    }

    /// Whether calls leave it alone while others work: somebody said that it is not well, or checks found it dead, which could find out
    /// that it is back.
    pub(crate) fn is_avoided(&self) -> bool {
        !self.is_healthy && (!self.fails_checks || self.can_be_asked())
    }
}

/// A model of a provider.
#[derive(Debug)]
pub struct ModelEntry {
    /// The upstream id.
    pub model: String,
    /// `<provider>/<model>`.
    pub public_name: String,
    /// Its price; absent is unknown.
    pub price: Option<Arc<ModelPrice>>,
    /// Limits on calls to it.
    pub limits: Limits,
    /// The scope of `limits`.
    pub scope: Scope,
    /// The most output tokens, where known: what an absurd count is clamped to.
    pub max_output_tokens: Option<u64>,
    /// The most tokens of a prompt and its answer, where known.
    pub context_window: Option<u64>,
    /// What it can do, as far as it is known.
    pub capabilities: Capabilities,
}

/// A route, compiled.
pub struct RouteEntry {
    /// Its id.
    pub id: RouteId,
    /// Its name.
    pub name: String,
    /// How it chooses.
    pub mode: RouteMode,
    /// How equals share.
    pub strategy: Strategy,
    /// Which faults move on.
    pub failover_on: FailoverOn,
    /// Whether a loss is refused.
    pub strict: bool,
    /// How long the steps of its calls may take, where that is not as everywhere.
    pub timeouts: Timeouts,
    /// What becomes of a call whose client has gone.
    pub on_disconnect: OnDisconnect,
    /// The route whose targets are tried after its own.
    pub fallback: Option<Behind>,
    /// Whether all that it leads to is simulated, through its fallback too.
    pub is_simulated: bool,
    /// Whether calls may use it.
    pub is_active: bool,
    /// Whether it came with the product and nobody changed it.
    pub is_seed: bool,
    /// Its targets that are served, in order.
    pub targets: Vec<Arc<TargetEntry>>,
    /// Those that are not.
    pub absent: Vec<AbsentTarget>,
    /// What an administrator can do while none of its targets can be tried, where more is known of that than of any route.
    pub advice: Option<Arc<str>>,
    /// Counts its calls; outlives the snapshot.
    pub turns: Arc<Turns>,
}

impl RouteEntry {
    /// Whether all of its own targets are simulated.
    pub(super) fn has_simulated_targets_alone(&self) -> bool {
        !self.targets.is_empty() && self.targets.iter().all(|target| target.provider.simulated)
    }
}

/// The route behind a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behind {
    /// The one of this name.
    Route(String),
    /// One that there is no more.
    Gone(RouteId),
}

/// A provider's model, as a target.
#[derive(Clone)]
pub struct TargetEntry {
    /// Its id; absent where a model is called that no route leads to.
    pub id: Option<TargetId>,
    /// The provider.
    pub provider: Arc<ProviderEntry>,
    /// The model: where the target serves several and the call names none, the first of them.
    pub model: Arc<ModelEntry>,
    /// All models that it serves.
    pub models: Arc<[Arc<ModelEntry>]>,
    /// Its share among equals.
    pub weight: u32,
    /// Lower is tried first.
    pub priority: u32,
    /// How it shares with its equals, where that is not as in the route.
    pub strategy: Option<Strategy>,
    /// Which calls it takes.
    pub when: Arc<When>,
    /// How long the steps of calls to it may take, where that is not as in the route.
    pub timeouts: Timeouts,
    /// Limits on calls through this target, and their scope.
    pub limits: Limits,
    /// The scope of `limits`.
    pub scope: Scope,
    /// Whether calls may use it.
    pub is_enabled: bool,
}

impl TargetEntry {
    /// The same target with this model of those that it serves.
    #[must_use]
    pub fn serving(&self, model: &str) -> Option<Self> {
        let model = self.models.iter().find(|served| served.model == model)?;
        Some(Self { model: Arc::clone(model), ..self.clone() })
    }

    /// Whether it is the same model of the same provider.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.provider.id == other.provider.id && self.model.model == other.model.model
    }

    /// Whether it serves this model.
    #[must_use]
    pub fn serves(&self, model: &str) -> bool {
        self.models.iter().any(|served| served.model == model)
    }

    /// Whether a call of the caller with these credentials could be sent to it: switched on, its provider built, and a credential
    /// there where one is needed.
    #[must_use]
    pub fn is_usable(&self, credentials: &CallerCredentials) -> bool {
        let provider = &self.provider;
        let goes_without = |client: &Arc<dyn Provider>| {
            provider.credentials.unreadable().is_none() && client.works_without_credential()
        };
        let has = |client| credentials.has(provider) || goes_without(client);
        self.is_enabled && provider.client.as_ref().is_ok_and(has)
    }

    /// The limit of an answer of it: the caller's, else what the model can write at all. `None` where nobody says.
    #[must_use]
    pub fn output_limit(&self, facts: &CallFacts) -> Option<OutputLimit> {
        let ModelEntry { max_output_tokens, context_window, .. } = self.model.as_ref();
        let each = match facts.max_output_tokens {
            // What a call allows beyond all that the model can hold is not believed to come.
            Some(asked) => Some(context_window.map_or(asked, |window| asked.min(window))),
            None => (*max_output_tokens).or(*context_window),
        };
        let reasons_beside = self.provider.client.as_ref().is_ok_and(|client| client.reasons_beside_limit());
        each.map(|each| OutputLimit { each, choices: facts.choices, reasons_beside })
    }
}
