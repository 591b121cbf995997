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
/// A probe that has no content after so long stands in nobody's way: another one goes, so that a target which came back meanwhile is
/// found before the first one has waited to its end.
const SILENT_PROBE: Duration = Duration::from_secs(5);

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
    /// It may; the breaker is told with this how it ends.
    Passes(Ticket),
    /// It may not.
    Refused {
        /// When to ask again.
        wait: Duration,
    },
}

/// Of which time of the breaker an attempt is: what began before it opened changes nothing afterwards, and a probe speaks for the
/// opening that it was sent in alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    number: u64,
    is_probe: bool,
}

impl Ticket {
    /// Whether it is the attempt that tries an open breaker's target.
    #[must_use]
    pub fn is_probe(self) -> bool {
        self.is_probe
    }
}

/// A breaker. Times are those of a clock that never steps, since an origin of the process; draws are uniform over their whole range.
///
/// It opens after 5 failures in a row, or when of 20 results or more within 10 s at least half are failures, or at once when somebody
/// must mend the target. It stays open for 1 s, then 2 s, 4 s and 7 s at most, each a fifth more or less. Then one attempt goes as a
/// probe. Its first content closes the breaker on trial: until an attempt has ended well, one failure opens it again, for longer.
#[derive(Clone, Debug, Default)]
pub struct Breaker {
    state: State,
    in_a_row: u32,
    window: Window,
    /// The number of the last opening or probe.
    number: u64,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed {
        /// Attempts of lower numbers began before it opened last.
        since: u64,
        /// How often it had opened, while it is on trial.
        trial: Option<u32>,
    },
    Broken(Broken),
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { since: 0, trial: None }
    }
}

#[derive(Clone, Copy, Debug)]
struct Broken {
    until: Duration,
    /// How often it opened without closing in between.
    openings: u32,
    /// The number of this opening.
    number: u64,
    /// When the last attempt came here: the failure that opened it, or a probe.
    tried_at: Duration,
    /// The number of the last probe, while it is on its way.
    probe: Option<u64>,
}

impl Breaker {
    /// How it stands.
    #[must_use]
    pub fn state(&self, now: Duration) -> BreakerState {
        let State::Broken(broken) = self.state else { return BreakerState::Closed };
        let is_probed = broken.silence(now).is_some();
        match broken.until.checked_sub(now) {
            Some(left) if !is_probed && !left.is_zero() => BreakerState::Open { left },
            _ => BreakerState::HalfOpen { is_probed },
        }
    }

    /// Lets an attempt begin, or not. `is_last` says that nothing else is left to try: then a probe goes before its time, once in a
    /// second. Whatever [passes](Entry::Passes) must be ended.
    pub fn enter(&mut self, now: Duration, is_last: bool) -> Entry {
        let State::Broken(broken) = &mut self.state else {
            return Entry::Passes(Ticket { number: self.number, is_probe: false });
        };
        if let Some(left) = broken.silence(now) {
            return Entry::Refused { wait: left.min(EARLY_PROBE) };
        }
        let due = if is_last { broken.until.min(broken.tried_at + EARLY_PROBE) } else { broken.until };
        if now < due {
            return Entry::Refused { wait: due - now };
        }
        self.number += 1;
        broken.probe = Some(self.number);
        broken.tried_at = now;
        Entry::Passes(Ticket { number: self.number, is_probe: true })
    }

    /// The first content of an answer has come.
    pub fn content(&mut self, ticket: Ticket) {
        if let State::Broken(broken) = self.state
            && broken.is_probed_by(ticket)
        {
            self.close(ticket, Some(broken.openings));
        }
    }

    /// An attempt ended so.
    pub fn ended(&mut self, now: Duration, verdict: Verdict, ticket: Ticket, draw: u64) {
        match self.state {
            State::Closed { since, .. } if ticket.number < since => {}
            State::Closed { since, trial } => self.count(now, verdict, since, trial, draw),
            State::Broken(broken) if broken.is_probed_by(ticket) => {
                let is_newest = broken.probe == Some(ticket.number);
                match verdict {
                    Verdict::Works => self.close(ticket, None),
                    // What waited for long in vain says nothing of what was asked after it.
                    _ if !is_newest => {}
                    Verdict::Failed | Verdict::Broken => self.open(now, broken.openings, draw),
                    Verdict::Neither => self.state = State::Broken(Broken { probe: None, ..broken }),
                }
            }
            State::Broken(_) => {}
        }
    }

    fn close(&mut self, by: Ticket, trial: Option<u32>) {
        let state = State::Closed { since: by.number, trial };
        *self = Self { state, number: self.number, ..Self::default() };
    }

    fn count(&mut self, now: Duration, verdict: Verdict, since: u64, trial: Option<u32>, draw: u64) {
        let has_failed = match verdict {
            Verdict::Neither => return,
            Verdict::Works => false,
            Verdict::Failed | Verdict::Broken => true,
        };
        self.window.add(now, has_failed);
        self.in_a_row = if has_failed { self.in_a_row + 1 } else { 0 };
        let is_over =
            has_failed && (trial.is_some() || verdict == Verdict::Broken || self.in_a_row >= IN_A_ROW);
        if is_over || self.window.is_bad() {
            self.open(now, trial.unwrap_or_default(), draw);
        } else if !has_failed {
            self.state = State::Closed { since, trial: None };
        }
    }

    fn open(&mut self, now: Duration, openings: u32, draw: u64) {
        let base = FIRST_OPEN.saturating_mul(1 << openings.min(8)).min(LONGEST_OPEN);
        let spread = base / JITTER;
        let micros = u64::try_from(spread.as_micros() * 2).unwrap_or(u64::MAX);
        let jitter = Duration::from_micros(draw % micros.saturating_add(1));
        let number = self.number + 1;
        *self = Self {
            state: State::Broken(Broken {
                until: now + (base - spread) + jitter,
                openings: openings.saturating_add(1),
                number,
                tried_at: now,
                probe: None,
            }),
            number,
            ..Self::default()
        };
    }
}

impl Broken {
    /// For how long yet its probe stands in the way of another; `None` where none does.
    fn silence(&self, now: Duration) -> Option<Duration> {
        self.probe.and((self.tried_at + SILENT_PROBE).checked_sub(now)).filter(|left| !left.is_zero())
    }

    /// Whether an attempt is one of the probes of this opening.
    fn is_probed_by(&self, ticket: Ticket) -> bool {
        ticket.is_probe && ticket.number > self.number
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
