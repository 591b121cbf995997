//! Rows into a SQLite database, many with one statement.
//!
//! The statements are spelled here rather than built by diesel's own insert, which SQLite could not keep prepared for several rows
//! at once, and whose tree of so many columns is walked three times for each row: that cost as much as the insertion itself. Columns and
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
const ROWS_AT_ONCE: usize = 32;

/// How many kinds of rows are gathered at the same time. Rows of further kinds are inserted one by one.
const KINDS: usize = 16;

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
    let events = pairs.iter().map(|pair| &pair.event);
    let inserted = insert_by_kind(events, Events::<1>::are_alike, |rows| match rows.try_into() {
        Ok(rows) => Events::<ROWS_AT_ONCE>(rows).execute(connection),
        Err(_) => rows.iter().copied().map(|row| Events(&[row]).execute(connection)).sum(),
    })?;
    if inserted != pairs.len() {
        return Err(DieselError::RollbackTransaction);
    }
    let entries = pairs.iter().filter_map(|pair| pair.entry.as_ref());
    insert_by_kind(entries, Entries::<1>::are_alike, |rows| match rows.try_into() {
        Ok(rows) => Entries::<ROWS_AT_ONCE>(rows).execute(connection),
        Err(_) => rows.iter().copied().map(|row| Entries(&[row]).execute(connection)).sum(),
    })?;
    Ok(())
}

/// Gives `insert` rows of one kind, as many as a statement takes or fewer, until all are inserted; counts what it inserted.
fn insert_by_kind<'a, R: 'a>(
    rows: impl Iterator<Item = &'a R>,
    are_alike: fn(&R, &R) -> bool,
    mut insert: impl FnMut(&[&'a R]) -> QueryResult<usize>,
) -> QueryResult<usize> {
    let (mut kinds, mut inserted) = (Vec::<Vec<&R>>::new(), 0);
    for row in rows {
        let is_of = |kind: &&mut Vec<&R>| kind.first().is_none_or(|first| are_alike(first, row));
        if let Some(kind) = kinds.iter_mut().find(is_of) {
            kind.push(row);
            if kind.len() == ROWS_AT_ONCE {
                inserted += insert(kind)?;
                kind.clear();
            }
        } else if kinds.len() < KINDS {
            kinds.push(vec![row]);
        } else {
            inserted += insert(&[row])?;
        }
    }
    for kind in kinds {
        inserted += insert(&kind)?;
    }
    Ok(inserted)
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

/// The insertion of as many rows as the array holds, all alike in the first columns, which are bound once for all of them: to bind a
/// value costs as much as to store it. Rows whose key is there already are left out.
macro_rules! insertion {
    ($name:ident, $row:ident, $table:ident, alike: [$first:ident $(, $alike:ident)+ $(,)?],
     own: [$key:ident $(, $own:ident)+ $(,)?]) => {
        struct $name<'a, const ROWS: usize>(&'a [&'a $row; ROWS]);

        impl<const ROWS: usize> $name<'_, ROWS> {
            /// Whether two rows may stand in one statement.
            fn are_alike(one: &$row, other: &$row) -> bool {
                one.$first == other.$first $(&& one.$alike == other.$alike)+
            }
        }

        impl<const ROWS: usize> QueryId for $name<'_, ROWS> {
            type QueryId = $name<'static, ROWS>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl<const ROWS: usize> RunQueryDsl<SqliteConnection> for $name<'_, ROWS> {}

        impl<const ROWS: usize> QueryFragment<Sqlite> for $name<'_, ROWS> {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
                let Some(alike) = self.0.first() else { return Ok(()) };
                out.push_sql(concat!("INSERT OR IGNORE INTO ", stringify!($table), " (", stringify!($first)));
                out.push_sql(concat!($(", ", stringify!($alike),)+ ", ", stringify!($key)));
                out.push_sql(concat!($(", ", stringify!($own),)+ ") SELECT "));
                out.push_bind_param::<<$table::$first as Expression>::SqlType, _>(&alike.$first)?;
                $(
                    out.push_sql(", ");
                    out.push_bind_param::<<$table::$alike as Expression>::SqlType, _>(&alike.$alike)?;
                )+
                out.push_sql(", own.* FROM (VALUES ");
                for (number, row) in self.0.iter().enumerate() {
                    out.push_sql(if number == 0 { "(" } else { ", (" });
                    out.push_bind_param::<<$table::$key as Expression>::SqlType, _>(&row.$key)?;
                    $(
                        out.push_sql(", ");
                        out.push_bind_param::<<$table::$own as Expression>::SqlType, _>(&row.$own)?;
                    )+
                    out.push_sql(")");
                }
                out.push_sql(") AS own");
                Ok(())
            }
        }
    };
}

insertion!(
    Events,
    EventRow,
    usage_events,
    alike: [
        attempt,
        is_final,
        key_id,
        user_id,
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
        usage_source,
        price_version,
        dropped,
        service_tier,
        credential,
        address,
        target_id,
    ],
    own: [
        id,
        call_id,
        request_id,
        at,
        input_tokens,
        output_tokens,
        token_details,
        cost,
        first_content_ms,
        duration_ms,
    ]
);

insertion!(
    Entries,
    LedgerRow,
    ledger_entries,
    alike: [key_id, user_id, provider_id, model, price_version, usage_source],
    own: [id, call_id, at, amount, lines]
);
