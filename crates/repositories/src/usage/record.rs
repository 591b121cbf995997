//! Records a batch of events: each counts once, however often it comes.

use super::row::{EventRow, LedgerRow, Pair};
use super::{choices, insert, quarters, rollup, target_days};
use crate::connection::AnyConnection;
use crate::error::Fault;
use crate::schema::{ledger_entries, usage_events};
use diesel::PgConnection;
use diesel::prelude::*;
use std::collections::HashSet;

/// Rows in one statement. PostgreSQL takes 65,535 parameters; an event has 32.
const ROWS_AT_ONCE: usize = 500;

/// Writes the events that are new, with their ledger entries, adds them to the sums of days, quarters and targets, and returns how many there were. The
/// caller gives the transaction.
///
/// SQLite runs prepared statements of some rows each, since there a statement costs more to prepare than it saves. PostgreSQL takes
/// as many rows a statement as it can, since there a round trip costs more.
pub(super) fn record(connection: &mut AnyConnection, pairs: &[Pair]) -> Result<u64, Fault> {
    let new = match connection {
        AnyConnection::Sqlite(sqlite) => insert::insert_new(sqlite, pairs)?,
        AnyConnection::Postgres(postgres) => insert_many(postgres, pairs)?,
    };
    choices::add(connection, &new)?;
    rollup::add(connection, &rollup::sums(new.iter().copied()))?;
    quarters::add(connection, &quarters::sums(new.iter().copied()))?;
    target_days::add(connection, &target_days::sums(new.iter().copied()))?;
    Ok(new.len() as u64)
}

fn insert_many<'a>(connection: &mut PgConnection, pairs: &'a [Pair]) -> Result<Vec<&'a Pair>, Fault> {
    let mut inserted: HashSet<Vec<u8>> = HashSet::with_capacity(pairs.len());
    for chunk in pairs.chunks(ROWS_AT_ONCE) {
        let rows: Vec<&EventRow> = chunk.iter().map(|pair| &pair.event).collect();
        let ids: Vec<Vec<u8>> = diesel::insert_into(usage_events::table)
            .values(rows)
            .on_conflict(usage_events::id)
            .do_nothing()
            .returning(usage_events::id)
            .get_results(connection)?;
        inserted.extend(ids);
    }
    let new: Vec<&Pair> = pairs.iter().filter(|pair| inserted.contains(&pair.event.id)).collect();
    let entries: Vec<&LedgerRow> = new.iter().filter_map(|pair| pair.entry.as_ref()).collect();
    for chunk in entries.chunks(ROWS_AT_ONCE) {
        diesel::insert_into(ledger_entries::table)
            .values(chunk.to_vec())
            .on_conflict(ledger_entries::id)
            .do_nothing()
            .execute(connection)?;
    }
    Ok(new)
}
