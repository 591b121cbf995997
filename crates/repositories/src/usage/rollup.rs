//! Adds recorded events to the daily sums.

use super::books::{Line, Sums};
use super::row::{EventRow, Pair};
use crate::connection::AnyConnection;
use crate::error::Fault;
use crate::schema::usage_daily;
use diesel::dsl::case_when;
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel::{PgConnection, SqliteConnection};
use std::collections::BTreeMap;
use switchyard_domain::chat::UsageSource;
use switchyard_domain::time::Timestamp;

/// Rows in one statement of 15 parameters a row.
const ROWS_AT_ONCE: usize = 1_000;

/// A sum that has come this far grows no more, and nothing larger is added at once: an absurd price must not overflow the column,
/// which would block every event after it. As money it is four billion dollars a day and line.
pub(super) const HALF: i64 = i64::MAX / 2;

/// The sums of some events, by line.
pub(super) fn sums<'a>(pairs: impl Iterator<Item = &'a Pair>) -> BTreeMap<Line, Sums> {
    let mut sums: BTreeMap<Line, Sums> = BTreeMap::new();
    for pair in pairs {
        sums.entry(line(&pair.event)).or_default().add(parts(&pair.event));
    }
    sums
}

fn line(event: &EventRow) -> Line {
    Line {
        day: Timestamp(event.at).day().0,
        key_id: event.key_id.unwrap_or(0),
        user_id: event.user_id.unwrap_or(0),
        provider_id: event.provider_id,
        provider_name: event.provider_name.clone(),
        model: event.model.clone(),
        route: event.route.clone().unwrap_or_default(),
        outcome: event.outcome.clone(),
        simulated: event.simulated,
    }
}

fn parts(event: &EventRow) -> Sums {
    let used = event.usage_source != UsageSource::None.as_str();
    let cost = event.cost.filter(|_| used);
    Sums {
        calls: i64::from(event.is_final),
        attempts: 1,
        input_tokens: event.input_tokens,
        output_tokens: event.output_tokens,
        cost: cost.unwrap_or(0),
        unpriced: i64::from(used && cost.is_none()),
    }
}

/// Adds to the stored sums; the caller gives the transaction.
pub(super) fn add(connection: &mut AnyConnection, sums: &BTreeMap<Line, Sums>) -> Result<(), Fault> {
    match connection {
        AnyConnection::Sqlite(sqlite) => add_one_by_one(sqlite, sums),
        AnyConnection::Postgres(postgres) => add_many(postgres, sums),
    }
}

macro_rules! grown {
    ($column:ident, $more:expr) => {
        usage_daily::$column.eq(case_when(usage_daily::$column.gt(HALF), usage_daily::$column)
            .otherwise(usage_daily::$column + $more))
    };
}

// An update, and an insert where there was nothing to update: both stay prepared, which an upsert does not.
fn add_one_by_one(connection: &mut SqliteConnection, sums: &BTreeMap<Line, Sums>) -> Result<(), Fault> {
    for (line, more) in sums {
        let more = more.held_at(HALF);
        let key = (
            line.day,
            line.key_id,
            line.user_id,
            line.provider_id,
            &line.provider_name,
            &line.model,
            &line.route,
            &line.outcome,
            line.simulated,
        );
        let rows = diesel::update(usage_daily::table.find(key))
            .set((
                grown!(calls, more.calls),
                grown!(attempts, more.attempts),
                grown!(input_tokens, more.input_tokens),
                grown!(output_tokens, more.output_tokens),
                grown!(cost, more.cost),
                grown!(unpriced, more.unpriced),
            ))
            .execute(connection)?;
        if rows == 0 {
            diesel::insert_into(usage_daily::table).values((line, &more)).execute(connection)?;
        }
    }
    Ok(())
}

fn add_many(connection: &mut PgConnection, sums: &BTreeMap<Line, Sums>) -> Result<(), Fault> {
    let rows: Vec<(&Line, Sums)> = sums.iter().map(|(line, more)| (line, more.held_at(HALF))).collect();
    for chunk in rows.chunks(ROWS_AT_ONCE) {
        let values: Vec<_> = chunk.iter().map(|(line, more)| (*line, more)).collect();
        diesel::insert_into(usage_daily::table)
            .values(values)
            .on_conflict((
                usage_daily::day,
                usage_daily::key_id,
                usage_daily::user_id,
                usage_daily::provider_id,
                usage_daily::provider_name,
                usage_daily::model,
                usage_daily::route,
                usage_daily::outcome,
                usage_daily::simulated,
            ))
            .do_update()
            .set((
                grown!(calls, excluded(usage_daily::calls)),
                grown!(attempts, excluded(usage_daily::attempts)),
                grown!(input_tokens, excluded(usage_daily::input_tokens)),
                grown!(output_tokens, excluded(usage_daily::output_tokens)),
                grown!(cost, excluded(usage_daily::cost)),
                grown!(unpriced, excluded(usage_daily::unpriced)),
            ))
            .execute(connection)?;
    }
    Ok(())
}
