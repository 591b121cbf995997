//! What is known of a call's tries so far, and what its client hears when none is left.

use super::bought::Next;
use super::course::Step;
use crate::error::{CallError, CallErrorKind};
use std::time::Duration;
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_domain::retry::THROTTLED_BASE;
use switchyard_ports::clock::Monotonic;

/// The tries of one call.
#[derive(Default)]
pub(super) struct Tries {
    /// The last failure of each target, in the order of time.
    failures: Vec<Failure>,
    last_chances: u32,
    retries: u32,
    passed: Option<CallError>,
}

/// An attempt that failed.
pub(super) struct Failure {
    pub(super) fault: ProviderFault,
    pub(super) step: Step,
    /// Whether the target told it in another dialect than the caller's.
    pub(super) is_foreign: bool,
    /// Whether it was made with an account of the caller's own.
    pub(super) is_own: bool,
    /// Who may be asked after it.
    pub(super) next: Next,
    pub(super) at: Monotonic,
}

impl Failure {
    /// How long the target still wants to be left alone, where it said so.
    pub(super) fn asked_wait(&self, now: Monotonic) -> Option<Duration> {
        self.fault.retry_after.map(|asked| asked.saturating_sub(now.since(self.at)))
    }
}

impl Tries {
    /// An attempt failed.
    pub(super) fn failed(&mut self, failure: Failure) {
        self.last_chances += u32::from(failure.fault.is_tried_once_more());
        self.failures.retain(|earlier| !earlier.step.target.is_same(&failure.step.target));
        self.failures.push(failure);
    }

    /// A target was passed over. Of several reasons the one stays that goes away by itself soonest.
    pub(super) fn passed(&mut self, error: CallError) {
        let patience = |error: &CallError| error.retry_after.unwrap_or(Duration::MAX);
        if self.passed.as_ref().is_none_or(|known| patience(&error) < patience(known)) {
            self.passed = Some(error);
        }
    }

    /// The same target is tried once more.
    pub(super) fn retrying(&mut self) {
        self.retries += 1;
    }

    /// Whether nothing failed yet.
    pub(super) fn is_empty(&self) -> bool {
        self.failures.is_empty()
    }

    /// Why another target is tried after the first, in words; `None` while none has failed.
    pub(super) fn reason(&self) -> Option<String> {
        let Failure { fault, step, .. } = self.failures.last()?;
        Some(format!("{} at {}", fault.kind, step.target.model.public_name))
    }

    /// The targets that may be asked once more, as far as money is concerned, those that failed last first; or of these only the last.
    pub(super) fn repeatable(&self, last_alone: bool) -> impl Iterator<Item = &Failure> {
        let most = if last_alone { 1 } else { usize::MAX };
        self.failures.iter().rev().take(most).filter(|failure| failure.next == Next::Anyone)
    }

    /// A target that was to be asked once more takes no call now.
    pub(super) fn give_up(&mut self, step: &Step) {
        self.of_target(step).for_each(|failure| failure.next = Next::Another);
    }

    /// A target that throttled is to be left alone for so long from now on.
    pub(super) fn waits(&mut self, step: &Step, wait: Duration, now: Monotonic) {
        for failure in self.of_target(step).filter(|failure| failure.fault.kind == FaultKind::Throttled) {
            failure.fault.retry_after = Some(wait);
            failure.at = now;
        }
    }

    fn of_target(&mut self, step: &Step) -> impl Iterator<Item = &mut Failure> {
        self.failures.iter_mut().filter(|failure| failure.step.target.is_same(&step.target))
    }

    /// How often something failed that is worth one more try in a call.
    pub(super) fn last_chances(&self) -> u32 {
        self.last_chances
    }

    /// How often the same target was tried once more.
    pub(super) fn retries(&self) -> u32 {
        self.retries
    }

    /// What the client hears: of the last fault, or, when nothing was sent at all, of why not. Where that is to come back later, it is as
    /// soon as any of the targets takes calls again.
    pub(super) fn into_error(mut self, now: Monotonic) -> CallError {
        let soonest = self.soonest(now);
        match (self.failures.pop(), self.passed) {
            (Some(Failure { fault, step, is_foreign, is_own, next, .. }), _) => {
                let fault = match fault.kind {
                    FaultKind::Throttled => ProviderFault { retry_after: soonest, ..fault },
                    _ => fault,
                };
                let target = &step.target.model.public_name;
                let error = if is_own {
                    CallError::from_fault_of_own_account(&fault, target)
                } else {
                    CallError::from_fault(&fault, target)
                };
                CallError { is_foreign, may_be_done: next == Next::Nobody, ..error }
            }
            (None, Some(error)) => error,
            (None, None) => CallError::new(CallErrorKind::UpstreamUnavailable, "No target could be tried."),
        }
    }

    /// When the first of those that are to be left alone takes calls again: after a second where one did not say.
    fn soonest(&self, now: Monotonic) -> Option<Duration> {
        let throttled = self.failures.iter().filter(|failure| failure.fault.kind == FaultKind::Throttled);
        let passed = self.passed.as_ref().and_then(|error| error.retry_after);
        throttled.map(|failure| failure.asked_wait(now).unwrap_or(THROTTLED_BASE)).chain(passed).min()
    }
}
