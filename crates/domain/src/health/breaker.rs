//! A breaker: who fails is left alone for a while, and then tried by one call before all others come back.

use super::Verdict;
use std::time::Duration;

/// Failures in a row that open it.
const IN_A_ROW: u32 = 5;
/// How long the results are looked back upon.
const WINDOW_SECONDS: u64 = 10;
/// Fewer results than these in the window say nothing about a share.
const ENOUGH: u32 = 20;
/// How long it is open at first; twice as long each time that a probe fails.
const FIRST_OPEN: Duration = Duration::from_secs(1);
/// The longest that it is open, so that with its jitter and the probe's own time calls come back within ten seconds of a recovery.
const LONGEST_OPEN: Duration = Duration::from_secs(7);
/// The jitter of the time that it is open: a fifth more or less.
const JITTER: u32 = 5;
/// Where nothing else is left, a probe goes before the time is over, once in this time.
const EARLY_PROBE: Duration = Duration::from_secs(1);
/// A probe whose answer has run for so long works, though it has not ended.
const RUNS: Duration = Duration::from_secs(5);

/// How a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls pass.
    Closed,
    /// No call passes.
    Open {
        /// For how long yet.
        left: Duration,
    },
    /// One call passes, to try.
    HalfOpen {
        /// Whether it is on its way.
        is_probed: bool,
    },
}

/// Whether an attempt may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// It may.
    Passes,
    /// It may, and it is the one that tries.
    Probes,
    /// It may not.
    Refused {
        /// When to ask again.
        wait: Duration,
    },
}

/// A breaker. Times are those of a clock that never steps, since an origin of the process; draws are uniform over their whole range.
///
/// It opens after 5 failures in a row, or when of 20 results or more within 10 s at least half are failures, or at once when somebody
/// must mend the target. It stays open for 1 s, then 2 s, 4 s and 7 s at most, each a fifth more or less. Then one attempt goes as a
/// probe: it closes the breaker, or opens it for longer.
#[derive(Clone, Debug, Default)]
pub struct Breaker {
    state: State,
    in_a_row: u32,
    window: Window,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Closed,
    Broken(Broken),
}

#[derive(Clone, Copy, Debug)]
struct Broken {
    until: Duration,
    /// How often it opened without closing in between.
    openings: u32,
    /// When the last attempt came here: the failure that opened it, or a probe.
    tried_at: Duration,
    /// The probe that is on its way.
    probe: Option<Probe>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Probe {
    content_at: Option<Duration>,
}

impl Breaker {
    /// How it stands.
    #[must_use]
    pub fn state(&self, now: Duration) -> BreakerState {
        match self.state {
            State::Broken(broken) if !broken.runs(now) => match broken.until.checked_sub(now) {
                Some(left) if broken.probe.is_none() && !left.is_zero() => BreakerState::Open { left },
                _ => BreakerState::HalfOpen { is_probed: broken.probe.is_some() },
            },
            _ => BreakerState::Closed,
        }
    }

    /// Lets an attempt begin, or not. `is_last` says that nothing else is left to try: then a probe goes before its time, once in a
    /// second. Whoever [probes](Entry::Probes) must be ended.
    pub fn enter(&mut self, now: Duration, is_last: bool) -> Entry {
        self.mature(now);
        let State::Broken(broken) = &mut self.state else { return Entry::Passes };
        if broken.probe.is_some() {
            return Entry::Refused { wait: EARLY_PROBE };
        }
        let due = if is_last { broken.until.min(broken.tried_at + EARLY_PROBE) } else { broken.until };
        if now < due {
            return Entry::Refused { wait: due - now };
        }
        broken.probe = Some(Probe::default());
        broken.tried_at = now;
        Entry::Probes
    }

    /// The first content of a probe's answer has come.
    pub fn content(&mut self, now: Duration) {
        if let State::Broken(Broken { probe: Some(probe), .. }) = &mut self.state {
            probe.content_at = Some(now);
        }
    }

    /// An attempt ended so. `is_probe` tells whether it was let in as one: what began before the breaker opened changes nothing.
    pub fn ended(&mut self, now: Duration, verdict: Verdict, is_probe: bool, draw: u64) {
        self.mature(now);
        match (self.state, is_probe) {
            (State::Closed, _) => self.count(now, verdict, draw),
            (State::Broken(broken), true) => match verdict {
                Verdict::Works => *self = Self::default(),
                Verdict::Failed | Verdict::Broken => self.open(now, broken.openings, draw),
                Verdict::Neither => self.state = State::Broken(Broken { probe: None, ..broken }),
            },
            (State::Broken(_), false) => {}
        }
    }

    /// Closes it, as somebody says that the target works.
    pub fn close(&mut self) {
        *self = Self::default();
    }

    /// A probe that has run for long enough has succeeded.
    fn mature(&mut self, now: Duration) {
        if let State::Broken(broken) = self.state
            && broken.runs(now)
        {
            *self = Self::default();
        }
    }

    fn count(&mut self, now: Duration, verdict: Verdict, draw: u64) {
        match verdict {
            Verdict::Neither => return,
            Verdict::Works => {
                self.in_a_row = 0;
                self.window.add(now, false);
            }
            Verdict::Failed | Verdict::Broken => {
                self.in_a_row += 1;
                self.window.add(now, true);
            }
        }
        if verdict == Verdict::Broken || self.in_a_row >= IN_A_ROW || self.window.is_bad() {
            self.open(now, 0, draw);
        }
    }

    fn open(&mut self, now: Duration, openings: u32, draw: u64) {
        let base = FIRST_OPEN.saturating_mul(1 << openings.min(8)).min(LONGEST_OPEN);
        let spread = base / JITTER;
        let micros = u64::try_from(spread.as_micros() * 2).unwrap_or(u64::MAX);
        let jitter = Duration::from_micros(draw % micros.saturating_add(1));
        *self = Self {
            state: State::Broken(Broken {
                until: now + (base - spread) + jitter,
                openings: openings.saturating_add(1),
                tried_at: now,
                probe: None,
            }),
            ..Self::default()
        };
    }
}

impl Broken {
    fn runs(&self, now: Duration) -> bool {
        let content_at = self.probe.and_then(|probe| probe.content_at);
        content_at.is_some_and(|at| now.saturating_sub(at) >= RUNS)
    }
}

/// The results of the last ten seconds, by the second: what is older than nine to ten seconds is forgotten.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    seconds: [Second; 10],
}

#[derive(Clone, Copy, Debug, Default)]
struct Second {
    number: u64,
    results: u32,
    failures: u32,
}

impl Window {
    fn add(&mut self, now: Duration, is_failure: bool) {
        let number = now.as_secs();
        for second in &mut self.seconds {
            if number.saturating_sub(second.number) >= WINDOW_SECONDS {
                *second = Second::default();
            }
        }
        let place = usize::try_from(number % WINDOW_SECONDS).unwrap_or_default();
        if let Some(second) = self.seconds.get_mut(place) {
            if second.number != number {
                *second = Second { number, ..Second::default() };
            }
            second.results = second.results.saturating_add(1);
            second.failures = second.failures.saturating_add(u32::from(is_failure));
        }
    }

    /// Asked right after something was added.
    fn is_bad(&self) -> bool {
        let results: u32 = self.seconds.iter().map(|second| second.results).sum();
        let failures: u32 = self.seconds.iter().map(|second| second.failures).sum();
        results >= ENOUGH && failures.saturating_mul(2) >= results
    }
}

#[cfg(test)]
mod tests;
