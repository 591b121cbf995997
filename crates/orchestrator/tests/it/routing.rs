//! Where calls go: strategies, conditions, what models can do, the routes behind a route, and targets that are left alone.

use crate::world::{World, buffered, named, route, routing, until, with};
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::chat::Dialect;
use switchyard_domain::declared::{DeclaredRoute, DeclaredTarget};
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::provider::Capabilities;
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::route::{
    Availability, Avoidance, Need, Needs, RouteMode, Strategy, TargetModels, Timeouts, TokenRange, When,
};
use switchyard_orchestrator::error::CallErrorKind;
use switchyard_orchestrator::principal::Principal;
use switchyard_orchestrator::routing::{Among, DryCall, RoutingError};
use switchyard_ports::health::{AttemptFact, Occasion, TargetView};
use switchyard_ports::limiter::Tally;
use switchyard_ports::prices::ModelFacts;
use switchyard_ports::repositories::{NewQuota, QuotaRepository as _};
use switchyard_testkit::call::WireCall;
use switchyard_testkit::contracts::repositories::author;
use switchyard_testkit::fakes::health::{HELD_BACK_FOR, ONCE_MORE};
use switchyard_testkit::fakes::provider::Act;

const MS: Duration = Duration::from_millis(1);

/// A route of equals over these, by this strategy.
fn equals(name: &str, strategy: Strategy, targets: &[&str]) -> DeclaredRoute {
    let mut equals = DeclaredRoute { strategy, ..route(name, targets) };
    equals.targets.iter_mut().for_each(|target| target.priority = 0);
    equals
}

async fn add(world: &World, route: &DeclaredRoute) -> RouteId {
    world.routes.add(route, &Writer::API).await.unwrap()
}

async fn id_of(world: &World, provider: &str) -> ProviderId {
    world.providers.find(&named(provider)).await.unwrap().id
}

async fn target_of(world: &World, model: &str) -> String {
    world.ask(model).await.unwrap().head.target
}

async fn goes_to(world: &World, call: WireCall) -> String {
    world.finish(world.call(call)).await.unwrap().head.target
}

/// A world in which each of these models has a provider of its own, called as the model is.
async fn known(models: &[(&str, ModelFacts)]) -> World {
    let world = World::empty().await;
    for (model, facts) in models {
        world.prices.put_facts("acme", model, facts.clone());
        world.provider(model, &[model]).await;
    }
    world
}

fn able(capabilities: Capabilities) -> ModelFacts {
    ModelFacts { capabilities, ..ModelFacts::default() }
}

#[tokio::test]
async fn a_cheapest_route_goes_where_this_call_costs_least() {
    let world = World::empty().await;
    // Cheap to read and dear to write, and the other way round.
    world.prices.put("acme", "reads", 1, 100);
    world.prices.put("acme", "writes", 100, 1);
    for model in ["reads", "writes", "unknown"] {
        world.provider(model, &[model]).await;
    }
    add(&world, &equals("cheap", Strategy::Cheapest, &["unknown/unknown", "writes/writes", "reads/reads"]))
        .await;
    let long = "word ".repeat(4_000);
    let asks = |content: &str, most: u64| {
        WireCall::of(format!(
            r#"{{"model":"cheap","messages":[{{"role":"user","content":"{content}"}}],"max_tokens":{most}}}"#
        ))
    };
    assert_eq!(goes_to(&world, asks(&long, 1)).await, "reads/reads");
    assert_eq!(goes_to(&world, asks("hi", 4_000)).await, "writes/writes");
}

#[tokio::test]
async fn routes_by_latency_load_and_room_go_by_what_is_known_of_their_targets() {
    let world = World::usual().await;
    let (a, b) = (id_of(&world, "a").await, id_of(&world, "b").await);
    let view = |millis: u32, in_flight| TargetView {
        availability: Availability::Ready,
        latency: Some(millis * MS),
        in_flight,
    };
    world.health.set_view(a, "m", view(900, 1));
    world.health.set_view(b, "m", view(100, 2));
    add(&world, &equals("quick", Strategy::LeastLatency, &["a/m", "b/m"])).await;
    add(&world, &equals("idle", Strategy::LeastBusy, &["b/m", "a/m"])).await;
    let mut roomy = equals("roomy", Strategy::Headroom, &["a/m", "b/m"]);
    roomy.targets.iter_mut().for_each(|target| target.limits = Limits { rpd: Some(100), ..Limits::NONE });
    let roomy = add(&world, &roomy).await;
    assert_eq!(target_of(&world, "quick").await, "b/m");
    assert_eq!(target_of(&world, "idle").await, "a/m");
    let scope = |model: &str| {
        let snapshot = world.keeper.snapshot();
        let targets = &snapshot.routes["roomy"].targets;
        targets.iter().find(|target| target.model.public_name == model).unwrap().scope.0.to_string()
    };
    world.limiter.tell(&scope("a/m"), Tally { today: 65, ..Tally::default() });
    world.limiter.tell(&scope("b/m"), Tally { today: 20, ..Tally::default() });
    assert_eq!(target_of(&world, "roomy").await, "b/m");
    let selected = routing(&world).select(roomy, None, Among::All).unwrap();
    assert_eq!(selected.rule.to_string(), "headroom: 80 % left before 35 %");
    let state = routing(&world).state(roomy).unwrap();
    let shown: Vec<_> = state.targets.iter().map(|it| (it.used.today, it.in_flight, it.is_next)).collect();
    assert_eq!(shown, [(65, 1, false), (20, 2, true)]);

    let of_b = QuotaScope::Provider(b);
    let quota = NewQuota { scope: of_b, limits: Limits { rpd: Some(1_000), ..Limits::NONE }, budget: None };
    world.store.put(quota, None, &author(0)).await.unwrap();
    world.keeper.refresh().await.unwrap();
    world.limiter.tell(&of_b.to_string(), Tally { today: 900, ..Tally::default() });
    let selected = routing(&world).select(roomy, None, Among::All).unwrap();
    assert_eq!(
        selected.rule.to_string(),
        "headroom: 35 % left before 10 %",
        "its provider's limits count too"
    );
}

#[tokio::test]
async fn a_target_that_can_not_serve_a_call_is_passed_by_and_what_is_unknown_is_able() {
    let blind = able(Capabilities { vision: Some(false), ..Capabilities::default() });
    let no_tools = able(Capabilities { tools: Some(false), ..Capabilities::default() });
    let no_schema = able(Capabilities { json_schema: Some(false), ..Capabilities::default() });
    let small = ModelFacts { context_window: Some(100), ..ModelFacts::default() };
    let world = known(&[
        ("blind", blind),
        ("toolless", no_tools),
        ("loose", no_schema),
        ("small", small),
        ("unknown", ModelFacts::default()),
    ])
    .await;
    let tools = r#","tools":[{"type":"function","function":{"name":"f"}}]"#;
    let schema = r#","response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{}}}"#;
    for (only, members) in [("toolless", tools), ("loose", schema), ("small", r#","max_tokens":99"#)] {
        let first = format!("{only}/{only}");
        add(&world, &route(&format!("to-{only}"), &[&first, "unknown/unknown"])).await;
        assert_eq!(goes_to(&world, with(&format!("to-{only}"), members)).await, "unknown/unknown", "{only}");
        assert_eq!(goes_to(&world, buffered(&format!("to-{only}"))).await, first, "{only}");
    }
    add(&world, &route("seeing", &["blind/blind", "unknown/unknown"])).await;
    let picture = WireCall::of(
        r#"{"model":"seeing","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]}]}"#,
    );
    assert_eq!(goes_to(&world, picture).await, "unknown/unknown");
}

#[tokio::test]
async fn where_no_target_can_serve_a_call_the_caller_is_told_why_and_nothing_is_sent() {
    let small = ModelFacts { context_window: Some(100), ..ModelFacts::default() };
    let no_tools = able(Capabilities { tools: Some(false), ..Capabilities::default() });
    let world = known(&[("small", small), ("toolless", no_tools)]).await;
    add(&world, &route("narrow", &["small/small", "toolless/toolless"])).await;
    let call = with("narrow", r#","max_tokens":99,"tools":[{"type":"function","function":{"name":"f"}}]"#);
    let error = world.finish(world.call(call)).await.err().unwrap();
    assert_eq!((error.kind, error.param.as_deref()), (CallErrorKind::InvalidRequest, Some("model")));
    for told in
        ["`small/small`: its model holds 100 tokens", "`toolless/toolless`: its model can't give tools"]
    {
        assert!(error.message.contains(told), "{}", error.message);
    }
    assert!(world.factory.targets().is_empty());
    world.is_idle();
}

#[tokio::test]
async fn a_target_takes_the_calls_that_its_condition_names() {
    let world = World::usual().await;
    let when = |when: When, target: DeclaredTarget| DeclaredTarget { when, ..target };
    let mut conditional = route("rules", &["a/m", "b/m", "c/m"]);
    let tagged = When { tags: ["batch".to_owned()].into(), ..When::default() };
    let long = TokenRange { min: Some(100), max: None };
    let long = When { prompt_tokens: long, needs: [Need::Tools].into(), ..When::default() };
    conditional.targets = conditional
        .targets
        .into_iter()
        .zip([tagged, long, When::default()])
        .map(|(t, w)| when(w, t))
        .collect();
    add(&world, &conditional).await;
    assert_eq!(goes_to(&world, buffered("rules")).await, "c/m");
    assert_eq!(goes_to(&world, buffered("rules").tagged(&["x", "batch"])).await, "a/m");
    let long_tools = format!(
        r#","tools":[{{"type":"function","function":{{"name":"f","description":"{}"}}}}]"#,
        "x".repeat(500)
    );
    assert_eq!(goes_to(&world, with("rules", &long_tools)).await, "b/m");
    let explainer = world.explainer();
    let explained = explainer.explain(&Principal::Program, &buffered("rules")).unwrap();
    let skipped: Vec<_> =
        explained.skipped.iter().map(|it| (it.target.as_str(), it.reason.as_str())).collect();
    assert_eq!(skipped, [("a/m", "condition_not_met"), ("b/m", "condition_not_met")]);
    assert_eq!(explained.rule().unwrap().as_str(), "only");
}

#[tokio::test]
async fn two_kinds_of_calls_that_alternate_share_evenly_each() {
    let blind = able(Capabilities { tools: Some(false), ..Capabilities::default() });
    let world = known(&[("p", blind), ("q", ModelFacts::default()), ("r", ModelFacts::default())]).await;
    add(&world, &equals("mixed", Strategy::RoundRobin, &["p/p", "q/q", "r/r"])).await;
    let tools = || with("mixed", r#","tools":[{"type":"function","function":{"name":"f"}}]"#);
    let mut of_tools = Vec::new();
    for _ in 0..6 {
        goes_to(&world, buffered("mixed")).await;
        of_tools.push(goes_to(&world, tools()).await);
    }
    of_tools.sort();
    assert_eq!(of_tools, ["q/q", "q/q", "q/q", "r/r", "r/r", "r/r"]);
}

#[tokio::test]
async fn one_target_serves_several_models_and_the_first_where_none_is_named() {
    let world = World::usual().await;
    let mut several = route("several", &["a/m"]);
    several.targets[0].models = TargetModels::of(vec!["n".to_owned(), "m".to_owned()]);
    let id = add(&world, &several).await;
    assert_eq!(target_of(&world, "several").await, "a/n");
    assert_eq!(target_of(&world, "several/m").await, "a/m");
    let routing = routing(&world);
    assert_eq!(routing.select(id, Some("m"), Among::All).unwrap().model, "m");
    let Err(RoutingError::NoPlan { message, .. }) = routing.select(id, Some("x"), Among::All) else {
        panic!("it is not served")
    };
    assert!(message.contains("serves the model"), "{message}");
}

#[tokio::test]
async fn the_route_behind_is_asked_when_all_of_the_first_have_failed() {
    let world = World::usual().await;
    add(&world, &route("behind", &["c/n"])).await;
    let first = DeclaredRoute { fallback: Some(named("behind")), ..route("first", &["a/m", "b/m"]) };
    add(&world, &first).await;
    world.factory.always("a/m", Act::fail(FaultKind::ServerError));
    world.factory.always("b/m", Act::fail(FaultKind::Connect));
    let reply = world.ask("first").await.unwrap();
    assert_eq!((reply.head.target.as_str(), reply.head.attempts), ("c/n", 3));
    assert_eq!(reply.head.reason, "connect at b/m");
    assert_eq!(world.factory.targets(), ["a/m", "b/m", "c/n"]);
    // The caller's own fault moves nobody on.
    world.factory.always("a/m", Act::fail(FaultKind::Rejected));
    assert_eq!(world.ask("first").await.err().unwrap().kind, CallErrorKind::UpstreamRejected);
    assert_eq!(world.factory.targets().len(), 4);
    world.is_idle();
}

#[tokio::test]
async fn the_route_behind_is_asked_when_no_target_of_the_first_can_be() {
    let small = ModelFacts { context_window: Some(100), ..ModelFacts::default() };
    let world = known(&[("small", small), ("large", ModelFacts::default())]).await;
    add(&world, &route("wide", &["large/large"])).await;
    let narrow = DeclaredRoute { fallback: Some(named("wide")), ..route("narrow", &["small/small"]) };
    add(&world, &narrow).await;
    assert_eq!(goes_to(&world, with("narrow", r#","max_tokens":200"#)).await, "large/large");
    assert_eq!(goes_to(&world, buffered("narrow")).await, "small/small");
}

#[tokio::test]
async fn a_route_behind_asks_nobody_twice_and_other_providers_first() {
    let world = World::usual().await;
    add(&world, &route("behind", &["a/m", "a/n", "b/m"])).await;
    add(&world, &DeclaredRoute { fallback: Some(named("behind")), ..route("first", &["a/m", "c/m"]) }).await;
    for target in ["a/m", "c/m"] {
        world.factory.always(target, Act::fail(FaultKind::ServerError));
    }
    assert_eq!(target_of(&world, "first").await, "b/m");
    assert_eq!(world.factory.targets(), ["a/m", "c/m", "b/m"]);
    world.is_idle();
}

#[tokio::test]
async fn a_target_that_lets_all_of_its_time_pass_has_failed_and_one_that_got_what_was_left_has_not() {
    let world = World::usual().await;
    let timeout = |kind| AttemptFact::Failed(kind);
    let silent = ProviderFault::new(FaultKind::TotalTimeout, "silent");
    let once = ProviderFault { should_retry: Some(false), ..silent };
    world.factory.always("a/m", Act::Fail(once.clone()));
    world.factory.always("b/m", Act::Fail(once));
    let mut own = route("own", &["a/m", "b/m"]);
    own.targets[0].timeouts.total_ms = Some(4_000);
    add(&world, &own).await;
    assert_eq!(world.ask("own").await.err().unwrap().kind, CallErrorKind::UpstreamTimeout);
    let facts = world.health.facts_of("m");
    assert_eq!(facts, [timeout(FaultKind::FirstByteTimeout), timeout(FaultKind::TotalTimeout)]);
    let mut whole = route("whole", &["b/m", "c/m"]);
    whole.timeouts.total_ms = Some(1_000);
    add(&world, &whole).await;
    assert_eq!(target_of(&world, "whole").await, "c/m");
    assert_eq!(world.health.facts_of("m")[2], timeout(FaultKind::FirstByteTimeout));
    world.is_idle();
}

#[tokio::test]
async fn attempts_are_bounded_however_long_the_chain_of_routes_is() {
    let world = World::usual().await;
    add(&world, &route("third", &["b/n", "c/n"])).await;
    add(&world, &DeclaredRoute { fallback: Some(named("third")), ..route("second", &["c/m", "a/n"]) }).await;
    add(&world, &DeclaredRoute { fallback: Some(named("second")), ..route("chain", &["a/m", "b/m"]) }).await;
    for target in ["a/m", "b/m", "c/m", "a/n", "b/n", "c/n"] {
        world.factory.always(target, Act::fail(FaultKind::ServerError));
    }
    assert_eq!(world.ask("chain").await.err().unwrap().kind, CallErrorKind::UpstreamError);
    assert_eq!(world.factory.targets(), ["a/m", "b/m", "c/m"]);
    world.is_idle();
}

#[tokio::test]
async fn a_target_that_is_held_back_is_tried_when_nothing_else_is_left() {
    let world = World::usual().await;
    let (a, b, c) = (id_of(&world, "a").await, id_of(&world, "b").await, id_of(&world, "c").await);
    world.health.hold_back(a, "m", &[Occasion::Turn]);
    assert_eq!(target_of(&world, "all").await, "b/m");
    for provider in [b, c] {
        world.factory.always("b/m", Act::fail(FaultKind::ServerError));
        world.health.hold_back(provider, "m", &[Occasion::Turn]);
    }
    assert_eq!(target_of(&world, "all").await, "a/m");
    assert_eq!(world.health.occasions_of("m"), [Occasion::Turn, Occasion::LastResort { is_first: true }]);
    world.factory.always("a/m", Act::fail(FaultKind::ServerError));
    assert_eq!(target_of(&world, "all").await, "c/m");
    let last = Occasion::LastResort { is_first: false };
    assert_eq!(
        world.health.occasions_of("m")[3..],
        [last, last],
        "whoever comes after a failure is no first"
    );
    world.is_idle();
}

#[tokio::test]
async fn where_all_are_left_alone_nothing_is_sent_and_the_caller_is_told_when_to_come_back() {
    let world = World::usual().await;
    let every = [Occasion::Turn, Occasion::LastResort { is_first: true }];
    for provider in ["a", "b", "c"] {
        world.health.hold_back(id_of(&world, provider).await, "m", &every);
    }
    for model in ["all", "a/m"] {
        let error = world.ask(model).await.err().unwrap();
        assert_eq!(
            (error.kind, error.retry_after),
            (CallErrorKind::UpstreamUnavailable, Some(HELD_BACK_FOR))
        );
    }
    assert!(world.factory.targets().is_empty());
    world.is_idle();
}

#[tokio::test]
async fn whoever_asks_while_the_only_target_rests_hears_what_the_throttled_call_heard() {
    let world = World::usual().await;
    let a = id_of(&world, "a").await;
    world.health.set(a, "m", Availability::Avoid(Avoidance::Resting { left: HELD_BACK_FOR }));
    world.health.hold_back(a, "m", &[Occasion::Turn, Occasion::LastResort { is_first: true }]);
    let error = world.ask("a/m").await.err().unwrap();
    assert_eq!((error.kind, error.retry_after), (CallErrorKind::UpstreamThrottled, Some(HELD_BACK_FOR)));
    assert!(error.message.contains("throttled"), "{}", error.message);
    assert!(world.factory.targets().is_empty());
    world.is_idle();
}

#[tokio::test]
async fn whoever_waits_between_two_attempts_asks_anew_whether_the_second_may_be_made() {
    let world = World::usual().await;
    let a = id_of(&world, "a").await;
    world.factory.always("a/m", Act::fail(FaultKind::ServerError));
    let mut calling = world.call(buffered("a/m"));
    until(&mut calling, || world.clock.sleepers() == 1).await;
    world.health.hold_back(a, "m", &[ONCE_MORE]);
    world.clock.advance(50 * MS);
    assert_eq!(calling.await.err().unwrap().kind, CallErrorKind::UpstreamError);
    assert_eq!(world.factory.targets().len(), 1);
    world.is_idle();
}

#[tokio::test]
async fn a_targets_timeouts_outrank_its_routes_and_both_the_settings() {
    let world = World::usual().await;
    let mut timed = route("timed", &["a/m", "b/m"]);
    timed.timeouts =
        Timeouts { first_content_ms: Some(700), idle_ms: Some(800), total_ms: Some(9_000), connect_ms: None };
    timed.targets[0].timeouts = Timeouts { idle_ms: Some(50), total_ms: Some(4_000), ..Timeouts::DEFAULT };
    add(&world, &timed).await;
    world.factory.always("a/m", Act::fail(FaultKind::Connect));
    world.ask("timed").await.unwrap();
    let given: Vec<_> = world.factory.calls().into_iter().map(|call| call.deadlines).collect();
    let millis =
        |at: usize| [given[at].first_content, given[at].idle, given[at].total].map(|it| it.as_millis());
    assert_eq!(millis(0), [700, 50, 4_000]);
    assert_eq!(millis(1), [700, 800, 9_000]);
}

#[tokio::test]
async fn a_routes_total_time_is_that_of_the_whole_call() {
    let world = World::usual().await;
    let mut timed = route("timed", &["a/m", "b/m"]);
    timed.timeouts = Timeouts { total_ms: Some(1_000), ..Timeouts::DEFAULT };
    add(&world, &timed).await;
    world.factory.always("a/m", Act::fail(FaultKind::ServerError));
    world.factory.on_send({
        let clock = Arc::clone(&world.clock);
        move |_| clock.advance(400 * MS)
    });
    world.ask("timed").await.unwrap();
    let totals: Vec<_> = world.factory.calls().iter().map(|call| call.deadlines.total.as_millis()).collect();
    assert_eq!(totals, [1_000, 600]);
}

#[tokio::test]
async fn selecting_takes_a_turn_and_names_the_rule_and_a_dry_run_takes_none() {
    let world = World::usual().await;
    let id = add(
        &world,
        &DeclaredRoute {
            mode: RouteMode::Auto,
            ..equals("turns", Strategy::RoundRobin, &["a/m", "b/m", "c/m"])
        },
    )
    .await;
    let routing = routing(&world);
    assert_eq!(routing.state(id).unwrap().turns, None);
    let run = routing.dry_run(id, &DryCall::default(), 300).unwrap();
    assert_eq!(run.shares.iter().map(|share| share.calls).collect::<Vec<_>>(), [100, 100, 100]);
    assert_eq!(run.shares[0].rule.to_string(), "round-robin, turn 1 of 3");
    assert_eq!(routing.state(id).unwrap().turns, None, "a dry run leaves everything as it is");
    let selected: Vec<_> = (0..4).map(|_| routing.select(id, None, Among::All).unwrap()).collect();
    let names: Vec<&str> = selected.iter().map(|it| it.provider_name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "a"]);
    assert_eq!(selected[1].rule.to_string(), "round-robin, turn 2 of 3");
    let state = routing.state(id).unwrap();
    assert_eq!(state.turns, Some(4));
    assert_eq!(state.targets.iter().map(|it| it.is_next).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(target_of(&world, "turns").await, "b/m", "calls and selections take the same turns");
    assert_eq!(routing.select(RouteId(999), None, Among::All), Err(RoutingError::NoSuchRoute));
    assert!(world.factory.targets().len() == 1);
}

#[tokio::test]
async fn a_dry_run_says_which_targets_such_a_call_can_not_go_to() {
    let no_tools = able(Capabilities { tools: Some(false), ..Capabilities::default() });
    let world = known(&[("p", no_tools), ("q", ModelFacts::default())]).await;
    let id = add(&world, &route("mixed", &["p/p", "q/q"])).await;
    let call = DryCall { needs: Needs::NONE.and(Need::Tools, true), ..DryCall::default() };
    let run = routing(&world).dry_run(id, &call, 5).unwrap();
    assert_eq!(run.shares.iter().map(|it| (it.target.as_str(), it.calls)).collect::<Vec<_>>(), [("q/q", 5)]);
    assert_eq!(
        run.skipped.iter().map(|it| (it.target.as_str(), it.reason.as_str())).collect::<Vec<_>>(),
        [("p/p", "lacks_tools")]
    );
    let off = DeclaredRoute { enabled: false, ..route("off", &["p/p"]) };
    let off = add(&world, &off).await;
    assert_eq!(
        routing(&world).select(off, None, Among::All),
        Err(RoutingError::SwitchedOff("off".to_owned()))
    );
}

#[tokio::test]
async fn a_target_that_is_avoided_shows_so_in_an_explanation() {
    let world = World::usual().await;
    let avoided = Availability::Avoid(Avoidance::BreakerOpen { left: 1_500 * MS });
    world.health.set(id_of(&world, "a").await, "m", avoided);
    let explainer = world.explainer();
    let call = buffered("all").of_dialect(Dialect::OPENAI_CHAT);
    let explained = explainer.explain(&Principal::Program, &call).unwrap();
    let shown: Vec<_> =
        explained.targets.iter().map(|it| (it.target.as_str(), it.avoided.is_some())).collect();
    assert_eq!(shown, [("b/m", false), ("c/m", false), ("a/m", true)]);
    assert_eq!(explained.targets[2].avoided.unwrap().to_string(), "breaker open for 1500 ms");
    assert_eq!(explained.rule().unwrap().to_string(), "priority 1 before 2");
}
