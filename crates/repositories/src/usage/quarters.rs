//! What scopes spent in quarters of an hour. Days of every zone begin and end with one, so a part of a day is few lines, however many
//! events it has.

use super::rollup::HALF;
use super::row::{EventRow, Pair};
use crate::connection::AnyConnection;
use crate::error::Fault;
use crate::schema::usage_quarters;
use diesel::dsl::case_when;
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel::{PgConnection, SqliteConnection};
use std::collections::BTreeMap;
use switchyard_domain::chat::UsageSource;
use switchyard_domain::ids::{ProviderId, UserId, VirtualKeyId};
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::time::Timestamp;

/// Rows in one statement of 3 parameters a row.
const ROWS_AT_ONCE: usize = 1_000;

/// A quarter of an hour in milliseconds.
pub(super) const LENGTH: i64 = 15 * 60 * 1_000;

/// What scopes spent, by the first moment of the quarter.
pub(super) type Spent = BTreeMap<(QuotaScope, i64), i64>;

/// The first moment of the quarter that a moment is in.
pub(super) fn beginning(at: Timestamp) -> Timestamp {
    Timestamp(at.0.saturating_sub(at.0.rem_euclid(LENGTH)))
}

/// The beginning of a quarter that is this moment, or the next one.
pub(super) fn next_beginning(at: Timestamp) -> Timestamp {
    let beginning = beginning(at);
    if beginning < at { Timestamp(beginning.0.saturating_add(LENGTH)) } else { beginning }
}

/// The scopes that pay what a key, a user and a provider have to do with.
pub(super) fn payers(key: Option<i64>, user: Option<i64>, provider: i64) -> impl Iterator<Item = QuotaScope> {
    let key = key.map(|id| QuotaScope::Key(VirtualKeyId(id)));
    let user = user.map(|id| QuotaScope::User(UserId(id)));
    let provider = Some(QuotaScope::Provider(ProviderId(provider)));
    [key, user, provider, Some(QuotaScope::Global)].into_iter().flatten()
}

/// What some events come to.
pub(super) fn sums<'a>(pairs: impl Iterator<Item = &'a Pair>) -> Spent {
    let mut sums = Spent::new();
    for EventRow { key_id, user_id, provider_id, at, cost, usage_source, .. } in pairs.map(|pair| &pair.event)
    {
        let used = usage_source != UsageSource::None.as_str();
        let Some(cost) = cost.filter(|cost| used && *cost > 0) else { continue };
        for scope in payers(*key_id, *user_id, *provider_id) {
            let sum = sums.entry((scope, beginning(Timestamp(*at)).0)).or_default();
            *sum = sum.saturating_add(cost);
        }
    }
    sums
}

/// Adds to the stored sums; the caller gives the transaction. All writers take the lines in one order, and the one that they all want
/// last: it is theirs for the shortest time.
pub(super) fn add(connection: &mut AnyConnection, sums: &Spent) -> Result<(), Fault> {
    let lines = sums.iter().rev();
    let lines = lines.map(|((scope, quarter), cost)| (scope.to_string(), *quarter, (*cost).min(HALF)));
    match connection {
        AnyConnection::Sqlite(sqlite) => add_one_by_one(sqlite, lines),
        AnyConnection::Postgres(postgres) => add_many(postgres, &lines.collect::<Vec<_>>()),
    }
}

macro_rules! grown {
    ($more:expr) => {
        usage_quarters::cost.eq(case_when(usage_quarters::cost.gt(HALF), usage_quarters::cost)
            .otherwise(usage_quarters::cost + $more))
    };
}

macro_rules! line {
    ($line:expr) => {{
        let (scope, quarter, cost) = $line;
        (usage_quarters::scope.eq(scope), usage_quarters::quarter.eq(quarter), usage_quarters::cost.eq(cost))
    }};
}

// An update, and an insert where there was nothing to update: both stay prepared, which an upsert does not.
fn add_one_by_one(
    connection: &mut SqliteConnection,
    lines: impl Iterator<Item = (String, i64, i64)>,
) -> Result<(), Fault> {
    for (scope, quarter, more) in lines {
        let rows = diesel::update(usage_quarters::table.find((&scope, quarter)))
            .set(grown!(more))
            .execute(connection)?;
        if rows == 0 {
            let line = line!((&scope, quarter, more));
            diesel::insert_into(usage_quarters::table).values(line).execute(connection)?;
        }
    }
    Ok(())
}

fn add_many(connection: &mut PgConnection, lines: &[(String, i64, i64)]) -> Result<(), Fault> {
    for chunk in lines.chunks(ROWS_AT_ONCE) {
        let lines: Vec<_> =
            chunk.iter().map(|(scope, quarter, more)| line!((scope, quarter, more))).collect();
        diesel::insert_into(usage_quarters::table)
            .values(lines)
            .on_conflict((usage_quarters::scope, usage_quarters::quarter))
            .do_update()
            .set(grown!(excluded(usage_quarters::cost)))
            .execute(connection)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_begins_at_or_before_each_of_its_moments() {
        for (at, begins, next) in [
            (0, 0, 0),
            (1, 0, LENGTH),
            (LENGTH - 1, 0, LENGTH),
            (LENGTH, LENGTH, LENGTH),
            (-1, -LENGTH, 0),
            (i64::MIN, i64::MIN, i64::MIN),
        ] {
            assert_eq!((beginning(Timestamp(at)).0, next_beginning(Timestamp(at)).0), (begins, next), "{at}");
        }
        assert_eq!(next_beginning(Timestamp(i64::MAX)).0, i64::MAX);
    }
}
