//! What a scope spent: of whole days the daily sums, which are few lines, and of a window's first and last part of a day the events.

use super::total::total;
use crate::connection::AnyConnection;
use crate::error::Fault;
use crate::schema::{usage_daily, usage_events};
use diesel::prelude::*;
use std::collections::HashMap;
use switchyard_domain::budget::Span;
use switchyard_domain::chat::UsageSource;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::time::{Day, Timestamp};

/// The most that counts of one attempt: beyond it the sum would overflow its column. `ledger verify` names such entries.
const MOST: i64 = super::verify::PLAUSIBLE;
/// The most that counts of one line of the daily sums, for the same reason.
const MOST_OF_A_LINE: i64 = 1_000 * MOST;

/// Sums the rows that are of a scope.
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

/// Keys in one statement; SQLite takes at most 32,766 parameters.
const KEYS_AT_ONCE: usize = 10_000;

/// What is summed of a span.
#[derive(Clone, Copy)]
enum Piece {
    /// Whole days, before the second one; the last day that there is has no end.
    Days(Day, Day),
    /// From one moment on, before another of the same day.
    Part(Timestamp, Timestamp),
}

fn pieces(span: Span) -> Vec<Piece> {
    let (first, end) = (first_whole_day(span.start), span.end.day());
    let pieces = if end < first {
        vec![Piece::Part(span.start, span.end)]
    } else {
        vec![
            Piece::Part(span.start, first.start()),
            Piece::Days(first, end),
            Piece::Part(end.start(), span.end),
        ]
    };
    pieces.into_iter().filter(|piece| !matches!(piece, Piece::Part(start, end) if end <= start)).collect()
}

/// The day that begins at this moment, or the next one.
fn first_whole_day(at: Timestamp) -> Day {
    let day = at.day();
    if day.start() < at { Day(day.0.saturating_add(1)) } else { day }
}

/// The daily sums of days.
macro_rules! days {
    ($first:expr, $end:expr) => {
        usage_daily::table
            .filter(usage_daily::day.ge($first.0))
            .filter(usage_daily::day.lt($end.0))
            .filter(usage_daily::cost.le(MOST_OF_A_LINE))
    };
}

/// The events of a part of a day.
macro_rules! part {
    ($start:expr, $end:expr) => {
        usage_events::table
            .filter(usage_events::at.ge($start.0))
            .filter(usage_events::at.lt($end.0))
            .filter(usage_events::usage_source.ne(UsageSource::None.as_str()))
            .filter(usage_events::cost.le(MOST))
    };
}

pub(super) fn spent(connection: &mut AnyConnection, scope: QuotaScope, span: Span) -> Result<NanoUsd, Fault> {
    let mut sum = 0_i64;
    for piece in pieces(span) {
        sum = sum.saturating_add(match piece {
            Piece::Days(first, end) => sum_of!(connection, scope, days!(first, end), usage_daily, cost),
            Piece::Part(start, end) => sum_of!(connection, scope, part!(start, end), usage_events, cost),
        });
    }
    Ok(NanoUsd(sum))
}

/// The same of many keys: a statement for each piece of the span.
pub(super) fn by_keys(
    connection: &mut AnyConnection,
    keys: &[i64],
    span: Span,
) -> Result<HashMap<i64, i64>, Fault> {
    let mut sums: HashMap<i64, i64> = HashMap::new();
    for keys in keys.chunks(KEYS_AT_ONCE) {
        for piece in pieces(span) {
            let rows: Vec<(Option<i64>, Option<i64>)> = match piece {
                Piece::Days(first, end) => days!(first, end)
                    .filter(usage_daily::key_id.eq_any(keys))
                    .group_by(usage_daily::key_id)
                    .select((usage_daily::key_id.nullable(), total!(usage_daily::cost.nullable())))
                    .load(connection)?,
                Piece::Part(start, end) => part!(start, end)
                    .filter(usage_events::key_id.eq_any(keys))
                    .group_by(usage_events::key_id)
                    .select((usage_events::key_id, total!(usage_events::cost.nullable())))
                    .load(connection)?,
            };
            for (key, sum) in rows {
                let known = sums.entry(key.unwrap_or_default()).or_default();
                *known = known.saturating_add(sum.unwrap_or_default());
            }
        }
    }
    Ok(sums)
}
