//! Usage events, the ledger and the rollups.

use super::RepositoryError;
use async_trait::async_trait;
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

/// What a batch did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Events that were new.
    pub inserted: u64,
    /// Events that were known already and changed nothing.
    pub known: u64,
}

/// Usage. `record` is one transaction and idempotent by the events' ids: events, their ledger entries, and the daily rollups
/// of the new ones land together or not at all.
#[async_trait]
pub trait UsageRepository: Send + Sync {
    /// Writes events.
    async fn record(&self, events: &[UsageEvent]) -> Result<Recorded, RepositoryError>;
    /// Sums by group, from the rollups, by group name.
    async fn report(&self, filter: UsageFilter, group_by: GroupBy) -> Result<Vec<UsageRow>, RepositoryError>;
    /// Recomputes every sum from the ledger and the events and compares.
    async fn verify(&self) -> Result<LedgerCheck, RepositoryError>;
    /// What a scope spent in a span, by the ledger: the sum of its entries with a known amount whose attempt began in it.
    async fn spent(&self, scope: QuotaScope, span: Span) -> Result<NanoUsd, RepositoryError>;
    /// The same of many keys together: in few statements, however many they are. Those that spent nothing are absent or zero.
    async fn spent_by_keys(
        &self,
        keys: &[VirtualKeyId],
        span: Span,
    ) -> Result<HashMap<VirtualKeyId, NanoUsd>, RepositoryError>;
    /// How many requests of a UTC day count for limits, by the word of the limiter's scope; those without any are absent or zero. In few
    /// statements, however many calls there were.
    async fn requests_of_day(&self, day: Day, of: &RequestsOf)
    -> Result<Vec<(String, u64)>, RepositoryError>;
    /// Events of calls whose request id is given, oldest first.
    async fn events_of(&self, request_id: &str) -> Result<Vec<UsageEvent>, RepositoryError>;
    /// Calls, the newest first by the beginning of their last attempt, and among those of one moment by its id: at most `most` of
    /// those that come behind `after`.
    async fn calls(
        &self,
        filter: &CallFilter,
        after: Option<CallCursor>,
        most: u32,
    ) -> Result<Vec<CallRecord>, RepositoryError>;
    /// The call that ended with this attempt.
    async fn call(&self, last: AttemptId) -> Result<Option<CallRecord>, RepositoryError>;
    /// Writes calls that were refused, those left out that are known, and keeps the newest `kept` of all that there are.
    async fn record_refused(&self, calls: &[RefusedCall], kept: u32) -> Result<(), RepositoryError>;
    /// Refused calls, the newest first, and among those of one moment by id: at most `most` of those before `to`.
    async fn refused(&self, to: Option<Timestamp>, most: u32) -> Result<Vec<RefusedCall>, RepositoryError>;
}
