//! Requests and tokens of the last minute.
//!
//! Time is cut into steps, and a step counts whole until the last thing that happened in it is a minute old. So any 60
//! seconds hold no more than the limit, a refusal lasts at most one step longer than it had to, and nobody is told to wait
//! for longer than a minute. Only steps in which something happened are kept: 241 at most, and none for an idle scope.

use std::collections::VecDeque;
use std::time::Duration;
use switchyard_ports::clock::Monotonic;

/// The window.
pub(super) const MINUTE: Duration = Duration::from_secs(60);
const STEP: Duration = Duration::from_millis(250);

/// The number of a step since the clock's origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StepIndex(u64);

impl StepIndex {
    pub(super) fn at(now: Monotonic) -> Self {
        Self(u64::try_from(now.0.as_millis() / STEP.as_millis()).unwrap_or(u64::MAX))
    }
}

#[derive(Debug)]
struct Step {
    index: StepIndex,
    /// When something was last counted in it.
    last: Monotonic,
    requests: u64,
    tokens: u64,
}

impl Step {
    /// The moment from which the step does not count any longer.
    fn end(&self) -> Duration {
        self.last.0.saturating_add(MINUTE)
    }
}

/// What happened in the last minute. Every question is asked after [`Window::expire`].
#[derive(Debug, Default)]
pub(super) struct Window {
    /// Oldest first, no index twice.
    steps: VecDeque<Step>,
    requests: u64,
    /// Wide enough for the sum of all steps, so that adding and taking away never disagree.
    tokens: u128,
}

impl Window {
    pub(super) fn expire(&mut self, now: Monotonic) {
        while let Some(oldest) = self.steps.front().filter(|step| step.end() <= now.0) {
            self.requests -= oldest.requests;
            self.tokens -= u128::from(oldest.tokens);
            self.steps.pop_front();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests
    }

    pub(super) fn tokens(&self) -> u128 {
        self.tokens
    }

    pub(super) fn add(&mut self, now: Monotonic, requests: u64, tokens: u64) {
        let index = StepIndex::at(now);
        if self.steps.back().is_none_or(|step| step.index < index) {
            self.steps.push_back(Step { index, last: now, requests: 0, tokens: 0 });
        }
        if let Some(step) = self.steps.back_mut() {
            let before = step.tokens;
            step.last = now;
            step.requests += requests;
            step.tokens = before.saturating_add(tokens);
            self.requests += requests;
            self.tokens += u128::from(step.tokens - before);
        }
    }

    /// Takes tokens back from the step that they were reserved in, if it still counts.
    pub(super) fn give_back(&mut self, reserved_in: StepIndex, tokens: u64) {
        let found = self.steps.binary_search_by_key(&reserved_in, |step| step.index);
        if let Some(step) = found.ok().and_then(|at| self.steps.get_mut(at)) {
            let given = step.tokens.min(tokens);
            step.tokens -= given;
            self.tokens -= u128::from(given);
        }
    }

    /// The time until all of it is over.
    pub(super) fn time_to_empty(&self, now: Monotonic) -> Duration {
        self.steps.back().map_or(Duration::ZERO, |step| step.end().saturating_sub(now.0))
    }

    /// The time until so many requests of the window are over; `None` when it holds fewer.
    pub(super) fn wait_for_requests(&self, now: Monotonic, requests: u64) -> Option<Duration> {
        self.wait(now, u128::from(requests), |step| step.requests)
    }

    /// The time until so many tokens of the window are over; `None` when it holds fewer.
    pub(super) fn wait_for_tokens(&self, now: Monotonic, tokens: u128) -> Option<Duration> {
        self.wait(now, tokens, |step| step.tokens)
    }

    fn wait(&self, now: Monotonic, mut needed: u128, count: fn(&Step) -> u64) -> Option<Duration> {
        for step in &self.steps {
            needed = needed.saturating_sub(u128::from(count(step)));
            if needed == 0 {
                return Some(step.end().saturating_sub(now.0));
            }
        }
        None
    }
}
