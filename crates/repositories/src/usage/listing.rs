//! Calls one by one, the newest first.

use super::EVENTS_OF_ONE_ID;
use super::choices;
use super::row::{EventRow, text};
use crate::connection::AnyConnection;
use crate::error::Fault;
use crate::schema::{ledger_entries, usage_events};
use diesel::prelude::*;
use std::collections::{BTreeSet, HashMap};
use switchyard_domain::ids::{AttemptId, CallId};
use switchyard_domain::usage::{CallCursor, CallFilter, CallRecord, UsageEvent};

/// An event and the lines of its bill.
type Billed = (EventRow, Option<String>);

/// A page of the calls that are meant.
pub(super) fn calls(
    connection: &mut AnyConnection,
    filter: &CallFilter,
    after: Option<CallCursor>,
    most: u32,
) -> Result<Vec<CallRecord>, Fault> {
    let mut chosen = usage_events::table.filter(usage_events::is_final.eq(true)).into_boxed();
    if let Some(from) = filter.from {
        chosen = chosen.filter(usage_events::at.ge(from.0));
    }
    if let Some(to) = filter.to {
        chosen = chosen.filter(usage_events::at.lt(to.0));
    }
    if let Some(user) = filter.user {
        chosen = chosen.filter(usage_events::user_id.eq(user.0));
    }
    if let Some(key) = filter.key {
        chosen = chosen.filter(usage_events::key_id.eq(key.0));
    }
    if let Some(provider) = &filter.provider {
        chosen = chosen.filter(usage_events::provider_name.eq(text(provider)));
    }
    if let Some(model) = &filter.model {
        chosen = chosen.filter(usage_events::model.eq(text(model)));
    }
    if let Some(route) = &filter.route {
        chosen = chosen.filter(usage_events::route.eq(text(route)));
    }
    if let Some(outcome) = filter.outcome {
        chosen = chosen.filter(usage_events::outcome.eq(outcome.as_str()));
    }
    if let Some(request_id) = &filter.request_id {
        chosen = chosen.filter(usage_events::request_id.eq(text(request_id)));
    }
    if filter.without_simulated {
        chosen = chosen.filter(usage_events::simulated.eq(false));
    }
    if let Some(CallCursor { at, id }) = after {
        let id = id.0.into_bytes().to_vec();
        // The first of the two says nothing new, but an index by time is entered by it.
        chosen = chosen.filter(usage_events::at.le(at.0));
        chosen = chosen.filter(usage_events::at.lt(at.0).or(usage_events::id.lt(id)));
    }
    let rows: Vec<EventRow> = chosen
        .order((usage_events::at.desc(), usage_events::id.desc()))
        .limit(i64::from(most))
        .select(EventRow::as_select())
        .load(connection)?;
    let mut lines = lines_of(connection, rows.iter().map(|row| row.id.clone()).collect())?;
    let last = rows.into_iter().map(|row| {
        let lines = lines.remove(&row.id);
        row.into_event(lines.as_deref())
    });
    let last = choices::tell(connection, last.collect::<Result<_, _>>()?)?;
    whole(connection, last)
}

/// The call that ended with this attempt.
pub(super) fn call(connection: &mut AnyConnection, last: AttemptId) -> Result<Option<CallRecord>, Fault> {
    let row: Option<Billed> = usage_events::table
        .left_join(ledger_entries::table.on(ledger_entries::id.eq(usage_events::id)))
        .filter(usage_events::id.eq(last.0.into_bytes().to_vec()))
        .filter(usage_events::is_final.eq(true))
        .select((EventRow::as_select(), ledger_entries::lines.nullable()))
        .first(connection)
        .optional()?;
    let Some((row, lines)) = row else { return Ok(None) };
    let last = choices::tell(connection, vec![row.into_event(lines.as_deref())?])?;
    Ok(whole(connection, last)?.pop())
}

/// The lines of the bills of these attempts.
fn lines_of(
    connection: &mut AnyConnection,
    attempts: Vec<Vec<u8>>,
) -> Result<HashMap<Vec<u8>, String>, Fault> {
    let lines: Vec<(Vec<u8>, String)> = ledger_entries::table
        .filter(ledger_entries::id.eq_any(attempts))
        .select((ledger_entries::id, ledger_entries::lines))
        .load(connection)?;
    Ok(lines.into_iter().collect())
}

/// The calls that ended with these attempts, with the attempts before.
fn whole(connection: &mut AnyConnection, last: Vec<UsageEvent>) -> Result<Vec<CallRecord>, Fault> {
    let retried = || last.iter().filter(|event| event.attempt > 1);
    let requests: BTreeSet<String> = retried().map(|event| event.request_id.clone()).collect();
    let calls: BTreeSet<Vec<u8>> = retried().map(|event| event.call.0.into_bytes().to_vec()).collect();
    let mut earlier: HashMap<CallId, Vec<UsageEvent>> = HashMap::new();
    if !calls.is_empty() {
        let rows: Vec<Billed> = usage_events::table
            .left_join(ledger_entries::table.on(ledger_entries::id.eq(usage_events::id)))
            .filter(usage_events::request_id.eq_any(requests))
            .filter(usage_events::call_id.eq_any(calls))
            .filter(usage_events::is_final.eq(false))
            .order((usage_events::call_id, usage_events::attempt))
            .limit(EVENTS_OF_ONE_ID)
            .select((EventRow::as_select(), ledger_entries::lines.nullable()))
            .load(connection)?;
        let events = rows.into_iter().map(|(row, lines)| row.into_event(lines.as_deref()));
        for event in choices::tell(connection, events.collect::<Result<_, _>>()?)? {
            earlier.entry(event.call).or_default().push(event);
        }
    }
    let call =
        |last: UsageEvent| CallRecord { earlier: earlier.remove(&last.call).unwrap_or_default(), last };
    Ok(last.into_iter().map(call).collect())
}
