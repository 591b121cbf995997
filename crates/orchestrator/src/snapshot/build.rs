//! Stored configuration becomes a snapshot. A broken object disables itself with a reason; the rest goes on.

use super::absent::absent;
use super::gone::Gone;
use super::shared::{MemoryOfCredentials, SharedCredentials};
use super::{
    Behind, CredentialDirectory, ModelEntry, ProviderEntry, Quotas, RouteEntry, SetApart, Snapshot,
    TargetEntry, Turns, known_facts,
};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use switchyard_domain::ids::{ProviderId, RouteId, TargetId};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Owner;
use switchyard_domain::provider::{Provider, ProviderModel};
use switchyard_domain::retry::RetryBudget;
use switchyard_domain::route::{Route, Target, Timeouts};
use switchyard_ports::health::Health;
use switchyard_ports::limiter::Scope;
use switchyard_ports::prices::PriceBook;
use switchyard_ports::provider::{ProviderConfig, ProviderFactory};
use switchyard_ports::repositories::{CredentialRepository, StoredConfiguration};
use switchyard_ports::vault::{Binding, Vault};

/// The place that a provider's credential is sealed for.
#[must_use]
pub fn credential_binding(provider: ProviderId, owner: &str) -> Binding {
    Binding { table: "credentials", row: provider.0, owner: owner.to_owned(), column: "sealed" }
}

/// What outlives a snapshot: the turns of routes, the retry budgets of providers, and how shared credentials stand.
#[derive(Default)]
pub struct MemoryOfTargets {
    turns: HashMap<RouteId, Arc<Turns>>,
    budgets: HashMap<ProviderId, Arc<Mutex<RetryBudget>>>,
    credentials: MemoryOfCredentials,
}

impl MemoryOfTargets {
    /// Forgets what is gone; what is only switched off may come back.
    fn keep_only(&mut self, stored: &StoredConfiguration) {
        let routes: HashSet<RouteId> = stored.routes.iter().map(|route| route.id).collect();
        let providers: HashSet<ProviderId> = stored.providers.iter().map(|provider| provider.id).collect();
        self.turns.retain(|id, _| routes.contains(id));
        self.budgets.retain(|id, _| providers.contains(id));
        self.credentials.keep_only(&stored.providers);
    }
}

/// Compiles configuration with the adapters that it needs.
pub struct Builder {
    factory: Arc<dyn ProviderFactory>,
    vault: Arc<dyn Vault>,
    prices: Arc<dyn PriceBook>,
    credentials: Option<OwnCredentials>,
    set_apart: SetApart,
    health: Option<Arc<dyn Health>>,
}

/// The credentials of users and keys: where they are kept, and where calls find them.
#[derive(Clone)]
pub(super) struct OwnCredentials {
    pub(super) repository: Arc<dyn CredentialRepository>,
    pub(super) directory: Arc<CredentialDirectory>,
}

/// What of the stored configuration may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// What has another version than before.
    Changes,
    /// Anything: somebody may have written past us, by hand and without a new version.
    Anew,
}

impl Builder {
    /// With these adapters.
    #[must_use]
    pub fn new(factory: Arc<dyn ProviderFactory>, vault: Arc<dyn Vault>, prices: Arc<dyn PriceBook>) -> Self {
        Self { factory, vault, prices, credentials: None, set_apart: SetApart::default(), health: None }
    }

    /// The same, with the credentials of users and keys. `shares` says whether calls may use shared ones as well.
    #[must_use]
    pub fn with_credentials(self, repository: Arc<dyn CredentialRepository>, shares: bool) -> Self {
        let directory = Arc::new(CredentialDirectory::new(Arc::clone(&self.vault), shares));
        Self { credentials: Some(OwnCredentials { repository, directory }), ..self }
    }

    /// The same, with providers that serve one route alone.
    #[must_use]
    pub fn with_set_apart(self, set_apart: SetApart) -> Self {
        Self { set_apart, ..self }
    }

    /// The same, where what is known of targets that are gone, or are others now, is to be forgotten.
    #[must_use]
    pub fn with_health(self, health: Arc<dyn Health>) -> Self {
        Self { health: Some(health), ..self }
    }

    /// Forgets the health of the targets that are gone, or are others, in what is served from now on.
    pub(super) fn forget_what_is_gone(&self, before: &Snapshot, now: &Snapshot) {
        if let Some(health) = &self.health {
            Gone::between(before, now).forget(health.as_ref());
        }
    }

    pub(super) fn own_credentials(&self) -> Option<&OwnCredentials> {
        self.credentials.as_ref()
    }

    /// Compiles `stored`. A provider whose version is the one in `previous` keeps its client, hence its connections, unless
    /// it is read [`Anew`](Reading::Anew).
    #[must_use]
    pub fn build(
        &self,
        stored: &StoredConfiguration,
        previous: &Snapshot,
        memory: &mut MemoryOfTargets,
        reading: Reading,
    ) -> Snapshot {
        let credentials = self.credentials.as_ref().map(|own| Arc::clone(&own.directory));
        let mut snapshot = Snapshot { revision: stored.revision, credentials, ..Snapshot::default() };
        let mut by_id: HashMap<ProviderId, Arc<ProviderEntry>> = HashMap::new();
        for provider in stored.providers.iter().filter(|provider| provider.is_enabled) {
            let before = previous.providers.get(provider.name.as_str());
            let kept = before.filter(|kept| reading == Reading::Changes && is_same(kept, provider)).cloned();
            let entry = kept.unwrap_or_else(|| {
                let before = before.map(Arc::as_ref);
                Arc::new(self.provider(provider, before, memory))
            });
            by_id.insert(provider.id, Arc::clone(&entry));
            snapshot.providers.insert(entry.name.clone(), entry);
        }
        // What is set apart for a route is found through it alone.
        for entry in by_id.values().filter(|entry| entry.set_apart_for.is_none()) {
            for model in entry.models.values() {
                let target = Arc::new(direct_target(entry, model));
                snapshot.by_model.entry(model.model.clone()).or_default().push(target);
            }
        }
        for targets in snapshot.by_model.values_mut() {
            targets.sort_by(|a, b| a.provider.name.cmp(&b.provider.name));
        }
        let mut routes: Vec<(&Route, RouteEntry)> = Vec::with_capacity(stored.routes.len());
        for route in &stored.routes {
            routes.push((route, self.route(route, &stored.providers, &by_id, memory)));
        }
        let by_route: HashMap<RouteId, (&Route, bool)> = routes
            .iter()
            .map(|(route, entry)| (route.id, (*route, entry.has_simulated_targets_alone())))
            .collect();
        let chains: Vec<(Option<Behind>, bool)> =
            routes.iter().map(|(route, _)| behind(route, &by_route)).collect();
        for ((_, entry), (fallback, is_simulated)) in routes.into_iter().zip(chains) {
            let entry = RouteEntry { fallback, is_simulated, ..entry };
            snapshot.routes.insert(entry.name.clone(), Arc::new(entry));
        }
        snapshot.quotas = Quotas::of(&stored.quotas);
        memory.keep_only(stored);
        snapshot
    }

    fn provider(
        &self,
        provider: &Provider,
        before: Option<&ProviderEntry>,
        memory: &mut MemoryOfTargets,
    ) -> ProviderEntry {
        let name = provider.name.as_str();
        let config = ProviderConfig {
            name: name.to_owned(),
            vendor: provider.vendor.clone(),
            base_url: provider.base_url.clone(),
        };
        let client = self.factory.build(&config).map_err(|invalid| invalid.to_string());
        if let Err(reason) = &client {
            tracing::warn!(provider.name = name, reason = %reason, "provider disabled");
        }
        let credentials = match self.set_apart.credential(provider) {
            Some(given) => SharedCredentials::given(given),
            None => SharedCredentials::open(provider, before, self.vault.as_ref(), &mut memory.credentials),
        };
        let simulated = client.as_ref().is_ok_and(|client| client.is_simulated());
        let enabled = provider.models.iter().filter(|model| model.is_enabled);
        let listed: Vec<Arc<ModelEntry>> =
            enabled.map(|model| Arc::new(self.model(provider, model, simulated))).collect();
        let models = listed.iter().map(|model| (model.model.clone(), Arc::clone(model))).collect();
        ProviderEntry {
            id: provider.id,
            name: name.to_owned(),
            vendor: provider.vendor.clone(),
            base_url: provider.base_url.clone(),
            version: provider.meta.version,
            updated_at: provider.meta.updated_at,
            client,
            credentials,
            models,
            listed,
            simulated,
            is_healthy: provider.health.is_healthy,
            fails_checks: provider.health.fails_checks(),
            set_apart_for: self.set_apart.of(provider).map(|_| Arc::from(self.set_apart.route.as_str())),
            retry_budget: Arc::clone(memory.budgets.entry(provider.id).or_default()),
        }
    }

    fn model(&self, provider: &Provider, model: &ProviderModel, simulated: bool) -> ModelEntry {
        let facts = known_facts(self.prices.as_ref(), provider, model, simulated);
        ModelEntry {
            model: model.model.clone(),
            public_name: format!("{}/{}", provider.name, model.model),
            price: facts.price,
            limits: model.limits,
            scope: Scope(format!("model:{}/{}", provider.id, model.model).into()),
            max_output_tokens: facts.max_output_tokens,
            context_window: facts.context_window,
            capabilities: facts.capabilities,
        }
    }

    fn route(
        &self,
        route: &Route,
        stored: &[Provider],
        providers: &HashMap<ProviderId, Arc<ProviderEntry>>,
        memory: &mut MemoryOfTargets,
    ) -> RouteEntry {
        let is_set_apart_for_another = |target: &Arc<TargetEntry>| {
            target.provider.set_apart_for.as_deref().is_some_and(|name| name != route.name.as_str())
        };
        let targets = route.targets.iter().filter_map(|target| route_target(target, providers).map(Arc::new));
        let (set_apart, targets): (Vec<Arc<TargetEntry>>, Vec<Arc<TargetEntry>>) =
            targets.partition(is_set_apart_for_another);
        let absent = absent(route, &targets, &set_apart, stored);
        let is_seed = route.meta.owner == Owner::Seed;
        if !is_seed && !absent.is_empty() {
            tracing::warn!(
                route.name = %route.name,
                missing = absent.len(),
                "targets left out: their provider is disabled, does not list their model, or is set apart for another route"
            );
        }
        RouteEntry {
            id: route.id,
            name: route.name.as_str().to_owned(),
            mode: route.mode,
            strategy: route.strategy,
            failover_on: route.failover_on,
            strict: route.strict,
            timeouts: route.timeouts,
            on_disconnect: route.on_disconnect,
            fallback: None,
            is_simulated: false,
            is_active: route.is_active,
            is_seed,
            targets,
            absent,
            advice: (self.set_apart.route == route.name.as_str()).then(|| Arc::clone(&self.set_apart.advice)),
            turns: Arc::clone(memory.turns.entry(route.id).or_default()),
        }
    }
}

/// The route behind one, and whether all that the one leads to is simulated, through whatever stands behind it too.
fn behind(route: &Route, all: &HashMap<RouteId, (&Route, bool)>) -> (Option<Behind>, bool) {
    let next = |route: &Route| all.get(&route.fallback?);
    let is_simulated = std::iter::successors(all.get(&route.id), |(route, _)| next(route))
        // A circle has been gone round by then.
        .take(all.len())
        .all(|(_, is_simulated)| *is_simulated);
    let fallback = route.fallback.map(|id| match all.get(&id) {
        Some((fallback, _)) => Behind::Route(fallback.name.to_string()),
        None => Behind::Gone(id),
    });
    (fallback, is_simulated)
}

fn is_same(kept: &ProviderEntry, provider: &Provider) -> bool {
    let (meta, health) = (&provider.meta, &provider.health);
    (kept.id, kept.version, kept.updated_at, kept.is_healthy, kept.fails_checks)
        == (provider.id, meta.version, meta.updated_at, health.is_healthy, health.fails_checks())
}

fn direct_target(provider: &Arc<ProviderEntry>, model: &Arc<ModelEntry>) -> TargetEntry {
    TargetEntry {
        id: None,
        provider: Arc::clone(provider),
        model: Arc::clone(model),
        models: Arc::from([Arc::clone(model)]),
        weight: 1,
        priority: 0,
        strategy: None,
        when: Arc::default(),
        timeouts: Timeouts::DEFAULT,
        limits: Limits::NONE,
        scope: Scope("".into()),
        is_enabled: true,
    }
}

/// The scope of a target's own limits.
pub(crate) fn target_scope(target: TargetId) -> Scope {
    Scope(format!("target:{target}").into())
}

fn route_target(target: &Target, providers: &HashMap<ProviderId, Arc<ProviderEntry>>) -> Option<TargetEntry> {
    let provider = providers.get(&target.provider)?;
    let models: Vec<Arc<ModelEntry>> = if target.models.are_all() {
        provider.listed.clone()
    } else {
        target.models.named().iter().filter_map(|model| provider.models.get(model)).cloned().collect()
    };
    let model = models.first()?;
    Some(TargetEntry {
        id: Some(target.id),
        weight: target.weight,
        priority: target.priority,
        strategy: target.strategy,
        when: Arc::new(target.when.clone()),
        timeouts: target.timeouts,
        limits: target.limits.where_zero_is_none(),
        scope: target_scope(target.id),
        is_enabled: target.is_enabled,
        ..TargetEntry { models: Arc::from(models.as_slice()), ..direct_target(provider, model) }
    })
}
