//! What a scope spent: of whole days the daily sums, of parts of days the sums of quarters of an hour, all of which are few lines; and
//! of what is less than a quarter the events.

use super::quarters::{beginning, next_beginning};
use super::total::{SPLIT, SomeHalves, held, joined_if_any, some_halves, total};
use crate::connection::AnyConnection;
use crate::error::Fault;
use crate::schema::{usage_daily, usage_events, usage_quarters};
use diesel::prelude::*;
use std::collections::HashMap;
use switchyard_domain::budget::Span;
use switchyard_domain::chat::UsageSource;
use switchyard_domain::ids::VirtualKeyId;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::time::{Day, Timestamp};

/// Keys in one statement; SQLite takes at most 32,766 parameters.
const KEYS_AT_ONCE: usize = 10_000;

/// What is summed of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    /// Whole days, before the second one; the last day that there is has no end.
    Days(Day, Day),
    /// Whole quarters of an hour, from the one that begins at this moment, before the one that begins at that.
    Quarters(Timestamp, Timestamp),
    /// From one moment on, before another of the same quarter.
    Events(Timestamp, Timestamp),
}

impl Piece {
    fn is_empty(&self) -> bool {
        match self {
            Self::Days(first, end) => end <= first,
            Self::Quarters(start, end) | Self::Events(start, end) => end <= start,
        }
    }
}

fn pieces(span: Span) -> Vec<Piece> {
    let (first, end) = (first_whole_day(span.start), span.end.day());
    let mut pieces = Vec::new();
    if end < first {
        pieces.extend(parts(span.start, span.end));
    } else {
        pieces.extend(parts(span.start, first.start()));
        pieces.push(Piece::Days(first, end));
        pieces.extend(parts(end.start(), span.end));
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// The pieces of a part of a day.
fn parts(start: Timestamp, end: Timestamp) -> Vec<Piece> {
    let (first, last) = (next_beginning(start), beginning(end));
    if last < first {
        return vec![Piece::Events(start, end)];
    }
    vec![Piece::Events(start, first), Piece::Quarters(first, last), Piece::Events(last, end)]
}

/// The day that begins at this moment, or the next one.
fn first_whole_day(at: Timestamp) -> Day {
    let day = at.day();
    if day.start() < at { Day(day.0.saturating_add(1)) } else { day }
}

/// The daily sums of days.
macro_rules! days {
    ($first:expr, $end:expr) => {
        usage_daily::table.filter(usage_daily::day.ge($first.0)).filter(usage_daily::day.lt($end.0))
    };
}

/// The sums of quarters.
macro_rules! quarters {
    ($start:expr, $end:expr) => {
        usage_quarters::table
            .filter(usage_quarters::quarter.ge($start.0))
            .filter(usage_quarters::quarter.lt($end.0))
    };
}

/// The events of a part of a quarter.
macro_rules! events {
    ($start:expr, $end:expr) => {
        usage_events::table
            .filter(usage_events::at.ge($start.0))
            .filter(usage_events::at.lt($end.0))
            .filter(usage_events::usage_source.ne(UsageSource::None.as_str()))
    };
}

/// Sums the rows that are of a scope.
macro_rules! sum_of {
    ($connection:ident, $scope:ident, $rows:expr, $table:ident) => {{
        let rows = $rows.select(some_halves!($table::cost));
        match $scope {
            QuotaScope::Global => rows.first($connection)?,
            QuotaScope::Key(id) => rows.filter($table::key_id.eq(id.0)).first($connection)?,
            QuotaScope::User(id) => rows.filter($table::user_id.eq(id.0)).first($connection)?,
            QuotaScope::Provider(id) => rows.filter($table::provider_id.eq(id.0)).first($connection)?,
        }
    }};
}

pub(super) fn spent(connection: &mut AnyConnection, scope: QuotaScope, span: Span) -> Result<NanoUsd, Fault> {
    let mut sum = 0;
    for piece in pieces(span) {
        let halves: SomeHalves = match piece {
            Piece::Days(first, end) => sum_of!(connection, scope, days!(first, end), usage_daily),
            Piece::Events(start, end) => sum_of!(connection, scope, events!(start, end), usage_events),
            Piece::Quarters(start, end) => quarters!(start, end)
                .filter(usage_quarters::scope.eq(scope.to_string()))
                .select(some_halves!(usage_quarters::cost))
                .first(connection)?,
        };
        sum += joined_if_any(halves);
    }
    Ok(NanoUsd(held(sum)))
}

/// The same of many keys: a statement for each piece of the span.
pub(super) fn by_keys(
    connection: &mut AnyConnection,
    keys: &[i64],
    span: Span,
) -> Result<HashMap<i64, i64>, Fault> {
    let mut sums: HashMap<i64, i128> = HashMap::new();
    for keys in keys.chunks(KEYS_AT_ONCE) {
        for piece in pieces(span) {
            for (key, halves) in of_keys(connection, keys, piece)? {
                *sums.entry(key).or_default() += joined_if_any(halves);
            }
        }
    }
    Ok(sums.into_iter().map(|(key, sum)| (key, held(sum))).collect())
}

fn of_keys(
    connection: &mut AnyConnection,
    keys: &[i64],
    piece: Piece,
) -> Result<Vec<(i64, SomeHalves)>, Fault> {
    Ok(match piece {
        Piece::Days(first, end) => days!(first, end)
            .filter(usage_daily::key_id.eq_any(keys))
            .group_by(usage_daily::key_id)
            .select((usage_daily::key_id, some_halves!(usage_daily::cost)))
            .load(connection)?,
        Piece::Events(start, end) => events!(start, end)
            .filter(usage_events::key_id.eq_any(keys))
            .group_by(usage_events::key_id)
            .select((usage_events::key_id.assume_not_null(), some_halves!(usage_events::cost)))
            .load(connection)?,
        Piece::Quarters(start, end) => {
            let of_scopes: HashMap<String, i64> =
                keys.iter().map(|key| (QuotaScope::Key(VirtualKeyId(*key)).to_string(), *key)).collect();
            let rows: Vec<(String, SomeHalves)> = quarters!(start, end)
                .filter(usage_quarters::scope.eq_any(of_scopes.keys()))
                .group_by(usage_quarters::scope)
                .select((usage_quarters::scope, some_halves!(usage_quarters::cost)))
                .load(connection)?;
            let key_of = |(scope, halves): (String, SomeHalves)| Some((*of_scopes.get(&scope)?, halves));
            rows.into_iter().filter_map(key_of).collect()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn of(start: &str, end: &str) -> Vec<Piece> {
        pieces(Span { start: at(start), end: at(end) })
    }

    #[test]
    fn no_window_of_a_zones_calendar_is_summed_from_events() {
        let day = |text: &str| at(text).day();
        // A day in Kathmandu, at +05:45, and a month in Vienna.
        let quarters = Piece::Quarters(at("2026-11-21T18:15:00Z"), at("2026-11-22T00:00:00Z"));
        let rest = Piece::Quarters(at("2026-11-22T00:00:00Z"), at("2026-11-22T18:15:00Z"));
        assert_eq!(of("2026-11-21T18:15:00Z", "2026-11-22T18:15:00Z"), [quarters, rest]);
        let [first, days, last] = of("2026-10-31T23:00:00Z", "2026-11-30T23:00:00Z").try_into().unwrap();
        assert_eq!(first, Piece::Quarters(at("2026-10-31T23:00:00Z"), at("2026-11-01T00:00:00Z")));
        assert_eq!(days, Piece::Days(day("2026-11-01T00:00:00Z"), day("2026-11-30T00:00:00Z")));
        assert_eq!(last, Piece::Quarters(at("2026-11-30T00:00:00Z"), at("2026-11-30T23:00:00Z")));
    }

    #[test]
    fn of_an_odd_span_no_more_than_two_parts_of_quarters_are_events() {
        let pieces = of("2026-11-20T23:59:59Z", "2026-11-22T10:07:00Z");
        let first = Piece::Events(at("2026-11-20T23:59:59Z"), at("2026-11-21T00:00:00Z"));
        let last = Piece::Events(at("2026-11-22T10:00:00Z"), at("2026-11-22T10:07:00Z"));
        assert_eq!((pieces.first(), pieces.last(), pieces.len()), (Some(&first), Some(&last), 4));
        let within = of("2026-11-22T10:01:00Z", "2026-11-22T10:02:00Z");
        assert_eq!(within, [Piece::Events(at("2026-11-22T10:01:00Z"), at("2026-11-22T10:02:00Z"))]);
    }
}
