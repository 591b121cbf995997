//! Usage events, the ledger, and the sums of days and of quarters of an hour.

mod books;
mod choices;
mod day;
mod insert;
mod listing;
mod quarters;
mod record;
mod refused;
mod report;
mod rollup;
mod row;
mod spent;
mod target_days;
mod total;
mod verify;

use crate::database::Database;
use crate::schema::{ledger_entries, usage_events};
use async_trait::async_trait;
use diesel::prelude::*;
use row::EventRow;
use std::collections::HashMap;
use switchyard_domain::budget::Span;
use switchyard_domain::ids::{AttemptId, VirtualKeyId};
use switchyard_domain::money::NanoUsd;
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::time::{Day, Timestamp};
use switchyard_domain::usage::{
    CallCursor, CallFilter, CallRecord, GroupBy, LedgerCheck, RefusedCall, RequestsOf, UsageEvent,
    UsageFilter, UsageRow,
};
use switchyard_ports::repositories::{Recorded, RepositoryError, UsageRepository};

/// The most events that one request id gives: clients may choose the id and use it for ever.
const EVENTS_OF_ONE_ID: i64 = 10_000;

#[async_trait]
impl UsageRepository for Database {
    async fn record(&self, events: &[UsageEvent]) -> Result<Recorded, RepositoryError> {
        if events.is_empty() {
            return Ok(Recorded::default());
        }
        let given = events.len() as u64;
        let pairs = row::pairs(events).map_err(crate::error::Fault::into_answer)?;
        let inserted = self.write(move |connection| record::record(connection, &pairs)).await?;
        Ok(Recorded { inserted, known: given.saturating_sub(inserted) })
    }

    async fn report(&self, filter: UsageFilter, group_by: GroupBy) -> Result<Vec<UsageRow>, RepositoryError> {
        self.snapshot(move |connection| report::report(connection, filter, group_by)).await
    }

    async fn verify(&self) -> Result<LedgerCheck, RepositoryError> {
        self.long_snapshot(verify::verify).await
    }

    async fn spent(&self, scope: QuotaScope, span: Span) -> Result<NanoUsd, RepositoryError> {
        self.read(move |connection| spent::spent(connection, scope, span)).await
    }

    async fn spent_by_keys(
        &self,
        keys: &[VirtualKeyId],
        span: Span,
    ) -> Result<HashMap<VirtualKeyId, NanoUsd>, RepositoryError> {
        let keys: Vec<i64> = keys.iter().map(|key| key.0).collect();
        let sums = self.read(move |connection| spent::by_keys(connection, &keys, span)).await?;
        Ok(sums.into_iter().map(|(key, sum)| (VirtualKeyId(key), NanoUsd(sum))).collect())
    }

    async fn requests_of_day(
        &self,
        day: Day,
        of: &RequestsOf,
    ) -> Result<Vec<(String, u64)>, RepositoryError> {
        let of = of.clone();
        self.read(move |connection| day::requests(connection, day, &of)).await
    }

    async fn events_of(&self, request_id: &str) -> Result<Vec<UsageEvent>, RepositoryError> {
        let request_id = row::text(request_id);
        self.read(move |connection| {
            let rows: Vec<(EventRow, Option<String>)> = usage_events::table
                .left_join(ledger_entries::table.on(ledger_entries::id.eq(usage_events::id)))
                .filter(usage_events::request_id.eq(&request_id))
                .order((usage_events::at, usage_events::call_id, usage_events::attempt))
                .limit(EVENTS_OF_ONE_ID)
                .select((EventRow::as_select(), ledger_entries::lines.nullable()))
                .load(connection)?;
            let event = |(row, lines): (EventRow, Option<String>)| row.into_event(lines.as_deref());
            choices::tell(connection, rows.into_iter().map(event).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn calls(
        &self,
        filter: &CallFilter,
        after: Option<CallCursor>,
        most: u32,
    ) -> Result<Vec<CallRecord>, RepositoryError> {
        let filter = filter.clone();
        self.snapshot(move |connection| listing::calls(connection, &filter, after, most)).await
    }

    async fn call(&self, last: AttemptId) -> Result<Option<CallRecord>, RepositoryError> {
        self.snapshot(move |connection| listing::call(connection, last)).await
    }

    async fn record_refused(&self, calls: &[RefusedCall], kept: u32) -> Result<(), RepositoryError> {
        let rows: Vec<refused::RefusedRow> = calls.iter().map(refused::RefusedRow::new).collect();
        self.write(move |connection| refused::record(connection, &rows, kept)).await
    }

    async fn refused(&self, to: Option<Timestamp>, most: u32) -> Result<Vec<RefusedCall>, RepositoryError> {
        self.read(move |connection| refused::page(connection, to, most)).await
    }
}
