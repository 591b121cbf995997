//! What answers cost.

use crate::world::{World, buffered, drain, listed, named, wanted, with};
use std::sync::Arc;
use switchyard_domain::declared::DeclaredModel;
use switchyard_domain::fault::FaultKind;
use switchyard_domain::meta::Writer;
use switchyard_domain::money::{NanoUsd, PricePerMillion};
use switchyard_domain::price::{ModelPrice, PriceSource, Rates, ServiceRates, ServiceTier};
use switchyard_orchestrator::admin::ProviderRequest;
use switchyard_testkit::fakes::provider::Act;

/// A world whose model `a/m` is in the price book at 3 nano-USD an input token and 7 an output token.
async fn priced() -> World {
    let world = World::empty().await;
    world.prices.put("acme", "m", 3, 7);
    for name in ["a", "b"] {
        world.provider(name, &["m", "unpriced"]).await;
    }
    world.route("all", &["a/m", "b/m"]).await;
    world
}

#[tokio::test]
async fn an_answer_costs_its_tokens_at_the_price_of_the_book() {
    let world = priced().await;
    world.factory.always("a/m", Act::counting(100, 20));
    let reply = world.ask("a/m").await.unwrap();
    assert_eq!(reply.head.cost(), Some(NanoUsd(100 * 3 + 20 * 7)));
    let event = world.only_event();
    assert_eq!(event.cost, Some(NanoUsd(440)));
    assert_eq!(event.price_version.as_deref(), Some("list-1"));
    assert_eq!(event.lines.len(), 2);
    assert_eq!(event.ledger_entry().unwrap().amount, Some(NanoUsd(440)));
}

/// A world whose model `a/m` is sold at 3 and 7 nano-USD a token, as `flex` at 1 and 2, and in no other way.
async fn sold_as_flex() -> World {
    let world = World::empty().await;
    let rate = |nano: i64| Some(PricePerMillion(nano * 1_000_000));
    let rates = |input, output| Rates { input: rate(input), output: rate(output), ..Rates::default() };
    let mut price = ModelPrice::constant("list-2", PriceSource::Catalogue, rates(3, 7));
    price.sets[0].service =
        vec![ServiceRates { tier: ServiceTier::Flex, rates: rates(1, 2), tiers: Vec::new() }];
    world.prices.put_price("acme", "m", price);
    world.provider("a", &["m"]).await;
    world
}

#[tokio::test]
async fn an_answer_costs_what_the_service_tier_costs_that_the_provider_served() {
    for (word, cost) in [
        ("default", Some(100 * 3 + 20 * 7)),
        ("on_demand", Some(100 * 3 + 20 * 7)),
        ("flex", Some(100 + 20 * 2)),
        ("priority", None),
        ("another one that nobody has heard of, with a name beyond all bounds", None),
    ] {
        let world = sold_as_flex().await;
        world.factory.always("a/m", Act::counting(100, 20).served(word));
        let reply = world.ask("a/m").await.unwrap();
        let event = world.only_event();
        let cost = cost.map(NanoUsd);
        assert_eq!((reply.head.cost(), event.cost), (cost, cost), "{word}");
        assert_eq!(event.price_version.as_deref(), cost.map(|_| "list-2"), "{word}");
        assert_eq!(world.statistics.unpriced(), u64::from(cost.is_none()), "{word}");
        let kept: String = word.chars().take(40).collect();
        assert_eq!(event.service_tier, Some(kept));
    }
}

#[tokio::test]
async fn a_provider_that_names_no_tier_served_the_usual_one() {
    let world = sold_as_flex().await;
    world.factory.always("a/m", Act::counting(100, 20));
    world.finish(world.call(with("a/m", r#","service_tier":"flex""#))).await.unwrap();
    let event = world.only_event();
    assert_eq!((event.cost, event.service_tier), (Some(NanoUsd(440)), None));
}

#[tokio::test]
async fn an_unknown_price_is_unknown_and_never_nothing() {
    let world = priced().await;
    let reply = world.ask("a/unpriced").await.unwrap();
    assert_eq!(reply.head.cost(), None);
    let event = world.only_event();
    assert_eq!((event.cost, event.price_version.as_deref(), event.lines.len()), (None, None, 0));
    assert_eq!(event.ledger_entry().unwrap().amount, None);
    assert_eq!(world.statistics.unpriced(), 1);
}

#[tokio::test]
async fn the_operators_rates_beat_the_book_and_are_named_with_their_version() {
    let world = priced().await;
    let rate = |nano: i64| Some(PricePerMillion(nano * 1_000_000));
    let rates = Rates { input: rate(1), output: rate(2), ..Rates::default() };
    let models = vec![DeclaredModel { rates: Some(rates), ..listed("m") }];
    world.providers.add(ProviderRequest { models, ..wanted("own") }, &Writer::API).await.unwrap();
    world.factory.always("own/m", Act::counting(100, 20));
    world.ask("own/m").await.unwrap();
    let event = world.only_event();
    assert_eq!(event.cost, Some(NanoUsd(140)));
    let version = event.price_version.unwrap();
    let (named, digest) = version.split_once('.').unwrap();
    assert_eq!((named, digest.len()), ("override:own@1", 8), "{version}");
}

#[tokio::test]
async fn no_two_prices_have_one_version_whatever_row_they_come_from() {
    let world = priced().await;
    let rate = |nano: i64| Some(PricePerMillion(nano * 1_000_000));
    let costing = |model: &str, nano| DeclaredModel {
        rates: Some(Rates { input: rate(nano), output: rate(nano), ..Rates::default() }),
        ..listed(model)
    };
    let wanted =
        |nano| ProviderRequest { models: vec![costing("m", nano), costing("n", 9)], ..wanted("own") };
    let version = async |model: &str| {
        let snapshot = world.keeper.snapshot();
        let entry = snapshot.providers.get("own").unwrap();
        entry.models.get(model).unwrap().price.as_ref().unwrap().version.to_string()
    };
    world.providers.add(wanted(1), &Writer::API).await.unwrap();
    let (first, beside) = (version("m").await, version("n").await);
    assert_ne!(first, beside, "two models of one row");
    // The next row of this name begins with the first version again.
    world.providers.remove(&named("own"), &Writer::API).await.unwrap();
    world.providers.add(wanted(2), &Writer::API).await.unwrap();
    assert_ne!(version("m").await, first);
    assert_eq!(version("n").await, beside, "the same price");
}

#[tokio::test]
async fn simulated_answers_are_free_and_marked() {
    let world = priced().await;
    world.provider_of("sim", "sim", &["m"]).await;
    let reply = world.ask("sim/m").await.unwrap();
    assert_eq!(reply.head.cost(), Some(NanoUsd::ZERO));
    let event = world.only_event();
    assert_eq!((event.cost, event.simulated), (Some(NanoUsd::ZERO), true));
    assert_eq!(event.price_version.as_deref(), Some("simulated"));
}

#[tokio::test]
async fn a_call_costs_the_sum_of_its_attempts_and_unknown_if_one_is() {
    let world = priced().await;
    world.factory.always("a/m", Act::fail_after_head(FaultKind::ServerError));
    world.factory.always("b/m", Act::counting(100, 20));
    let reply = world.ask("all").await.unwrap();
    let costs: Vec<_> = world.journal.events().iter().map(|event| event.cost).collect();
    assert_eq!(costs, [Some(NanoUsd(9 * 3)), Some(NanoUsd(440))]);
    assert_eq!(reply.head.cost(), Some(NanoUsd(467)));

    world.route("half", &["a/unpriced", "b/m"]).await;
    world.factory.always("a/unpriced", Act::fail_after_head(FaultKind::ServerError));
    assert_eq!(world.ask("half").await.unwrap().head.cost(), None);
    world.factory.always("a/unpriced", Act::fail(FaultKind::ServerError));
    assert_eq!(
        world.ask("half").await.unwrap().head.cost(),
        Some(NanoUsd(440)),
        "what used nothing costs nothing"
    );
}

#[tokio::test]
async fn an_answer_that_was_cut_costs_what_came() {
    let world = priced().await;
    world.factory.always("a/m", Act::say(["one two"]).cut(FaultKind::Interrupted));
    drop(drain(world.stream("a/m").await).await);
    assert_eq!(world.only_event().cost, Some(NanoUsd(9 * 3 + 2 * 7)));
}

#[tokio::test]
async fn a_call_keeps_the_price_that_it_began_with() {
    let world = Arc::new(priced().await);
    world.factory.always("a/m", Act::counting(100, 20));
    let frames = world.stream("a/m").await;
    world.prices.put("acme", "m", 300, 700);
    let provider = world.providers.find(&named("a")).await.unwrap();
    world.providers.update(&provider, off(), None, &Writer::API).await.unwrap();
    assert!(drain(frames).await.iter().all(Result::is_ok), "a running call ends on the configuration it saw");
    assert_eq!(world.only_event().cost, Some(NanoUsd(440)));
    assert!(world.finish(world.call(buffered("a/m"))).await.is_err());
}

fn off() -> switchyard_ports::repositories::ProviderPatch {
    switchyard_ports::repositories::ProviderPatch { is_enabled: Some(false), ..Default::default() }
}
