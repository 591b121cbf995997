//! How quick a target is.

use std::time::Duration;

/// How long a measurement weighs: after this time it is down to 1/e of what it weighed.
const SMOOTHING_SECONDS: f64 = 10.0;
/// How long a target that nobody asks counts as slow: after this time its latency is taken for 1/e of what it was, so that it is
/// asked again some day.
const FORGETTING_SECONDS: f64 = 30.0;
/// What is expected of a target that was asked within [`FORGETTING_SECONDS`] and gave no content: more than of any that does.
const NEVER: Duration = Duration::from_secs(3600);
/// How many measurements the percentiles look back upon.
const REMEMBERED: usize = 128;

/// How an answer comes: the time to the first content of a streamed one and to the whole of another are not comparable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerForm {
    /// Piece by piece.
    Streamed,
    /// At once, when it is whole.
    Whole,
}

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
    streamed: Form,
    whole: Form,
    /// In milliseconds, in a ring.
    remembered: Vec<u32>,
    next: usize,
}

/// What is known of answers of one form.
#[derive(Clone, Copy, Debug, Default)]
struct Form {
    mean: Option<Mean>,
    /// When one was last asked for and no content came.
    in_vain_at: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
struct Mean {
    seconds: f64,
    at: Duration,
}

impl LatencyMeter {
    /// Notes a measurement.
    pub fn measured(&mut self, form: AnswerForm, latency: Duration, now: Duration) {
        let seconds = latency.as_secs_f64();
        let known = self.of(form);
        known.in_vain_at = None;
        known.mean = Some(match known.mean {
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

    /// Notes that it took at least so long, where nobody knows how long it would have taken. Of one that was never measured this says
    /// nothing about how quick it is: whoever left after a moment did not make it the quickest.
    pub fn took_at_least(&mut self, form: AnswerForm, waited: Duration, now: Duration) {
        match self.known(form).mean {
            Some(mean) if mean.seconds < waited.as_secs_f64() => self.measured(form, waited, now),
            _ => self.refused(form, now),
        }
    }

    /// Notes that it refused what one caller sent. That is quick, and says nothing of how quick answers are: one that was never measured
    /// is not the quickest for it, and one that was is no slower.
    pub fn refused(&mut self, form: AnswerForm, now: Duration) {
        if self.known(form).mean.is_none() {
            self.asked_in_vain(form, now);
        }
    }

    /// Notes that it was asked and gave no content, however quickly: who is quick to refuse is not quick to answer.
    pub fn asked_in_vain(&mut self, form: AnswerForm, now: Duration) {
        self.of(form).in_vain_at = Some(now);
    }

    /// The latency to expect; `None` where nothing was measured. One that nobody asks is forgotten slowly; while somebody does ask
    /// (`is_asked`), it is not.
    #[must_use]
    pub fn expected(&self, form: AnswerForm, now: Duration, is_asked: bool) -> Option<Duration> {
        let known = self.known(form);
        if known.in_vain_at.is_some_and(|at| now.saturating_sub(at).as_secs_f64() < FORGETTING_SECONDS) {
            return Some(NEVER);
        }
        let Mean { seconds, at } = known.mean?;
        let idle = if is_asked { 0.0 } else { now.saturating_sub(at).as_secs_f64() };
        Duration::try_from_secs_f64(seconds * (-idle / FORGETTING_SECONDS).exp()).ok()
    }

    /// When it was measured last, and of which form the answer was.
    #[must_use]
    pub fn last(&self) -> Option<(Duration, AnswerForm)> {
        let of = |form| Some((self.known(form).mean?.at, form));
        let (streamed, whole) = (of(AnswerForm::Streamed), of(AnswerForm::Whole));
        [streamed, whole].into_iter().flatten().max_by_key(|(at, _)| *at)
    }

    fn known(&self, form: AnswerForm) -> Form {
        match form {
            AnswerForm::Streamed => self.streamed,
            AnswerForm::Whole => self.whole,
        }
    }

    fn of(&mut self, form: AnswerForm) -> &mut Form {
        match form {
            AnswerForm::Streamed => &mut self.streamed,
            AnswerForm::Whole => &mut self.whole,
        }
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
    const FORM: AnswerForm = AnswerForm::Streamed;

    #[test]
    fn a_rise_counts_at_once_and_a_fall_little_by_little() {
        let mut meter = LatencyMeter::default();
        assert_eq!((meter.expected(FORM, Duration::ZERO, true), meter.percentiles()), (None, None));
        meter.measured(FORM, 100 * MS, Duration::from_secs(1));
        meter.measured(FORM, 900 * MS, Duration::from_secs(2));
        assert_eq!(meter.expected(FORM, Duration::from_secs(2), true), Some(900 * MS));
        meter.measured(FORM, 100 * MS, Duration::from_secs(3));
        let soon = meter.expected(FORM, Duration::from_secs(3), true).unwrap();
        assert!((700 * MS..850 * MS).contains(&soon), "{soon:?}");
        for second in 4..60 {
            meter.measured(FORM, 100 * MS, Duration::from_secs(second));
        }
        assert!(meter.expected(FORM, Duration::from_secs(60), true).unwrap() < 110 * MS);
    }

    #[test]
    fn who_is_not_asked_is_forgotten_and_who_is_asked_is_not() {
        let mut meter = LatencyMeter::default();
        meter.measured(FORM, 1_000 * MS, Duration::ZERO);
        let later = Duration::from_secs(60);
        assert!(meter.expected(FORM, later, false).unwrap() < 140 * MS);
        assert_eq!(meter.expected(FORM, later, true), Some(1_000 * MS));
    }

    #[test]
    fn percentiles_are_those_of_the_last_measurements() {
        let mut meter = LatencyMeter::default();
        for millis in (1..=1_000).chain(1..=100).chain(1..=28) {
            meter.measured(FORM, millis * MS, Duration::ZERO);
        }
        let all = meter.percentiles().unwrap();
        assert_eq!(all.measurements, 128);
        assert_eq!((all.p50, all.p95), (36 * MS, 94 * MS));
    }

    #[test]
    fn what_is_streamed_and_what_comes_at_once_are_measured_apart() {
        let mut meter = LatencyMeter::default();
        meter.measured(AnswerForm::Whole, 20_000 * MS, Duration::ZERO);
        assert_eq!(meter.expected(FORM, Duration::ZERO, true), None);
        meter.measured(FORM, 300 * MS, Duration::ZERO);
        assert_eq!(meter.expected(FORM, Duration::ZERO, true), Some(300 * MS));
        assert_eq!(meter.expected(AnswerForm::Whole, Duration::ZERO, true), Some(20_000 * MS));
        assert_eq!(meter.percentiles().unwrap().measurements, 2);
    }

    #[test]
    fn who_was_asked_in_vain_is_slower_than_all_until_an_answer_or_for_thirty_seconds() {
        let mut meter = LatencyMeter::default();
        meter.asked_in_vain(FORM, Duration::ZERO);
        assert_eq!(meter.expected(FORM, 29_999 * MS, false), Some(NEVER));
        assert_eq!(meter.expected(FORM, 30_000 * MS, false), None);
        meter.asked_in_vain(FORM, Duration::from_secs(40));
        meter.measured(FORM, 300 * MS, Duration::from_secs(41));
        assert_eq!(meter.expected(FORM, Duration::from_secs(41), true), Some(300 * MS));
    }

    #[test]
    fn a_wait_that_was_given_up_counts_if_it_was_longer_than_expected() {
        let mut meter = LatencyMeter::default();
        meter.took_at_least(FORM, 30 * MS, Duration::ZERO);
        assert_eq!(meter.expected(FORM, Duration::ZERO, true), Some(NEVER), "nobody knows how quick it is");
        assert_eq!((meter.expected(FORM, 30_000 * MS, false), meter.percentiles()), (None, None));
        meter.measured(FORM, 2_000 * MS, Duration::ZERO);
        meter.took_at_least(FORM, 1_000 * MS, Duration::ZERO);
        assert_eq!(meter.expected(FORM, Duration::ZERO, true), Some(2_000 * MS));
        meter.took_at_least(FORM, 3_000 * MS, Duration::ZERO);
        assert_eq!(meter.expected(FORM, Duration::ZERO, true), Some(3_000 * MS));
    }
}
