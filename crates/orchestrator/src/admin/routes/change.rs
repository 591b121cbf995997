//! Changes of a route: of some of its members, or back to what it was.

use super::resolve::{Known, resolve, resolve_fallback, resolve_targets};
use super::{RouteAdmin, RouteState, VersionState, label};
use crate::admin::refuse_declared;
use crate::error::AdminError;
use switchyard_domain::declared::DeclaredTarget;
use switchyard_domain::difference::differences;
use switchyard_domain::fault::FailoverOn;
use switchyard_domain::ids::RouteId;
use switchyard_domain::meta::{Owner, Writer};
use switchyard_domain::name::Name;
use switchyard_domain::notes::Notes;
use switchyard_domain::route::{OnDisconnect, Route, RouteMode, Strategy, Timeouts};
use switchyard_ports::repositories::{NewRoute, RepositoryError, StoredConfiguration};

/// How often a change is made anew that names no version, when others were quicker.
const TRIES: usize = 3;

/// What is to be changed of a route; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RouteChange {
    /// Its name.
    pub name: Option<Name>,
    /// How it chooses.
    pub mode: Option<RouteMode>,
    /// How equals share.
    pub strategy: Option<Strategy>,
    /// Which faults move on.
    pub failover_on: Option<FailoverOn>,
    /// Whether a loss is refused.
    pub strict: Option<bool>,
    /// How long the steps of its calls may take, replaced whole.
    pub timeouts: Option<Timeouts>,
    /// What becomes of a call whose client has gone.
    pub on_disconnect: Option<OnDisconnect>,
    /// The route whose targets are tried after its own; `Some(None)` for none.
    pub fallback: Option<Option<Name>>,
    /// What its operator keeps with it, replaced whole.
    pub config: Option<Notes>,
    /// Whether calls may use it.
    pub is_active: Option<bool>,
    /// Its targets, replaced whole. One of the same provider and models stays what it was to limits and turns.
    pub targets: Option<Vec<DeclaredTarget>>,
}

impl RouteChange {
    /// What the route would be.
    fn applied(self, current: &Route, known: &Known<'_>) -> Result<NewRoute, AdminError> {
        let before = NewRoute::from(current);
        let name = self.name.unwrap_or(before.name);
        let timeouts = self.timeouts.unwrap_or(before.timeouts);
        timeouts.check().map_err(|error| AdminError::invalid("timeouts", error.to_string()))?;
        let config = self.config.unwrap_or(before.config);
        config.check().map_err(|error| AdminError::invalid("config", error.to_string()))?;
        let fallback = match self.fallback {
            Some(wanted) => wanted.map(|wanted| resolve_fallback(&wanted, &name, known)).transpose()?,
            None => before.fallback,
        };
        // Targets that stay were checked when they were written; what they led to may be gone by now.
        let targets = match self.targets {
            Some(targets) => resolve_targets(&targets, known)?,
            None => before.targets,
        };
        Ok(NewRoute {
            name,
            mode: self.mode.unwrap_or(before.mode),
            strategy: self.strategy.unwrap_or(before.strategy),
            failover_on: self.failover_on.unwrap_or(before.failover_on),
            strict: self.strict.unwrap_or(before.strict),
            timeouts,
            on_disconnect: self.on_disconnect.unwrap_or(before.on_disconnect),
            fallback,
            config,
            is_active: self.is_active.unwrap_or(before.is_active),
            targets,
        })
    }
}

impl RouteAdmin {
    /// Changes some of a route. A change that makes nothing different writes nothing.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`]; [`RepositoryError::Stale`] where it has another version than the expected one;
    /// [`RepositoryError::Conflict`] for a name that is taken or a fallback that leads back; [`AdminError::FileOwned`];
    /// [`AdminError::Invalid`] for what a route can't be.
    pub async fn change(
        &self,
        id: RouteId,
        change: RouteChange,
        expected_version: Option<i64>,
        by: &Writer,
    ) -> Result<RouteState, AdminError> {
        self.write(id, expected_version, by, |current, known| change.clone().applied(current, known)).await
    }

    /// Makes a route what it was at a version. That is a new version of it.
    ///
    /// # Errors
    /// As [`RouteAdmin::change`]; [`RepositoryError::NotFound`] also for a version that is not kept, and [`AdminError::Invalid`] where
    /// what it led to is gone.
    pub async fn roll_back(
        &self,
        id: RouteId,
        version: i64,
        expected_version: Option<i64>,
        by: &Writer,
    ) -> Result<RouteState, AdminError> {
        self.state(id).await?;
        let kept = self.ports.configuration.route_versions(id, version.checked_add(1), 1).await?;
        let kept = kept.into_iter().find(|kept| kept.version == version);
        let what = || format!("version {version} of this route");
        let wanted = kept.ok_or_else(|| RepositoryError::NotFound { what: what() })?.route;
        self.write(id, expected_version, by, |_, known| resolve(&wanted, known)).await
    }

    /// The versions of a route, the newest first: those before `before`.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`].
    pub async fn versions(
        &self,
        id: RouteId,
        before: Option<i64>,
        most: u32,
    ) -> Result<Vec<VersionState>, AdminError> {
        self.state(id).await?;
        // One more shows what the oldest of them made different.
        let kept = self.ports.configuration.route_versions(id, before, most.saturating_add(1)).await?;
        let earlier = kept.iter().skip(1).map(Some).chain([None]);
        let told = kept.iter().zip(earlier).map(|(version, before)| VersionState {
            version: version.clone(),
            changes: before.map(|before| differences(&before.route, &version.route)),
        });
        Ok(told.take(most as usize).collect())
    }

    async fn write(
        &self,
        id: RouteId,
        expected_version: Option<i64>,
        by: &Writer,
        wanted: impl Fn(&Route, &Known<'_>) -> Result<NewRoute, AdminError>,
    ) -> Result<RouteState, AdminError> {
        for _ in 1..TRIES {
            match self.try_write(id, expected_version, by, &wanted).await {
                Err(AdminError::Repository(RepositoryError::Stale { .. })) if expected_version.is_none() => {}
                done => return done,
            }
        }
        self.try_write(id, expected_version, by, &wanted).await
    }

    async fn try_write(
        &self,
        id: RouteId,
        expected_version: Option<i64>,
        by: &Writer,
        wanted: &impl Fn(&Route, &Known<'_>) -> Result<NewRoute, AdminError>,
    ) -> Result<RouteState, AdminError> {
        let stored = self.ports.configuration.load().await?;
        let current = find(&stored, id)?;
        check_version(expected_version, current)?;
        refuse_declared(&current.meta.owner, || label(current), by)?;
        let new = wanted(current, &Known::of(&stored))?;
        if new == NewRoute::from(current) && current.meta.owner != Owner::Seed {
            return Ok(RouteState::of(current, &stored));
        }
        let version = Some(current.meta.version);
        self.ports.configuration.replace_route(id, new, version, &self.ports.author(by)).await?;
        self.ports.read_own_write().await;
        self.state(id).await
    }

    /// Removes a route.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`]; [`RepositoryError::Stale`]; [`RepositoryError::Conflict`], naming them, while other routes fall
    /// back to it; [`AdminError::FileOwned`].
    pub async fn delete(
        &self,
        id: RouteId,
        expected_version: Option<i64>,
        by: &Writer,
    ) -> Result<(), AdminError> {
        let stored = self.ports.configuration.load().await?;
        let current = find(&stored, id)?;
        // One that is switched off the file declares no more.
        if current.is_active {
            refuse_declared(&current.meta.owner, || label(current), by)?;
        }
        self.ports.configuration.delete_route(id, expected_version, &self.ports.author(by)).await?;
        self.ports.read_own_write().await;
        Ok(())
    }
}

pub(super) fn find(stored: &StoredConfiguration, id: RouteId) -> Result<&Route, RepositoryError> {
    let found = stored.routes.iter().find(|route| route.id == id);
    found.ok_or_else(|| RepositoryError::NotFound { what: format!("route {id}") })
}

fn check_version(expected: Option<i64>, current: &Route) -> Result<(), RepositoryError> {
    let current = current.meta.version;
    if expected.is_some_and(|expected| expected != current) {
        return Err(RepositoryError::Stale { current });
    }
    Ok(())
}
