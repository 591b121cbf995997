//! Times as people compare them.

use std::fmt;
use std::time::Duration;

/// The middle, the tail and the end of many times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// How many times there were.
    pub count: usize,
    /// Half of them were at most this.
    pub p50: Duration,
    /// 99 of 100 were at most this.
    pub p99: Duration,
    /// All were at most this.
    pub max: Duration,
}

impl Spread {
    /// Of these times, in any order.
    #[must_use]
    pub fn of(times: impl IntoIterator<Item = Duration>) -> Self {
        let mut times: Vec<Duration> = times.into_iter().collect();
        times.sort_unstable();
        let at = |percent: usize| times.get((times.len() * percent).div_ceil(100).saturating_sub(1));
        Self {
            count: times.len(),
            p50: at(50).copied().unwrap_or_default(),
            p99: at(99).copied().unwrap_or_default(),
            max: times.last().copied().unwrap_or_default(),
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let (p50, p99, max) = (ms(self.p50), ms(self.p99), ms(self.max));
        write!(f, "p50 {p50:.1} ms, p99 {p99:.1} ms, max {max:.1} ms of {}", self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_hundred_times_the_99th_is_p99() {
        let spread = Spread::of((1..=100).rev().map(Duration::from_millis));
        assert_eq!(spread.p50, Duration::from_millis(50));
        assert_eq!(spread.p99, Duration::from_millis(99));
        assert_eq!((spread.max, spread.count), (Duration::from_millis(100), 100));
    }

    #[test]
    fn of_no_times_there_is_no_figure() {
        assert_eq!(Spread::of([]), Spread::default());
    }
}
