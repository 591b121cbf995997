//! The routes that lead to a provider, and what must stay there for their sake.
//!
//! What the configuration file declares is whole: where a target of one of its routes led nowhere, nothing of the file could be
//! applied any more, and the next start would fail. So nobody else takes away what its routes name.

use super::load::load_routes;
use super::providers::{seeded, stored};
use crate::connection::AnyConnection;
use crate::error::{Fault, check_version, conflict};
use crate::schema::{provider_models, routes, targets};
use diesel::prelude::*;
use std::collections::HashSet;
use switchyard_domain::declared::DeclaredModel;
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::meta::Owner;
use switchyard_domain::route::Route;
use switchyard_ports::repositories::{Author, NewProvider, NewRoute, ProviderPatch, ProviderRemoval};

/// Refuses a change of a provider that routes stand in the way of.
pub(super) fn refuse_change(
    connection: &mut AnyConnection,
    id: ProviderId,
    patch: &ProviderPatch,
    author: &Author,
) -> Result<(), Fault> {
    let (name, version) = stored(connection, id)?;
    check_version(patch.expected_version, version)?;
    let is_renamed = patch.name.as_ref().is_some_and(|new| new.as_str() != name);
    if !is_renamed && patch.models.is_none() {
        return Ok(());
    }
    let lost = lost_models(connection, id, patch.models.as_deref())?;
    let users = load_routes(connection)?;
    if author.by.owner != Owner::File {
        let is_bound = |route: &&Route| {
            route.is_declared() && (names_any(route, id, &lost) || is_renamed && leads_to(route, id))
        };
        refuse_of_file(users.iter().filter(is_bound))?;
    }
    let in_use: Vec<&Route> = users.iter().filter(|route| names_any(route, id, &lost)).collect();
    if in_use.is_empty() || patch.drops_used_models {
        return Ok(());
    }
    Err(conflict(format!("models that would go are in use by these routes: {}", names(in_use))))
}

/// Refuses the removal of a provider that routes stand in the way of.
pub(super) fn refuse_removal(
    connection: &mut AnyConnection,
    id: ProviderId,
    removal: ProviderRemoval,
    author: &Author,
) -> Result<(), Fault> {
    let (_, version) = stored(connection, id)?;
    check_version(removal.expected_version, version)?;
    let mut users = load_routes(connection)?;
    users.retain(|route| leads_to(route, id));
    users.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    if !users.is_empty() && !removal.takes_targets {
        return Err(conflict(format!("the provider is in use by these routes: {}", names(&users))));
    }
    if author.by.owner == Owner::File {
        return Ok(());
    }
    refuse_of_file(users.iter().filter(|route| route.is_declared()))
}

/// Refuses a new provider that takes the place of one that came with the product, where it lacks what routes of the file name there.
pub(super) fn refuse_in_place(
    connection: &mut AnyConnection,
    provider: &NewProvider,
    author: &Author,
) -> Result<(), Fault> {
    if author.by.owner == Owner::File {
        return Ok(());
    }
    let Some(seeded) = seeded(connection, provider, author)? else { return Ok(()) };
    let id = ProviderId(seeded.id);
    let lost = lost_models(connection, id, Some(&provider.models))?;
    let users = load_routes(connection)?;
    refuse_of_file(users.iter().filter(|route| route.is_declared() && names_any(route, id, &lost)))
}

/// Refuses another name of a route that routes of the file fall back to.
pub(super) fn refuse_rename(
    connection: &mut AnyConnection,
    id: RouteId,
    wanted: &NewRoute,
    author: &Author,
) -> Result<(), Fault> {
    let name: Option<String> = routes::table.find(id.0).select(routes::name).first(connection).optional()?;
    if author.by.owner == Owner::File || name.is_none_or(|name| name == wanted.name.as_str()) {
        return Ok(());
    }
    let all = load_routes(connection)?;
    refuse_of_file(all.iter().filter(|route| route.is_declared() && route.fallback == Some(id)))
}

/// The routes that have a target at a provider, by name.
pub(super) fn routes_over(
    connection: &mut AnyConnection,
    id: ProviderId,
) -> Result<Vec<(i64, String)>, Fault> {
    let mut users: Vec<(i64, String)> = targets::table
        .inner_join(routes::table.on(routes::id.eq(targets::route_id)))
        .filter(targets::provider_id.eq(id.0))
        .select((routes::id, routes::name))
        .distinct()
        .load(connection)?;
    users.sort_unstable_by(|a, b| a.1.cmp(&b.1));
    Ok(users)
}

/// The models that a provider lists and would not.
pub(super) fn lost_models(
    connection: &mut AnyConnection,
    id: ProviderId,
    wanted: Option<&[DeclaredModel]>,
) -> Result<HashSet<String>, Fault> {
    let Some(wanted) = wanted else { return Ok(HashSet::new()) };
    let kept: HashSet<&str> = wanted.iter().map(|model| model.model.as_str()).collect();
    let listed: Vec<String> = provider_models::table
        .filter(provider_models::provider_id.eq(id.0))
        .select(provider_models::model)
        .load(connection)?;
    Ok(listed.into_iter().filter(|model| !kept.contains(model.as_str())).collect())
}

fn leads_to(route: &Route, id: ProviderId) -> bool {
    route.targets.iter().any(|target| target.provider == id)
}

fn names_any(route: &Route, id: ProviderId, models: &HashSet<String>) -> bool {
    let mut there = route.targets.iter().filter(|target| target.provider == id);
    there.any(|target| target.models.named().iter().any(|model| models.contains(model)))
}

fn refuse_of_file<'a>(bound: impl Iterator<Item = &'a Route>) -> Result<(), Fault> {
    let bound = names(bound);
    if bound.is_empty() {
        return Ok(());
    }
    Err(conflict(format!(
        "these routes are declared in the configuration file and name it: {bound}; change them there first"
    )))
}

fn names<'a>(routes: impl IntoIterator<Item = &'a Route>) -> String {
    let names: Vec<String> = routes.into_iter().map(|route| format!("`{}`", route.name)).collect();
    names.join(", ")
}
