//! Proves the books: every event has its ledger entry, every entry its event, and the sums of days, of quarters of an hour and of targets
//! are the events'.
//!
//! Works through one day after the other, so that memory holds the lines of a day and no more; the caller gives one snapshot for
//! all of it.

mod entries;
mod quarters;
mod sums;
mod targets;

use super::total::total;
use crate::connection::AnyConnection;
use crate::error::Fault;
use crate::schema::{ledger_entries, target_days, usage_daily, usage_events, usage_quarters};
use crate::stored::number;
use diesel::dsl::{count_star, min};
use diesel::prelude::*;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::{Day, Timestamp};
use switchyard_domain::usage::{LedgerCheck, LedgerProblem};

/// The most problems that are listed. Books that differ in more places need another look than a longer list.
const MOST_PROBLEMS: usize = 1_000;

/// The most that one attempt may plausibly cost in nano-USD (a million dollars), or use in tokens. What is beyond is a problem by
/// itself, and is left out of the sums, which it would overflow.
pub(super) const PLAUSIBLE: i64 = 1_000_000_000_000_000;

/// The problems found so far.
#[derive(Default)]
struct Problems {
    listed: Vec<LedgerProblem>,
    unlisted: u64,
}

impl Problems {
    fn add(&mut self, place: String, difference: String) {
        if self.listed.len() < MOST_PROBLEMS {
            self.listed.push(LedgerProblem { place, difference });
        } else {
            self.unlisted += 1;
        }
    }

    fn list(mut self) -> Vec<LedgerProblem> {
        if self.unlisted > 0 {
            let difference = format!("{} differences or more are not listed", self.unlisted);
            self.listed.push(LedgerProblem { place: "further places".to_owned(), difference });
        }
        self.listed
    }
}

pub(super) fn verify(connection: &mut AnyConnection) -> Result<LedgerCheck, Fault> {
    let mut check = totals(connection)?;
    let mut problems = Problems::default();
    let mut next = Some(Day(i32::MIN));
    while let Some(from) = next {
        let Some(day) = first_day_from(connection, from)? else { break };
        sums::compare(connection, day, &mut problems)?;
        quarters::compare(connection, day, &mut problems)?;
        targets::compare(connection, day, &mut problems)?;
        entries::compare(connection, day, &mut problems)?;
        entries::compare_lines(connection, day, &mut problems)?;
        next = day.0.checked_add(1).map(Day);
    }
    entries::without_use(connection, &mut problems)?;
    entries::implausible(connection, &mut problems)?;
    check.problems = problems.list();
    Ok(check)
}

fn totals(connection: &mut AnyConnection) -> Result<LedgerCheck, Fault> {
    let events: i64 = usage_events::table.select(count_star()).first(connection)?;
    let entries: i64 = ledger_entries::table.select(count_star()).first(connection)?;
    let total: Option<i64> = ledger_entries::table
        .filter(ledger_entries::amount.le(PLAUSIBLE))
        .select(total!(ledger_entries::amount))
        .first(connection)?;
    Ok(LedgerCheck {
        entries: number(entries, "the number of entries")?,
        events: number(events, "the number of events")?,
        counters: 0,
        total: NanoUsd(total.unwrap_or(0)),
        problems: Vec::new(),
    })
}

/// The first day, not before `from`, that has events or sums.
fn first_day_from(connection: &mut AnyConnection, from: Day) -> Result<Option<Day>, Fault> {
    let event: Option<i64> = usage_events::table
        .filter(usage_events::at.ge(from.start().0))
        .select(min(usage_events::at))
        .first(connection)?;
    let line: Option<i32> = usage_daily::table
        .filter(usage_daily::day.ge(from.0))
        .select(min(usage_daily::day))
        .first(connection)?;
    let quarter: Option<i64> = usage_quarters::table
        .filter(usage_quarters::quarter.ge(from.start().0))
        .select(min(usage_quarters::quarter))
        .first(connection)?;
    let target: Option<i32> = target_days::table
        .filter(target_days::day.ge(from.0))
        .select(min(target_days::day))
        .first(connection)?;
    let day_of = |at: Option<i64>| at.map(|at| Timestamp(at).day());
    Ok([day_of(event), day_of(quarter), line.map(Day), target.map(Day)].into_iter().flatten().min())
}
