//! How the targets of attempts were chosen: rows beside those of the events, where there was a choice.

use super::row::{Pair, text};
use crate::connection::AnyConnection;
use crate::error::Fault;
use crate::schema::attempt_choices;
use crate::stored::{from_json, json};
use diesel::prelude::*;
use diesel::{PgConnection, SqliteConnection};
use std::borrow::Cow;
use std::collections::HashMap;
use switchyard_domain::usage::UsageEvent;

/// Rows in one statement of 3 parameters a row.
const ROWS_AT_ONCE: usize = 1_000;

/// How the target of an attempt was chosen.
#[derive(Clone, Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = attempt_choices, treat_none_as_default_value = false)]
pub(super) struct ChoiceRow {
    attempt_id: Vec<u8>,
    rule: Option<String>,
    passed_over: Option<String>,
}

impl ChoiceRow {
    /// That of an event; `None` where there was nothing to choose.
    pub(super) fn of(event: &UsageEvent) -> Result<Option<Self>, Fault> {
        if event.rule.is_none() && event.passed_over.is_empty() {
            return Ok(None);
        }
        let passed_over = (!event.passed_over.is_empty()).then(|| json(&event.passed_over)).transpose()?;
        Ok(Some(Self {
            attempt_id: event.id.0.into_bytes().to_vec(),
            rule: event.rule.as_deref().map(text),
            passed_over: passed_over.as_deref().map(text),
        }))
    }
}

/// Writes those of events that are new; the caller gives the transaction.
pub(super) fn add(connection: &mut AnyConnection, new: &[&Pair]) -> Result<(), Fault> {
    let rows: Vec<&ChoiceRow> = new.iter().filter_map(|pair| pair.choice.as_ref()).collect();
    match connection {
        AnyConnection::Sqlite(sqlite) => add_one_by_one(sqlite, &rows),
        AnyConnection::Postgres(postgres) => add_many(postgres, &rows),
    }
}

fn add_one_by_one(connection: &mut SqliteConnection, rows: &[&ChoiceRow]) -> Result<(), Fault> {
    for row in rows {
        diesel::insert_or_ignore_into(attempt_choices::table).values(*row).execute(connection)?;
    }
    Ok(())
}

fn add_many(connection: &mut PgConnection, rows: &[&ChoiceRow]) -> Result<(), Fault> {
    for chunk in rows.chunks(ROWS_AT_ONCE) {
        diesel::insert_into(attempt_choices::table)
            .values(chunk.to_vec())
            .on_conflict_do_nothing()
            .execute(connection)?;
    }
    Ok(())
}

/// Adds to events what is known of how their targets were chosen.
pub(super) fn tell(
    connection: &mut AnyConnection,
    mut events: Vec<UsageEvent>,
) -> Result<Vec<UsageEvent>, Fault> {
    let ids: Vec<Vec<u8>> = events.iter().map(|event| event.id.0.into_bytes().to_vec()).collect();
    let rows: Vec<ChoiceRow> = attempt_choices::table
        .filter(attempt_choices::attempt_id.eq_any(ids))
        .select(ChoiceRow::as_select())
        .load(connection)?;
    let mut known: HashMap<Vec<u8>, ChoiceRow> =
        rows.into_iter().map(|row| (row.attempt_id.clone(), row)).collect();
    for event in &mut events {
        if let Some(row) = known.remove(event.id.0.into_bytes().as_slice()) {
            event.rule = row.rule.map(Cow::Owned);
            event.passed_over =
                row.passed_over.map_or_else(|| Ok(Vec::new()), |it| from_json(&it, "passed_over"))?;
        }
    }
    Ok(events)
}
