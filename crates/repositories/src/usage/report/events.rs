//! From the events: for times that are no whole days.

use super::wide::Wide;
use super::{Group, Groups, day, model, route};
use crate::connection::AnyConnection;
use crate::error::Fault;
use crate::schema::usage_events;
use crate::usage::total::{Halves, SPLIT, SomeHalves, halves, joined, joined_if_any, some_halves, total};
use diesel::dsl::{count, count_star, min};
use diesel::prelude::*;
use switchyard_domain::chat::UsageSource;
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::{GroupBy, UsageFilter};

/// Those that a filter means.
macro_rules! meant {
    ($chosen:expr, $filter:expr) => {{
        let (mut chosen, filter) = ($chosen, $filter);
        if let Some(from) = filter.from {
            chosen = chosen.filter(usage_events::at.ge(from.0));
        }
        if let Some(to) = filter.to {
            chosen = chosen.filter(usage_events::at.lt(to.0));
        }
        if let Some(user) = filter.user {
            chosen = chosen.filter(usage_events::user_id.eq(user.0));
        }
        if let Some(key) = filter.key {
            chosen = chosen.filter(usage_events::key_id.eq(key.0));
        }
        if !filter.include_simulated {
            chosen = chosen.filter(usage_events::simulated.eq(false));
        }
        chosen
    }};
}

// In smaller groups than are asked for, so that no condition needs to be summed in SQL.
macro_rules! grouped {
    ($connection:expr, $filter:expr, $($column:expr),+) => {{
        let chosen = usage_events::table
            .group_by(($($column,)+ usage_events::is_final, usage_events::usage_source))
            .select((
                ($($column,)+),
                (usage_events::is_final, usage_events::usage_source),
                (count_star(), count(usage_events::cost)),
                (
                    halves!(usage_events::input_tokens),
                    halves!(usage_events::output_tokens),
                    some_halves!(usage_events::cost),
                ),
            ))
            .into_boxed();
        meant!(chosen, $filter).load($connection)?
    }};
}

/// Whether it was the last attempt, and who counted.
type Kind = (bool, String);
/// Attempts, and those with a known cost.
type Counts = (i64, i64);
type Amounts = (Halves, Halves, SomeHalves);
type Row<T> = (T, Kind, Counts, Amounts);

/// The sums by group.
pub(super) fn groups(
    connection: &mut AnyConnection,
    filter: UsageFilter,
    group_by: GroupBy,
) -> Result<Groups, Fault> {
    Ok(match group_by {
        GroupBy::Day => by_day(connection, filter)?,
        GroupBy::Model => {
            let rows: Vec<Row<(String, String)>> =
                grouped!(connection, filter, usage_events::provider_name, usage_events::model);
            gathered(rows, |(provider, id)| model(&provider, &id))
        }
        GroupBy::Provider => {
            gathered(grouped!(connection, filter, usage_events::provider_name), |(name,)| Group::Named(name))
        }
        GroupBy::Route => gathered(grouped!(connection, filter, usage_events::route), |(name,)| route(name)),
        GroupBy::Status => {
            gathered(grouped!(connection, filter, usage_events::outcome), |(word,)| Group::Named(word))
        }
        GroupBy::Key => {
            let rows: Vec<Row<(Option<i64>,)>> = grouped!(connection, filter, usage_events::key_id);
            gathered(rows, |(id,)| Group::Key(id.unwrap_or(0)))
        }
        GroupBy::User => {
            let rows: Vec<Row<(Option<i64>,)>> = grouped!(connection, filter, usage_events::user_id);
            gathered(rows, |(id,)| Group::User(id.unwrap_or(0)))
        }
    })
}

/// One day after the other: a database would group by the day's number only if that were an expression with nothing bound in it.
fn by_day(connection: &mut AnyConnection, filter: UsageFilter) -> Result<Groups, Fault> {
    let (mut groups, mut from) = (Groups::new(), filter.from);
    while let Some(at) = first(connection, UsageFilter { from, ..filter })? {
        let next = at.day().next().start();
        let to = filter.to.map_or(next, |to| to.min(next));
        let within = UsageFilter { from: Some(at), to: Some(to), ..filter };
        let rows: Vec<Row<(bool,)>> = grouped!(connection, within, usage_events::simulated);
        groups.extend(gathered(rows, |_| day(at.day())));
        from = Some(next);
    }
    Ok(groups)
}

/// When the first attempt that is meant began.
fn first(connection: &mut AnyConnection, filter: UsageFilter) -> Result<Option<Timestamp>, Fault> {
    let at: Option<i64> =
        meant!(usage_events::table.select(min(usage_events::at)).into_boxed(), filter).first(connection)?;
    Ok(at.map(Timestamp))
}

fn gathered<T>(rows: Vec<Row<T>>, group: impl Fn(T) -> Group) -> Groups {
    let mut groups = Groups::new();
    for (columns, (is_final, source), (attempts, priced), (input_tokens, output_tokens, cost)) in rows {
        let is_used = source != UsageSource::None.as_str();
        groups.entry(group(columns)).or_default().add(&Wide {
            calls: if is_final { i128::from(attempts) } else { 0 },
            attempts: i128::from(attempts),
            input_tokens: joined(input_tokens),
            output_tokens: joined(output_tokens),
            cost: if is_used { joined_if_any(cost) } else { 0 },
            unpriced: if is_used { i128::from(attempts - priced) } else { 0 },
        });
    }
    groups
}
