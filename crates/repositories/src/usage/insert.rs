//! Rows into a SQLite database, many with one statement.
//!
//! The statements are spelled here rather than built by diesel's own insert, which SQLite could not keep prepared for several rows
//! at once, and whose tree of 28 columns is walked three times for each row: that cost as much as the insertion itself. Columns and
//! types are still the schema's, and checked by the compiler.

use super::row::{EventRow, LedgerRow, Pair};
use crate::error::Fault;
use crate::schema::{ledger_entries, usage_events};
use diesel::expression::Expression;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::Error as DieselError;
use diesel::sqlite::Sqlite;

/// Rows in one statement.
const ROWS_AT_ONCE: usize = 16;

/// Inserts the pairs whose event is not there yet, and returns them. The caller gives the transaction.
pub(super) fn insert_new<'a>(
    connection: &mut SqliteConnection,
    pairs: &'a [Pair],
) -> Result<Vec<&'a Pair>, Fault> {
    match connection.transaction(|connection| insert_all(connection, pairs)) {
        Ok(()) => Ok(pairs.iter().collect()),
        Err(DieselError::RollbackTransaction) => insert_one_by_one(connection, pairs),
        Err(error) => Err(error.into()),
    }
}

/// Inserts all, or rolls back when one of them is there already: a statement of many rows does not say which.
fn insert_all(connection: &mut SqliteConnection, pairs: &[Pair]) -> Result<(), DieselError> {
    let events: Vec<&EventRow> = pairs.iter().map(|pair| &pair.event).collect();
    let (chunks, rest) = events.as_chunks::<ROWS_AT_ONCE>();
    let mut inserted = 0;
    for chunk in chunks {
        inserted += Events(chunk).execute(connection)?;
    }
    for event in rest {
        inserted += Events(&[event]).execute(connection)?;
    }
    if inserted != pairs.len() {
        return Err(DieselError::RollbackTransaction);
    }
    let entries: Vec<&LedgerRow> = pairs.iter().filter_map(|pair| pair.entry.as_ref()).collect();
    let (chunks, rest) = entries.as_chunks::<ROWS_AT_ONCE>();
    for chunk in chunks {
        Entries(chunk).execute(connection)?;
    }
    for entry in rest {
        Entries(&[entry]).execute(connection)?;
    }
    Ok(())
}

fn insert_one_by_one<'a>(
    connection: &mut SqliteConnection,
    pairs: &'a [Pair],
) -> Result<Vec<&'a Pair>, Fault> {
    let mut new = Vec::with_capacity(pairs.len());
    for pair in pairs {
        if Events(&[&pair.event]).execute(connection)? == 0 {
            continue;
        }
        new.push(pair);
        if let Some(entry) = &pair.entry {
            Entries(&[entry]).execute(connection)?;
        }
    }
    Ok(new)
}

/// The insertion of as many rows as the array holds; those whose key is there already are left out.
macro_rules! insertion {
    ($name:ident, $row:ident, $table:ident, $first:ident $(, $column:ident)+ $(,)?) => {
        struct $name<'a, const ROWS: usize>(&'a [&'a $row; ROWS]);

        impl<const ROWS: usize> QueryId for $name<'_, ROWS> {
            type QueryId = $name<'static, ROWS>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl<const ROWS: usize> RunQueryDsl<SqliteConnection> for $name<'_, ROWS> {}

        impl<const ROWS: usize> QueryFragment<Sqlite> for $name<'_, ROWS> {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
                out.push_sql(concat!(
                    "INSERT OR IGNORE INTO ",
                    stringify!($table),
                    " (",
                    stringify!($first),
                    $(", ", stringify!($column),)+
                    ") VALUES "
                ));
                for (number, row) in self.0.iter().enumerate() {
                    out.push_sql(if number == 0 { "(" } else { ", (" });
                    out.push_bind_param::<<$table::$first as Expression>::SqlType, _>(&row.$first)?;
                    $(
                        out.push_sql(", ");
                        out.push_bind_param::<<$table::$column as Expression>::SqlType, _>(&row.$column)?;
                    )+
                    out.push_sql(")");
                }
                Ok(())
            }
        }
    };
}

insertion!(
    Events,
    EventRow,
    usage_events,
    id,
    call_id,
    attempt,
    is_final,
    request_id,
    at,
    key_id,
    dialect,
    requested_model,
    route,
    provider_id,
    provider_name,
    model,
    stream,
    simulated,
    outcome,
    status,
    fault,
    input_tokens,
    output_tokens,
    token_details,
    usage_source,
    cost,
    price_version,
    dropped,
    first_content_ms,
    duration_ms,
    service_tier,
);

insertion!(
    Entries,
    LedgerRow,
    ledger_entries,
    id,
    call_id,
    at,
    key_id,
    provider_id,
    model,
    amount,
    price_version,
    usage_source,
    lines,
);
