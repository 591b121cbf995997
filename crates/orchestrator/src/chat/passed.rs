//! Which targets a call passes over before each of its attempts, and why: what its record tells beside the rule that chose.

use super::course::{Course, Step};
use super::lots::Lots;
use crate::error::{CallError, CallErrorKind};
use crate::snapshot::TargetEntry;
use std::borrow::Cow;
use switchyard_domain::usage::{MAX_PASSED_TARGETS, PassedTarget};
use switchyard_ports::health::HeldBackFor;

/// Why an attempt is made where it is made.
pub(super) struct WhyHere {
    /// The word of the rule that chose, where the call had a choice and nothing failed before.
    pub(super) rule: Option<&'static str>,
    /// The targets that were passed over before it.
    pub(super) passed_over: Vec<PassedTarget>,
}

/// What was passed over since the last attempt.
#[derive(Default)]
pub(super) struct Passed {
    fresh: Vec<PassedTarget>,
    /// How many of those that the course leaves out were told.
    told: usize,
}

impl Passed {
    /// A target could not take the call.
    pub(super) fn refused(&mut self, target: &TargetEntry, error: &CallError) {
        let word = match error.kind {
            CallErrorKind::RateLimited => "limit_spent",
            kind => kind.as_str(),
        };
        self.note(target, word);
    }

    /// A target was left alone.
    pub(super) fn held_back(&mut self, target: &TargetEntry, cause: HeldBackFor) {
        let word = match cause {
            HeldBackFor::Failures => "breaker_open",
            HeldBackFor::Throttling | HeldBackFor::Account => "resting",
        };
        self.note(target, word);
    }

    fn note(&mut self, target: &TargetEntry, word: &'static str) {
        self.fresh
            .push(PassedTarget { target: target.model.public_name.clone(), reason: Cow::Borrowed(word) });
    }

    /// Why the next attempt is made at this step. The first one tells also which targets are better not tried now.
    pub(super) fn why<L: Lots>(&mut self, step: &Step, course: &Course<L>, is_first: bool) -> WhyHere {
        let mut passed_over: Vec<PassedTarget> = course.left_out().skip(self.told).collect();
        self.told += passed_over.len();
        if is_first {
            passed_over.extend(course.avoided());
        }
        passed_over.append(&mut self.fresh);
        passed_over.truncate(MAX_PASSED_TARGETS);
        let rule = (is_first && step.rule.is_choice()).then(|| step.rule.as_str());
        WhyHere { rule, passed_over }
    }
}
