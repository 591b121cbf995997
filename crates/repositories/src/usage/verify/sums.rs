//! The daily sums against the events.

use super::{PLAUSIBLE, Problems};
use crate::connection::AnyConnection;
use crate::error::Fault;
use crate::schema::{usage_daily, usage_events};
use crate::usage::books::{Line, Sums};
use crate::usage::total::total;
use diesel::dsl::{count, count_star};
use diesel::prelude::*;
use std::collections::BTreeMap;
use switchyard_domain::chat::UsageSource;
use switchyard_domain::time::{Day, Timestamp};

/// Compares a day's stored sums with those of its events.
pub(super) fn compare(
    connection: &mut AnyConnection,
    day: Day,
    problems: &mut Problems,
) -> Result<(), Fault> {
    let mut expected = sums_of_events(connection, day)?;
    let stored: Vec<(Line, Sums)> = usage_daily::table
        .filter(usage_daily::day.eq(day.0))
        .select((Line::as_select(), Sums::as_select()))
        .load(connection)?;
    for (line, sums) in stored {
        let events = expected.remove(&line).unwrap_or_default();
        if events != sums {
            problems.add(place(&line), difference(sums, events));
        }
    }
    for (line, events) in expected {
        problems.add(place(&line), difference(Sums::default(), events));
    }
    Ok(())
}

// In smaller groups than the lines are, so that no condition needs to be summed in SQL.
type Group = (Option<i64>, Option<i64>, i64, String, String, Option<String>, String, bool, bool, String);
type GroupSums = (i64, i64, i64, i64, Option<i64>);

fn sums_of_events(connection: &mut AnyConnection, day: Day) -> Result<BTreeMap<Line, Sums>, Fault> {
    let rows: Vec<(Group, GroupSums)> = usage_events::table
        .filter(usage_events::at.ge(day.start().0))
        .filter(usage_events::at.lt(end(day).0))
        .filter(usage_events::cost.is_null().or(usage_events::cost.le(PLAUSIBLE)))
        .filter(usage_events::input_tokens.le(PLAUSIBLE))
        .filter(usage_events::output_tokens.le(PLAUSIBLE))
        .group_by((
            usage_events::key_id,
            usage_events::user_id,
            usage_events::provider_id,
            usage_events::provider_name,
            usage_events::model,
            usage_events::route,
            usage_events::outcome,
            usage_events::simulated,
            usage_events::is_final,
            usage_events::usage_source,
        ))
        .select((
            (
                usage_events::key_id,
                usage_events::user_id,
                usage_events::provider_id,
                usage_events::provider_name,
                usage_events::model,
                usage_events::route,
                usage_events::outcome,
                usage_events::simulated,
                usage_events::is_final,
                usage_events::usage_source,
            ),
            (
                count_star(),
                count(usage_events::cost),
                total!(usage_events::input_tokens.nullable()).assume_not_null(),
                total!(usage_events::output_tokens.nullable()).assume_not_null(),
                total!(usage_events::cost),
            ),
        ))
        .load(connection)?;
    let mut sums: BTreeMap<Line, Sums> = BTreeMap::new();
    for (group, (attempts, priced, input_tokens, output_tokens, cost)) in rows {
        let (key, user, provider_id, provider_name, model, route, outcome, simulated, is_final, source) =
            group;
        let line = Line {
            day: day.0,
            key_id: key.unwrap_or(0),
            user_id: user.unwrap_or(0),
            provider_id,
            provider_name,
            model,
            route: route.unwrap_or_default(),
            outcome,
            simulated,
        };
        let used = source != UsageSource::None.as_str();
        sums.entry(line).or_default().add(Sums {
            calls: if is_final { attempts } else { 0 },
            attempts,
            input_tokens,
            output_tokens,
            cost: cost.filter(|_| used).unwrap_or(0),
            unpriced: if used { attempts - priced } else { 0 },
        });
    }
    Ok(sums)
}

/// The end of a day, which is no longer part of it.
pub(super) fn end(day: Day) -> Timestamp {
    day.next().start()
}

fn place(line: &Line) -> String {
    let route = if line.route.is_empty() { "no route" } else { line.route.as_str() };
    let user = if line.user_id == 0 { String::new() } else { format!(", user {}", line.user_id) };
    let simulated = if line.simulated { ", simulated" } else { "" };
    format!(
        "{}, key {}{user}, {}/{}, {route}, {}{simulated}",
        Day(line.day),
        line.key_id,
        line.provider_name,
        line.model,
        line.outcome
    )
}

fn difference(stored: Sums, events: Sums) -> String {
    let differences: Vec<String> = [
        ("calls", stored.calls, events.calls),
        ("attempts", stored.attempts, events.attempts),
        ("input tokens", stored.input_tokens, events.input_tokens),
        ("output tokens", stored.output_tokens, events.output_tokens),
        ("cost", stored.cost, events.cost),
        ("unpriced", stored.unpriced, events.unpriced),
    ]
    .into_iter()
    .filter(|(_, stored, events)| stored != events)
    .map(|(what, stored, events)| format!("{what}: the daily sum says {stored}, the events say {events}"))
    .collect();
    differences.join("; ")
}
