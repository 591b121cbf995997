//! The order in which the targets of a route are tried: a pure function of the route, what is known of each target, the call, a
//! cursor that counts the route's calls, and a draw.

mod candidate;
mod decision;
mod draws;
mod fit;
mod strategies;
mod turns;

pub use candidate::{Availability, Avoidance, Candidate, Headroom};
pub use decision::{Choice, Decision};
pub use draws::Draws;
pub use fit::{PlannedCall, SkipReason, misfit};

use self::strategies::{Indexed, Lot, share};
use super::{RouteMode, Strategy};
use std::collections::HashSet;

/// The targets of a route for one call: those that can be tried, and why the others can't.
#[derive(Clone, Debug)]
pub struct Field<'c, 'a> {
    mode: RouteMode,
    strategy: Strategy,
    candidates: &'c [Candidate<'a>],
    skipped: Vec<(usize, SkipReason)>,
}

/// The order of a call's attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The indices of candidates in the order to try them, each at most once; at least one.
    pub order: Vec<usize>,
    /// Why the first is the first.
    pub decision: Decision,
}

/// Why a route has no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A `specific` route was called without a model.
    #[error("this route needs a model: call it as `<route>/<model>`")]
    HintMissing,
    /// No target serves the model that was named.
    #[error("no target of this route serves the model that was named")]
    HintNotServed,
    /// No target can serve this call, whatever its health: of each why, by its index.
    #[error("no target of this route can serve this call")]
    NothingFits(Vec<(usize, SkipReason)>),
    /// Every target that could serve the call is switched off.
    #[error("no target of this route is usable")]
    NoUsableTarget,
}

impl<'c, 'a> Field<'c, 'a> {
    /// Looks at which candidates can take the call. `has_hint` tells whether the caller named a model.
    ///
    /// # Errors
    /// [`PlanError`] when none can be tried.
    pub fn of(
        mode: RouteMode,
        strategy: Strategy,
        candidates: &'c [Candidate<'a>],
        has_hint: bool,
        call: &PlannedCall<'_>,
    ) -> Result<Self, PlanError> {
        if mode == RouteMode::Specific && !has_hint {
            return Err(PlanError::HintMissing);
        }
        let mut skipped = Vec::new();
        for (index, candidate) in candidates.iter().enumerate() {
            skipped.extend(fit::skip_reason(candidate, call).map(|reason| (index, reason)));
        }
        if skipped.len() < candidates.len() {
            return Ok(Self { mode, strategy, candidates, skipped });
        }
        let all = |is_so: fn(SkipReason) -> bool| skipped.iter().all(|(_, reason)| is_so(*reason));
        Err(if skipped.is_empty() {
            PlanError::NoUsableTarget
        } else if all(|reason| reason == SkipReason::ModelNotServed) {
            PlanError::HintNotServed
        } else if all(|reason| reason != SkipReason::SwitchedOff) {
            PlanError::NothingFits(skipped)
        } else {
            PlanError::NoUsableTarget
        })
    }

    /// The candidates that are left out, and why.
    #[must_use]
    pub fn skipped(&self) -> &[(usize, SkipReason)] {
        &self.skipped
    }

    /// The order to try the others in. `turn` counts the route's calls among those that are left, `draw` is uniform over its whole
    /// range.
    ///
    /// Ready ones come before avoided ones; among them a provider comes a second time only when all have come once, since what failed
    /// at one of its models mostly fails at the others too.
    #[must_use]
    pub fn plan(&self, turn: u64, draw: u64) -> Plan {
        let lot = Lot { turn, draw };
        let mut plan: Option<Plan> = None;
        let mut seen = HashSet::new();
        for is_ready in [true, false] {
            let group: Vec<Indexed<'_, '_>> =
                self.left().filter(|(_, it)| it.is_ready() == is_ready).collect();
            let Some((chosen, mut decision)) = self.ordered(&group, lot) else { continue };
            let is_new =
                |index: &usize| self.candidates.get(*index).is_some_and(|it| seen.insert(it.provider));
            let (new, again): (Vec<usize>, Vec<usize>) = chosen.into_iter().partition(is_new);
            decision.is_last_resort = !is_ready;
            let plan = plan.get_or_insert(Plan { order: Vec::new(), decision });
            plan.order.extend(new.into_iter().chain(again));
        }
        plan.unwrap_or(Plan { order: Vec::new(), decision: Decision::NAMED })
    }

    fn left(&self) -> impl Iterator<Item = Indexed<'c, 'a>> {
        let is_skipped = |index| self.skipped.iter().any(|(skipped, _)| *skipped == index);
        self.candidates.iter().enumerate().filter(move |(index, _)| !is_skipped(*index))
    }

    /// A group in order, and why its first is the first; `None` for an empty one.
    fn ordered(&self, group: &[Indexed<'_, '_>], lot: Lot) -> Option<(Vec<usize>, Decision)> {
        if self.mode != RouteMode::Multi {
            let (order, choice) = share(self.strategy_of(group)?, group, lot);
            return Some((order, Decision { priority: None, choice, is_last_resort: false }));
        }
        let mut sorted: Vec<Indexed<'_, '_>> = group.to_vec();
        sorted.sort_by_key(|(_, candidate)| candidate.priority);
        let mut order = Vec::with_capacity(sorted.len());
        let mut first: Option<(u32, Choice)> = None;
        let mut behind = None;
        for equals in sorted.chunk_by(|(_, a), (_, b)| a.priority == b.priority) {
            let (chosen, choice) = share(self.strategy_of(equals)?, equals, lot);
            order.extend(chosen);
            let priority = equals.first().map_or(0, |(_, candidate)| candidate.priority);
            match first {
                None => first = Some((priority, choice)),
                Some(_) => behind = behind.or(Some(priority)),
            }
        }
        let (priority, choice) = first?;
        let priority = behind.map(|behind| (priority, behind));
        Some((order, Decision { priority, choice, is_last_resort: false }))
    }

    /// Equals share by the first one's own strategy, else by the route's.
    fn strategy_of(&self, equals: &[Indexed<'_, '_>]) -> Option<Strategy> {
        equals.first().map(|(_, candidate)| candidate.strategy.unwrap_or(self.strategy))
    }
}

impl Candidate<'_> {
    fn is_ready(&self) -> bool {
        self.availability == Availability::Ready
    }
}

#[cfg(test)]
mod tests;
