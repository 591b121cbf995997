//! Routes.

use super::counters;
use super::created::Created;
use super::load::load_routes;
use super::revision::Written;
use super::{targets, versions};
use crate::connection::{AnyConnection, each};
use crate::error::{Fault, check_version, conflict, not_found};
use crate::schema::routes;
use crate::stored::json;
use diesel::prelude::*;
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::meta::Owner;
use switchyard_domain::name::Name;
use switchyard_domain::route::{LONGEST_CHAIN, Route};
use switchyard_ports::repositories::{Author, NewRoute};

/// Writes a new route. One that came with the product and has its name gives way.
pub(super) fn create(
    connection: &mut AnyConnection,
    route: &NewRoute,
    author: &Author,
) -> Result<Created, Fault> {
    if let Some(seeded) = seeded(connection, route, author)? {
        replace(connection, RouteId(seeded), route, None, author)?;
        diesel::update(routes::table.find(seeded))
            .set(routes::created_at.eq(author.at.0))
            .execute(connection)?;
        return Ok(Created { id: seeded, took_over: true, routes_changed: Vec::new() });
    }
    check_fallback(connection, None, route)?;
    let row = (
        routes::id.eq(counters::route_id(connection, &author.by.owner)?),
        routes::name.eq(route.name.as_str()),
        routes::mode.eq(route.mode.as_str()),
        routes::strategy.eq(route.strategy.as_str()),
        routes::failover_on.eq(route.failover_on.as_str()),
        routes::strict.eq(route.strict),
        routes::timeouts.eq(json(&route.timeouts)?),
        routes::on_disconnect.eq(route.on_disconnect.as_str()),
        routes::fallback_id.eq(route.fallback.map(|id| id.0)),
        routes::config.eq(json(&route.config)?),
        routes::is_active.eq(route.is_active),
        routes::version.eq(1),
        routes::owner.eq(author.by.owner.to_string()),
        routes::created_at.eq(author.at.0),
        routes::updated_at.eq(author.at.0),
        routes::updated_by.eq(author.by.name.as_ref()),
    );
    let id = each!(connection, inner => diesel::insert_into(routes::table)
        .values(row)
        .returning(routes::id)
        .get_result(inner))
    .map_err(|error| taken(error, route))?;
    targets::put(connection, id, &route.targets)?;
    versions::note(connection, id, 1, route, author)?;
    Ok(Created { id, took_over: false, routes_changed: Vec::new() })
}

/// The route that came with the product and gives way to the new one.
fn seeded(connection: &mut AnyConnection, route: &NewRoute, author: &Author) -> Result<Option<i64>, Fault> {
    if author.by.owner == Owner::Seed {
        return Ok(None);
    }
    Ok(routes::table
        .filter(routes::name.eq(route.name.as_str()))
        .filter(routes::owner.eq(Owner::Seed.to_string()))
        .select(routes::id)
        .first(connection)
        .optional()?)
}

pub(super) fn replace(
    connection: &mut AnyConnection,
    id: RouteId,
    route: &NewRoute,
    expected_version: Option<i64>,
    author: &Author,
) -> Result<Written<()>, Fault> {
    let (name, version) = stored(connection, id)?;
    check_version(expected_version, version)?;
    check_fallback(connection, Some(id), route)?;
    diesel::update(routes::table.find(id.0))
        .set((
            routes::name.eq(route.name.as_str()),
            routes::mode.eq(route.mode.as_str()),
            routes::strategy.eq(route.strategy.as_str()),
            routes::failover_on.eq(route.failover_on.as_str()),
            routes::strict.eq(route.strict),
            routes::timeouts.eq(json(&route.timeouts)?),
            routes::on_disconnect.eq(route.on_disconnect.as_str()),
            routes::fallback_id.eq(route.fallback.map(|id| id.0)),
            routes::config.eq(json(&route.config)?),
            routes::is_active.eq(route.is_active),
            routes::version.eq(version + 1),
            routes::owner.eq(author.by.owner.to_string()),
            routes::is_withdrawn.eq(false),
            routes::updated_at.eq(author.at.0),
            routes::updated_by.eq(author.by.name.as_ref()),
        ))
        .execute(connection)
        .map_err(|error| taken(error, route))?;
    targets::put(connection, id.0, &route.targets)?;
    versions::note(connection, id.0, version + 1, route, author)?;
    let written = Written::changed(id.0).with("name", route.name.as_str());
    Ok(if name == route.name.as_str() { written } else { written.with("name_before", name) })
}

/// Takes these routes, each of which is written next, apart: what one was followed by does not stand in the way of what another is to be
/// followed by, in whichever order they come.
pub(super) fn part(connection: &mut AnyConnection, ids: &[RouteId]) -> Result<(), Fault> {
    for id in ids {
        let row = routes::table.find(id.0).filter(routes::fallback_id.is_not_null());
        diesel::update(row).set(routes::fallback_id.eq(None::<i64>)).execute(connection)?;
    }
    Ok(())
}

/// Notes that the file, which wrote a route, declares it no more: a part of that write.
pub(super) fn withdraw(connection: &mut AnyConnection, id: RouteId) -> Result<(), Fault> {
    diesel::update(routes::table.find(id.0)).set(routes::is_withdrawn.eq(true)).execute(connection)?;
    Ok(())
}

pub(super) fn delete(
    connection: &mut AnyConnection,
    id: RouteId,
    expected_version: Option<i64>,
) -> Result<Written<()>, Fault> {
    let (name, version) = stored(connection, id)?;
    check_version(expected_version, version)?;
    let leaning: Vec<String> = routes::table
        .filter(routes::fallback_id.eq(id.0))
        .order(routes::name)
        .select(routes::name)
        .load(connection)?;
    if !leaning.is_empty() {
        let leaning: Vec<String> = leaning.iter().map(|name| format!("`{name}`")).collect();
        return Err(conflict(format!("these routes fall back to it: {}", leaning.join(", "))));
    }
    diesel::delete(routes::table.find(id.0)).execute(connection)?;
    Ok(Written::changed(id.0).with("name", name))
}

/// Removes the targets that lead to a provider: a change of each route that has some, which stays whose it is.
pub(super) fn take_targets(
    connection: &mut AnyConnection,
    provider: ProviderId,
    author: &Author,
) -> Result<(), Fault> {
    let leads_there = |route: &Route| route.targets.iter().any(|target| target.provider == provider);
    let mut changed = load_routes(connection)?;
    changed.retain(leads_there);
    targets::delete_at(connection, provider)?;
    for route in &mut changed {
        route.targets.retain(|target| target.provider != provider);
        note_targets(connection, route, author)?;
    }
    Ok(())
}

/// Notes that a route, which is as it was read else, has only these targets by now: a version of it, which stays whose it is.
pub(super) fn note_targets(
    connection: &mut AnyConnection,
    route: &Route,
    author: &Author,
) -> Result<(), Fault> {
    let version = route.meta.version + 1;
    diesel::update(routes::table.find(route.id.0))
        .set((
            routes::version.eq(version),
            routes::updated_at.eq(author.at.0),
            routes::updated_by.eq(author.by.name.as_ref()),
        ))
        .execute(connection)?;
    versions::note(connection, route.id.0, version, &NewRoute::from(route), author)
}

/// Refuses a fallback that is not there, one that leads back to the route, and a chain without an end in sight.
fn check_fallback(
    connection: &mut AnyConnection,
    id: Option<RouteId>,
    route: &NewRoute,
) -> Result<(), Fault> {
    let mut next = route.fallback;
    for _ in 0..=LONGEST_CHAIN {
        let Some(current) = next else { return Ok(()) };
        if Some(current) == id {
            return Err(conflict(format!("the fallback of the route `{}` leads back to it", route.name)));
        }
        let row = routes::table.find(current.0).select(routes::fallback_id);
        let row: Option<Option<i64>> = row.first(connection).optional()?;
        next = row.ok_or_else(|| missing(current))?.map(RouteId);
    }
    Err(conflict(format!("the route `{}` falls back over more than {LONGEST_CHAIN} routes", route.name)))
}

/// The route of a name.
pub(super) fn id_of(connection: &mut AnyConnection, name: &Name) -> Result<RouteId, Fault> {
    let row = routes::table.filter(routes::name.eq(name.as_str())).select(routes::id);
    let id: Option<i64> = row.first(connection).optional()?;
    id.map(RouteId).ok_or_else(|| not_found(format!("the route `{name}`")))
}

/// The name and the version of a route.
fn stored(connection: &mut AnyConnection, id: RouteId) -> Result<(String, i64), Fault> {
    let row = routes::table.find(id.0).select((routes::name, routes::version));
    let row: Option<(String, i64)> = row.first(connection).optional()?;
    row.ok_or_else(|| missing(id))
}

fn missing(id: RouteId) -> Fault {
    not_found(format!("route {id}"))
}

fn taken(error: diesel::result::Error, route: &NewRoute) -> Fault {
    Fault::from(error).or_taken(|_| format!("a route named `{}` exists", route.name))
}
