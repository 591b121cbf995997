//! The requests of UTC days that count for the limits of targets.

use super::row::Pair;
use crate::connection::AnyConnection;
use crate::error::Fault;
use crate::schema::target_days;
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel::{PgConnection, SqliteConnection};
use std::collections::BTreeMap;
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::Outcome;

/// Rows in one statement of 3 parameters a row.
const ROWS_AT_ONCE: usize = 1_000;

/// How many requests, by day and target. Ordered, so that writers take the lines in one order and never wait in a circle.
pub(super) type Requests = BTreeMap<(i32, i64), i64>;

/// What some events come to.
pub(super) fn sums<'a>(pairs: impl Iterator<Item = &'a Pair>) -> Requests {
    let mut sums = Requests::new();
    for event in pairs.map(|pair| &pair.event) {
        let counts = Outcome::parse(&event.outcome).is_some_and(Outcome::counts_for_the_day);
        if let Some(target) = event.target_id.filter(|_| counts) {
            *sums.entry((Timestamp(event.at).day().0, target)).or_default() += 1;
        }
    }
    sums
}

/// Adds to the stored sums; the caller gives the transaction.
pub(super) fn add(connection: &mut AnyConnection, sums: &Requests) -> Result<(), Fault> {
    let lines: Vec<(i32, i64, i64)> =
        sums.iter().map(|((day, target), requests)| (*day, *target, *requests)).collect();
    match connection {
        AnyConnection::Sqlite(sqlite) => add_one_by_one(sqlite, &lines),
        AnyConnection::Postgres(postgres) => add_many(postgres, &lines),
    }
}

macro_rules! line {
    ($line:expr) => {{
        let (day, target, requests) = $line;
        (target_days::day.eq(day), target_days::target_id.eq(target), target_days::requests.eq(requests))
    }};
}

// An update, and an insert where there was nothing to update: both stay prepared, which an upsert does not.
fn add_one_by_one(connection: &mut SqliteConnection, lines: &[(i32, i64, i64)]) -> Result<(), Fault> {
    for &(day, target, more) in lines {
        let rows = diesel::update(target_days::table.find((day, target)))
            .set(target_days::requests.eq(target_days::requests + more))
            .execute(connection)?;
        if rows == 0 {
            diesel::insert_into(target_days::table).values(line!((day, target, more))).execute(connection)?;
        }
    }
    Ok(())
}

fn add_many(connection: &mut PgConnection, lines: &[(i32, i64, i64)]) -> Result<(), Fault> {
    for chunk in lines.chunks(ROWS_AT_ONCE) {
        let lines: Vec<_> = chunk.iter().map(|line| line!(*line)).collect();
        diesel::insert_into(target_days::table)
            .values(lines)
            .on_conflict((target_days::day, target_days::target_id))
            .do_update()
            .set(target_days::requests.eq(target_days::requests + excluded(target_days::requests)))
            .execute(connection)?;
    }
    Ok(())
}
