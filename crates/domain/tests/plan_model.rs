//! Plans against a model of each rule.

use proptest::prelude::*;
use std::time::Duration;
use switchyard_domain::ids::ProviderId;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::route::{
    Availability, Avoidance, Candidate, Field, Headroom, PlannedCall, RouteMode, Strategy, When,
};
use switchyard_testkit::plan_model::{Question, first};

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
            weight: it.weight,
            priority: it.priority,
            strategy: it.own,
            availability: it.availability,
            context_window: it.window,
            latency: it.latency.map(Duration::from_millis),
            in_flight: it.in_flight,
            cost: it.cost.map(NanoUsd),
            headroom: Headroom::of(it.used, 10),
            ..Candidate::plain(ProviderId(id), &always)
        }).collect();
        let call = PlannedCall { prompt_tokens: prompt, ..PlannedCall::default() };
        let field = Field::of(mode, route, &candidates, false, &call);
        let plan = field.as_ref().ok().map(|field| field.plan(u64::from(turn), draw));
        let question = Question { mode, strategy: route, call, turn: u64::from(turn), draw };
        let expected = first(&question, &candidates);
        prop_assert_eq!(plan.as_ref().and_then(|plan| plan.order.first().copied()), expected);
        // Whatever comes first, everybody who can be tried comes once, and nobody else.
        if let (Ok(field), Some(mut plan)) = (field, plan) {
            plan.order.sort_unstable();
            let skipped: Vec<usize> = field.skipped().iter().map(|(index, _)| *index).collect();
            let left: Vec<usize> = (0..targets.len()).filter(|index| !skipped.contains(index)).collect();
            prop_assert_eq!(&plan.order, &left);
            prop_assert_eq!(plan.rules.len(), plan.order.len());
            prop_assert!(plan.rules.iter().all(|rule| !rule.to_string().is_empty()));
        }
    }
}
