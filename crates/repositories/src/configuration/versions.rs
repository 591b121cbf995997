//! The versions of routes: what each write made of one, by the names of then and by what these names were.

use crate::connection::AnyConnection;
use crate::error::Fault;
use crate::schema::{providers, route_versions, routes};
use crate::stored::{from_json, json, name};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use switchyard_domain::declared::DeclaredRoute;
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::name::Name;
use switchyard_domain::time::Timestamp;
use switchyard_ports::repositories::{Author, LedTo, NewRoute, RouteVersion};

/// How many versions of a route are kept.
const KEPT: i64 = 100;

/// A version as it is stored.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    ByIds(StoredByIds<DeclaredRoute>),
    /// As it was stored once.
    ByNames(DeclaredRoute),
}

/// A version with the ids of what it led to: names may be others' by the time that somebody goes back to it.
#[derive(Serialize, Deserialize)]
struct StoredByIds<R> {
    route: R,
    /// Of the targets' providers, in the order of the targets.
    providers: Vec<i64>,
    fallback: Option<i64>,
}

impl Stored {
    fn read(self) -> (DeclaredRoute, Option<LedTo>) {
        match self {
            Self::ByNames(route) => (route, None),
            Self::ByIds(StoredByIds { route, providers, fallback }) => {
                let providers = providers.into_iter().map(ProviderId).collect();
                (route, Some(LedTo { providers, fallback: fallback.map(RouteId) }))
            }
        }
    }
}

/// Keeps what a write made of a route.
pub(super) fn note(
    connection: &mut AnyConnection,
    id: i64,
    version: i64,
    route: &NewRoute,
    author: &Author,
) -> Result<(), Fault> {
    let (declared, led_to) = declared(connection, route)?;
    let providers = led_to.providers.iter().map(|id| id.0).collect();
    let fallback = led_to.fallback.map(|id| id.0);
    let document = json(&StoredByIds { route: &declared, providers, fallback })?;
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
            let stored: Stored = from_json(&document, "route_versions.document")?;
            let (route, led_to) = stored.read();
            Ok(RouteVersion { version, route, led_to, written_at: Timestamp(written_at), written_by })
        })
        .collect()
}

/// A route by the names of the objects that it leads to, and these.
fn declared(connection: &mut AnyConnection, route: &NewRoute) -> Result<(DeclaredRoute, LedTo), Fault> {
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
    let led_to = route.leads_to(|provider| named.contains_key(&provider.0));
    Ok((route.declared(|provider| named.get(&provider.0).cloned(), fallback), led_to))
}
