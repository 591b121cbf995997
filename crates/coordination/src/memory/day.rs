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

    /// Counts a request, and answers in which day.
    pub(super) fn add(&mut self, now: Timestamp) -> Day {
        let (day, count) = self.current(now).unwrap_or((now.day(), 0));
        self.0 = Some((day, count + 1));
        day
    }

    /// A request that was counted in this day is none of it.
    pub(super) fn take_back(&mut self, day: Day) {
        if let Some((_, count)) = self.0.as_mut().filter(|(counted, _)| *counted == day) {
            *count = count.saturating_sub(1);
        }
    }

    /// So many requests were made in this day at least.
    pub(super) fn raise(&mut self, now: Timestamp, day: Day, requests: u64) {
        let (current, count) = self.current(now).unwrap_or((now.day(), 0));
        if current == day && requests > count {
            self.0 = Some((day, requests));
        }
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
    fn what_is_told_of_a_day_raises_its_count_and_no_other() {
        let (noon, day) = (at("2026-11-20T12:00:00Z"), at("2026-11-20T00:00:00Z").day());
        let mut count = DayCount::default();
        count.raise(noon, day, 7);
        assert_eq!(count.at(noon), 7);
        count.raise(noon, day, 3);
        count.raise(noon, day.next(), 30);
        assert_eq!((count.at(noon), count.at(at("2026-11-21T00:00:00Z"))), (7, 0));
    }

    #[test]
    fn a_request_is_taken_back_from_the_day_that_it_was_counted_in() {
        let (evening, morning) = (at("2026-11-20T23:59:00Z"), at("2026-11-21T00:01:00Z"));
        let mut count = DayCount::default();
        let counted_in = count.add(evening);
        count.add(morning);
        count.take_back(counted_in);
        assert_eq!(count.at(morning), 1);
        count.take_back(morning.day());
        count.take_back(morning.day());
        assert_eq!(count.at(morning), 0);
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
