//! Budgets: how much money a scope may spend in a window of the calendar, in a zone of its own. A window is a matter of arithmetic on a
//! given time; nobody is asked what time it is.

use crate::money::NanoUsd;
use crate::time::Timestamp;
use jiff::Zoned;
use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::LazyLock;

/// The zones as they were when this was built: the same on every machine, whatever is installed there.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

const HOUR_MS: i64 = 3_600_000;

/// How long a budget lasts before it begins anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetWindow {
    /// For ever.
    Total,
    /// From midnight to midnight.
    Day,
    /// From Monday to Monday.
    Week,
    /// From the first of a month to the first of the next.
    Month,
}

impl BudgetWindow {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Total, Self::Day, Self::Week, Self::Month];

    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|window| window.as_str() == word)
    }

    /// The window of a zone's calendar that `at` lies in. A moment beyond the calendar lies in the endless one.
    #[must_use]
    pub fn span(self, zone: &Zone, at: Timestamp) -> Span {
        self.calendar_span(zone, at).unwrap_or(Span::ENDLESS)
    }

    fn calendar_span(self, zone: &Zone, at: Timestamp) -> Option<Span> {
        let today = zone.here(at)?.date();
        let (first, next) = match self {
            Self::Total => return None,
            Self::Day => (today, today.tomorrow().ok()?),
            Self::Week => {
                let days = i64::from(today.weekday().to_monday_zero_offset());
                let monday = today.checked_sub(jiff::Span::new().try_days(days).ok()?).ok()?;
                (monday, monday.checked_add(jiff::Span::new().try_days(7).ok()?).ok()?)
            }
            Self::Month => (today.first_of_month(), today.last_of_month().tomorrow().ok()?),
        };
        Some(Span { start: zone.midnight(first)?, end: zone.midnight(next)? })
    }
}

/// A zone of the IANA database, by whose calendar windows begin and end.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    name: String,
    rules: TimeZone,
}

/// A text that names no zone.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{0}` is no time zone of the IANA database, such as Europe/Vienna or UTC")]
pub struct InvalidZone(String);

impl Zone {
    /// Coordinated universal time.
    #[must_use]
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), rules: TimeZone::UTC }
    }

    /// The zone of this name.
    ///
    /// # Errors
    /// [`InvalidZone`] when there is none.
    pub fn new(name: &str) -> Result<Self, InvalidZone> {
        let rules = ZONES.get(name).map_err(|_| InvalidZone(name.chars().take(64).collect()))?;
        let name = rules.iana_name().unwrap_or(name).to_owned();
        Ok(Self { name, rules })
    }

    /// The day that `at` lies in, such as `2026-11-22`; `None` beyond the calendar.
    #[must_use]
    pub fn date(&self, at: Timestamp) -> Option<String> {
        self.here(at).map(|here| here.date().to_string())
    }

    /// The day of a date such as `2026-11-22`, here.
    #[must_use]
    pub fn day(&self, date: &str) -> Option<Span> {
        let is_date = date.len() == 10 && date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let first: Date = date.parse().ok().filter(|_| is_date)?;
        Some(Span { start: self.midnight(first)?, end: self.midnight(first.tomorrow().ok()?)? })
    }

    /// The hour of the clock here that `at` lies in.
    #[must_use]
    pub fn hour(&self, at: Timestamp) -> Option<Span> {
        let offset = i64::from(self.here(at)?.offset().seconds()) * 1000;
        let start = (at.0 + offset).div_euclid(HOUR_MS) * HOUR_MS - offset;
        Some(Span { start: Timestamp(start), end: Timestamp(start + HOUR_MS) })
    }

    fn here(&self, at: Timestamp) -> Option<Zoned> {
        Some(jiff::Timestamp::from_millisecond(at.0).ok()?.to_zoned(self.rules.clone()))
    }

    /// The first moment of a day, also of one that has no midnight.
    fn midnight(&self, day: Date) -> Option<Timestamp> {
        let midnight = day.to_zoned(self.rules.clone()).ok()?;
        Some(Timestamp(midnight.timestamp().as_millisecond()))
    }
}

impl Eq for Zone {}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A window that began: from `start` to before `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
}

impl Span {
    /// All of time.
    pub const ENDLESS: Self = Self { start: Timestamp(i64::MIN), end: Timestamp(i64::MAX) };

    /// Whether it never ends.
    #[must_use]
    pub fn is_endless(self) -> bool {
        self == Self::ENDLESS
    }

    /// Whether a moment lies in it.
    #[must_use]
    pub fn contains(self, at: Timestamp) -> bool {
        self.is_endless() || (self.start <= at && at < self.end)
    }
}

/// How much may be spent in which window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The amount.
    pub amount: NanoUsd,
    /// Its window.
    pub window: BudgetWindow,
    /// By whose calendar.
    pub zone: Zone,
}

impl Budget {
    /// The window that `at` lies in. A moment beyond the calendar lies in the endless one.
    #[must_use]
    pub fn span(&self, at: Timestamp) -> Span {
        self.window.span(&self.zone, at)
    }
}

impl Budget {
    /// Whether whoever is held to this budget can spend no more in any window of the `other` one than that lets pass: not more money,
    /// and not anew more often. Windows of another zone overlap two of the other's, which would be twice the money.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        let length = |window| match window {
            BudgetWindow::Day => 0,
            BudgetWindow::Week => 1,
            BudgetWindow::Month => 2,
            BudgetWindow::Total => 3,
        };
        let (mine, theirs) = (length(self.window), length(other.window));
        let is_same_zone = self.zone == other.zone || self.window == BudgetWindow::Total;
        self.amount <= other.amount && mine >= theirs && is_same_zone
    }
}

/// `10.000000000 USD a day (Europe/Vienna)`.
impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { amount, window, zone } = self;
        match window {
            BudgetWindow::Total => write!(f, "{amount} USD in all"),
            _ => write!(f, "{amount} USD a {} ({zone})", window.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn span(window: BudgetWindow, zone: &str, time: &str) -> (String, String) {
        let budget = Budget { amount: NanoUsd(1), window, zone: Zone::new(zone).unwrap() };
        let span = budget.span(at(time));
        (span.start.to_string(), span.end.to_string())
    }

    fn pair(start: &str, end: &str) -> (String, String) {
        (format!("{start}:00.000Z"), format!("{end}:00.000Z"))
    }

    #[test]
    fn a_budget_is_within_another_by_amount_window_and_zone() {
        let of = |amount, window, zone: &str| Budget {
            amount: NanoUsd(amount),
            window,
            zone: Zone::new(zone).unwrap(),
        };
        let own = of(10, BudgetWindow::Week, "UTC");
        for (amount, window, zone, is_within) in [
            (10, BudgetWindow::Week, "UTC", true),
            (11, BudgetWindow::Week, "UTC", false),
            (10, BudgetWindow::Week, "Europe/Vienna", false),
            (10, BudgetWindow::Month, "UTC", true),
            (11, BudgetWindow::Month, "UTC", false),
            (1, BudgetWindow::Day, "UTC", false),
            (10, BudgetWindow::Total, "Europe/Vienna", true),
            (11, BudgetWindow::Total, "UTC", false),
        ] {
            assert_eq!(of(amount, window, zone).is_within(&own), is_within, "{amount} {window:?} {zone}");
        }
        assert!(!of(1, BudgetWindow::Month, "UTC").is_within(&of(10, BudgetWindow::Total, "UTC")));
    }

    #[test]
    fn days_weeks_and_months_are_those_of_the_zone() {
        let day = span(BudgetWindow::Day, "UTC", "2026-11-22T23:59:59.999Z");
        assert_eq!(day, pair("2026-11-22T00:00", "2026-11-23T00:00"));
        let there = span(BudgetWindow::Day, "Asia/Tokyo", "2026-11-22T15:00:00Z");
        assert_eq!(there, pair("2026-11-22T15:00", "2026-11-23T15:00"));
        // A Sunday, which ends a week.
        let week = span(BudgetWindow::Week, "UTC", "2026-11-22T12:00:00Z");
        assert_eq!(week, pair("2026-11-16T00:00", "2026-11-23T00:00"));
        let month = span(BudgetWindow::Month, "America/New_York", "2026-12-01T04:59:59Z");
        assert_eq!(month, pair("2026-11-01T04:00", "2026-12-01T05:00"));
        let february = span(BudgetWindow::Month, "UTC", "2028-02-29T12:00:00Z");
        assert_eq!(february, pair("2028-02-01T00:00", "2028-03-01T00:00"));
    }

    #[test]
    fn a_day_that_loses_or_gains_an_hour_is_one_window() {
        let spring = span(BudgetWindow::Day, "Europe/Vienna", "2026-03-29T10:00:00Z");
        assert_eq!(spring, pair("2026-03-28T23:00", "2026-03-29T22:00"));
        let autumn = span(BudgetWindow::Day, "Europe/Vienna", "2026-10-25T10:00:00Z");
        assert_eq!(autumn, pair("2026-10-24T22:00", "2026-10-25T23:00"));
        // In Cairo the clock goes from midnight to one o'clock: that day has no midnight.
        let without = span(BudgetWindow::Day, "Africa/Cairo", "2026-04-24T10:00:00Z");
        assert_eq!(without, pair("2026-04-23T22:00", "2026-04-24T21:00"));
    }

    #[test]
    fn windows_follow_each_other_without_a_gap_and_each_holds_its_own_moments() {
        for window in [BudgetWindow::Day, BudgetWindow::Week, BudgetWindow::Month] {
            for zone in ["UTC", "Europe/Vienna", "America/St_Johns", "Africa/Cairo", "Pacific/Apia"] {
                let budget = Budget { amount: NanoUsd(1), window, zone: Zone::new(zone).unwrap() };
                let mut span = budget.span(at("2011-12-01T00:00:00Z"));
                for _ in 0..400 {
                    let next = budget.span(span.end);
                    assert_eq!(next.start, span.end, "{zone} {window:?}");
                    assert!(next.end > next.start);
                    let last = Timestamp(next.end.0 - 1);
                    assert_eq!(budget.span(last), next);
                    assert!(next.contains(last) && !next.contains(next.end));
                    span = next;
                }
            }
        }
    }

    #[test]
    fn a_total_never_ends_and_neither_does_what_no_calendar_holds() {
        let budget = Budget { amount: NanoUsd(1), window: BudgetWindow::Total, zone: Zone::utc() };
        assert!(budget.span(at("2026-11-22T00:00:00Z")).is_endless());
        let budget = Budget { window: BudgetWindow::Day, ..budget };
        assert!(budget.span(Timestamp(i64::MAX)).is_endless());
        assert!(Span::ENDLESS.contains(Timestamp(i64::MAX)));
    }

    #[test]
    fn a_zone_knows_its_days_by_date_and_its_hours() {
        let zone = Zone::new("Asia/Kolkata").unwrap();
        let told = |span: Span| (span.start.to_string(), span.end.to_string());
        assert_eq!(zone.date(at("2026-11-21T18:30:00Z")).unwrap(), "2026-11-22");
        assert_eq!(zone.date(Timestamp(i64::MAX)), None);
        let day = zone.day("2026-11-22").unwrap();
        assert_eq!(told(day), pair("2026-11-21T18:30", "2026-11-22T18:30"));
        let hour = zone.hour(at("2026-11-22T00:10:00Z")).unwrap();
        assert_eq!(told(hour), pair("2026-11-21T23:30", "2026-11-22T00:30"));
        for text in ["", "2026-11-31", "22.11.2026", "2026-11-22T00:00:00Z", "-002026-11", "2026-1-22"] {
            assert!(zone.day(text).is_none(), "{text}");
        }
    }

    #[test]
    fn what_names_no_zone_is_refused() {
        for name in ["", "Europe/Wien", "../../etc/passwd", "+01:00"] {
            assert!(Zone::new(name).is_err(), "{name}");
        }
        assert_eq!(Zone::new("europe/vienna").unwrap().to_string(), "Europe/Vienna");
    }

    #[test]
    fn a_budget_is_told_in_words() {
        let budget =
            Budget { amount: NanoUsd(10_500_000_000), window: BudgetWindow::Month, zone: Zone::utc() };
        assert_eq!(budget.to_string(), "10.500000000 USD a month (UTC)");
        assert_eq!(Budget { window: BudgetWindow::Total, ..budget }.to_string(), "10.500000000 USD in all");
    }
}
