//! What is shown of a chain of routes: the course that a call takes whose attempts all fail, and why everything else is left out.

use crate::world::{Setting, World, buffered, named, route, routing, with};
use std::borrow::Cow;
use std::time::Duration;
use switchyard_domain::declared::DeclaredRoute;
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_domain::ids::RouteId;
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::provider::Capabilities;
use switchyard_domain::route::{
    Availability, Avoidance, Need, Needs, Route, RouteMode, Strategy, TargetModels,
};
use switchyard_orchestrator::admin::{ProviderChange, RouteChange};
use switchyard_orchestrator::chat::CallSettings;
use switchyard_orchestrator::error::CallErrorKind;
use switchyard_orchestrator::explain::{Explanation, PassedRoute, SkippedTarget};
use switchyard_orchestrator::principal::Principal;
use switchyard_orchestrator::routing::{Among, DryCall, DryRun, RoutingError};
use switchyard_ports::limiter::Tally;
use switchyard_ports::prices::ModelFacts;
use switchyard_testkit::call::WireCall;
use switchyard_testkit::fakes::provider::Act;

/// So many attempts that a call reaches the end of any chain here.
const TO_THE_END: u32 = 50;

async fn world() -> World {
    let usual = Setting::default();
    let calls = CallSettings { max_attempts: TO_THE_END, ..usual.calls };
    World::set(Setting { calls, ..usual }).await
}

async fn add(world: &World, name: &str, targets: &[&str], fallback: Option<&str>) -> RouteId {
    add_as(world, DeclaredRoute { fallback: fallback.map(named), ..route(name, targets) }).await
}

async fn add_as(world: &World, route: DeclaredRoute) -> RouteId {
    world.routes.add(&route, &Writer::API).await.unwrap()
}

fn explained(world: &World, call: &WireCall) -> Explanation {
    let explainer = world.explainer();
    explainer.explain(&Principal::Program, call).unwrap()
}

fn run(world: &World, id: RouteId, calls: u32) -> DryRun {
    routing(world).dry_run(id, &DryCall::default(), calls).unwrap()
}

fn passed(routes: &[PassedRoute]) -> Vec<(&str, &str)> {
    routes.iter().map(|passed| (passed.route.as_str(), passed.why.as_str())).collect()
}

fn skipped(targets: &[SkippedTarget]) -> Vec<(&str, &str, &str)> {
    targets.iter().map(|it| (it.target.as_str(), it.route.as_str(), it.reason.as_str())).collect()
}

/// Where a call goes whose attempts all fail.
async fn tried(world: &World, model: &str) -> Vec<String> {
    let snapshot = world.keeper.snapshot();
    let fault = ProviderFault { should_retry: Some(false), ..ProviderFault::new(FaultKind::Connect, "down") };
    for target in snapshot.by_model.values().flatten() {
        world.factory.always(&target.model.public_name, Act::Fail(fault.clone()));
    }
    let before = world.factory.targets().len();
    assert!(world.ask(model).await.is_err());
    world.factory.targets().split_off(before)
}

#[tokio::test]
async fn what_is_shown_of_a_chain_is_the_course_that_a_call_takes_to_its_end() {
    let world = world().await;
    add(&world, "third", &["b/n", "c/m", "c/n"], None).await;
    add(&world, "second", &["a/n", "a/m", "c/m"], Some("third")).await;
    let id = add(&world, "first", &["a/m", "b/m"], Some("second")).await;
    let (shown, run) = (explained(&world, &buffered("first")), run(&world, id, 1));
    let of = |target: &str, route: &str, rule: &str| (target.to_owned(), route.to_owned(), rule.to_owned());
    let expected = [
        of("a/m", "first", "priority 0 before 1"),
        of("b/m", "first", "priority 1 after 0"),
        of("c/m", "second", "priority 2 after 1"),
        of("a/n", "second", "its provider comes before it already, so others go first"),
        of("b/n", "third", "its provider comes before it already, so others go first"),
        of("c/n", "third", "its provider comes before it already, so others go first"),
    ];
    let explained = shown.targets.iter();
    let explained: Vec<_> =
        explained.map(|it| of(&it.target, it.route.as_deref().unwrap(), &it.rule.to_string())).collect();
    assert_eq!(explained, expected);
    let dry: Vec<_> = run.shares.iter().map(|it| of(&it.target, &it.route, &it.rule.to_string())).collect();
    assert_eq!(dry, expected);
    let left_out = [("a/m", "second", "asked_before"), ("c/m", "third", "asked_before")];
    assert_eq!((skipped(&shown.skipped), skipped(&run.skipped)), (left_out.to_vec(), left_out.to_vec()));
    assert!(shown.passed.is_empty() && run.passed.is_empty());
    assert_eq!(tried(&world, "first").await, expected.map(|(target, ..)| target));
    world.is_idle();
}

#[tokio::test]
async fn what_is_better_not_tried_comes_after_the_routes_behind_for_calls_and_in_what_is_shown() {
    let world = world().await;
    let a = world.providers.find(&named("a")).await.unwrap().id;
    world.health.set(a, "m", Availability::Avoid(Avoidance::Unhealthy));
    add(&world, "behind", &["b/m"], None).await;
    let id = add(&world, "first", &["a/m"], Some("behind")).await;
    let shown = explained(&world, &buffered("first"));
    let order: Vec<_> = shown.targets.iter().map(|it| (it.target.as_str(), it.avoided.is_some())).collect();
    assert_eq!(order, [("b/m", false), ("a/m", true)]);
    assert_eq!(run(&world, id, 10).shares.iter().map(|it| it.calls).collect::<Vec<_>>(), [10, 0]);
    let state = routing(&world).state(id).unwrap();
    assert!(state.targets.iter().all(|target| !target.is_next), "the next call goes to the route behind");
    let selected = routing(&world).select(id, None, Among::All).unwrap();
    assert_eq!((selected.provider_name.as_str(), selected.route.as_str()), ("b", "behind"));
    let reply = world.ask("first").await.unwrap();
    assert_eq!((reply.head.target.as_str(), reply.head.reason.as_str()), ("b/m", "only"));
    assert_eq!(tried(&world, "first").await, ["b/m", "a/m"]);
    world.is_idle();
}

#[tokio::test]
async fn a_route_whose_targets_can_not_take_the_call_is_told_with_each_reason_and_the_one_behind_takes_it() {
    let world = World::empty().await;
    let toolless = Capabilities { tools: Some(false), ..Capabilities::default() };
    world.prices.put_facts("acme", "p", ModelFacts { capabilities: toolless, ..ModelFacts::default() });
    world.provider("p", &["p"]).await;
    world.provider("q", &["q"]).await;
    add(&world, "able", &["q/q"], None).await;
    let id = add(&world, "first", &["p/p"], Some("able")).await;
    let call = with("first", r#","tools":[{"type":"function","function":{"name":"f"}}]"#);
    let shown = explained(&world, &call);
    let order: Vec<_> = shown.targets.iter().map(|it| (it.target.as_str(), it.route.as_deref())).collect();
    assert_eq!(order, [("q/q", Some("able"))]);
    assert_eq!(skipped(&shown.skipped), [("p/p", "first", "lacks_tools")]);
    assert_eq!(passed(&shown.passed), [("first", "no_target")]);
    assert!(shown.passed[0].why.to_string().contains("its model can't give tools"), "{:?}", shown.passed);
    let dry = DryCall { needs: Needs::NONE.and(Need::Tools, true), ..DryCall::default() };
    let run = routing(&world).dry_run(id, &dry, 7).unwrap();
    assert_eq!((run.shares[0].target.as_str(), run.shares[0].calls), ("q/q", 7));
    assert_eq!((skipped(&run.skipped), run.passed), (skipped(&shown.skipped), shown.passed.clone()));
    assert_eq!(world.finish(world.call(call)).await.unwrap().head.target, "q/q");
}

#[tokio::test]
async fn a_route_behind_that_is_off_or_gone_or_was_joined_before_says_so_and_ends_the_chain() {
    let world = world().await;
    add(&world, "last", &["c/m"], None).await;
    let behind = add(&world, "behind", &["b/m"], Some("last")).await;
    let first = add(&world, "first", &["a/m"], Some("behind")).await;
    // Nobody can write a circle, or remove what stands behind something; rows that others put there may have both.
    let tamper = async |tamper: &dyn Fn(&mut Vec<Route>)| {
        world.store.tamper_with_routes(|routes| tamper(routes));
        let other = format!("other-{}", world.keeper.snapshot().routes.len());
        add(&world, &other, &["a/m"], None).await;
    };
    let told = || {
        let (shown, run) = (explained(&world, &buffered("first")), run(&world, first, 3));
        assert_eq!(shown.passed, run.passed);
        let targets: Vec<String> = run.shares.into_iter().map(|share| share.target).collect();
        (targets.join(" "), run.passed)
    };
    let off = RouteChange { is_active: Some(false), ..RouteChange::default() };
    world.routes.change(behind, off, None, &Writer::API).await.unwrap();
    let (targets, why) = told();
    assert_eq!((targets.as_str(), passed(&why)), ("a/m", vec![("behind", "switched_off")]));
    assert_eq!(tried(&world, "first").await, ["a/m"]);
    let circle = |route: &mut Route| {
        route.is_active = true;
        route.fallback = Some(first);
    };
    tamper(&|routes| routes.iter_mut().filter(|route| route.id == behind).for_each(circle)).await;
    let (targets, why) = told();
    assert_eq!((targets.as_str(), passed(&why)), ("a/m b/m", vec![("first", "loop")]));
    assert_eq!(tried(&world, "first").await, ["a/m", "b/m"]);
    tamper(&|routes| routes.retain(|route| route.id != behind)).await;
    let (targets, why) = told();
    let gone = format!("#{behind}");
    assert_eq!((targets.as_str(), passed(&why)), ("a/m", vec![(gone.as_str(), "gone")]));
    assert_eq!(tried(&world, "first").await, ["a/m"]);
}

#[tokio::test]
async fn a_route_behind_that_adds_nothing_new_says_so_and_the_next_one_follows() {
    let world = world().await;
    add(&world, "third", &["b/m"], None).await;
    add(&world, "second", &["a/m"], Some("third")).await;
    let id = add(&world, "first", &["a/m"], Some("second")).await;
    let run = run(&world, id, 1);
    assert_eq!(run.shares.iter().map(|it| it.target.as_str()).collect::<Vec<_>>(), ["a/m", "b/m"]);
    assert_eq!(passed(&run.passed), [("second", "nothing_new")]);
    assert_eq!(tried(&world, "first").await, ["a/m", "b/m"]);
}

#[tokio::test]
async fn whoever_names_no_model_or_a_wrong_one_is_told_so_and_no_route_behind_is_shown() {
    let world = world().await;
    add(&world, "behind", &["c/m"], None).await;
    let specific = DeclaredRoute {
        mode: RouteMode::Specific,
        fallback: Some(named("behind")),
        ..route("chosen", &["a/m", "b/n"])
    };
    let id = add_as(&world, specific).await;
    for model in [None, Some("x")] {
        let call = DryCall { model: model.map(str::to_owned), ..DryCall::default() };
        let why = routing(&world).dry_run(id, &call, 1).unwrap_err();
        assert!(matches!(why, RoutingError::NoPlan { .. }), "{why}");
        assert_eq!(routing(&world).select(id, model, Among::All).unwrap_err(), why);
    }
    let call = DryCall { model: Some("n".to_owned()), ..DryCall::default() };
    let run = routing(&world).dry_run(id, &call, 1).unwrap();
    assert_eq!(run.shares.iter().map(|it| it.target.as_str()).collect::<Vec<_>>(), ["b/n", "c/m"]);
    assert_eq!(skipped(&run.skipped), [("a/m", "chosen", "model_not_served")]);
    assert_eq!(tried(&world, "chosen/n").await, ["b/n", "c/m"]);
}

#[tokio::test]
async fn a_dry_run_counts_targets_apart_that_are_of_one_provider_and_model() {
    let world = World::usual().await;
    let mut twice =
        DeclaredRoute { strategy: Strategy::RoundRobin, ..route("twice", &["a/m", "a/m", "b/m"]) };
    twice.targets.iter_mut().for_each(|target| target.priority = 0);
    twice.targets[0].limits.rpm = Some(10);
    twice.targets[1].weight = 2;
    twice.targets[2].models = TargetModels::of(vec!["m".to_owned(), "n".to_owned()]);
    let id = add_as(&world, twice).await;
    let run = run(&world, id, 400);
    let mut shares: Vec<_> =
        run.shares.iter().map(|it| (it.id.unwrap(), it.target.as_str(), it.calls)).collect();
    shares.sort_unstable();
    let shares: Vec<_> = shares.into_iter().map(|(_, target, calls)| (target, calls)).collect();
    assert_eq!(shares, [("a/m", 100), ("a/m", 200), ("b/m", 100)]);
    assert_eq!(run.shares.iter().map(|it| it.calls).sum::<u32>(), 400);
}

#[tokio::test]
async fn a_dry_run_of_many_calls_goes_where_so_many_calls_then_go_whichever_route_takes_them() {
    let world = World::usual().await;
    let a = world.providers.find(&named("a")).await.unwrap().id;
    world.health.set(a, "n", Availability::Avoid(Avoidance::Unhealthy));
    let mut behind =
        DeclaredRoute { strategy: Strategy::RoundRobin, ..route("behind", &["a/m", "b/m", "c/m"]) };
    behind.targets.iter_mut().zip([1, 3, 2]).for_each(|(target, weight)| {
        target.priority = 0;
        target.weight = weight;
    });
    add_as(&world, behind).await;
    let id = add(&world, "first", &["a/n"], Some("behind")).await;
    let run = run(&world, id, 60);
    let mut told: Vec<_> = run.shares.iter().map(|it| (it.target.clone(), it.calls)).collect();
    told.retain(|(_, calls)| *calls > 0);
    for _ in 0..60 {
        world.ask("first").await.unwrap();
    }
    let went = world.factory.targets();
    for (target, calls) in &told {
        let calls_to_it = went.iter().filter(|went| *went == target).count();
        assert_eq!(calls_to_it, usize::try_from(*calls).unwrap(), "{target}: {told:?}");
    }
    assert_eq!(went.len(), 60);
    world.is_idle();
}

#[tokio::test]
async fn a_selection_that_comes_to_nothing_takes_no_turn() {
    let world = World::usual().await;
    let mut turns = DeclaredRoute { strategy: Strategy::RoundRobin, ..route("turns", &["a/m", "b/m"]) };
    turns.targets.iter_mut().for_each(|target| target.priority = 0);
    let id = add_as(&world, turns).await;
    let mark = async |is_healthy: bool, providers: &[&str]| {
        for provider in providers {
            let provider = world.providers.find(&named(provider)).await.unwrap();
            world.providers.state_health(provider.id, is_healthy, &Writer::API).await.unwrap();
        }
    };
    mark(false, &["a", "b"]).await;
    for _ in 0..3 {
        let none = routing(&world).select(id, None, Among::Healthy).unwrap_err();
        assert_eq!(none, RoutingError::NoneReady("turns".to_owned()));
    }
    assert_eq!(routing(&world).state(id).unwrap().turns, None);
    mark(true, &["b"]).await;
    let selected = routing(&world).select(id, None, Among::Healthy).unwrap();
    assert_eq!((selected.provider_name.as_str(), routing(&world).state(id).unwrap().turns), ("b", Some(1)));
}

#[tokio::test]
async fn whose_limits_are_used_up_is_passed_over_by_calls_and_in_what_is_shown() {
    let world = World::usual().await;
    let limits = Limits { rpd: Some(20), ..Limits::NONE };
    let mut spent = route("spent", &["a/m", "b/m"]);
    spent.targets.iter_mut().for_each(|target| target.limits = limits);
    let id = add_as(&world, spent).await;
    let scopes: Vec<String> = {
        let snapshot = world.keeper.snapshot();
        snapshot.routes["spent"].targets.iter().map(|target| target.scope.0.to_string()).collect()
    };
    let is_next = || -> Vec<bool> {
        routing(&world).state(id).unwrap().targets.iter().map(|target| target.is_next).collect()
    };
    assert_eq!(is_next(), [true, false]);
    world.limiter.tell(&scopes[0], Tally { today: 20, ..Tally::default() });
    world.limiter.close(&scopes[0], Duration::from_secs(60));
    let left_out = [("a/m", "spent", "limit_spent")];
    let run = run(&world, id, 4);
    assert_eq!(run.shares.iter().map(|it| (it.target.as_str(), it.calls)).collect::<Vec<_>>(), [("b/m", 4)]);
    let shown = explained(&world, &buffered("spent"));
    assert_eq!(shown.targets.iter().map(|it| it.target.as_str()).collect::<Vec<_>>(), ["b/m"]);
    assert_eq!((skipped(&shown.skipped), skipped(&run.skipped)), (left_out.to_vec(), left_out.to_vec()));
    let why = shown.skipped[0].reason.to_string();
    assert_eq!(why, "its limit of requests per day has no room for the call now");
    assert_eq!(is_next(), [false, true]);
    assert_eq!(routing(&world).select(id, None, Among::All).unwrap().provider_name, "b");
    assert_eq!(world.ask("spent").await.unwrap().head.target, "b/m");
    assert_eq!(recorded(&world), (Some("priority".into()), vec![("a/m".to_owned(), "limit_spent".into())]));
    world.limiter.tell(&scopes[1], Tally { today: 20, ..Tally::default() });
    world.limiter.close(&scopes[1], Duration::from_secs(60));
    let none = routing(&world).select(id, None, Among::All).unwrap_err();
    assert_eq!(none, RoutingError::NoneReady("spent".to_owned()));
    assert_eq!(is_next(), [false, false]);
    assert_eq!(world.ask("spent").await.err().unwrap().kind, CallErrorKind::RateLimited);
}

/// The rule that chose the target of the last attempt, and what was passed over before it.
fn recorded(world: &World) -> (Option<String>, Vec<(String, String)>) {
    let event = world.journal.events().pop().unwrap();
    let passed = event.passed_over.into_iter().map(|passed| (passed.target, passed.reason.into_owned()));
    (event.rule.map(Cow::into_owned), passed.collect())
}

#[tokio::test]
async fn the_record_says_which_rule_chose_what_failed_before_and_who_was_passed_over() {
    let world = World::empty().await;
    let toolless = Capabilities { tools: Some(false), ..Capabilities::default() };
    world.prices.put_facts("acme", "p", ModelFacts { capabilities: toolless, ..ModelFacts::default() });
    for provider in ["p", "q", "r", "s"] {
        world.provider(provider, &[provider]).await;
    }
    add(&world, "chain", &["p/p", "q/q", "r/r", "s/s"], None).await;
    let q = world.providers.find(&named("q")).await.unwrap().id;
    world.health.set(q, "q", Availability::Avoid(Avoidance::Unhealthy));
    world.factory.next("r/r", [Act::fail(FaultKind::ServerError)]);
    let call = with("chain", r#","tools":[{"type":"function","function":{"name":"f"}}]"#);
    assert_eq!(world.finish(world.call(call)).await.unwrap().head.target, "s/s");
    assert_eq!(recorded(&world), (None, Vec::new()), "what failed before it says why it was made");
    let first = world.journal.events().remove(0);
    assert_eq!(first.rule.as_deref(), Some("priority"));
    let passed: Vec<_> = first.passed_over.iter().map(|it| (it.target.as_str(), &*it.reason)).collect();
    assert_eq!(passed, [("p/p", "lacks_tools"), ("q/q", "unhealthy")]);
    world.ask("q/q").await.unwrap();
    assert_eq!(recorded(&world).0, None, "there was nothing to choose");
}

#[tokio::test]
async fn a_dry_run_of_a_route_that_is_off_says_so() {
    let world = World::usual().await;
    let off = DeclaredRoute { enabled: false, ..route("off", &["a/m"]) };
    let (off, on) = (add_as(&world, off).await, add(&world, "on", &["a/m"], None).await);
    assert_eq!((run(&world, off, 1).is_active, run(&world, on, 1).is_active), (false, true));
    assert_eq!(run(&world, off, 3).shares[0].calls, 3, "and shows what it would do");
}

#[tokio::test]
async fn what_is_switched_off_is_shown_as_left_out_and_in_a_routes_state() {
    let world = World::usual().await;
    add(&world, "behind", &["b/m", "c/m"], None).await;
    let id = add(&world, "first", &["a/m", "b/n"], Some("behind")).await;
    let a = world.providers.find(&named("a")).await.unwrap();
    let off = ProviderChange { is_enabled: Some(false), ..ProviderChange::default() };
    world.providers.change(a.id, off, &Writer::API).await.unwrap();
    let run = run(&world, id, 1);
    let order: Vec<_> = run.shares.iter().map(|it| it.target.as_str()).collect();
    assert_eq!(order, ["b/n", "c/m", "b/m"]);
    assert_eq!(skipped(&run.skipped), [("a/m", "first", "switched_off")]);
    let shown = explained(&world, &buffered("first"));
    assert_eq!(skipped(&shown.skipped), skipped(&run.skipped));
    let state = routing(&world).state(id).unwrap();
    let standing: Vec<_> = state
        .targets
        .iter()
        .map(|it| (it.provider_name.as_str(), it.model.as_str(), it.is_usable, it.is_next))
        .collect();
    assert_eq!(standing, [("b", "n", true, true), ("a", "m", false, false)]);
    assert_eq!(world.ask("first").await.unwrap().head.target, "b/n");
}
