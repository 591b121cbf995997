//! Sums by group, and by stretches of time, to those who may see them.

use super::{Sight, UsageReports};
use crate::error::AdminError;
use switchyard_domain::budget::{Span, Zone};
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::{GroupBy, Interval, UsageFilter, UsageRow, UsageSums};
use switchyard_domain::user::User;

/// The most stretches of time in one table: a year of days, and some.
const MOST_STRETCHES: usize = 400;
const DAY_MS: i64 = 86_400_000;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct TableRequest {
    /// Which usage.
    pub filter: UsageFilter,
    /// What it is grouped by.
    pub group_by: GroupBy,
    /// By which stretches of time besides.
    pub interval: Option<Interval>,
    /// By whose calendar.
    pub zone: Zone,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableLine {
    /// The stretch's beginning, where stretches were asked for.
    pub start: Option<Timestamp>,
    /// The group's value, such as a day or a model.
    pub group: String,
    /// Its sums.
    pub sums: UsageSums,
}

/// Sums, and the lines that they are of. A line that nothing was used in is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageTable {
    /// All lines together.
    pub total: UsageSums,
    /// By time, then by group.
    pub lines: Vec<TableLine>,
}

impl UsageReports {
    /// The sums that somebody may see. Tables of stretches of time are made one after the other, for whoever has none made first.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] for too many stretches; when the database can't be read.
    pub async fn table(
        &self,
        person: &User,
        request: TableRequest,
        now: Timestamp,
    ) -> Result<UsageTable, AdminError> {
        let TableRequest { mut filter, group_by, interval, zone } = request;
        let Some(user) = Sight::of(person).narrowed(filter.user) else { return Ok(UsageTable::default()) };
        filter.user = user;
        let is_by_local_day = group_by == GroupBy::Day && zone != Zone::utc();
        let lines = match interval.or_else(|| is_by_local_day.then_some(Interval::Day)) {
            None => lines_of(None, self.report(filter, group_by).await?),
            Some(stretch) => {
                let (parts, mut lines) = (stretches(&filter, stretch, &zone, now)?, Vec::new());
                let _turn = self.tables.take(person.id, 1).await;
                for part in parts {
                    let within = UsageFilter { from: Some(part.start), to: Some(part.end), ..filter };
                    let rows = self.report(within, grouping(group_by)).await?;
                    let rows = if group_by == GroupBy::Day { by_local_day(&zone, part, &rows) } else { rows };
                    lines.extend(lines_of(interval.map(|_| part.start), rows));
                }
                lines
            }
        };
        let total = lines.iter().fold(UsageSums::default(), |total, line| total.plus(line.sums));
        Ok(UsageTable { total, lines })
    }
}

/// Days are the stretches themselves: within one of them any grouping does.
fn grouping(group_by: GroupBy) -> GroupBy {
    if group_by == GroupBy::Day { GroupBy::Status } else { group_by }
}

fn stretches(
    filter: &UsageFilter,
    interval: Interval,
    zone: &Zone,
    now: Timestamp,
) -> Result<Vec<Span>, AdminError> {
    let end = filter.to.unwrap_or(Timestamp(now.0.saturating_add(1)));
    let start = filter.from.unwrap_or(Timestamp(end.0.saturating_sub(usual_days(interval) * DAY_MS)));
    interval.split(Span { start, end }, zone, MOST_STRETCHES).ok_or_else(|| {
        let said = format!("`from` and `to` are more than {MOST_STRETCHES} such stretches apart");
        AdminError::invalid("interval", said)
    })
}

/// How many days a table of stretches goes back where nobody says how far.
fn usual_days(interval: Interval) -> i64 {
    match interval {
        Interval::Hour => 2,
        Interval::Day => 30,
        Interval::Week => 182,
        Interval::Month => 366,
    }
}

fn by_local_day(zone: &Zone, part: Span, rows: &[UsageRow]) -> Vec<UsageRow> {
    if rows.is_empty() {
        return Vec::new();
    }
    let sums = rows.iter().fold(UsageSums::default(), |sum, row| sum.plus(row.sums));
    vec![UsageRow { group: zone.date(part.start).unwrap_or_default(), sums }]
}

fn lines_of(start: Option<Timestamp>, rows: Vec<UsageRow>) -> Vec<TableLine> {
    rows.into_iter().map(|UsageRow { group, sums }| TableLine { start, group, sums }).collect()
}
