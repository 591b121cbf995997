//! A model of the rules by which a route's targets are chosen, written another way than the plan: it looks for the first target by a
//! search, where the plan orders groups. What both say alike is hardly a slip of either.

use std::cmp::Ordering;
use switchyard_domain::route::{Availability, Candidate, Draws, Need, PlannedCall, RouteMode, Strategy};

/// What a plan is made of besides the targets.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// How the route chooses.
    pub mode: RouteMode,
    /// How its equals share.
    pub strategy: Strategy,
    /// The call.
    pub call: PlannedCall<'a>,
    /// Which call of the route it is.
    pub turn: u64,
    /// Its draw.
    pub draw: u64,
}

/// The index of the one that the rule puts first; `None` where none can take the call.
#[must_use]
pub fn first(question: &Question<'_>, candidates: &[Candidate<'_>]) -> Option<usize> {
    let mut field: Vec<(usize, &Candidate<'_>)> = candidates
        .iter()
        .enumerate()
        .filter(|(_, it)| it.availability != Availability::Unusable && takes(it, &question.call))
        .collect();
    if field.iter().any(|(_, it)| it.availability == Availability::Ready) {
        field.retain(|(_, it)| it.availability == Availability::Ready);
    }
    if question.mode == RouteMode::Multi {
        let least = field.iter().map(|(_, it)| it.priority).min()?;
        field.retain(|(_, it)| it.priority == least);
    }
    let rule = field.first()?.1.strategy.unwrap_or(question.strategy);
    let total: u64 = field.iter().map(|(_, it)| u64::from(it.weight)).sum();
    match rule {
        _ if field.len() == 1 => field.first().map(|(at, _)| *at),
        Strategy::Failover => field.iter().min_by_key(|(at, it)| (it.priority, *at)).map(|(at, _)| *at),
        Strategy::RoundRobin => in_turn(&field, question.turn),
        Strategy::Weighted => slot(&field, Draws::of(question.draw).below(total)),
        Strategy::LeastBusy => {
            least(&field, question.turn, |it| f64::from(it.in_flight) / f64::from(it.weight))
        }
        Strategy::Cheapest => least(&field, question.turn, |it| match it.cost {
            Some(cost) => as_float(cost.0),
            None => f64::INFINITY,
        }),
        Strategy::Headroom => least(&field, question.turn, |it| -f64::from(it.headroom.per_mille())),
        Strategy::LeastLatency => quickest(&field, question),
    }
}

/// Whether a target may be given a call: what nobody knows of it is no obstacle.
fn takes(it: &Candidate<'_>, call: &PlannedCall<'_>) -> bool {
    let sizes = it.when.prompt_tokens.min.unwrap_or(0)..=it.when.prompt_tokens.max.unwrap_or(u64::MAX);
    let [tools, vision, schema] = [Need::Tools, Need::Vision, Need::JsonSchema];
    let known = it.capabilities;
    let able = [(tools, known.tools), (vision, known.vision), (schema, known.json_schema)];
    let room = it.context_window.map_or(u128::MAX, u128::from);
    it.serves
        && sizes.contains(&call.prompt_tokens)
        && it.when.needs.iter().all(|need| call.needs.has(*need))
        && !able.iter().any(|(need, is_able)| call.needs.has(*need) && *is_able == Some(false))
        && (it.when.tags.is_empty() || call.tags.iter().any(|tag| it.when.tags.contains(tag)))
        && u128::from(call.prompt_tokens) + u128::from(call.output_tokens.unwrap_or(0)) <= room
}

#[expect(clippy::cast_precision_loss, reason = "a model may round what a product must not")]
fn as_float(amount: i64) -> f64 {
    amount as f64
}

type Field<'f, 'a> = [(usize, &'f Candidate<'a>)];

/// The one whose turn it is: every target stands as often in a list as it weighs, at even distances, and the list is walked from its
/// beginning.
fn in_turn(field: &Field<'_, '_>, turn: u64) -> Option<usize> {
    let of =
        |at: usize, weight: u32| (0..weight).map(move |nth| (2 * u64::from(nth) + 1, u64::from(weight), at));
    let mut due: Vec<(u64, u64, usize)> = field.iter().flat_map(|(at, it)| of(*at, it.weight)).collect();
    due.sort_by(|(a, of_a, at_a), (b, of_b, at_b)| (a * of_b).cmp(&(b * of_a)).then(at_a.cmp(at_b)));
    walked(&due, turn).map(|(_, _, at)| *at)
}

/// The one in whose share a draw falls: every target stands as often in a list as it weighs.
fn slot(field: &Field<'_, '_>, draw: u64) -> Option<usize> {
    let slots: Vec<usize> = field.iter().flat_map(|(at, it)| (0..it.weight).map(move |_| *at)).collect();
    walked(&slots, draw).copied()
}

fn walked<T>(list: &[T], steps: u64) -> Option<&T> {
    let place = steps.checked_rem(u64::try_from(list.len()).ok()?)?;
    list.get(usize::try_from(place).ok()?)
}

/// The least by `of`; those that are alike go in turn.
fn least(field: &Field<'_, '_>, turn: u64, of: impl Fn(&Candidate<'_>) -> f64) -> Option<usize> {
    let mut best: Vec<(usize, &Candidate<'_>)> = Vec::new();
    for (at, it) in field {
        match best.first().and_then(|(_, known)| of(it).partial_cmp(&of(known))) {
            None | Some(Ordering::Equal) => best.push((*at, it)),
            Some(Ordering::Less) => best = vec![(*at, it)],
            Some(Ordering::Greater) => {}
        }
    }
    in_turn(&best, turn)
}

fn quickest(field: &Field<'_, '_>, question: &Question<'_>) -> Option<usize> {
    let of = |is_so: &dyn Fn(&Candidate<'_>) -> bool| -> Vec<(usize, &Candidate<'_>)> {
        field.iter().filter(|(_, it)| is_so(it)).copied().collect()
    };
    let untried = of(&|it| it.latency.is_none() && it.in_flight == 0);
    if !untried.is_empty() {
        return in_turn(&untried, question.turn);
    }
    let Some(least) = field.iter().filter_map(|(_, it)| it.latency).min() else {
        let fewest = field.iter().map(|(_, it)| it.in_flight).min()?;
        return in_turn(&of(&|it| it.in_flight == fewest), question.turn);
    };
    let mut near = of(&|it| it.latency.is_some_and(|latency| latency * 5 <= least * 6));
    near.sort_by_key(|(at, it)| (it.latency, *at));
    let count = u64::try_from(near.len()).ok()?;
    if count == 1 {
        return near.first().map(|(at, _)| *at);
    }
    let mut draws = Draws::of(question.draw);
    let one = draws.below(count);
    let other = (one + 1 + draws.below(count - 1)) % count;
    near.get(usize::try_from(one.min(other)).ok()?).map(|(at, _)| *at)
}
