//! Instants as milliseconds UTC. Code never asks the machine for the time: the clock port gives it.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// Milliseconds since 1970-01-01T00:00:00Z; RFC 3339 at the edges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// A text that is no RFC 3339 time.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{0}` is not an RFC 3339 time such as 2026-11-20T08:00:00Z")]
pub struct InvalidTimestamp(String);

impl Timestamp {
    /// Whole seconds since the epoch, as the OpenAI dialect writes `created`.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The instant `duration` later, held at the end of the range.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The instant `duration` earlier, held at the end of the range.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The time from `earlier` to `self`, zero when the clock stepped back in between.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Minutes since midnight UTC, 0..1440, for prices that hold at certain hours.
    #[must_use]
    pub fn minute_of_day(self) -> u16 {
        u16::try_from(self.0.div_euclid(60_000).rem_euclid(1440)).unwrap_or(0)
    }

    /// The UTC calendar day, the grain of the daily rollups.
    #[must_use]
    pub fn day(self) -> Day {
        let day = self.0.div_euclid(86_400_000);
        Day(i32::try_from(day).unwrap_or(if day < 0 { i32::MIN } else { i32::MAX }))
    }

    /// Parses RFC 3339.
    ///
    /// # Errors
    /// [`InvalidTimestamp`] when the text is anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidTimestamp> {
        text.parse::<jiff::Timestamp>()
            .map(|at| Self(at.as_millisecond()))
            .map_err(|_| InvalidTimestamp(text.chars().take(64).collect()))
    }
}

/// RFC 3339 with milliseconds and `Z`; an instant outside the calendar's range prints its number.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(at) => write!(f, "{at:.3}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

/// A UTC calendar day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(pub i32);

impl Day {
    /// Midnight UTC at which the day begins.
    #[must_use]
    pub fn start(self) -> Timestamp {
        Timestamp(i64::from(self.0) * 86_400_000)
    }

    /// The day after, held at the end of the range.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The day of the week, 1 for Monday to 7 for Sunday.
    #[must_use]
    pub fn weekday(self) -> u8 {
        // 1970-01-01 was a Thursday.
        u8::try_from((i64::from(self.0) + 3).rem_euclid(7)).unwrap_or(0) + 1
    }

    /// Parses `2026-11-20`.
    ///
    /// # Errors
    /// [`InvalidTimestamp`] when the text is no calendar date.
    pub fn parse(text: &str) -> Result<Self, InvalidTimestamp> {
        Timestamp::parse(&format!("{text}T00:00:00Z")).map(Timestamp::day)
    }
}

/// `2026-11-20`.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.start().to_string();
        f.write_str(text.get(..10).unwrap_or(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_print_and_parse_as_rfc_3339() {
        let at = Timestamp::parse("2026-11-20T08:00:00.250Z").unwrap();
        assert_eq!(at.to_string(), "2026-11-20T08:00:00.250Z");
        assert_eq!(at.day().to_string(), "2026-11-20");
        assert_eq!(at.minute_of_day(), 480);
        assert!(Timestamp::parse("yesterday").is_err());
    }

    #[test]
    fn days_of_the_week_count_from_monday_before_1970_too() {
        let weekday = |day: &str| Day::parse(day).unwrap().weekday();
        assert_eq!(weekday("1970-01-01"), 4);
        assert_eq!((weekday("1969-12-29"), weekday("1969-12-28")), (1, 7));
        assert_eq!((weekday("2026-11-20"), weekday("2026-11-22"), weekday("2026-11-23")), (5, 7, 1));
    }

    #[test]
    fn an_instant_beyond_all_days_is_of_the_nearest_one() {
        assert_eq!((Timestamp(i64::MIN).day(), Timestamp(i64::MAX).day()), (Day(i32::MIN), Day(i32::MAX)));
    }

    #[test]
    fn a_clock_that_stepped_back_gives_no_negative_duration() {
        assert_eq!(Timestamp(5).since(Timestamp(9)), Duration::ZERO);
    }
}
