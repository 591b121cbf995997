//! Whether all that a document declares can be written, asked before any of it is.

use super::super::providers::ProviderAdmin;
use super::super::routes::{Known, Served, resolve};
use super::planning::{Rules, gives_way, left_alone, other_owner, owner_of};
use crate::error::AdminError;
use std::collections::HashSet;
use switchyard_domain::declared::{Declared, DeclaredRoute};
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::name::Name;
use switchyard_domain::route::Route;
use switchyard_ports::repositories::StoredConfiguration;

/// Finds what can't be written. Whether somebody else writes meanwhile is not known here.
///
/// # Errors
/// [`AdminError::Invalid`] for the first that is wrong; its `param` begins with `providers.<name>` or `routes.<name>`.
pub(super) fn check(
    providers: &ProviderAdmin,
    stored: &StoredConfiguration,
    wanted: &Declared,
    rules: Rules<'_>,
) -> Result<(), AdminError> {
    named_once("providers", wanted.providers.iter().map(|provider| &provider.name))?;
    named_once("routes", wanted.routes.iter().map(|route| &route.name))?;
    // The providers as they are going to be.
    let mut known = Known::of(stored);
    for provider in &wanted.providers {
        let current = stored.providers.iter().find(|current| current.name == provider.name);
        let current = current.filter(|current| !gives_way(current, provider));
        // A word that no vendor has is a mistake in the document, whoever else has a provider of the name.
        if current.is_none_or(|current| current.vendor != provider.vendor) {
            let checked = providers.check_vendor(provider);
            checked.map_err(|error| error.within(&format!("providers.{}", provider.name)))?;
        }
        if current.is_some_and(|current| left_alone(current, provider, rules).is_some()) {
            continue;
        }
        let checked = providers.check_declared(provider, current);
        checked.map_err(|error| error.within(&format!("providers.{}", provider.name)))?;
        let id = current.map_or(ProviderId(0), |current| current.id);
        known.providers.retain(|known| *known.name != provider.name);
        let models = provider.models.iter().map(|model| model.model.as_str()).collect();
        known.providers.push(Served { id, name: &provider.name, models });
    }
    known.routes.extend(wanted.routes.iter().map(|route| (RouteId(0), &route.name)));
    in_order(&wanted.routes)?;
    for route in &wanted.routes {
        let current = stored.routes.iter().find(|current| current.name == route.name);
        let is_others = |current: &Route| {
            !rules.takes_over && other_owner(&current.meta.owner, &owner_of(&route.owner)).is_some()
        };
        if !current.is_some_and(is_others) {
            resolve(route, &known).map_err(|error| error.within(&format!("routes.{}", route.name)))?;
        }
    }
    Ok(())
}

fn named_once<'a>(kind: &str, names: impl Iterator<Item = &'a Name>) -> Result<(), AdminError> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(AdminError::invalid(&format!("{kind}.{name}"), "this name stands there twice"));
        }
    }
    Ok(())
}

/// The routes so that none stands before the one that it falls back to.
///
/// # Errors
/// [`AdminError::Invalid`] where they lead in a circle.
pub(super) fn in_order(routes: &[DeclaredRoute]) -> Result<Vec<&DeclaredRoute>, AdminError> {
    let (mut ordered, mut left): (Vec<&DeclaredRoute>, Vec<&DeclaredRoute>) =
        (Vec::new(), routes.iter().collect());
    while !left.is_empty() {
        let waiting: HashSet<&Name> = left.iter().map(|route| &route.name).collect();
        let waits =
            |route: &&DeclaredRoute| route.fallback.as_ref().is_some_and(|name| waiting.contains(name));
        let (later, now): (Vec<_>, Vec<_>) = left.iter().copied().partition(waits);
        if now.is_empty() {
            let param =
                later.first().map(|route| format!("routes.{}.fallback", route.name)).unwrap_or_default();
            return Err(AdminError::invalid(&param, "the fallbacks lead in a circle"));
        }
        ordered.extend(now);
        left = later;
    }
    Ok(ordered)
}
