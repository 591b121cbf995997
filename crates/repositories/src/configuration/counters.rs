//! Ids of objects that people administer. Those that come with the product are counted from 1,000,000, so that the first one
//! that somebody makes is number 1.

use crate::connection::{AnyConnection, each};
use crate::error::{Fault, corrupt};
use crate::schema::{counters, providers, routes};
use diesel::dsl::max;
use diesel::prelude::*;
use switchyard_domain::meta::Owner;

/// The first id of what comes with the product.
const FIRST_SEEDED: i64 = 1_000_000;
/// Counts the editions of what comes with the product.
pub(super) const SEEDS: &str = "seeds";

/// A new provider's id.
pub(super) fn provider_id(connection: &mut AnyConnection, owner: &Owner) -> Result<i64, Fault> {
    let ids = providers::table.select(max(providers::id));
    let (name, newest) = if is_seed(owner) {
        ("seeded_provider_ids", ids.first(connection)?)
    } else {
        ("provider_ids", ids.filter(providers::id.lt(FIRST_SEEDED)).first(connection)?)
    };
    next(connection, name, newest)
}

/// A new route's id.
pub(super) fn route_id(connection: &mut AnyConnection, owner: &Owner) -> Result<i64, Fault> {
    let ids = routes::table.select(max(routes::id));
    let (name, newest) = if is_seed(owner) {
        ("seeded_route_ids", ids.first(connection)?)
    } else {
        ("route_ids", ids.filter(routes::id.lt(FIRST_SEEDED)).first(connection)?)
    };
    next(connection, name, newest)
}

pub(super) fn is_seed(owner: &Owner) -> bool {
    *owner == Owner::Seed
}

/// The next id. An older version beside this one does not count here: what it wrote is looked at too.
fn next(connection: &mut AnyConnection, name: &str, newest: Option<i64>) -> Result<i64, Fault> {
    let known = value(connection, name)?;
    let next = known.max(newest.unwrap_or_default()).saturating_add(1);
    set(connection, name, next)?;
    Ok(next)
}

/// A counter's value.
pub(super) fn value(connection: &mut AnyConnection, name: &str) -> Result<i64, Fault> {
    let found: Option<i64> =
        counters::table.find(name).select(counters::value).first(connection).optional()?;
    found.ok_or_else(|| corrupt(format!("the counter `{name}` is missing")))
}

/// Sets a counter.
pub(super) fn set(connection: &mut AnyConnection, name: &str, value: i64) -> Result<(), Fault> {
    let row = counters::table.find(name);
    each!(connection, inner => diesel::update(row).set(counters::value.eq(value)).execute(inner))?;
    Ok(())
}
