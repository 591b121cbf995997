//! How quick a target is.

use std::time::Duration;

/// How long a measurement weighs: after this time it is down to 1/e of what it weighed.
const SMOOTHING_SECONDS: f64 = 10.0;
/// How long a target that nobody asks counts as slow: after this time its latency is taken for 1/e of what it was, so that it is
/// asked again some day.
const FORGETTING_SECONDS: f64 = 30.0;
/// How many measurements the percentiles look back upon.
const REMEMBERED: usize = 128;

/// Latencies of the last measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percentiles {
    /// Half of them were not above this.
    pub p50: Duration,
    /// Nineteen of twenty were not above this.
    pub p95: Duration,
    /// How many they are.
    pub measurements: usize,
}

/// Measures latency: a mean in which what is recent weighs more and a rise counts at once (a "peak EWMA"), and the percentiles of the
/// last 128 measurements. Times are those of a clock that never steps.
#[derive(Clone, Debug, Default)]
pub struct LatencyMeter {
    mean: Option<Mean>,
    /// In milliseconds, in a ring.
    remembered: Vec<u32>,
    next: usize,
}

#[derive(Clone, Copy, Debug)]
struct Mean {
    seconds: f64,
    at: Duration,
}

impl LatencyMeter {
    /// Notes a measurement.
    pub fn measured(&mut self, latency: Duration, now: Duration) {
        let seconds = latency.as_secs_f64();
        self.mean = Some(match self.mean {
            Some(mean) if seconds < mean.seconds => {
                let kept = (-now.saturating_sub(mean.at).as_secs_f64() / SMOOTHING_SECONDS).exp();
                // At least a twentieth of what is new counts, however quickly measurements follow each other.
                let kept = kept.min(0.95);
                Mean { seconds: mean.seconds * kept + seconds * (1.0 - kept), at: now }
            }
            _ => Mean { seconds, at: now },
        });
        let millis = u32::try_from(latency.as_millis()).unwrap_or(u32::MAX);
        match self.remembered.get_mut(self.next) {
            Some(oldest) => *oldest = millis,
            None => self.remembered.push(millis),
        }
        self.next = (self.next + 1) % REMEMBERED;
    }

    /// The latency to expect; `None` where nothing was measured. One that nobody asks is forgotten slowly; while somebody does ask
    /// (`is_asked`), it is not.
    #[must_use]
    pub fn expected(&self, now: Duration, is_asked: bool) -> Option<Duration> {
        let Mean { seconds, at } = self.mean?;
        let idle = if is_asked { 0.0 } else { now.saturating_sub(at).as_secs_f64() };
        Duration::try_from_secs_f64(seconds * (-idle / FORGETTING_SECONDS).exp()).ok()
    }

    /// The percentiles; `None` where nothing was measured.
    #[must_use]
    pub fn percentiles(&self) -> Option<Percentiles> {
        let mut sorted = self.remembered.clone();
        sorted.sort_unstable();
        let measurements = sorted.len();
        let at = |percent: usize| {
            let place = (measurements * percent).div_ceil(100).saturating_sub(1);
            sorted.get(place).map(|millis| Duration::from_millis(u64::from(*millis)))
        };
        Some(Percentiles { p50: at(50)?, p95: at(95)?, measurements })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_rise_counts_at_once_and_a_fall_little_by_little() {
        let mut meter = LatencyMeter::default();
        assert_eq!((meter.expected(Duration::ZERO, true), meter.percentiles()), (None, None));
        meter.measured(100 * MS, Duration::from_secs(1));
        meter.measured(900 * MS, Duration::from_secs(2));
        assert_eq!(meter.expected(Duration::from_secs(2), true), Some(900 * MS));
        meter.measured(100 * MS, Duration::from_secs(3));
        let soon = meter.expected(Duration::from_secs(3), true).unwrap();
        assert!((700 * MS..850 * MS).contains(&soon), "{soon:?}");
        for second in 4..60 {
            meter.measured(100 * MS, Duration::from_secs(second));
        }
        assert!(meter.expected(Duration::from_secs(60), true).unwrap() < 110 * MS);
    }

    #[test]
    fn who_is_not_asked_is_forgotten_and_who_is_asked_is_not() {
        let mut meter = LatencyMeter::default();
        meter.measured(1_000 * MS, Duration::ZERO);
        let later = Duration::from_secs(60);
        assert!(meter.expected(later, false).unwrap() < 140 * MS);
        assert_eq!(meter.expected(later, true), Some(1_000 * MS));
    }

    #[test]
    fn percentiles_are_those_of_the_last_measurements() {
        let mut meter = LatencyMeter::default();
        for millis in (1..=1_000).chain(1..=100).chain(1..=28) {
            meter.measured(millis * MS, Duration::ZERO);
        }
        let all = meter.percentiles().unwrap();
        assert_eq!(all.measurements, 128);
        assert_eq!((all.p50, all.p95), (36 * MS, 94 * MS));
    }
}
