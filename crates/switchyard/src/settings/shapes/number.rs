//! Numbers and spans of time, within stated bounds.

use crate::settings::problem::Reason;
use crate::settings::setting::Shape;
use std::time::Duration;

fn whole(text: &str, min: u64, max: u64) -> Option<u64> {
    let digits = text.trim();
    let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|number| is_plain && (min..=max).contains(number))
}

/// A whole number.
pub(in crate::settings) struct Whole {
    pub(in crate::settings) min: u64,
    pub(in crate::settings) max: u64,
}

impl Shape<u64> for Whole {
    fn parse(&self, text: &str) -> Result<u64, Reason> {
        whole(text, self.min, self.max).ok_or_else(|| Reason::new(format!("expected {}", self.expected())))
    }

    fn expected(&self) -> String {
        format!("a whole number from {} to {}", self.min, self.max)
    }
}

/// A whole number of things that fit in memory: connections, threads, attempts.
pub(in crate::settings) struct Count {
    pub(in crate::settings) min: u32,
    pub(in crate::settings) max: u32,
}

impl Shape<u32> for Count {
    fn parse(&self, text: &str) -> Result<u32, Reason> {
        whole(text, self.min.into(), self.max.into())
            .and_then(|number| u32::try_from(number).ok())
            .ok_or_else(|| Reason::new(format!("expected {}", self.expected())))
    }

    fn expected(&self) -> String {
        format!("a whole number from {} to {}", self.min, self.max)
    }
}

/// A span of time in a unit, down to a thousandth of it; bounds and unit are in milliseconds.
pub(in crate::settings) struct Milliseconds {
    /// The unit's name in the plural.
    pub(in crate::settings) unit: &'static str,
    /// Milliseconds of one unit.
    pub(in crate::settings) of_unit: u64,
    pub(in crate::settings) min: u64,
    pub(in crate::settings) max: u64,
}

impl Milliseconds {
    pub(in crate::settings) const fn seconds(min: u64, max: u64) -> Self {
        Self { unit: "seconds", of_unit: 1_000, min, max }
    }

    pub(in crate::settings) const fn minutes(min: u64, max: u64) -> Self {
        Self { unit: "minutes", of_unit: 60_000, min: min * 60_000, max: max * 60_000 }
    }

    pub(in crate::settings) const fn days(min: u64, max: u64) -> Self {
        Self { unit: "days", of_unit: 86_400_000, min: min * 86_400_000, max: max * 86_400_000 }
    }

    fn read(&self, text: &str) -> Option<u64> {
        let (units, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
        let is_fraction = (1..=3).contains(&fraction.len());
        let thousandths = format!("{fraction:0<3}");
        let units = whole(units, 0, u64::MAX)?.checked_mul(self.of_unit)?;
        let part = whole(&thousandths, 0, 999).filter(|_| is_fraction)?.checked_mul(self.of_unit)? / 1_000;
        units.checked_add(part).filter(|span| (self.min..=self.max).contains(span))
    }

    /// A number of milliseconds in the unit.
    fn show(&self, span: u64) -> String {
        let (units, rest) = (span / self.of_unit, span % self.of_unit);
        if rest == 0 {
            return units.to_string();
        }
        let thousandths = format!("{:03}", rest.saturating_mul(1_000) / self.of_unit);
        format!("{units}.{}", thousandths.trim_end_matches('0'))
    }
}

impl Shape<Duration> for Milliseconds {
    fn parse(&self, text: &str) -> Result<Duration, Reason> {
        self.read(text)
            .map(Duration::from_millis)
            .ok_or_else(|| Reason::new(format!("expected {}", self.expected())))
    }

    fn expected(&self) -> String {
        format!("{} from {} to {}", self.unit, self.show(self.min), self.show(self.max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_to_the_thousandth_and_keep_their_bounds() {
        let seconds = Milliseconds::seconds(100, 600_000);
        assert_eq!(seconds.parse("30").unwrap(), Duration::from_secs(30));
        assert_eq!(seconds.parse(" 0.25 ").unwrap(), Duration::from_millis(250));
        assert_eq!(seconds.parse("600").unwrap(), Duration::from_secs(600));
        for wrong in ["", "-5", "+5", "0", "0.09", "600.001", "1e2", "1.2345", "1.", ".5", "5 s", "NaN"] {
            assert!(seconds.parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(seconds.expected(), "seconds from 0.1 to 600");
        assert_eq!(Milliseconds::days(1, 365).parse("7").unwrap(), Duration::from_secs(7 * 86_400));
    }

    #[test]
    fn whole_numbers_take_digits_only_and_keep_their_bounds() {
        let count = Count { min: 1, max: 100 };
        assert_eq!(count.parse("100").unwrap(), 100);
        for wrong in ["0", "101", "-1", "+1", "1.0", "1_0", "0x10", "", "99999999999999999999999"] {
            assert!(count.parse(wrong).is_err(), "{wrong}");
        }
    }
}
