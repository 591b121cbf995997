//! From the daily sums.

use super::wide::Wide;
use super::{Group, Groups, day, model, route};
use crate::connection::AnyConnection;
use crate::error::Fault;
use crate::schema::usage_daily;
use crate::usage::total::{Halves, SPLIT, halves, joined, total};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use switchyard_domain::time::Day;
use switchyard_domain::usage::{GroupBy, UsageFilter};

macro_rules! grouped {
    ($connection:expr, $filter:expr, $($column:ident),+) => {{
        let filter = $filter;
        let (any_key, key) = (filter.key.is_none(), filter.key.map_or(0, |key| key.0));
        let (any_user, user) = (filter.user.is_none(), filter.user.map_or(0, |user| user.0));
        usage_daily::table
            .filter(usage_daily::day.ge(filter.from.map_or(i32::MIN, |from| from.day().0)))
            // A last moment is the first one that is not meant, and a midnight.
            .filter(usage_daily::day.le(filter.to.map_or(i32::MAX, |to| to.day().0.saturating_sub(1))))
            .filter(usage_daily::key_id.eq(key).or(any_key.into_sql::<Bool>()))
            .filter(usage_daily::user_id.eq(user).or(any_user.into_sql::<Bool>()))
            .filter(usage_daily::simulated.eq(false).or(filter.include_simulated.into_sql::<Bool>()))
            .group_by(($(usage_daily::$column,)+))
            .select((
                ($(usage_daily::$column,)+),
                (
                    halves!(usage_daily::calls),
                    halves!(usage_daily::attempts),
                    halves!(usage_daily::input_tokens),
                    halves!(usage_daily::output_tokens),
                    halves!(usage_daily::cost),
                    halves!(usage_daily::unpriced),
                ),
            ))
            .load($connection)?
    }};
}

type SumsOfHalves = (Halves, Halves, Halves, Halves, Halves, Halves);

/// The sums by group.
pub(super) fn groups(
    connection: &mut AnyConnection,
    filter: UsageFilter,
    group_by: GroupBy,
) -> Result<Groups, Fault> {
    Ok(match group_by {
        GroupBy::Day => {
            let rows: Vec<((i32,), SumsOfHalves)> = grouped!(connection, filter, day);
            gathered(rows, |(at,)| day(Day(at)))
        }
        GroupBy::Model => {
            let rows: Vec<((String, String), SumsOfHalves)> =
                grouped!(connection, filter, provider_name, model);
            gathered(rows, |(provider, id)| model(&provider, &id))
        }
        GroupBy::Provider => {
            gathered(grouped!(connection, filter, provider_name), |(name,)| Group::Named(name))
        }
        GroupBy::Route => gathered(grouped!(connection, filter, route), |(name,)| route(Some(name))),
        GroupBy::Status => gathered(grouped!(connection, filter, outcome), |(word,)| Group::Named(word)),
        GroupBy::Key => gathered(grouped!(connection, filter, key_id), |(id,)| Group::Key(id)),
        GroupBy::User => gathered(grouped!(connection, filter, user_id), |(id,)| Group::User(id)),
    })
}

fn gathered<T>(rows: Vec<(T, SumsOfHalves)>, group: impl Fn(T) -> Group) -> Groups {
    let mut groups = Groups::new();
    for (columns, (calls, attempts, input_tokens, output_tokens, cost, unpriced)) in rows {
        groups.entry(group(columns)).or_default().add(&Wide {
            calls: joined(calls),
            attempts: joined(attempts),
            input_tokens: joined(input_tokens),
            output_tokens: joined(output_tokens),
            cost: joined(cost),
            unpriced: joined(unpriced),
        });
    }
    groups
}
