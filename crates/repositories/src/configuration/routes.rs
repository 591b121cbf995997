//! Routes and their targets.

use super::counters;
use super::created::Created;
use super::providers;
use super::revision::Written;
use crate::connection::{AnyConnection, each};
use crate::error::{Fault, check_version, not_found};
use crate::schema::{routes, targets};
use crate::stored::limit_columns;
use diesel::prelude::*;
use switchyard_domain::ids::RouteId;
use switchyard_domain::meta::Owner;
use switchyard_ports::repositories::{Author, NewRoute, NewTarget};

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
        return Ok(Created { id: seeded, took_over: true });
    }
    let row = (
        routes::id.eq(counters::route_id(connection, &author.by.owner)?),
        routes::name.eq(route.name.as_str()),
        routes::mode.eq(route.mode.as_str()),
        routes::strategy.eq(route.strategy.as_str()),
        routes::failover_on.eq(route.failover_on.as_str()),
        routes::strict.eq(route.strict),
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
    put_targets(connection, id, &route.targets)?;
    Ok(Created { id, took_over: false })
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
    diesel::update(routes::table.find(id.0))
        .set((
            routes::name.eq(route.name.as_str()),
            routes::mode.eq(route.mode.as_str()),
            routes::strategy.eq(route.strategy.as_str()),
            routes::failover_on.eq(route.failover_on.as_str()),
            routes::strict.eq(route.strict),
            routes::is_active.eq(route.is_active),
            routes::version.eq(version + 1),
            routes::owner.eq(author.by.owner.to_string()),
            routes::updated_at.eq(author.at.0),
            routes::updated_by.eq(author.by.name.as_ref()),
        ))
        .execute(connection)
        .map_err(|error| taken(error, route))?;
    put_targets(connection, id.0, &route.targets)?;
    let written = Written::changed(id.0).with("name", route.name.as_str());
    Ok(if name == route.name.as_str() { written } else { written.with("name_before", name) })
}

pub(super) fn delete(connection: &mut AnyConnection, id: RouteId) -> Result<Written<()>, Fault> {
    let (name, _) = stored(connection, id)?;
    diesel::delete(routes::table.find(id.0)).execute(connection)?;
    Ok(Written::changed(id.0).with("name", name))
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

/// Replaces the list of targets. A target of the same provider and model keeps its id, so that limits and turns that count by it
/// go on when a route is edited.
fn put_targets(connection: &mut AnyConnection, route: i64, list: &[NewTarget]) -> Result<(), Fault> {
    let named: Vec<_> = list.iter().map(|target| target.provider).collect();
    providers::must_exist(connection, &named)?;
    let mut stored: Vec<(i64, i64, String)> = targets::table
        .filter(targets::route_id.eq(route))
        .order((targets::position, targets::id))
        .select((targets::id, targets::provider_id, targets::model))
        .load(connection)?;
    for (position, target) in (0_i32..).zip(list) {
        let (rpm, tpm, rpd, concurrency) = limit_columns(&target.limits);
        let facts = (
            targets::position.eq(position),
            targets::weight.eq(i64::from(target.weight)),
            targets::priority.eq(i64::from(target.priority)),
            targets::rpm.eq(rpm),
            targets::tpm.eq(tpm),
            targets::rpd.eq(rpd),
            targets::concurrency.eq(concurrency),
        );
        let same = |(_, provider, model): &(i64, i64, String)| {
            *provider == target.provider.0 && *model == target.model
        };
        if let Some(place) = stored.iter().position(same) {
            let (id, ..) = stored.remove(place);
            diesel::update(targets::table.find(id)).set(facts).execute(connection)?;
            continue;
        }
        let new = (
            targets::route_id.eq(route),
            targets::provider_id.eq(target.provider.0),
            targets::model.eq(&target.model),
            targets::is_enabled.eq(true),
            facts,
        );
        diesel::insert_into(targets::table).values(new).execute(connection)?;
    }
    for (id, ..) in stored {
        diesel::delete(targets::table.find(id)).execute(connection)?;
    }
    Ok(())
}
