//! Sums by group, from the daily sums.

use super::total::total;
use crate::connection::AnyConnection;
use crate::error::Fault;
use crate::schema::{usage_daily, virtual_keys};
use crate::stored::number;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use std::collections::HashMap;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::Day;
use switchyard_domain::usage::{GroupBy, UsageFilter, UsageRow, UsageSums};

/// Key ids in one statement; SQLite takes at most 32,766 parameters.
const IDS_AT_ONCE: usize = 10_000;

/// Databases refuse a sum that is beyond the range, and with it the whole report. So the upper and the lower half of the numbers
/// are summed apart, which overflows beyond two thousand million lines only.
const SPLIT: i64 = 1 << 31;

macro_rules! halves {
    ($column:ident) => {
        (
            total!((usage_daily::$column / SPLIT).nullable()).assume_not_null(),
            total!((usage_daily::$column - usage_daily::$column / SPLIT * SPLIT).nullable())
                .assume_not_null(),
        )
    };
}

macro_rules! grouped {
    ($connection:expr, $filter:expr, $($column:ident),+) => {{
        let filter = $filter;
        let (any_key, key) = (filter.key.is_none(), filter.key.map_or(0, |key| key.0));
        usage_daily::table
            .filter(usage_daily::day.ge(filter.from.map_or(i32::MIN, |day| day.0)))
            .filter(usage_daily::day.le(filter.to.map_or(i32::MAX, |day| day.0)))
            .filter(usage_daily::key_id.eq(key).or(any_key.into_sql::<Bool>()))
            .filter(usage_daily::simulated.eq(false).or(filter.include_simulated.into_sql::<Bool>()))
            .group_by(($(usage_daily::$column,)+))
            .select((
                ($(usage_daily::$column,)+),
                (
                    halves!(calls),
                    halves!(attempts),
                    halves!(input_tokens),
                    halves!(output_tokens),
                    halves!(cost),
                    halves!(unpriced),
                ),
            ))
            .load($connection)?
    }};
}

/// What one sum is read as: whole multiples of [`SPLIT`], and the rest.
type Halves = (i64, i64);
/// The six sums of a group, in the order of [`UsageSums`].
type SumsOfHalves = (Halves, Halves, Halves, Halves, Halves, Halves);

/// The sum, held at the ends of the range.
fn joined((multiples, rest): Halves) -> i64 {
    let sum = i128::from(multiples) * i128::from(SPLIT) + i128::from(rest);
    i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX })
}

/// The rows of a report, by group name.
pub(super) fn report(
    connection: &mut AnyConnection,
    filter: UsageFilter,
    group_by: GroupBy,
) -> Result<Vec<UsageRow>, Fault> {
    let groups: Vec<(String, SumsOfHalves)> = match group_by {
        GroupBy::Day => {
            let rows: Vec<((i32,), SumsOfHalves)> = grouped!(connection, filter, day);
            rows.into_iter().map(|((day,), sums)| (Day(day).to_string(), sums)).collect()
        }
        GroupBy::Model => {
            let rows: Vec<((String, String), SumsOfHalves)> =
                grouped!(connection, filter, provider_name, model);
            rows.into_iter().map(|((provider, model), sums)| (format!("{provider}/{model}"), sums)).collect()
        }
        GroupBy::Provider => by_text(grouped!(connection, filter, provider_name), ""),
        GroupBy::Route => by_text(grouped!(connection, filter, route), "(no route)"),
        GroupBy::Status => by_text(grouped!(connection, filter, outcome), ""),
        GroupBy::Key => {
            let rows = grouped!(connection, filter, key_id);
            by_key(connection, rows)?
        }
    };
    let mut rows: Vec<UsageRow> = groups
        .into_iter()
        .map(|(group, sums)| Ok(UsageRow { group, sums: sums_of(sums)? }))
        .collect::<Result<_, Fault>>()?;
    rows.sort_by(|one, other| one.group.cmp(&other.group));
    Ok(rows)
}

fn by_text(rows: Vec<((String,), SumsOfHalves)>, when_empty: &str) -> Vec<(String, SumsOfHalves)> {
    let named = |text: String| if text.is_empty() { when_empty.to_owned() } else { text };
    rows.into_iter().map(|((text,), sums)| (named(text), sums)).collect()
}

/// Keys by name where they still exist, else by number.
fn by_key(
    connection: &mut AnyConnection,
    rows: Vec<((i64,), SumsOfHalves)>,
) -> Result<Vec<(String, SumsOfHalves)>, Fault> {
    let ids: Vec<i64> = rows.iter().map(|((id,), _)| *id).collect();
    let mut names: HashMap<i64, String> = HashMap::new();
    for ids in ids.chunks(IDS_AT_ONCE) {
        let found: Vec<(i64, String)> = virtual_keys::table
            .filter(virtual_keys::id.eq_any(ids))
            .select((virtual_keys::id, virtual_keys::name))
            .load(connection)?;
        names.extend(found);
    }
    let mut named = |id: i64| match names.remove(&id) {
        Some(name) => name,
        None if id == 0 => "(no key)".to_owned(),
        None => format!("#{id}"),
    };
    Ok(rows.into_iter().map(|((id,), sums)| (named(id), sums)).collect())
}

fn sums_of(sums: SumsOfHalves) -> Result<UsageSums, Fault> {
    let (calls, attempts, input_tokens, output_tokens, cost, unpriced) = sums;
    Ok(UsageSums {
        calls: number(joined(calls), "calls")?,
        attempts: number(joined(attempts), "attempts")?,
        input_tokens: number(joined(input_tokens), "input_tokens")?,
        output_tokens: number(joined(output_tokens), "output_tokens")?,
        cost: NanoUsd(joined(cost)),
        unpriced: number(joined(unpriced), "unpriced")?,
    })
}
