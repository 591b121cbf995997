//! Requests of a UTC day.

use std::time::Duration;
use switchyard_domain::time::{Day, Timestamp};

/// The longest that a refusal may name: the limit's window.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A day's count. It begins anew when the calendar reaches a later day, not when it is set back by a few hours over
/// midnight; a calendar that was wrong by more than a day is not believed any longer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct DayCount(Option<(Day, u64)>);

impl DayCount {
    /// The requests that count today.
    pub(super) fn at(self, now: Timestamp) -> u64 {
        self.current(now).map_or(0, |(_, count)| count)
    }

    pub(super) fn add(&mut self, now: Timestamp) {
        let (day, count) = self.current(now).unwrap_or((now.day(), 0));
        self.0 = Some((day, count + 1));
    }

    /// The time until the count begins anew; a day where the calendar was set back, by which it is longer.
    pub(super) fn wait(self, now: Timestamp) -> Duration {
        let day = self.current(now).map_or(now.day(), |(day, _)| day);
        Day(day.0.saturating_add(1)).start().since(now).min(DAY)
    }

    /// Whether nothing was ever counted, which spares a look at the calendar.
    pub(super) fn is_unused(self) -> bool {
        self.0.is_none()
    }

    fn current(self, now: Timestamp) -> Option<(Day, u64)> {
        let ahead_by = |day: Day| i64::from(day.0) - i64::from(now.day().0);
        self.0.filter(|(day, _)| (0..=1).contains(&ahead_by(*day)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn a_calendar_that_is_set_back_over_midnight_does_not_begin_a_day_anew() {
        let mut count = DayCount::default();
        count.add(at("2026-11-20T23:59:59Z"));
        count.add(at("2026-11-21T00:10:00Z"));
        let back = at("2026-11-20T23:20:00Z");
        assert_eq!(count.at(back), 1);
        count.add(back);
        assert_eq!(count.at(at("2026-11-21T12:00:00Z")), 2);
        assert_eq!(count.wait(back), DAY, "it is 40 minutes more, and a refusal names no longer time");
        assert_eq!(count.wait(at("2026-11-21T23:00:00Z")), Duration::from_secs(3600));
    }

    #[test]
    fn a_calendar_that_was_years_ahead_does_not_block_for_years() {
        let mut count = DayCount::default();
        count.add(at("2040-01-01T00:00:00Z"));
        assert_eq!(count.at(at("2026-11-20T00:00:00Z")), 0);
        count.add(at("2026-11-20T00:00:00Z"));
        assert_eq!(count.at(at("2026-11-20T23:00:00Z")), 1);
    }
}
