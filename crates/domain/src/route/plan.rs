//! The order in which the targets of a route are tried: a pure function of the route, what is known of each target's health,
//! the caller's hint, and a cursor that counts the route's calls.

use super::{RouteMode, Strategy};
use crate::ids::ProviderId;
use std::collections::HashSet;

/// Whether a target can take a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// Yes.
    Ready,
    /// Better not now (cooling down, breaker open): tried only after all that are ready, so that the last provider of a
    /// route is never given up untried.
    Avoid,
    /// No: switched off, or its provider is.
    Unusable,
}

/// A target as the plan sees it.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The provider.
    pub provider: ProviderId,
    /// The upstream model id.
    pub model: &'a str,
    /// Its share among equals.
    pub weight: u32,
    /// Lower is tried first.
    pub priority: u32,
    /// Whether it can take a call.
    pub availability: Availability,
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
    /// Every target is switched off.
    #[error("no target of this route is usable")]
    NoUsableTarget,
}

/// The indices of `candidates` in the order to try them, each at most once. Ready ones come before avoided ones; among them a
/// provider comes a second time only when all have come once, since what failed at one of its models mostly fails at the others
/// too.
///
/// # Errors
/// [`PlanError`] when no target can be tried.
pub fn plan(
    mode: RouteMode,
    strategy: Strategy,
    candidates: &[Candidate<'_>],
    hint: Option<&str>,
    cursor: u64,
) -> Result<Vec<usize>, PlanError> {
    if mode == RouteMode::Specific && hint.is_none() {
        return Err(PlanError::HintMissing);
    }
    let served = |candidate: &Candidate<'_>| hint.is_none_or(|hint| candidate.model == hint);
    if !candidates.is_empty() && !candidates.iter().any(served) {
        return Err(PlanError::HintNotServed);
    }
    let mut order = Vec::with_capacity(candidates.len());
    let mut seen = HashSet::new();
    for availability in [Availability::Ready, Availability::Avoid] {
        let mut group: Vec<(usize, &Candidate<'_>)> = candidates
            .iter()
            .enumerate()
            .filter(|(_, candidate)| candidate.availability == availability && served(candidate))
            .collect();
        if mode == RouteMode::Multi || strategy == Strategy::Failover {
            group.sort_by_key(|(_, candidate)| candidate.priority);
        }
        let mut chosen = Vec::with_capacity(group.len());
        match (mode, strategy) {
            (_, Strategy::Failover) => chosen.extend(group.iter().map(|(index, _)| *index)),
            (RouteMode::Multi, Strategy::RoundRobin) => {
                for equals in group.chunk_by(|a, b| a.1.priority == b.1.priority) {
                    rotate(equals, cursor, &mut chosen);
                }
            }
            (_, Strategy::RoundRobin) => rotate(&group, cursor, &mut chosen),
        }
        let is_new = |index: &usize| candidates.get(*index).is_some_and(|it| seen.insert(it.provider));
        let (new, again): (Vec<usize>, Vec<usize>) = chosen.into_iter().partition(is_new);
        order.extend(new.into_iter().chain(again));
    }
    if order.is_empty() { Err(PlanError::NoUsableTarget) } else { Ok(order) }
}

/// Appends `equals` beginning at the one whose turn it is: each comes first in `weight` of every `total weight` turns.
fn rotate(equals: &[(usize, &Candidate<'_>)], cursor: u64, order: &mut Vec<usize>) {
    let weight = |candidate: &Candidate<'_>| u64::from(candidate.weight.max(1));
    let total: u64 = equals.iter().map(|(_, candidate)| weight(candidate)).sum();
    let mut turn = if total == 0 { 0 } else { cursor % total };
    let mut first = 0;
    for (position, (_, candidate)) in equals.iter().enumerate() {
        if turn < weight(candidate) {
            first = position;
            break;
        }
        turn -= weight(candidate);
    }
    let (before, from) = equals.split_at(first);
    order.extend(from.iter().chain(before).map(|(index, _)| *index));
}

#[cfg(test)]
mod tests {
    use super::*;
    use Availability::{Avoid, Ready, Unusable};

    fn candidate(model: &str, priority: u32, availability: Availability) -> Candidate<'_> {
        Candidate { provider: ProviderId(1), model, weight: 1, priority, availability }
    }

    #[test]
    fn round_robin_gives_each_usable_target_the_same_share() {
        let targets = [candidate("a", 0, Ready), candidate("b", 0, Unusable), candidate("c", 0, Ready)];
        let first = |cursor| plan(RouteMode::Auto, Strategy::RoundRobin, &targets, None, cursor).unwrap()[0];
        let counts = (0..256).fold([0; 3], |mut counts, cursor| {
            counts[first(cursor)] += 1;
            counts
        });
        assert_eq!(counts, [128, 0, 128]);
    }

    #[test]
    fn weights_set_the_share_of_turns() {
        let targets = [Candidate { weight: 3, ..candidate("a", 0, Ready) }, candidate("b", 0, Ready)];
        let firsts: Vec<usize> = (0..8)
            .map(|cursor| plan(RouteMode::Auto, Strategy::RoundRobin, &targets, None, cursor).unwrap()[0])
            .collect();
        assert_eq!(firsts, [0, 0, 0, 1, 0, 0, 0, 1]);
    }

    #[test]
    fn failover_keeps_to_the_first_and_puts_avoided_targets_last() {
        let targets = [candidate("a", 1, Avoid), candidate("b", 2, Ready), candidate("c", 0, Ready)];
        for cursor in 0..5 {
            assert_eq!(plan(RouteMode::Auto, Strategy::Failover, &targets, None, cursor).unwrap(), [2, 1, 0]);
        }
    }

    #[test]
    fn multi_rotates_equals_and_keeps_dearer_priorities_behind() {
        let targets = [candidate("a", 1, Ready), candidate("b", 0, Ready), candidate("c", 0, Ready)];
        let order = |cursor| plan(RouteMode::Multi, Strategy::RoundRobin, &targets, None, cursor).unwrap();
        assert_eq!(order(0), [1, 2, 0]);
        assert_eq!(order(1), [2, 1, 0]);
    }

    #[test]
    fn a_provider_comes_again_only_when_all_have_come_once() {
        let at = |provider, model, availability| Candidate {
            provider: ProviderId(provider),
            ..candidate(model, 0, availability)
        };
        let targets =
            [at(1, "a", Ready), at(1, "b", Ready), at(2, "c", Ready), at(2, "d", Avoid), at(3, "e", Avoid)];
        let order = plan(RouteMode::Multi, Strategy::Failover, &targets, None, 0).unwrap();
        assert_eq!(order, [0, 2, 1, 4, 3]);
    }

    #[test]
    fn a_specific_route_wants_a_model_that_one_of_its_targets_serves() {
        let targets = [candidate("a", 0, Ready), candidate("b", 0, Ready)];
        let with = |hint| plan(RouteMode::Specific, Strategy::Failover, &targets, hint, 0);
        assert_eq!(with(None), Err(PlanError::HintMissing));
        assert_eq!(with(Some("x")), Err(PlanError::HintNotServed));
        assert_eq!(with(Some("b")), Ok(vec![1]));
    }

    #[test]
    fn a_route_whose_targets_are_all_off_has_no_plan() {
        let targets = [candidate("a", 0, Unusable)];
        assert_eq!(
            plan(RouteMode::Multi, Strategy::Failover, &targets, None, 0),
            Err(PlanError::NoUsableTarget)
        );
        assert_eq!(plan(RouteMode::Multi, Strategy::Failover, &[], None, 0), Err(PlanError::NoUsableTarget));
    }
}
