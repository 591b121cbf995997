//! Stretches of time that usage is told by.

use crate::budget::{BudgetWindow, Span, Zone};
use crate::time::Timestamp;

/// How long a stretch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    /// An hour of the clock.
    Hour,
    /// From midnight to midnight.
    Day,
    /// From Monday to Monday.
    Week,
    /// From the first of a month to the first of the next.
    Month,
}

impl Interval {
    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "hour" => Some(Self::Hour),
            "day" => Some(Self::Day),
            "week" => Some(Self::Week),
            "month" => Some(Self::Month),
            _ => None,
        }
    }

    /// The stretches of a zone's calendar that a span is made of, one after the other, the first and the last cut to it. `None` where
    /// they are more than `most`, or beyond the calendar.
    #[must_use]
    pub fn split(self, whole: Span, zone: &Zone, most: usize) -> Option<Vec<Span>> {
        let (mut parts, mut start) = (Vec::new(), whole.start);
        while start < whole.end {
            let end = self.end(zone, start)?.min(whole.end);
            if end <= start || parts.len() == most {
                return None;
            }
            parts.push(Span { start, end });
            start = end;
        }
        Some(parts)
    }

    fn end(self, zone: &Zone, at: Timestamp) -> Option<Timestamp> {
        let span = match self {
            Self::Hour => zone.hour(at)?,
            Self::Day => BudgetWindow::Day.span(zone, at),
            Self::Week => BudgetWindow::Week.span(zone, at),
            Self::Month => BudgetWindow::Month.span(zone, at),
        };
        (!span.is_endless()).then_some(span.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(interval: Interval, zone: &str, from: &str, to: &str, most: usize) -> Option<Vec<String>> {
        let at = |text| Timestamp::parse(text).unwrap();
        let whole = Span { start: at(from), end: at(to) };
        let parts = interval.split(whole, &Zone::new(zone).unwrap(), most)?;
        assert!(parts.is_sorted_by(|one, next| one.end == next.start), "{parts:?}");
        assert_eq!(parts.last().map(|last| last.end), parts.first().map(|_| whole.end));
        Some(parts.into_iter().map(|part| part.start.to_string()[..16].to_owned()).collect())
    }

    #[test]
    fn a_span_is_split_by_the_zones_calendar_and_cut_at_its_ends() {
        let days = split(Interval::Day, "Europe/Vienna", "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z", 9);
        assert_eq!(days.unwrap(), ["2026-10-24T12:00", "2026-10-24T22:00", "2026-10-25T23:00"]);
        let months = split(Interval::Month, "UTC", "2026-01-31T00:00:00Z", "2026-03-01T00:00:00Z", 9);
        assert_eq!(months.unwrap(), ["2026-01-31T00:00", "2026-02-01T00:00"]);
        let weeks = split(Interval::Week, "UTC", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z", 1);
        assert_eq!(weeks.unwrap(), ["2026-11-16T00:00"]);
    }

    #[test]
    fn hours_leave_no_gap_where_the_clock_is_set_by_half_an_hour() {
        let hours =
            split(Interval::Hour, "Australia/Lord_Howe", "2026-04-04T13:30:00Z", "2026-04-04T17:00:00Z", 9);
        assert_eq!(hours.unwrap()[0], "2026-04-04T13:30");
    }

    #[test]
    fn what_would_be_too_many_is_refused_and_an_empty_span_has_none() {
        let hours = |to| split(Interval::Hour, "UTC", "2026-11-22T00:00:00Z", to, 24);
        assert_eq!(hours("2026-11-23T00:00:00Z").unwrap().len(), 24);
        assert_eq!(hours("2026-11-23T00:00:01Z"), None);
        assert_eq!(hours("2026-11-22T00:00:00Z").unwrap(), Vec::<String>::new());
        assert_eq!(hours("2026-11-21T00:00:00Z").unwrap(), Vec::<String>::new());
        let beyond = Span { start: Timestamp(i64::MAX - 5), end: Timestamp(i64::MAX) };
        assert_eq!(Interval::Hour.split(beyond, &Zone::utc(), 10), None);
    }
}
