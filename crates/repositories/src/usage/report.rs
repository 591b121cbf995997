//! Sums by group, from the daily sums.

use super::books::Sums;
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
                    total!(usage_daily::calls.nullable()).assume_not_null(),
                    total!(usage_daily::attempts.nullable()).assume_not_null(),
                    total!(usage_daily::input_tokens.nullable()).assume_not_null(),
                    total!(usage_daily::output_tokens.nullable()).assume_not_null(),
                    total!(usage_daily::cost.nullable()).assume_not_null(),
                    total!(usage_daily::unpriced.nullable()).assume_not_null(),
                ),
            ))
            .load($connection)?
    }};
}

/// The rows of a report, by group name.
pub(super) fn report(
    connection: &mut AnyConnection,
    filter: UsageFilter,
    group_by: GroupBy,
) -> Result<Vec<UsageRow>, Fault> {
    let groups: Vec<(String, Sums)> = match group_by {
        GroupBy::Day => {
            let rows: Vec<((i32,), Sums)> = grouped!(connection, filter, day);
            rows.into_iter().map(|((day,), sums)| (Day(day).to_string(), sums)).collect()
        }
        GroupBy::Model => {
            let rows: Vec<((String, String), Sums)> = grouped!(connection, filter, provider_name, model);
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

fn by_text(rows: Vec<((String,), Sums)>, when_empty: &str) -> Vec<(String, Sums)> {
    let named = |text: String| if text.is_empty() { when_empty.to_owned() } else { text };
    rows.into_iter().map(|((text,), sums)| (named(text), sums)).collect()
}

/// Keys by name where they still exist, else by number.
fn by_key(connection: &mut AnyConnection, rows: Vec<((i64,), Sums)>) -> Result<Vec<(String, Sums)>, Fault> {
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

fn sums_of(sums: Sums) -> Result<UsageSums, Fault> {
    Ok(UsageSums {
        calls: number(sums.calls, "calls")?,
        attempts: number(sums.attempts, "attempts")?,
        input_tokens: number(sums.input_tokens, "input_tokens")?,
        output_tokens: number(sums.output_tokens, "output_tokens")?,
        cost: NanoUsd(sums.cost),
        unpriced: number(sums.unpriced, "unpriced")?,
    })
}
