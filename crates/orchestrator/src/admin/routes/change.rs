//! Changes of a route: of some of its members, or back to what it was.

use super::resolve::{Known, resolve_fallback, resolve_targets, resolve_version};
use super::{RouteAdmin, RouteState, VersionState, label};
use crate::admin::refuse_declared;
use crate::error::AdminError;
use switchyard_domain::declared::{DeclaredRoute, DeclaredTarget};
use switchyard_domain::difference::differences;
use switchyard_domain::fault::FailoverOn;
use switchyard_domain::ids::RouteId;
use switchyard_domain::meta::Writer;
use switchyard_domain::name::Name;
use switchyard_domain::notes::Notes;
use switchyard_domain::route::{OnDisconnect, Route, RouteMode, Strategy, Timeouts};
use switchyard_ports::repositories::{
    NewRoute, NewTarget, RepositoryError, RouteVersion, StoredConfiguration,
};

/// How many versions are read at once.
const VERSIONS_AT_ONCE: u32 = 5;
/// No more of a route's versions is read for a page than this many bytes, and what was read with the last of them.
const LARGEST_PAGE: usize = 4 << 20;

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
    /// Whether a target that stays keeps what the caller has no words for: its weight, its limits, its conditions, its times, and
    /// whether it is switched on.
    pub keeps_unsaid: bool,
}

impl RouteChange {
    /// What the route would be.
    fn applied(self, current: &Route, known: &Known<'_>) -> Result<NewRoute, AdminError> {
        let before = NewRoute::from(current);
        let name = self.name.unwrap_or(before.name);
        let timeouts = self.timeouts.unwrap_or(before.timeouts);
        timeouts.check().map_err(|error| AdminError::invalid("timeouts", error.to_string()))?;
        if let Some(config) = &self.config {
            config.check().map_err(|error| AdminError::invalid("config", error.to_string()))?;
        }
        let config = self.config.unwrap_or(before.config);
        let fallback = match self.fallback {
            Some(wanted) => wanted.map(|wanted| resolve_fallback(&wanted, &name, known)).transpose()?,
            None => before.fallback,
        };
        // Targets that stay were checked when they were written; what they led to may be gone by now.
        let targets = match self.targets {
            Some(targets) => {
                let targets = resolve_targets(&targets, known)?;
                if self.keeps_unsaid { keeping_unsaid(targets, &before.targets) } else { targets }
            }
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

/// Targets with what those before them, of the same provider and models, were besides.
fn keeping_unsaid(targets: Vec<NewTarget>, before: &[NewTarget]) -> Vec<NewTarget> {
    let mut before: Vec<&NewTarget> = before.iter().collect();
    let mut kept = |target: NewTarget| {
        let same = |known: &&NewTarget| known.provider == target.provider && known.models == target.models;
        let Some(place) = before.iter().position(same) else { return target };
        let NewTarget {
            provider: _,
            models: _,
            priority: _,
            strategy: _,
            metadata: _,
            weight,
            limits,
            when,
            timeouts,
            is_enabled,
        } = before.remove(place).clone();
        NewTarget { weight, limits, when, timeouts, is_enabled, ..target }
    };
    targets.into_iter().map(&mut kept).collect()
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

    /// Makes a route what it was at a version, leading to the providers and the fallback of then, whatever they are called by now. That
    /// is a new version of it.
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
        let wanted = kept.ok_or_else(|| RepositoryError::NotFound { what: what() })?;
        self.write(id, expected_version, by, |_, known| resolve_version(&wanted, known)).await
    }

    /// The versions of a route, the newest first: those before `before`, at most `most`, and fewer where they are very large; and whether
    /// there are more.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`].
    pub async fn versions(
        &self,
        id: RouteId,
        before: Option<i64>,
        most: u32,
    ) -> Result<(Vec<VersionState>, bool), AdminError> {
        self.state(id).await?;
        // One more shows what the oldest of them made different.
        let most = most as usize;
        let mut kept: Vec<RouteVersion> = Vec::new();
        let (mut size, mut next, mut is_last) = (0_usize, before, false);
        while kept.len() <= most && !is_last && (size < LARGEST_PAGE || kept.len() < 2) {
            let read = self.ports.configuration.route_versions(id, next, VERSIONS_AT_ONCE).await?;
            is_last = read.len() < VERSIONS_AT_ONCE as usize;
            size += read.iter().map(|version| size_of(&version.route)).sum::<usize>();
            next = read.last().map(|version| version.version);
            kept.extend(read);
        }
        let shown = if is_last { most } else { most.min(kept.len().saturating_sub(1)) };
        let is_more = kept.len() > shown;
        let earlier = kept.iter().skip(1).map(Some).chain([None]);
        let told = kept.iter().zip(earlier).map(|(version, before)| VersionState {
            version: version.clone(),
            changes: before.map(|before| differences(&before.route, &version.route)),
        });
        Ok((told.take(shown).collect(), is_more))
    }

    async fn write(
        &self,
        id: RouteId,
        expected_version: Option<i64>,
        by: &Writer,
        wanted: impl Fn(&Route, &Known<'_>) -> Result<NewRoute, AdminError>,
    ) -> Result<RouteState, AdminError> {
        let _turn = self.changes.wait(expected_version).await;
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
        refuse_declared(current.is_declared(), || label(current), by)?;
        let new = wanted(current, &Known::of(&stored))?;
        if new == NewRoute::from(current) {
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
        refuse_declared(current.is_declared(), || label(current), by)?;
        self.ports.configuration.delete_route(id, expected_version, &self.ports.author(by)).await?;
        self.ports.read_own_write().await;
        Ok(())
    }
}

/// About how much of the names in a route: all else of it is small, or bounded with its notes.
fn size_of(route: &DeclaredRoute) -> usize {
    let notes = |notes: &Notes| serde_json::to_string(notes.object()).map_or(0, |text| text.len());
    let of_target = |target: &DeclaredTarget| {
        target.models.named().iter().map(String::len).sum::<usize>() + notes(&target.metadata)
    };
    notes(&route.config) + route.targets.iter().map(of_target).sum::<usize>()
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
