//! What is known of a call's tries so far, and what its client hears when none is left.

use super::bought::Next;
use super::course::Step;
use crate::error::{CallError, CallErrorKind};
use std::time::Duration;
use switchyard_domain::fault::ProviderFault;

/// The tries of one call.
#[derive(Default)]
pub(super) struct Tries {
    last: Option<(ProviderFault, Step)>,
    last_is_foreign: bool,
    last_next: Option<Next>,
    last_chances: u32,
    retries: u32,
    passed: Option<CallError>,
}

/// What else is known of an attempt that failed.
#[derive(Clone, Copy)]
pub(super) struct Failure {
    /// Whether the target told it in another dialect than the caller's.
    pub(super) is_foreign: bool,
    /// Who may be asked after it.
    pub(super) next: Next,
}

impl Tries {
    /// An attempt failed.
    pub(super) fn failed(&mut self, fault: ProviderFault, step: Step, how: Failure) {
        self.last_is_foreign = how.is_foreign;
        self.last_next = Some(how.next);
        self.last_chances += u32::from(fault.is_tried_once_more());
        self.last = Some((fault, step));
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
        self.last.is_none()
    }

    /// What failed last, and where.
    pub(super) fn last(&self) -> Option<(&ProviderFault, &Step)> {
        self.last.as_ref().map(|(fault, step)| (fault, step))
    }

    /// Why another target is tried after the first, in words; `None` while none has failed.
    pub(super) fn reason(&self) -> Option<String> {
        let (fault, step) = self.last()?;
        Some(format!("{} at {}", fault.kind, step.target.model.public_name))
    }

    /// Whether the target that failed last may be asked again at all.
    pub(super) fn may_repeat(&self) -> bool {
        self.last_next == Some(Next::Anyone)
    }

    /// How often something failed that is worth one more try in a call.
    pub(super) fn last_chances(&self) -> u32 {
        self.last_chances
    }

    /// How often the same target was tried once more.
    pub(super) fn retries(&self) -> u32 {
        self.retries
    }

    /// What the client hears: of the last fault, or, when nothing was sent at all, of why not.
    pub(super) fn into_error(self) -> CallError {
        match (self.last, self.passed) {
            (Some((fault, step)), _) => CallError {
                is_foreign: self.last_is_foreign,
                may_be_done: self.last_next == Some(Next::Nobody),
                ..CallError::from_fault(&fault, &step.target.model.public_name)
            },
            (None, Some(error)) => error,
            (None, None) => CallError::new(CallErrorKind::UpstreamUnavailable, "No target could be tried."),
        }
    }
}
