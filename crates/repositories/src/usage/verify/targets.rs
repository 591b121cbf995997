//! The requests of targets against the events.

use super::Problems;
use super::sums::end;
use crate::connection::AnyConnection;
use crate::error::Fault;
use crate::schema::{target_days, usage_events};
use diesel::dsl::count_star;
use diesel::prelude::*;
use std::collections::BTreeMap;
use switchyard_domain::time::Day;
use switchyard_domain::usage::Outcome;

/// Compares a day's stored requests with its events.
pub(super) fn compare(
    connection: &mut AnyConnection,
    day: Day,
    problems: &mut Problems,
) -> Result<(), Fault> {
    let events: Vec<(i64, i64)> = usage_events::table
        .filter(usage_events::at.ge(day.start().0))
        .filter(usage_events::at.lt(end(day).0))
        .filter(usage_events::target_id.is_not_null())
        .filter(usage_events::outcome.eq_any(Outcome::of_the_day()))
        .group_by(usage_events::target_id)
        .select((usage_events::target_id.assume_not_null(), count_star()))
        .load(connection)?;
    let mut expected: BTreeMap<i64, i64> = events.into_iter().collect();
    let stored: Vec<(i64, i64)> = target_days::table
        .filter(target_days::day.eq(day.0))
        .order(target_days::target_id)
        .select((target_days::target_id, target_days::requests))
        .load(connection)?;
    let mut differ = |target: i64, stored: i64, events: i64| {
        if stored != events {
            let difference = format!("the requests of the day are {stored}, the events say {events}");
            problems.add(format!("{day}, target {target}"), difference);
        }
    };
    for (target, requests) in stored {
        differ(target, requests, expected.remove(&target).unwrap_or(0));
    }
    for (target, requests) in expected {
        differ(target, 0, requests);
    }
    Ok(())
}
