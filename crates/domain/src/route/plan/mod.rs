//! The order in which the targets of a route are tried: a pure function of the route, what is known of each target, the call, a
//! cursor that counts the route's calls, and a draw.

mod candidate;
mod decision;
mod draws;
mod fit;
mod strategies;
mod turns;

pub use candidate::{Availability, Avoidance, Candidate, Headroom};
pub use decision::{Choice, Decision, Rule};
pub use draws::Draws;
pub use fit::{PlannedCall, SkipReason, misfit};

use self::strategies::{Indexed, Lot, share};
use super::{RouteMode, Strategy};
use std::collections::HashSet;
use std::iter::{once, repeat};

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
    /// Why each of them stands where it stands.
    pub rules: Vec<Rule>,
}

impl Plan {
    /// Why the first is the first.
    #[must_use]
    pub fn decision(&self) -> Decision {
        match self.rules.first() {
            Some(Rule::First(decision)) => *decision,
            _ => Decision::NAMED,
        }
    }
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
    /// Every target that could serve the call is switched off: of each why it is left out, by its index.
    #[error("no target of this route is usable")]
    NoUsableTarget(Vec<(usize, SkipReason)>),
}

impl PlanError {
    /// Why each target is left out, by its index, where each was looked at.
    #[must_use]
    pub fn reasons(&self) -> &[(usize, SkipReason)] {
        match self {
            Self::NothingFits(reasons) | Self::NoUsableTarget(reasons) => reasons,
            Self::HintMissing | Self::HintNotServed => &[],
        }
    }
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
            PlanError::NoUsableTarget(skipped)
        } else if all(|reason| reason == SkipReason::ModelNotServed) {
            PlanError::HintNotServed
        } else if all(|reason| reason != SkipReason::SwitchedOff) {
            PlanError::NothingFits(skipped)
        } else {
            PlanError::NoUsableTarget(skipped)
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
        let mut left = self.left();
        if let (Some(only), None) = (left.next(), left.next()) {
            let (order, rules) = self.ordered(&[only], lot, !only.1.is_ready()).into_iter().unzip();
            return Plan { order, rules };
        }
        let mut plan = Plan { order: Vec::new(), rules: Vec::new() };
        let mut seen = HashSet::new();
        for is_ready in [true, false] {
            let group: Vec<Indexed<'_, '_>> =
                self.left().filter(|(_, it)| it.is_ready() == is_ready).collect();
            let is_last_resort = !is_ready && plan.order.is_empty();
            let is_new = |(index, _): &(usize, Rule)| {
                self.candidates.get(*index).is_some_and(|it| seen.insert(it.provider))
            };
            let (new, again): (Vec<_>, Vec<_>) =
                self.ordered(&group, lot, is_last_resort).into_iter().partition(is_new);
            let again = again.into_iter().map(|(index, _)| (index, Rule::ProviderAgain));
            for (index, rule) in new.into_iter().chain(again) {
                plan.order.push(index);
                plan.rules.push(if is_ready || is_last_resort { rule } else { Rule::Avoided });
            }
        }
        plan
    }

    fn left(&self) -> impl Iterator<Item = Indexed<'c, 'a>> {
        let is_skipped = |index| self.skipped.iter().any(|(skipped, _)| *skipped == index);
        self.candidates.iter().enumerate().filter(move |(index, _)| !is_skipped(*index))
    }

    /// A group in order, and why each stands where it stands.
    fn ordered(&self, group: &[Indexed<'_, '_>], lot: Lot, is_last_resort: bool) -> Vec<(usize, Rule)> {
        let first = |priority, choice| Rule::First(Decision { priority, choice, is_last_resort });
        if self.mode != RouteMode::Multi {
            return self.shared(group, lot, |choice| first(None, choice));
        }
        let mut sorted: Vec<Indexed<'_, '_>> = group.to_vec();
        sorted.sort_by_key(|(_, candidate)| candidate.priority);
        let priority_of = |equals: &[Indexed<'_, '_>]| equals.first().map_or(0, |(_, it)| it.priority);
        let mut chunks = sorted.chunk_by(|(_, a), (_, b)| a.priority == b.priority).peekable();
        let mut order = Vec::with_capacity(sorted.len());
        let mut before = None;
        while let Some(equals) = chunks.next() {
            let own = priority_of(equals);
            let behind = chunks.peek().map(|behind| (own, priority_of(behind)));
            let after = before.replace(own);
            order.extend(self.shared(equals, lot, |choice| match after {
                None => first(behind, choice),
                Some(after) => Rule::Priority { own, after, choice },
            }));
        }
        order
    }

    /// Equals in order; `first` says why the first of them stands there.
    fn shared(
        &self,
        equals: &[Indexed<'_, '_>],
        lot: Lot,
        first: impl FnOnce(Choice) -> Rule,
    ) -> Vec<(usize, Rule)> {
        let Some(strategy) = self.strategy_of(equals) else { return Vec::new() };
        let (order, choice) = share(strategy, equals, lot);
        let rules = once(first(choice)).chain(repeat(Rule::Next(strategy)));
        order.into_iter().zip(rules).collect()
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
