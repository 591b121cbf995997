//! What comes with the product and follows the settings: the providers and the route behind `/llm/chat`. As long as nobody changed them,
//! each start makes them what the settings say by then.

use super::seeds::{is_written, wanted, with_known_targets};
use super::{AdminPorts, ProviderAdmin, RouteAdmin, routes};
use crate::error::AdminError;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use switchyard_domain::declared::{Declared, DeclaredProvider, DeclaredRoute};
use switchyard_domain::meta::{Owner, Writer};
use switchyard_domain::name::Name;
use switchyard_domain::provider::{Provider, ProviderModel};
use switchyard_domain::route::{Route, Target};
use switchyard_ports::repositories::{NewRoute, ProviderPatch, RepositoryError, StoredConfiguration};

/// How often an object is compared with the settings while others write it.
const TRIES: usize = 8;

/// See the module.
pub struct Followers {
    ports: AdminPorts,
    providers: Arc<ProviderAdmin>,
    routes: Arc<RouteAdmin>,
    declared: Declared,
    asked_for: HashSet<Name>,
    model_settings: HashMap<Name, &'static str>,
}

impl Followers {
    /// These objects. Those that are `asked_for`, since somebody wrote a setting of theirs, are added where they are missing.
    #[must_use]
    pub fn new(
        ports: AdminPorts,
        providers: Arc<ProviderAdmin>,
        routes: Arc<RouteAdmin>,
        declared: Declared,
        asked_for: HashSet<Name>,
    ) -> Self {
        Self { ports, providers, routes, declared, asked_for, model_settings: HashMap::new() }
    }

    /// The same, with the settings that name the models of these providers: what is told of a model is told of its setting.
    #[must_use]
    pub fn with_model_settings(self, model_settings: HashMap<Name, &'static str>) -> Self {
        Self { model_settings, ..self }
    }

    /// Makes them what the settings say. What people changed is theirs, and stays as it is.
    ///
    /// # Errors
    /// When the database can't be read or written.
    pub async fn follow(&self) -> Result<(), AdminError> {
        for provider in &self.declared.providers {
            compared_anew(|| self.follow_provider(provider)).await?;
        }
        for route in &self.declared.routes {
            compared_anew(|| self.follow_route(route)).await?;
        }
        Ok(())
    }

    async fn follow_provider(&self, provider: &DeclaredProvider) -> Result<(), AdminError> {
        let stored = self.ports.configuration.load().await?;
        let Some(current) = stored.providers.iter().find(|known| known.name == provider.name) else {
            if self.asked_for.contains(&provider.name) {
                is_written(self.providers.add(wanted(provider), &Writer::SEED).await)?;
            }
            return Ok(());
        };
        let patch = difference(current, provider);
        if current.meta.owner == Owner::Seed && current.vendor == provider.vendor && !patch.is_empty() {
            let successors = patch.model_successors.clone();
            if is_written(self.providers.update(current, patch, None, &Writer::SEED).await)? {
                self.tell_successors(&stored, current, &successors);
            }
        }
        Ok(())
    }

    /// Tells which routes of other people's name another model now.
    fn tell_successors(
        &self,
        stored: &StoredConfiguration,
        provider: &Provider,
        successors: &BTreeMap<String, String>,
    ) {
        let setting = self.model_settings.get(&provider.name).copied().unwrap_or("a setting");
        for (before, now) in successors {
            let names_it = |target: &Target| {
                target.provider == provider.id && target.models.named().iter().any(|model| model == before)
            };
            let others = stored.routes.iter().filter(|route| route.meta.owner != Owner::Seed);
            for route in others.filter(|route| route.targets.iter().any(names_it)) {
                tracing::warn!(
                    "{setting} names the model `{now}` now: the route `{}` leads there in the place of `{before}` at the provider `{}`",
                    route.name,
                    provider.name
                );
            }
        }
    }

    async fn follow_route(&self, route: &DeclaredRoute) -> Result<(), AdminError> {
        let stored = self.ports.configuration.load().await?;
        let Some(current) = stored.routes.iter().find(|known| known.name == route.name) else {
            let route = with_known_targets(route, &stored);
            if self.asked_for.contains(&route.name) && !route.targets.is_empty() {
                is_written(self.routes.add(&route, &Writer::SEED).await)?;
            }
            return Ok(());
        };
        let route = with_known_targets(&with_others_models(route, current, &stored), &stored);
        if route.targets.is_empty() {
            return Ok(());
        }
        let is_followed = current.meta.owner == Owner::Seed;
        if is_followed && NewRoute::from(current) != routes::resolve(&route, &routes::Known::of(&stored))? {
            is_written(self.routes.replace(current, &route, &Writer::SEED).await)?;
        }
        Ok(())
    }
}

/// A route that leads on to the models that it led to at providers that are somebody's by now, where these do not list what the
/// settings name: who made a provider theirs did not take it out of the route.
fn with_others_models(route: &DeclaredRoute, current: &Route, stored: &StoredConfiguration) -> DeclaredRoute {
    let mut route = route.clone();
    for target in &mut route.targets {
        let theirs = |provider: &&Provider| {
            let is_listed = |model: &String| provider.models.iter().any(|listed| listed.model == *model);
            provider.name == target.provider
                && provider.meta.owner != Owner::Seed
                && !target.models.named().iter().all(is_listed)
        };
        let Some(provider) = stored.providers.iter().find(theirs) else { continue };
        if let Some(led_to) = current.targets.iter().find(|led_to| led_to.provider == provider.id) {
            tracing::warn!(
                "the provider `{}` is `{}`'s by now and does not list `{}`: the route `{}` leads there to what it led to",
                provider.name,
                provider.meta.owner,
                target.models.named().join("`, `"),
                current.name
            );
            target.models = led_to.models.clone();
        }
    }
    route
}

/// Follows once more where somebody else wrote in between, such as another process that starts by the same settings: what they wrote is
/// compared.
async fn compared_anew<F>(follow: impl Fn() -> F) -> Result<(), AdminError>
where
    F: Future<Output = Result<(), AdminError>>,
{
    for _ in 1..TRIES {
        match follow().await {
            Err(AdminError::Repository(RepositoryError::Stale { .. } | RepositoryError::NotFound { .. })) => {
            }
            done => return done,
        }
    }
    follow().await
}

fn difference(current: &Provider, wanted: &DeclaredProvider) -> ProviderPatch {
    let models: Vec<_> = current.models.iter().map(ProviderModel::declared).collect();
    let is_listed = |model: &String| wanted.models.iter().any(|listed| listed.model == *model);
    // The model that a setting names keeps its place in the list.
    let in_its_place = models.iter().zip(&wanted.models);
    let model_successors = in_its_place
        .filter(|(before, _)| !is_listed(&before.model))
        .map(|(before, now)| (before.model.clone(), now.model.clone()))
        .collect();
    ProviderPatch {
        base_url: (current.base_url != wanted.base_url).then(|| wanted.base_url.clone()),
        is_enabled: (current.is_enabled != wanted.enabled).then_some(wanted.enabled),
        models: (models != wanted.models).then(|| wanted.models.clone()),
        drops_used_models: true,
        model_successors,
        ..ProviderPatch::default()
    }
}
