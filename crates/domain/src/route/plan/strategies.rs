//! How equals share, a function for each strategy. Each orders all of them, so that the next one is there when the first fails.

use super::turns::{Turn, turn};
use super::{Candidate, Choice, Draws};
use crate::route::Strategy;
use std::cmp::Reverse;
use std::time::Duration;

/// Targets whose latency is within this of the least count as equally quick: 6 / 5 of it.
const NEAR: (u32, u32) = (6, 5);

/// A candidate and its index.
pub(super) type Indexed<'c, 'a> = (usize, &'c Candidate<'a>);

/// The state that a choice rests on besides the candidates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lot {
    /// Which call of the route it is.
    pub(super) turn: u64,
    /// Where draws come from.
    pub(super) draw: u64,
}

/// Equals in the order to try them, and how the first of them was chosen.
pub(super) fn share(strategy: Strategy, equals: &[Indexed<'_, '_>], lot: Lot) -> (Vec<usize>, Choice) {
    if strategy == Strategy::Failover {
        let mut first: Vec<Indexed<'_, '_>> = equals.to_vec();
        first.sort_by_key(|(_, candidate)| candidate.priority);
        return (indices(&first), if equals.len() > 1 { Choice::Failover } else { Choice::Only });
    }
    if equals.len() < 2 {
        return (indices(equals), Choice::Only);
    }
    match strategy {
        Strategy::Failover | Strategy::RoundRobin => {
            let (order, turn, of) = in_turn(equals, lot.turn);
            (indices(&order), Choice::RoundRobin { turn: turn + 1, of })
        }
        Strategy::Weighted => drawn_by_weight(equals, lot.draw),
        Strategy::LeastLatency => quickest(equals, lot),
        Strategy::LeastBusy => {
            let order = least(equals, lot.turn, |candidate| {
                // In flight for its weight, as a whole number that is as exact as counts and weights are.
                (u128::from(candidate.in_flight) << 64) / u128::from(candidate.share())
            });
            let (chosen, other) = ends(&order, |candidate| candidate.in_flight);
            (indices(&order), Choice::LeastBusy { chosen, other })
        }
        Strategy::Cheapest => {
            let order = least(equals, lot.turn, |candidate| {
                (candidate.cost.is_none(), candidate.cost.unwrap_or_default())
            });
            let (chosen, other) = ends(&order, |candidate| candidate.cost);
            (indices(&order), Choice::Cheapest { chosen, other })
        }
        Strategy::Headroom => {
            let order = least(equals, lot.turn, |candidate| Reverse(candidate.headroom));
            let full = super::Headroom::FULL;
            let share = |at: usize| order.get(at).map_or(full, |(_, candidate)| candidate.headroom);
            (indices(&order), Choice::Headroom { chosen: share(0), other: share(1) })
        }
    }
}

fn indices(order: &[Indexed<'_, '_>]) -> Vec<usize> {
    order.iter().map(|(index, _)| *index).collect()
}

fn ends<T: Default>(order: &[Indexed<'_, '_>], of: impl Fn(&Candidate<'_>) -> T) -> (T, T) {
    let at = |place: usize| order.get(place).map_or_else(T::default, |(_, candidate)| of(candidate));
    (at(0), at(1))
}

/// Beginning at the one whose turn it is. Also which turn of a round it is, and how many a round has.
fn in_turn<'c, 'a>(equals: &[Indexed<'c, 'a>], call: u64) -> (Vec<Indexed<'c, 'a>>, u64, u64) {
    let weight_of = |place: usize| equals.get(place).map_or(1, |(_, candidate)| candidate.share());
    let turn = turn(equals.len(), weight_of, call);
    let Some(Turn { place, number, of }) = turn else { return (equals.to_vec(), 0, 0) };
    let (before, from) = equals.split_at(place.min(equals.len()));
    (from.iter().chain(before).copied().collect(), number, of)
}

/// By what `key` says, the least first; those of which it says the same, in turn.
fn least<'c, 'a, K: Ord>(
    equals: &[Indexed<'c, 'a>],
    turn: u64,
    key: impl Fn(&Candidate<'a>) -> K,
) -> Vec<Indexed<'c, 'a>> {
    let least = equals.iter().map(|(_, candidate)| key(candidate)).min();
    let (best, mut rest): (Vec<Indexed<'c, 'a>>, Vec<Indexed<'c, 'a>>) =
        equals.iter().copied().partition(|(_, candidate)| Some(key(candidate)) == least);
    rest.sort_by_key(|(_, candidate)| key(candidate));
    let (mut order, _, _) = in_turn(&best, turn);
    order.extend(rest);
    order
}

/// Each place goes to one of those that are left, by their weights.
fn drawn_by_weight(equals: &[Indexed<'_, '_>], draw: u64) -> (Vec<usize>, Choice) {
    let mut draws = Draws::of(draw);
    let of: u64 = equals.iter().map(|(_, candidate)| candidate.share()).sum();
    let mut left: Vec<Indexed<'_, '_>> = equals.to_vec();
    let mut order = Vec::with_capacity(equals.len());
    while !left.is_empty() {
        let mut point = draws.below(left.iter().map(|(_, candidate)| candidate.share()).sum());
        let drawn = left.iter().position(|(_, candidate)| match point.checked_sub(candidate.share()) {
            Some(beyond) => {
                point = beyond;
                false
            }
            None => true,
        });
        order.push(left.remove(drawn.unwrap_or_default()));
    }
    let weight = order.first().map_or(1, |(_, candidate)| candidate.share());
    (indices(&order), Choice::Weighted { weight, of })
}

/// One that is not measured and idle is tried. Else two are drawn of those that are about as quick as the quickest, and the quicker one
/// goes first: drawing keeps calls that come together from all going to the same one.
fn quickest(equals: &[Indexed<'_, '_>], lot: Lot) -> (Vec<usize>, Choice) {
    let (mut measured, unmeasured): (Vec<Indexed<'_, '_>>, Vec<Indexed<'_, '_>>) =
        equals.iter().copied().partition(|(_, candidate)| candidate.latency.is_some());
    measured.sort_by_key(|(_, candidate)| candidate.latency);
    let (idle, busy): (Vec<Indexed<'_, '_>>, Vec<Indexed<'_, '_>>) =
        unmeasured.into_iter().partition(|(_, candidate)| candidate.in_flight == 0);
    let next = measured.first().and_then(|(_, candidate)| candidate.latency);
    if !idle.is_empty() {
        let (order, _, _) = in_turn(&idle, lot.turn);
        let order: Vec<Indexed<'_, '_>> = order.into_iter().chain(measured).chain(busy).collect();
        return (indices(&order), Choice::LeastLatency { chosen: None, other: next, drawn: false });
    }
    if measured.is_empty() {
        let order = least(&busy, lot.turn, |candidate| candidate.in_flight);
        return (indices(&order), Choice::LeastLatency { chosen: None, other: None, drawn: false });
    }
    let near = measured.iter().filter(|(_, candidate)| is_near(candidate.latency, next)).count();
    let (first, other) = two_of(near, lot.draw);
    let latency = |at: usize| measured.get(at).and_then(|(_, candidate)| candidate.latency);
    let choice = match other {
        Some(other) => Choice::LeastLatency { chosen: latency(first), other: latency(other), drawn: true },
        None => Choice::LeastLatency { chosen: latency(first), other: latency(1), drawn: false },
    };
    let chosen = if first < measured.len() { Some(measured.remove(first)) } else { None };
    let order: Vec<Indexed<'_, '_>> = chosen.into_iter().chain(measured).chain(busy).collect();
    (indices(&order), choice)
}

fn is_near(latency: Option<Duration>, least: Option<Duration>) -> bool {
    let (Some(latency), Some(least)) = (latency, least) else { return false };
    latency.saturating_mul(NEAR.1) <= least.saturating_mul(NEAR.0)
}

/// Two different places of the first `count`, the smaller one first; places are in the order of latency.
fn two_of(count: usize, draw: u64) -> (usize, Option<usize>) {
    let bound = u64::try_from(count).unwrap_or(u64::MAX);
    if bound < 2 {
        return (0, None);
    }
    let mut draws = Draws::of(draw);
    let one = draws.below(bound);
    let other = (one + 1 + draws.below(bound - 1)) % bound;
    let place = |drawn: u64| usize::try_from(drawn).unwrap_or_default();
    (place(one.min(other)), Some(place(one.max(other))))
}
