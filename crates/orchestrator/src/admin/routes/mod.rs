//! Routes: added, listed, tried without a call, removed.

mod resolve;

pub(super) use resolve::{Known, Served, resolve};

use super::{AdminPorts, refuse_declared};
use crate::error::AdminError;
use switchyard_domain::declared::DeclaredRoute;
use switchyard_domain::ids::RouteId;
use switchyard_domain::meta::Writer;
use switchyard_domain::name::Name;
use switchyard_domain::provider::Provider;
use switchyard_domain::route::{Availability, Candidate, Route, Target, plan};
use switchyard_ports::repositories::RepositoryError;

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
        let stored = self.ports.configuration.load().await?;
        let resolved = resolve(route, &Known::of(&stored))?;
        let id = self.ports.configuration.create_route(resolved, &self.ports.author(by)).await?;
        self.ports.read_own_write().await;
        Ok(id)
    }

    /// Replaces a route whole.
    ///
    /// # Errors
    /// As for [`RouteAdmin::add`], and [`AdminError::FileOwned`] for anybody but the file where the file declares it.
    pub async fn replace(
        &self,
        current: &Route,
        route: &DeclaredRoute,
        by: &Writer,
    ) -> Result<(), AdminError> {
        refuse_declared(&current.meta.owner, || format!("the route `{}`", current.name), by)?;
        let stored = self.ports.configuration.load().await?;
        let resolved = resolve(route, &Known::of(&stored))?;
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
            let shown = |target: &Target| {
                let provider = name(target.provider);
                match target.models.named() {
                    [] => format!("{provider}/*"),
                    models => {
                        models.iter().map(|model| format!("{provider}/{model}")).collect::<Vec<_>>().join("|")
                    }
                }
            };
            route.targets.iter().map(shown).collect()
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
        // The model of each target that such a call would go to.
        let meant: Vec<Option<String>> = route
            .targets
            .iter()
            .map(|target| {
                let provider = provider_of(target.provider).filter(|_| target.is_enabled)?;
                let served: Vec<&str> = served(provider, target).collect();
                let hinted = hint.and_then(|hint| served.iter().find(|model| **model == hint));
                hinted.or(served.first()).map(|model| (*model).to_owned())
            })
            .collect();
        let candidates: Vec<Candidate<'_>> = route
            .targets
            .iter()
            .zip(&meant)
            .map(|(target, model)| Candidate {
                provider: target.provider,
                model: model.as_deref().or(target.models.first()).unwrap_or_default(),
                weight: target.weight,
                priority: target.priority,
                availability: if model.is_some() { Availability::Ready } else { Availability::Unusable },
            })
            .collect();
        let order = plan(route.mode, route.strategy, &candidates, hint, 0)
            .map_err(|error| AdminError::invalid("model", error.to_string()))?;
        let named = order.iter().filter_map(|&index| candidates.get(index)).map(|candidate| {
            let provider = provider_of(candidate.provider);
            format!(
                "{}/{}",
                provider.map(|provider| provider.name.as_str()).unwrap_or_default(),
                candidate.model
            )
        });
        Ok(named.collect())
    }

    /// Removes a route.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`] when there is no such route; [`AdminError::FileOwned`] while the file declares it: what it left
    /// out was switched off, and can be removed.
    pub async fn remove(&self, name: &Name, by: &Writer) -> Result<(), AdminError> {
        let stored = self.ports.configuration.load().await?;
        let route = find(&stored.routes, name)?;
        if route.is_active {
            refuse_declared(&route.meta.owner, || format!("the route `{name}`"), by)?;
        }
        let id = route.id;
        self.ports.configuration.delete_route(id, None, &self.ports.author(by)).await?;
        self.ports.read_own_write().await;
        Ok(())
    }
}

/// The models that a target serves now.
fn served<'a>(provider: &'a Provider, target: &'a Target) -> impl Iterator<Item = &'a str> {
    let is_served = |model: &str| {
        provider.is_enabled && provider.models.iter().any(|listed| listed.model == model && listed.is_enabled)
    };
    let all = provider.models.iter().map(|model| &model.model).filter(|_| target.models.are_all());
    all.chain(target.models.named()).map(String::as_str).filter(move |model| is_served(model))
}

fn find<'a>(routes: &'a [Route], name: &Name) -> Result<&'a Route, RepositoryError> {
    let found = routes.iter().find(|route| route.name == *name);
    found.ok_or_else(|| RepositoryError::NotFound { what: format!("the route `{name}`") })
}
