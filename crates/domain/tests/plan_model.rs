//! Plans against a model of each rule that is written another way: it looks for the first target one by one, where the product
//! orders groups.

use proptest::prelude::*;
use std::time::Duration;
use switchyard_domain::ids::ProviderId;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::provider::Capabilities;
use switchyard_domain::route::{
    Availability, Avoidance, Candidate, Draws, Field, Headroom, PlannedCall, RouteMode, Strategy, When,
};

/// A target without what it borrows.
#[derive(Clone, Debug)]
struct Drawn {
    weight: u32,
    priority: u32,
    own: Option<Strategy>,
    availability: Availability,
    latency: Option<u64>,
    in_flight: u32,
    cost: Option<i64>,
    used: u128,
    window: Option<u64>,
}

const STRATEGIES: [Strategy; 7] = [
    Strategy::Failover,
    Strategy::RoundRobin,
    Strategy::Weighted,
    Strategy::LeastLatency,
    Strategy::LeastBusy,
    Strategy::Cheapest,
    Strategy::Headroom,
];

fn strategy() -> impl proptest::strategy::Strategy<Value = Strategy> {
    prop::sample::select(STRATEGIES.to_vec())
}

prop_compose! {
    fn drawn()(
        weight in 1_u32..5,
        priority in 0_u32..3,
        own in prop::option::weighted(0.1, strategy()),
        availability in prop::sample::select(vec![
            Availability::Ready,
            Availability::Ready,
            Availability::Ready,
            Availability::Avoid(Avoidance::Unhealthy),
            Availability::Unusable,
        ]),
        latency in prop::option::weighted(0.9, 100_u64..300),
        in_flight in 0_u32..4,
        cost in prop::option::weighted(0.8, 0_i64..5),
        used in 0_u128..10,
        window in prop::option::weighted(0.2, 0_u64..200),
    ) -> Drawn {
        Drawn { weight, priority, own, availability, latency, in_flight, cost, used, window }
    }
}

/// The index of the one that the rule puts first, found by a search; `None` where there is no plan.
fn model(mode: RouteMode, route: Strategy, targets: &[Drawn], prompt: u64, turn: u64, draw: u64) -> Option<usize> {
    let fits = |it: &Drawn| it.availability != Availability::Unusable && it.window.is_none_or(|most| most >= prompt);
    let mut field: Vec<usize> = (0..targets.len()).filter(|&at| fits(&targets[at])).collect();
    if field.iter().any(|&at| targets[at].availability == Availability::Ready) {
        field.retain(|&at| targets[at].availability == Availability::Ready);
    }
    if mode == RouteMode::Multi {
        let least = field.iter().map(|&at| targets[at].priority).min()?;
        field.retain(|&at| targets[at].priority == least);
    }
    let rule = targets[*field.first()?].own.unwrap_or(route);
    let tied = |of: &dyn Fn(&Drawn) -> (bool, f64)| {
        let mut best: Vec<usize> = Vec::new();
        for &at in &field {
            let order = best.first().map(|&known| of(&targets[at]).partial_cmp(&of(&targets[known])).unwrap());
            match order {
                None | Some(std::cmp::Ordering::Equal) => best.push(at),
                Some(std::cmp::Ordering::Less) => best = vec![at],
                Some(std::cmp::Ordering::Greater) => {}
            }
        }
        slot(&best, targets, turn)
    };
    match rule {
        _ if field.len() == 1 => field.first().copied(),
        Strategy::Failover => field.iter().copied().min_by_key(|&at| (targets[at].priority, at)),
        Strategy::RoundRobin => slot(&field, targets, turn),
        Strategy::Weighted => {
            let total: u64 = field.iter().map(|&at| u64::from(targets[at].weight)).sum();
            slot(&field, targets, Draws::of(draw).below(total))
        }
        Strategy::LeastBusy => tied(&|it| (false, f64::from(it.in_flight) / f64::from(it.weight))),
        Strategy::Cheapest => tied(&|it| (it.cost.is_none(), it.cost.unwrap_or_default() as f64)),
        Strategy::Headroom => tied(&|it| (false, it.used as f64)),
        Strategy::LeastLatency => quickest(&field, targets, turn, draw),
    }
}

/// The one in whose share of the turns this one falls: every target stands as often in a list as it weighs.
fn slot(field: &[usize], targets: &[Drawn], turn: u64) -> Option<usize> {
    let slots: Vec<usize> =
        field.iter().flat_map(|&at| std::iter::repeat_n(at, targets[at].weight as usize)).collect();
    slots.get((turn % slots.len() as u64) as usize).copied()
}

fn quickest(field: &[usize], targets: &[Drawn], turn: u64, draw: u64) -> Option<usize> {
    let of = |is_so: &dyn Fn(&Drawn) -> bool| -> Vec<usize> {
        field.iter().copied().filter(|&at| is_so(&targets[at])).collect()
    };
    let untried = of(&|it| it.latency.is_none() && it.in_flight == 0);
    if !untried.is_empty() {
        return slot(&untried, targets, turn);
    }
    let Some(least) = field.iter().filter_map(|&at| targets[at].latency).min() else {
        let fewest = field.iter().map(|&at| targets[at].in_flight).min()?;
        return slot(&of(&|it| it.in_flight == fewest), targets, turn);
    };
    let mut near = of(&|it| it.latency.is_some_and(|latency| latency * 5 <= least * 6));
    near.sort_by_key(|&at| (targets[at].latency, at));
    if near.len() == 1 {
        return near.first().copied();
    }
    let mut draws = Draws::of(draw);
    let one = draws.below(near.len() as u64);
    let other = (one + 1 + draws.below(near.len() as u64 - 1)) % near.len() as u64;
    near.get(one.min(other) as usize).copied()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn the_first_of_every_plan_is_the_one_that_a_search_finds(
        mode in prop::sample::select(vec![RouteMode::Auto, RouteMode::Multi]),
        route in strategy(),
        targets in prop::collection::vec(drawn(), 0..9),
        prompt in 0_u64..200,
        turn in any::<u32>(),
        draw in any::<u64>(),
    ) {
        let always = When::default();
        let candidates: Vec<Candidate<'_>> = (0..).zip(&targets).map(|(id, it)| Candidate {
            provider: ProviderId(id),
            serves: true,
            weight: it.weight,
            priority: it.priority,
            strategy: it.own,
            when: &always,
            availability: it.availability,
            capabilities: Capabilities::default(),
            context_window: it.window,
            latency: it.latency.map(Duration::from_millis),
            in_flight: it.in_flight,
            cost: it.cost.map(NanoUsd),
            headroom: Headroom::of(it.used, 10),
        }).collect();
        let call = PlannedCall { prompt_tokens: prompt, ..PlannedCall::default() };
        let field = Field::of(mode, route, &candidates, false, &call);
        let plan = field.as_ref().ok().map(|field| field.plan(u64::from(turn), draw));
        let expected = model(mode, route, &targets, prompt, u64::from(turn), draw);
        prop_assert_eq!(plan.as_ref().and_then(|plan| plan.order.first().copied()), expected);
        // Whatever comes first, everybody who can be tried comes once, and nobody else.
        if let (Ok(field), Some(mut plan)) = (field, plan) {
            plan.order.sort_unstable();
            let skipped: Vec<usize> = field.skipped().iter().map(|(index, _)| *index).collect();
            let left: Vec<usize> = (0..targets.len()).filter(|index| !skipped.contains(index)).collect();
            prop_assert_eq!(plan.order, left);
            prop_assert!(!plan.decision.to_string().is_empty());
        }
    }
}
