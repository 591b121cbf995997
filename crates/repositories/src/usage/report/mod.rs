//! Sums by group: from the daily sums where they tell what is asked, else from the events themselves, which are many more.

mod daily;
mod events;
mod names;
mod wide;

use crate::connection::AnyConnection;
use crate::error::Fault;
use std::collections::BTreeMap;
use switchyard_domain::time::{Day, Timestamp};
use switchyard_domain::usage::{GroupBy, UsageFilter, UsageRow};
use wide::Wide;

/// What a line is about, before it has its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    /// It has.
    Named(String),
    /// Of a key; 0 is "no key".
    Key(i64),
    /// Of a person; 0 is "nobody".
    User(i64),
}

type Groups = BTreeMap<Group, Wide>;

/// The rows of a report, by group name.
pub(super) fn report(
    connection: &mut AnyConnection,
    filter: UsageFilter,
    group_by: GroupBy,
) -> Result<Vec<UsageRow>, Fault> {
    let groups = if is_midnight(filter.from) && is_midnight(filter.to) {
        daily::groups(connection, filter, group_by)?
    } else {
        events::groups(connection, filter, group_by)?
    };
    let names = names::of(connection, groups.keys())?;
    let mut rows: Vec<UsageRow> = groups
        .into_iter()
        .map(|(group, sums)| UsageRow { group: names.name(group), sums: sums.held() })
        .collect();
    rows.sort_by(|one, other| one.group.cmp(&other.group));
    Ok(rows)
}

/// Whether a moment is the beginning of a day, or none is named.
fn is_midnight(at: Option<Timestamp>) -> bool {
    at.is_none_or(|at| at.day().start() == at)
}

fn route(name: Option<String>) -> Group {
    Group::Named(name.filter(|name| !name.is_empty()).unwrap_or_else(|| "(no route)".to_owned()))
}

fn model(provider: &str, model: &str) -> Group {
    Group::Named(format!("{provider}/{model}"))
}

fn day(day: Day) -> Group {
    Group::Named(day.to_string())
}
