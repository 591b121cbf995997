//! A declared route as it is to be written: checked, and with ids in the place of names.

use crate::admin::providers::MAX_MODELS;
use crate::admin::{check_limits, shown};
use crate::error::AdminError;
use std::collections::{HashMap, HashSet};
use switchyard_domain::declared::{DeclaredRoute, DeclaredTarget};
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::name::Name;
use switchyard_domain::provider::Provider;
use switchyard_domain::route::Route;
use switchyard_ports::repositories::{NewRoute, NewTarget, RouteVersion, StoredConfiguration};

const MAX_TARGETS: usize = 100;

/// A provider as far as routes name it.
pub(crate) struct Served<'a> {
    pub(crate) id: ProviderId,
    pub(crate) name: &'a Name,
    pub(crate) models: HashSet<&'a str>,
}

/// What routes can lead to.
pub(crate) struct Known<'a> {
    pub(crate) providers: HashMap<&'a Name, Served<'a>>,
    pub(crate) routes: HashMap<&'a Name, RouteId>,
}

impl<'a> Known<'a> {
    /// What is stored.
    pub(crate) fn of(stored: &'a StoredConfiguration) -> Self {
        let served = |provider: &'a Provider| {
            let models = provider.models.iter().map(|model| model.model.as_str()).collect();
            (&provider.name, Served { id: provider.id, name: &provider.name, models })
        };
        let named = |route: &'a Route| (&route.name, route.id);
        Self {
            providers: stored.providers.iter().map(served).collect(),
            routes: stored.routes.iter().map(named).collect(),
        }
    }
}

/// A declared route with the ids of what it leads to.
///
/// # Errors
/// [`AdminError::Invalid`] for the first thing that can't be.
pub(crate) fn resolve(route: &DeclaredRoute, known: &Known<'_>) -> Result<NewRoute, AdminError> {
    check_own(route)?;
    let fallback = route.fallback.as_ref();
    let fallback = fallback.map(|name| resolve_fallback(name, &route.name, known)).transpose()?;
    Ok(NewRoute::of(route, fallback, resolve_targets(&route.targets, known)?))
}

/// A version of a route with what it led to then, whatever that is called now. Of one that was written before ids were kept, the names
/// are all that is known.
///
/// # Errors
/// [`AdminError::Invalid`] also where what it led to is gone: another object of the same name is not what was meant.
pub(crate) fn resolve_version(version: &RouteVersion, known: &Known<'_>) -> Result<NewRoute, AdminError> {
    let route = &version.route;
    let Some(led_to) = &version.led_to else { return resolve(route, known) };
    check_own(route)?;
    let gone = |param: &str, what: String| AdminError::invalid(param, format!("{what} is gone"));
    if let Some(id) = led_to.fallback
        && known.routes.values().all(|known| *known != id)
    {
        let name = route.fallback.as_ref().map_or_else(|| format!("#{id}"), Name::to_string);
        return Err(gone("fallback", format!("the route that was called `{name}`")));
    }
    let served = |(index, (target, id)): (usize, (&DeclaredTarget, &ProviderId))| {
        let provider = known.providers.values().find(|provider| provider.id == *id);
        let what = || format!("the provider that was called `{}`", target.provider);
        let provider = provider.ok_or_else(|| gone(&format!("targets[{index}]"), what()))?;
        check_target(index, target, provider)
    };
    let targets = route.targets.iter().zip(&led_to.providers).enumerate().map(served);
    Ok(NewRoute::of(route, led_to.fallback, targets.collect::<Result<_, _>>()?))
}

/// What a route says of itself.
fn check_own(route: &DeclaredRoute) -> Result<(), AdminError> {
    route.timeouts.check().map_err(|error| AdminError::invalid("timeouts", error.to_string()))?;
    route.config.check().map_err(|error| AdminError::invalid("config", error.to_string()))
}

/// Targets with the ids of their providers.
///
/// # Errors
/// As [`resolve`].
pub(crate) fn resolve_targets(
    targets: &[DeclaredTarget],
    known: &Known<'_>,
) -> Result<Vec<NewTarget>, AdminError> {
    if targets.len() > MAX_TARGETS {
        return Err(AdminError::invalid("targets", format!("a route has at most {MAX_TARGETS} targets")));
    }
    targets.iter().enumerate().map(|(index, target)| resolve_target(index, target, known)).collect()
}

/// The id of the route that another one falls back to.
///
/// # Errors
/// As [`resolve`].
pub(crate) fn resolve_fallback(name: &Name, of: &Name, known: &Known<'_>) -> Result<RouteId, AdminError> {
    if name == of {
        return Err(AdminError::invalid("fallback", "a route can't fall back to itself"));
    }
    known
        .routes
        .get(name)
        .copied()
        .ok_or_else(|| AdminError::invalid("fallback", format!("there is no route `{name}`")))
}

fn resolve_target(index: usize, target: &DeclaredTarget, known: &Known<'_>) -> Result<NewTarget, AdminError> {
    let unknown = || {
        let message = format!("there is no provider `{}`", target.provider);
        AdminError::invalid(&format!("targets[{index}]"), message)
    };
    check_target(index, target, known.providers.get(&target.provider).ok_or_else(unknown)?)
}

/// A target at a provider.
fn check_target(
    index: usize,
    target: &DeclaredTarget,
    provider: &Served<'_>,
) -> Result<NewTarget, AdminError> {
    let param = format!("targets[{index}]");
    let named = target.models.named();
    if named.len() > MAX_MODELS {
        return Err(AdminError::invalid(&param, format!("a target names at most {MAX_MODELS} models")));
    }
    if let Some(model) = named.iter().find(|model| !provider.models.contains(model.as_str())) {
        let (provider, model) = (provider.name, shown(model));
        let message = format!("the provider `{provider}` does not list the model `{model}`");
        return Err(AdminError::invalid(&param, message));
    }
    if target.weight == 0 {
        return Err(AdminError::invalid(&param, "a weight is at least 1"));
    }
    check_limits(&target.limits.where_zero_is_none(), &param)?;
    target.when.check().map_err(|error| AdminError::invalid(&param, error.to_string()))?;
    target.timeouts.check().map_err(|error| AdminError::invalid(&param, error.to_string()))?;
    target.metadata.check().map_err(|error| AdminError::invalid(&param, error.to_string()))?;
    Ok(NewTarget::of(target, provider.id))
}
