//! The versions of routes: what each write made of one, by the names of then.

use crate::connection::AnyConnection;
use crate::error::Fault;
use crate::schema::{providers, route_versions, routes};
use crate::stored::{from_json, json, name};
use diesel::prelude::*;
use std::collections::HashMap;
use switchyard_domain::declared::DeclaredRoute;
use switchyard_domain::ids::RouteId;
use switchyard_domain::name::Name;
use switchyard_domain::time::Timestamp;
use switchyard_ports::repositories::{Author, NewRoute, RouteVersion};

/// How many versions of a route are kept.
const KEPT: i64 = 100;

/// Keeps what a write made of a route.
pub(super) fn note(
    connection: &mut AnyConnection,
    id: i64,
    version: i64,
    route: &NewRoute,
    author: &Author,
) -> Result<(), Fault> {
    let document = json(&declared(connection, route)?)?;
    diesel::insert_into(route_versions::table)
        .values((
            route_versions::route_id.eq(id),
            route_versions::version.eq(version),
            route_versions::document.eq(document),
            route_versions::written_at.eq(author.at.0),
            route_versions::written_by.eq(author.by.name.as_ref()),
        ))
        .execute(connection)?;
    let outdated = route_versions::version.le(version - KEPT);
    diesel::delete(route_versions::table.filter(route_versions::route_id.eq(id)).filter(outdated))
        .execute(connection)?;
    Ok(())
}

/// Those of a route, the newest first.
pub(super) fn page(
    connection: &mut AnyConnection,
    id: RouteId,
    before: Option<i64>,
    most: u32,
) -> Result<Vec<RouteVersion>, Fault> {
    let rows: Vec<(i64, String, i64, String)> = route_versions::table
        .filter(route_versions::route_id.eq(id.0))
        .filter(route_versions::version.lt(before.unwrap_or(i64::MAX)))
        .order(route_versions::version.desc())
        .limit(i64::from(most))
        .select((
            route_versions::version,
            route_versions::document,
            route_versions::written_at,
            route_versions::written_by,
        ))
        .load(connection)?;
    rows.into_iter()
        .map(|(version, document, written_at, written_by)| {
            let route = from_json(&document, "route_versions.document")?;
            Ok(RouteVersion { version, route, written_at: Timestamp(written_at), written_by })
        })
        .collect()
}

/// A route by the names of the objects that it leads to.
fn declared(connection: &mut AnyConnection, route: &NewRoute) -> Result<DeclaredRoute, Fault> {
    let ids: Vec<i64> = route.targets.iter().map(|target| target.provider.0).collect();
    let named: Vec<(i64, String)> = providers::table
        .filter(providers::id.eq_any(ids))
        .select((providers::id, providers::name))
        .load(connection)?;
    let named: HashMap<i64, Name> =
        named.into_iter().map(|(id, text)| Ok((id, name(text)?))).collect::<Result<_, Fault>>()?;
    let fallback = match route.fallback {
        Some(id) => routes::table.find(id.0).select(routes::name).first::<String>(connection).optional()?,
        None => None,
    };
    let fallback = fallback.map(name).transpose()?;
    Ok(route.declared(|provider| named.get(&provider.0).cloned(), fallback))
}
