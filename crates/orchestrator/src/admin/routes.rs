//! Routes: added, listed, tried without a call, removed.

use super::{AdminPorts, check_limits};
use crate::error::AdminError;
use switchyard_domain::declared::{DeclaredRoute, DeclaredTarget};
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::meta::Writer;
use switchyard_domain::name::Name;
use switchyard_domain::provider::Provider;
use switchyard_domain::route::{Availability, Candidate, Route, plan};
use switchyard_ports::repositories::{NewRoute, NewTarget, RepositoryError};

const MAX_TARGETS: usize = 100;

/// Administers routes.
pub struct RouteAdmin {
    ports: AdminPorts,
}

impl RouteAdmin {
    /// Over the given ports.
    #[must_use]
    pub fn new(ports: AdminPorts) -> Self {
        Self { ports }
    }

    /// Writes a new route.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] for a target whose provider or model does not exist; [`RepositoryError::Conflict`] when the
    /// name is taken.
    pub async fn add(&self, route: &DeclaredRoute, by: &Writer) -> Result<RouteId, AdminError> {
        let providers = self.ports.configuration.load().await?.providers;
        let id = self
            .ports
            .configuration
            .create_route(resolve(route, &served(&providers))?, &self.ports.author(by))
            .await?;
        self.ports.read_own_write().await;
        Ok(id)
    }

    /// Replaces a route whole.
    ///
    /// # Errors
    /// As for [`RouteAdmin::add`].
    pub async fn replace(
        &self,
        current: &Route,
        route: &DeclaredRoute,
        by: &Writer,
    ) -> Result<(), AdminError> {
        let providers = self.ports.configuration.load().await?.providers;
        let resolved = resolve(route, &served(&providers))?;
        let author = self.ports.author(by);
        self.ports
            .configuration
            .replace_route(current.id, resolved, Some(current.meta.version), &author)
            .await?;
        self.ports.read_own_write().await;
        Ok(())
    }

    /// All routes, by id, with the names of their targets' providers.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn list(&self) -> Result<Vec<(Route, Vec<String>)>, AdminError> {
        let stored = self.ports.configuration.load().await?;
        let named = |route: &Route| {
            let name = |id| {
                let provider = stored.providers.iter().find(|provider| provider.id == id);
                provider.map_or_else(|| format!("#{id}"), |provider| provider.name.to_string())
            };
            route.targets.iter().map(|target| format!("{}/{}", name(target.provider), target.model)).collect()
        };
        Ok(stored.routes.iter().map(|route| (route.clone(), named(route))).collect())
    }

    /// The targets of a route in the order in which a call would try them, were all that are switched on in good health, as
    /// `<provider>/<model>`.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`] when there is no such route; [`AdminError::Invalid`] when it has no plan.
    pub async fn try_plan(&self, name: &Name, hint: Option<&str>) -> Result<Vec<String>, AdminError> {
        let stored = self.ports.configuration.load().await?;
        let route = find(&stored.routes, name)?;
        let provider_of = |id| stored.providers.iter().find(|provider: &&Provider| provider.id == id);
        let candidates: Vec<Candidate<'_>> = route
            .targets
            .iter()
            .map(|target| {
                let usable = target.is_enabled
                    && provider_of(target.provider).is_some_and(|provider| serves(provider, &target.model));
                Candidate {
                    provider: target.provider,
                    model: &target.model,
                    weight: target.weight,
                    priority: target.priority,
                    availability: if usable { Availability::Ready } else { Availability::Unusable },
                }
            })
            .collect();
        let order = plan(route.mode, route.strategy, &candidates, hint, 0)
            .map_err(|error| AdminError::invalid("model", error.to_string()))?;
        let named = order.iter().filter_map(|&index| route.targets.get(index)).map(|target| {
            let provider =
                provider_of(target.provider).map(|provider| provider.name.as_str()).unwrap_or_default();
            format!("{provider}/{}", target.model)
        });
        Ok(named.collect())
    }

    /// Removes a route.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`] when there is no such route.
    pub async fn remove(&self, name: &Name, by: &Writer) -> Result<(), AdminError> {
        let stored = self.ports.configuration.load().await?;
        let id = find(&stored.routes, name)?.id;
        self.ports.configuration.delete_route(id, &self.ports.author(by)).await?;
        self.ports.read_own_write().await;
        Ok(())
    }
}

fn serves(provider: &Provider, model: &str) -> bool {
    provider.is_enabled && provider.models.iter().any(|served| served.model == model && served.is_enabled)
}

fn find<'a>(routes: &'a [Route], name: &Name) -> Result<&'a Route, RepositoryError> {
    let found = routes.iter().find(|route| route.name == *name);
    found.ok_or_else(|| RepositoryError::NotFound { what: format!("the route `{name}`") })
}

/// A provider as far as routes name it.
pub(super) struct Served<'a> {
    pub(super) id: ProviderId,
    pub(super) name: &'a Name,
    pub(super) models: Vec<&'a str>,
}

/// Stored providers, as routes name them.
pub(super) fn served(providers: &[Provider]) -> Vec<Served<'_>> {
    let of = |provider| {
        let Provider { id, name, models, .. }: &Provider = provider;
        Served { id: *id, name, models: models.iter().map(|model| model.model.as_str()).collect() }
    };
    providers.iter().map(of).collect()
}

/// A declared route with its providers' ids, checked.
pub(super) fn resolve(route: &DeclaredRoute, providers: &[Served<'_>]) -> Result<NewRoute, AdminError> {
    if route.targets.len() > MAX_TARGETS {
        return Err(AdminError::invalid("targets", format!("a route has at most {MAX_TARGETS} targets")));
    }
    let targets = route.targets.iter().enumerate();
    let targets =
        targets.map(|(index, target)| resolve_target(index, target, providers)).collect::<Result<_, _>>()?;
    Ok(NewRoute {
        name: route.name.clone(),
        mode: route.mode,
        strategy: route.strategy,
        failover_on: route.failover_on,
        strict: route.strict,
        is_active: route.enabled,
        targets,
    })
}

fn resolve_target(
    index: usize,
    target: &DeclaredTarget,
    providers: &[Served<'_>],
) -> Result<NewTarget, AdminError> {
    let param = format!("targets[{index}]");
    let provider = providers
        .iter()
        .find(|provider| *provider.name == target.provider)
        .ok_or_else(|| AdminError::invalid(&param, format!("there is no provider `{}`", target.provider)))?;
    if !provider.models.contains(&target.model.as_str()) {
        let message =
            format!("the provider `{}` does not list the model `{}`", target.provider, target.model);
        return Err(AdminError::invalid(&param, message));
    }
    if target.weight == 0 {
        return Err(AdminError::invalid(&param, "a weight is at least 1"));
    }
    check_limits(&target.limits, &param)?;
    Ok(NewTarget {
        provider: provider.id,
        model: target.model.clone(),
        weight: target.weight,
        priority: target.priority,
        limits: target.limits,
    })
}
