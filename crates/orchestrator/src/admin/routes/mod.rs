//! Routes: added, listed, removed.

mod change;
mod resolve;
mod state;

pub use change::RouteChange;
pub(super) use resolve::{Known, Served, resolve};
pub use state::{RouteState, VersionState};

use super::in_turn::InTurn;
use super::{AdminPorts, refuse_declared};
use crate::error::AdminError;
use std::collections::HashMap;
use switchyard_domain::declared::DeclaredRoute;
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::meta::Writer;
use switchyard_domain::name::Name;
use switchyard_domain::route::Route;
use switchyard_ports::repositories::RepositoryError;

/// Administers routes.
pub struct RouteAdmin {
    ports: AdminPorts,
    changes: InTurn,
}

impl RouteAdmin {
    /// Over the given ports.
    #[must_use]
    pub fn new(ports: AdminPorts) -> Self {
        Self { ports, changes: InTurn::default() }
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

    /// The route of this name.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`].
    pub async fn named(&self, name: &Name) -> Result<RouteState, AdminError> {
        let stored = self.ports.configuration.load().await?;
        Ok(RouteState::of(find(&stored.routes, name)?, &stored))
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

fn find<'a>(routes: &'a [Route], name: &Name) -> Result<&'a Route, RepositoryError> {
    let found = routes.iter().find(|route| route.name == *name);
    found.ok_or_else(|| RepositoryError::NotFound { what: format!("the route `{name}`") })
}
