//! Routes: added, listed, tried without a call, removed.

mod change;
mod resolve;
mod state;

pub use change::RouteChange;
pub(super) use resolve::{Known, Served, resolve};
pub use state::{RouteState, VersionState};

use super::{AdminPorts, refuse_declared};
use crate::error::AdminError;
use std::collections::HashMap;
use switchyard_domain::declared::DeclaredRoute;
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::meta::Writer;
use switchyard_domain::name::Name;
use switchyard_domain::provider::Provider;
use switchyard_domain::route::{Availability, Candidate, Field, PlannedCall, Route, Target, When};
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
    /// As for [`RouteAdmin::add`], and [`AdminError::FileOwned`] for anybody but the file while the file declares it.
    pub async fn replace(
        &self,
        current: &Route,
        route: &DeclaredRoute,
        by: &Writer,
    ) -> Result<(), AdminError> {
        refuse_declared(current.is_declared(), || label(current), by)?;
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

    /// Routes by id, from the first after `after`: at most `most`, and where the next page begins.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn page(
        &self,
        after: Option<RouteId>,
        most: u32,
    ) -> Result<(Vec<RouteState>, Option<RouteId>), AdminError> {
        let stored = self.ports.configuration.load().await?;
        let is_after = |route: &&Route| after.is_none_or(|after| route.id > after);
        let mut later = stored.routes.iter().filter(is_after);
        let page: Vec<RouteState> =
            later.by_ref().take(most as usize).map(|route| RouteState::of(route, &stored)).collect();
        let next = page.last().map(|last| last.route.id).filter(|_| later.next().is_some());
        Ok((page, next))
    }

    /// All routes, by id.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn states(&self) -> Result<Vec<RouteState>, AdminError> {
        let stored = self.ports.configuration.load().await?;
        Ok(stored.routes.iter().map(|route| RouteState::of(route, &stored)).collect())
    }

    /// The names of the providers that routes can lead to.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn provider_names(&self) -> Result<HashMap<ProviderId, Name>, AdminError> {
        let stored = self.ports.configuration.load().await?;
        Ok(stored.providers.into_iter().map(|provider| (provider.id, provider.name)).collect())
    }

    /// A route.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`].
    pub async fn state(&self, id: RouteId) -> Result<RouteState, AdminError> {
        let stored = self.ports.configuration.load().await?;
        Ok(RouteState::of(change::find(&stored, id)?, &stored))
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
        let any = When::default();
        let candidates: Vec<Candidate<'_>> = route
            .targets
            .iter()
            .zip(&meant)
            .map(|(target, model)| Candidate {
                serves: hint.is_none() || model.as_deref() == hint,
                weight: target.weight,
                priority: target.priority,
                strategy: target.strategy,
                availability: if model.is_some() { Availability::Ready } else { Availability::Unusable },
                ..Candidate::plain(target.provider, &any)
            })
            .collect();
        let call = PlannedCall::default();
        let field = Field::of(route.mode, route.strategy, &candidates, hint.is_some(), &call)
            .map_err(|error| AdminError::invalid("model", error.to_string()))?;
        let order = field.plan(0, 0).order;
        let named = order.iter().filter_map(|&index| {
            let (target, model) = route.targets.get(index).zip(meant.get(index)?.as_deref())?;
            let provider = provider_of(target.provider);
            Some(format!("{}/{model}", provider.map(|provider| provider.name.as_str()).unwrap_or_default()))
        });
        Ok(named.collect())
    }

    /// Removes the route of this name.
    ///
    /// # Errors
    /// As [`RouteAdmin::delete`].
    pub async fn remove(&self, name: &Name, by: &Writer) -> Result<(), AdminError> {
        let stored = self.ports.configuration.load().await?;
        self.delete(find(&stored.routes, name)?.id, None, by).await
    }
}

/// A route, as errors call it.
fn label(route: &Route) -> String {
    format!("the route `{}`", route.name)
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
