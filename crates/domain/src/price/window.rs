//! Hours of the day, on some days of the week, for prices that hold then.

use crate::time::{Day, Timestamp};
use serde::{Deserialize, Serialize};

/// Days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Weekdays(u8);

impl Weekdays {
    /// Every day.
    pub const ALL: Self = Self(0b0111_1111);

    /// These days, 1 for Monday to 7 for Sunday; `None` when there is none, or another number among them.
    #[must_use]
    pub fn of(days: &[u8]) -> Option<Self> {
        let bit = |day: &u8| (1..=7).contains(day).then(|| 1_u8 << (day - 1));
        let mask = days.iter().try_fold(0, |mask, day| Some(mask | bit(day)?))?;
        (mask != 0).then_some(Self(mask))
    }

    /// Whether a day is one of these.
    #[must_use]
    pub fn contain(self, day: Day) -> bool {
        self.0 & (1 << (day.weekday() - 1)) != 0
    }
}

impl Default for Weekdays {
    fn default() -> Self {
        Self::ALL
    }
}

/// Part of a UTC day, from `start` to before `end`, in minutes since midnight; 1440 is the end of the day. It may pass midnight,
/// and belongs to the day on which it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyWindow {
    /// First minute.
    pub start: u16,
    /// One past the last minute.
    pub end: u16,
    /// The UTC days on which it begins.
    #[serde(default)]
    pub weekdays: Weekdays,
}

impl DailyWindow {
    pub(super) fn holds(self, at: Timestamp) -> bool {
        let (minute, today) = (at.minute_of_day(), at.day());
        if self.start <= self.end {
            return (self.start..self.end).contains(&minute) && self.weekdays.contain(today);
        }
        let began = if minute >= self.start { today } else { Day(today.0.saturating_sub(1)) };
        (minute >= self.start || minute < self.end) && self.weekdays.contain(began)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Timestamp {
        Timestamp::parse(time).unwrap()
    }

    #[test]
    fn days_are_read_by_their_number_and_nothing_else_is_a_day() {
        let working = Weekdays::of(&[1, 2, 3, 4, 5]).unwrap();
        // 2026-11-20 was a Friday.
        assert!(working.contain(at("2026-11-20T00:00:00Z").day()));
        assert!(!working.contain(at("2026-11-21T00:00:00Z").day()));
        assert!(!working.contain(at("2026-11-22T23:59:59Z").day()));
        assert!(working.contain(at("2026-11-23T00:00:00Z").day()));
        assert_eq!(Weekdays::of(&[7, 6, 5, 4, 3, 2, 1, 1]), Some(Weekdays::ALL));
        for bad in [&[][..], &[0], &[8], &[1, 255]] {
            assert_eq!(Weekdays::of(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_window_over_midnight_belongs_to_the_day_on_which_it_began() {
        let friday_night = DailyWindow { start: 1380, end: 60, weekdays: Weekdays::of(&[5]).unwrap() };
        assert!(!friday_night.holds(at("2026-11-20T00:30:00Z")), "that is Thursday's");
        assert!(friday_night.holds(at("2026-11-20T23:00:00Z")));
        assert!(friday_night.holds(at("2026-11-21T00:59:00Z")));
        assert!(!friday_night.holds(at("2026-11-21T01:00:00Z")));
        assert!(!friday_night.holds(at("2026-11-21T23:00:00Z")));
    }

    #[test]
    fn a_whole_day_is_one_up_to_its_end() {
        let sunday = DailyWindow { start: 0, end: 1440, weekdays: Weekdays::of(&[7]).unwrap() };
        assert!(!sunday.holds(at("2026-11-21T23:59:59Z")));
        assert!(sunday.holds(at("2026-11-22T00:00:00Z")) && sunday.holds(at("2026-11-22T23:59:59Z")));
        assert!(!sunday.holds(at("2026-11-23T00:00:00Z")));
    }
}
