//! The sums of quarters of an hour against the events.

use super::{PLAUSIBLE, Problems};
use crate::connection::AnyConnection;
use crate::error::Fault;
use crate::schema::{usage_events, usage_quarters};
use crate::usage::quarters::{LENGTH, payers};
use crate::usage::total::total;
use diesel::prelude::*;
use std::collections::BTreeMap;
use switchyard_domain::chat::UsageSource;
use switchyard_domain::time::{Day, Timestamp};

/// What scopes spent in a quarter, by the word of the scope.
type Quarter = BTreeMap<String, i64>;

/// Key, user and provider.
type Group = (Option<i64>, Option<i64>, i64);

/// Compares a day's stored sums with those of its events.
pub(super) fn compare(
    connection: &mut AnyConnection,
    day: Day,
    problems: &mut Problems,
) -> Result<(), Fault> {
    let mut next = Some(day.start());
    while let Some(quarter) = next.filter(|quarter| quarter.day() == day) {
        compare_quarter(connection, quarter, problems)?;
        next = quarter.0.checked_add(LENGTH).map(Timestamp);
    }
    Ok(())
}

fn compare_quarter(
    connection: &mut AnyConnection,
    quarter: Timestamp,
    problems: &mut Problems,
) -> Result<(), Fault> {
    let mut expected = sums_of_events(connection, quarter)?;
    // A line that begins within the quarter is of none.
    let stored: Vec<(String, i64, i64)> = usage_quarters::table
        .filter(usage_quarters::quarter.ge(quarter.0))
        .filter(usage_quarters::quarter.lt(quarter.0.saturating_add(LENGTH)))
        .order((usage_quarters::quarter, usage_quarters::scope))
        .select((usage_quarters::scope, usage_quarters::quarter, usage_quarters::cost))
        .load(connection)?;
    let mut differ = |scope: &str, begins: i64, stored: i64, events: i64| {
        if stored != events {
            let difference = format!("the sum of the quarter says {stored}, the events say {events}");
            problems.add(format!("{scope}, quarter of an hour from {}", Timestamp(begins)), difference);
        }
    };
    for (scope, begins, sum) in stored {
        let events = if begins == quarter.0 { expected.remove(&scope) } else { None };
        differ(&scope, begins, sum, events.unwrap_or(0));
    }
    for (scope, sum) in expected {
        differ(&scope, quarter.0, 0, sum);
    }
    Ok(())
}

fn sums_of_events(connection: &mut AnyConnection, quarter: Timestamp) -> Result<Quarter, Fault> {
    let rows: Vec<(Group, Option<i64>)> = usage_events::table
        .filter(usage_events::at.ge(quarter.0))
        .filter(usage_events::at.lt(quarter.0.saturating_add(LENGTH)))
        .filter(usage_events::usage_source.ne(UsageSource::None.as_str()))
        .filter(usage_events::cost.gt(0).and(usage_events::cost.le(PLAUSIBLE)))
        .group_by((usage_events::key_id, usage_events::user_id, usage_events::provider_id))
        .select((
            (usage_events::key_id, usage_events::user_id, usage_events::provider_id),
            total!(usage_events::cost),
        ))
        .load(connection)?;
    let mut sums = Quarter::new();
    for ((key, user, provider), cost) in rows {
        for scope in payers(key, user, provider) {
            let sum = sums.entry(scope.to_string()).or_default();
            *sum = sum.saturating_add(cost.unwrap_or(0));
        }
    }
    Ok(sums)
}
