use super::*;
use crate::ids::ProviderId;
use crate::money::NanoUsd;
use crate::provider::Capabilities;
use crate::route::{Need, Needs, TokenRange, When};
use Availability::{Ready, Unusable};
use std::sync::LazyLock;
use std::time::Duration;

static ALWAYS: LazyLock<When> = LazyLock::new(When::default);
const AVOID: Availability = Availability::Avoid(Avoidance::Unhealthy);
const MS: Duration = Duration::from_millis(1);

fn candidate(provider: i64, priority: u32, availability: Availability) -> Candidate<'static> {
    Candidate { priority, availability, ..Candidate::plain(ProviderId(provider), &ALWAYS) }
}

fn planned(mode: RouteMode, strategy: Strategy, targets: &[Candidate<'_>], turn: u64) -> Plan {
    let call = PlannedCall::default();
    Field::of(mode, strategy, targets, false, &call).unwrap().plan(turn, turn)
}

fn order(mode: RouteMode, strategy: Strategy, targets: &[Candidate<'_>], turn: u64) -> Vec<usize> {
    planned(mode, strategy, targets, turn).order
}

fn says(strategy: Strategy, targets: &[Candidate<'_>], turn: u64) -> String {
    planned(RouteMode::Multi, strategy, targets, turn).decision().to_string()
}

#[test]
fn round_robin_gives_each_usable_target_the_same_share() {
    let targets = [candidate(1, 0, Ready), candidate(2, 0, Unusable), candidate(3, 0, Ready)];
    let counts = (0..256).fold([0; 3], |mut counts, turn| {
        counts[order(RouteMode::Auto, Strategy::RoundRobin, &targets, turn)[0]] += 1;
        counts
    });
    assert_eq!(counts, [128, 0, 128]);
}

#[test]
fn weights_set_the_share_of_turns() {
    let targets = [Candidate { weight: 3, ..candidate(1, 0, Ready) }, candidate(2, 0, Ready)];
    let firsts: Vec<usize> =
        (0..8).map(|turn| order(RouteMode::Auto, Strategy::RoundRobin, &targets, turn)[0]).collect();
    assert_eq!(firsts, [0, 0, 1, 0, 0, 0, 1, 0]);
    assert_eq!(says(Strategy::RoundRobin, &targets, 6), "round-robin, turn 3 of 4");
}

#[test]
fn failover_keeps_to_the_first_and_puts_avoided_targets_last() {
    let targets = [candidate(1, 1, AVOID), candidate(2, 2, Ready), candidate(3, 0, Ready)];
    for turn in 0..5 {
        assert_eq!(order(RouteMode::Auto, Strategy::Failover, &targets, turn), [2, 1, 0]);
    }
    assert_eq!(says(Strategy::Failover, &targets, 0), "priority 0 before 2");
}

#[test]
fn multi_rotates_equals_and_keeps_dearer_priorities_behind() {
    let targets = [candidate(1, 1, Ready), candidate(2, 0, Ready), candidate(3, 0, Ready)];
    let order = |turn| order(RouteMode::Multi, Strategy::RoundRobin, &targets, turn);
    assert_eq!(order(0), [1, 2, 0]);
    assert_eq!(order(1), [2, 1, 0]);
    assert_eq!(
        says(Strategy::RoundRobin, &targets, 1),
        "priority 0 before 1; equals by round-robin, turn 2 of 2"
    );
}

#[test]
fn auto_by_turns_does_not_look_at_priorities() {
    let targets = [candidate(1, 7, Ready), candidate(2, 0, Ready)];
    assert_eq!(order(RouteMode::Auto, Strategy::RoundRobin, &targets, 0), [0, 1]);
    assert_eq!(order(RouteMode::Auto, Strategy::RoundRobin, &targets, 1), [1, 0]);
}

#[test]
fn equals_share_by_the_strategy_of_their_first_usable_target() {
    let own = |provider, availability, strategy| Candidate {
        strategy: Some(strategy),
        ..candidate(provider, 0, availability)
    };
    let targets = [
        own(1, Unusable, Strategy::Failover),
        own(2, Ready, Strategy::RoundRobin),
        own(3, Ready, Strategy::Failover),
    ];
    assert_eq!(order(RouteMode::Auto, Strategy::Failover, &targets, 1), [2, 1]);
    let targets = [own(1, Ready, Strategy::Failover), own(2, Ready, Strategy::RoundRobin)];
    assert_eq!(order(RouteMode::Multi, Strategy::RoundRobin, &targets, 1), [0, 1]);
}

#[test]
fn a_provider_comes_again_only_when_all_have_come_once() {
    let targets = [
        candidate(1, 0, Ready),
        candidate(1, 0, Ready),
        candidate(2, 0, Ready),
        candidate(2, 0, AVOID),
        candidate(3, 0, AVOID),
    ];
    assert_eq!(order(RouteMode::Multi, Strategy::Failover, &targets, 0), [0, 2, 1, 4, 3]);
}

#[test]
fn a_specific_route_wants_a_model_that_one_of_its_targets_serves() {
    let not = Candidate { serves: false, ..candidate(1, 0, Ready) };
    let with = |targets: &[Candidate<'_>], has_hint| {
        let call = PlannedCall::default();
        Field::of(RouteMode::Specific, Strategy::Failover, targets, has_hint, &call)
            .map(|it| it.plan(0, 0).order)
    };
    assert_eq!(with(&[not, candidate(2, 0, Ready)], false), Err(PlanError::HintMissing));
    assert_eq!(with(&[not, not], true), Err(PlanError::HintNotServed));
    assert_eq!(with(&[not, candidate(2, 0, Ready)], true), Ok(vec![1]));
}

#[test]
fn a_route_whose_targets_are_all_off_has_no_plan() {
    let call = PlannedCall::default();
    let off = vec![(0, SkipReason::SwitchedOff)];
    for (targets, reasons) in [(vec![candidate(1, 0, Unusable)], off), (Vec::new(), Vec::new())] {
        let error = Field::of(RouteMode::Multi, Strategy::Failover, &targets, false, &call).unwrap_err();
        assert_eq!(error.reasons(), reasons);
        assert_eq!(error, PlanError::NoUsableTarget(reasons));
    }
}

#[test]
fn where_all_are_avoided_they_are_tried_all_the_same_and_the_rule_says_so() {
    let targets = [candidate(1, 0, AVOID), candidate(2, 1, AVOID)];
    let plan = planned(RouteMode::Multi, Strategy::RoundRobin, &targets, 0);
    assert_eq!(plan.order, [0, 1]);
    assert_eq!(plan.decision().to_string(), "nothing better is left; priority 0 before 1");
}

#[test]
fn each_target_of_a_plan_has_the_rule_that_put_it_there() {
    let targets = [
        candidate(1, 0, Ready),
        candidate(2, 0, Ready),
        candidate(1, 0, Ready),
        candidate(3, 1, Ready),
        candidate(4, 2, Ready),
        candidate(5, 2, Ready),
        candidate(6, 0, AVOID),
    ];
    let plan = planned(RouteMode::Multi, Strategy::RoundRobin, &targets, 1);
    assert_eq!(plan.order, [1, 2, 3, 5, 4, 0, 6]);
    let said: Vec<String> = plan.rules.iter().map(|rule| format!("{}: {rule}", rule.as_str())).collect();
    let expected = [
        "round_robin: priority 0 before 1; equals by round-robin, turn 2 of 3",
        "round_robin: the next of its equals by round_robin",
        "priority: priority 1 after 0",
        "round_robin: priority 2 after 1; equals by round-robin, turn 2 of 2",
        "round_robin: the next of its equals by round_robin",
        "provider_again: its provider comes before it already, so others go first",
        "avoided: better not tried now, so all others go first",
    ];
    assert_eq!(said, expected);
}

#[test]
fn a_target_that_can_not_serve_the_call_is_left_out_with_its_reason() {
    let able = |capabilities| Candidate { capabilities, ..candidate(1, 0, Ready) };
    let vision = |vision| able(Capabilities { vision, ..Capabilities::default() });
    let window = |window| Candidate { context_window: Some(window), ..candidate(1, 0, Ready) };
    let call = PlannedCall {
        prompt_tokens: 900,
        output_tokens: Some(200),
        needs: [Need::Vision].into_iter().collect(),
        tags: &[],
    };
    assert_eq!(misfit(&vision(Some(false)), &call), Some(SkipReason::Lacks(Need::Vision)));
    assert_eq!(misfit(&vision(Some(true)), &call), None);
    assert_eq!(misfit(&vision(None), &call), None, "what is not known counts as able");
    let too_small = SkipReason::ContextTooSmall { window: 1_099, needed: 1_100 };
    assert_eq!(misfit(&window(1_099), &call), Some(too_small));
    assert_eq!(misfit(&window(1_100), &call), None);
    let (small, blind) = (window(100), vision(Some(false)));
    let field = Field::of(RouteMode::Multi, Strategy::Failover, &[small, blind], false, &call).err();
    let Some(PlanError::NothingFits(reasons)) = field else { panic!("{field:?}") };
    assert_eq!(
        reasons.iter().map(|(_, reason)| reason.as_str()).collect::<Vec<_>>(),
        ["context_too_small", "lacks_vision"]
    );
    let off = Candidate { availability: Unusable, ..candidate(1, 0, Ready) };
    let field = Field::of(RouteMode::Multi, Strategy::Failover, &[small, off], false, &call).err();
    let reasons = vec![(0, misfit(&small, &call).unwrap()), (1, SkipReason::SwitchedOff)];
    assert_eq!(field, Some(PlanError::NoUsableTarget(reasons)), "one that is off could serve it");
}

#[test]
fn a_target_takes_the_calls_that_its_condition_names() {
    let tags = ["team:a".to_owned(), "batch".to_owned()];
    let call = PlannedCall {
        prompt_tokens: 500,
        output_tokens: None,
        needs: Needs::NONE.and(Need::Tools, true),
        tags: &tags,
    };
    let judged = |when: &When| misfit(&Candidate { when, ..candidate(1, 0, Ready) }, &call);
    let size = |min, max| When { prompt_tokens: TokenRange { min, max }, ..When::default() };
    let needs = |need| When { needs: [need].into(), ..When::default() };
    let tagged = |tag: &str| When { tags: [tag.to_owned(), "other".to_owned()].into(), ..When::default() };
    assert_eq!(judged(&size(Some(500), Some(500))), None);
    let wanted = TokenRange { min: Some(501), max: None };
    assert_eq!(judged(&size(Some(501), None)), Some(SkipReason::PromptSize { wanted, tokens: 500 }));
    assert_eq!(judged(&needs(Need::Tools)), None);
    assert_eq!(judged(&needs(Need::Vision)), Some(SkipReason::NotNeeded(Need::Vision)));
    assert_eq!(judged(&tagged("batch")), None);
    assert_eq!(judged(&tagged("team:b")), Some(SkipReason::TagMissing));
}

#[test]
fn the_cheapest_goes_first_and_an_unknown_price_last() {
    let cost = |cost: Option<i64>| Candidate { cost: cost.map(NanoUsd), ..candidate(1, 0, Ready) };
    let targets = [cost(None), cost(Some(340_000)), cost(Some(120_000)), cost(Some(120_000))];
    let order = |turn| order(RouteMode::Auto, Strategy::Cheapest, &targets, turn);
    assert_eq!((order(0)[0], order(1)[0]), (2, 3), "those that cost the same share");
    let providers: Vec<Candidate<'_>> =
        (0..).zip(targets).map(|(id, it)| Candidate { provider: ProviderId(id), ..it }).collect();
    assert_eq!(planned(RouteMode::Auto, Strategy::Cheapest, &providers, 0).order, [2, 3, 1, 0]);
    assert_eq!(
        says(Strategy::Cheapest, &targets[..3], 0),
        "cheapest: 0.000120000 USD before 0.000340000 USD"
    );
}

#[test]
fn the_least_busy_for_its_weight_goes_first() {
    let busy = |in_flight, weight| Candidate { in_flight, weight, ..candidate(1, 0, Ready) };
    let targets = [busy(3, 1), busy(10, 4), busy(4, 1)];
    assert_eq!(order(RouteMode::Auto, Strategy::LeastBusy, &targets, 0)[0], 1);
    assert_eq!(says(Strategy::LeastBusy, &targets, 0), "least busy: 10 in flight before 3, by weight");
}

#[test]
fn the_one_with_the_most_room_goes_first() {
    let room = |used| Candidate { headroom: Headroom::of(used, 100), ..candidate(1, 0, Ready) };
    let targets = [room(65), room(20), room(100)];
    assert_eq!(order(RouteMode::Auto, Strategy::Headroom, &targets, 0)[0], 1);
    assert_eq!(says(Strategy::Headroom, &targets, 0), "headroom: 80 % left before 35 %");
}

#[test]
fn the_quick_ones_share_by_two_draws_and_the_slow_ones_wait() {
    let quick = |latency: u32| Candidate { latency: Some(latency * MS), ..candidate(1, 0, Ready) };
    let targets = [quick(900), quick(212), quick(240), quick(254), quick(255)];
    let firsts: Vec<usize> =
        (0..1_000).map(|turn| order(RouteMode::Auto, Strategy::LeastLatency, &targets, turn)[0]).collect();
    let share = |index| firsts.iter().filter(|first| **first == index).count();
    // Of three that are near, the quickest is in two of three pairs and the slowest never wins one.
    assert!((600..730).contains(&share(1)) && share(1) + share(2) == 1_000, "{} {}", share(1), share(2));
    let said = (0..50).map(|turn| says(Strategy::LeastLatency, &targets, turn));
    assert!(said.clone().any(|said| said == "least latency of two drawn: 212 ms before 254 ms"));
    let lone = [quick(900), quick(212)];
    assert_eq!(says(Strategy::LeastLatency, &lone, 0), "least latency: 212 ms before 900 ms");
}

#[test]
fn one_that_was_not_measured_is_tried_by_one_call_at_a_time() {
    let measured = Candidate { latency: Some(10 * MS), ..candidate(1, 0, Ready) };
    let (idle, busy) = (candidate(2, 0, Ready), Candidate { in_flight: 1, ..candidate(2, 0, Ready) });
    assert_eq!(order(RouteMode::Auto, Strategy::LeastLatency, &[measured, idle], 0), [1, 0]);
    assert_eq!(order(RouteMode::Auto, Strategy::LeastLatency, &[measured, busy], 0), [0, 1]);
}

#[test]
fn a_draw_by_weight_gives_each_its_chance() {
    let targets = [Candidate { weight: 3, ..candidate(1, 0, Ready) }, candidate(2, 0, Ready)];
    let firsts =
        (0..4_000).filter(|draw| order(RouteMode::Auto, Strategy::Weighted, &targets, *draw)[0] == 0).count();
    assert!((2_900..3_100).contains(&firsts), "{firsts}");
    assert!((0..20).any(|draw| says(Strategy::Weighted, &targets, draw) == "a draw by weight, 3 of 4"));
}
