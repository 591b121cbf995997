//! What a scope spent: of whole days the daily sums, which are few lines, and of a window's first and last part of a day the events.

use super::total::total;
use crate::connection::AnyConnection;
use crate::error::Fault;
use crate::schema::{usage_daily, usage_events};
use diesel::prelude::*;
use switchyard_domain::budget::Span;
use switchyard_domain::chat::UsageSource;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::time::{Day, Timestamp};

/// The most that counts of one attempt: beyond it the sum would overflow its column. `ledger verify` names such entries.
const MOST: i64 = super::verify::PLAUSIBLE;
/// The most that counts of one line of the daily sums, for the same reason.
const MOST_OF_A_LINE: i64 = 1_000 * MOST;

/// Sums the rows that are of a scope. `$who` names the columns of key, user and provider.
macro_rules! sum_of {
    ($connection:ident, $scope:ident, $rows:expr, $table:ident, $amount:ident) => {{
        let rows = $rows.select(total!($table::$amount.nullable()));
        let sum: Option<i64> = match $scope {
            QuotaScope::Global => rows.first($connection)?,
            QuotaScope::Key(id) => rows.filter($table::key_id.eq(id.0)).first($connection)?,
            QuotaScope::User(id) => rows.filter($table::user_id.eq(id.0)).first($connection)?,
            QuotaScope::Provider(id) => rows.filter($table::provider_id.eq(id.0)).first($connection)?,
        };
        sum.unwrap_or(0)
    }};
}

pub(super) fn spent(connection: &mut AnyConnection, scope: QuotaScope, span: Span) -> Result<NanoUsd, Fault> {
    let (first, end) = (first_whole_day(span.start), span.end.day());
    if end < first {
        return Ok(NanoUsd(of_part(connection, scope, span.start, span.end)?));
    }
    let sums = [
        of_part(connection, scope, span.start, first.start())?,
        of_days(connection, scope, first, end)?,
        of_part(connection, scope, end.start(), span.end)?,
    ];
    Ok(NanoUsd(sums.into_iter().fold(0, i64::saturating_add)))
}

/// The day that begins at this moment, or the next one.
fn first_whole_day(at: Timestamp) -> Day {
    let day = at.day();
    if day.start() < at { Day(day.0.saturating_add(1)) } else { day }
}

/// Of the days before `end`; the last day that there is has no end.
fn of_days(connection: &mut AnyConnection, scope: QuotaScope, first: Day, end: Day) -> Result<i64, Fault> {
    let rows = usage_daily::table
        .filter(usage_daily::day.ge(first.0))
        .filter(usage_daily::day.lt(end.0))
        .filter(usage_daily::cost.le(MOST_OF_A_LINE));
    Ok(sum_of!(connection, scope, rows, usage_daily, cost))
}

fn of_part(
    connection: &mut AnyConnection,
    scope: QuotaScope,
    start: Timestamp,
    end: Timestamp,
) -> Result<i64, Fault> {
    if end <= start {
        return Ok(0);
    }
    let rows = usage_events::table
        .filter(usage_events::at.ge(start.0))
        .filter(usage_events::at.lt(end.0))
        .filter(usage_events::usage_source.ne(UsageSource::None.as_str()))
        .filter(usage_events::cost.le(MOST));
    Ok(sum_of!(connection, scope, rows, usage_events, cost))
}
