//! How much a document may say, and that a long one is judged in one pass over it.

use crate::world::{World, declared_provider, named, route};
use serde_json::{Value, json};
use std::collections::HashSet;
use switchyard_domain::declared::{Declared, DeclaredRoute};
use switchyard_domain::meta::Writer;
use switchyard_domain::notes::{DEEPEST, Notes};
use switchyard_domain::route::LONGEST_CHAIN;
use switchyard_orchestrator::admin::{DocumentFormat, Step};
use switchyard_orchestrator::error::AdminError;

/// Notes as deep as they may be, of objects and lists in turn.
fn deepest() -> Notes {
    let mut inner = json!("x");
    for level in 1..DEEPEST {
        inner = if level % 2 == 0 { json!([inner]) } else { json!({ "a": inner }) };
    }
    let Value::Object(object) = json!({ "n": inner }) else { panic!("an object") };
    Notes::new(object).unwrap()
}

#[tokio::test]
async fn the_deepest_notes_that_are_taken_survive_every_form_of_a_document() {
    let world = World::empty().await;
    let mut route = route("fast", &["p/m"]);
    route.config = deepest();
    route.targets[0].metadata = deepest();
    let declared =
        Declared { whole: false, providers: vec![declared_provider("p", &["m"])], routes: vec![route] };
    world.declared().apply(&declared, &Writer::FILE).await.unwrap();
    let exported = world.declared().export().await.unwrap();
    for format in [DocumentFormat::Json, DocumentFormat::Yaml] {
        let text = format.write(&exported).unwrap();
        let read = format.read(&text).unwrap();
        assert_eq!(read.routes, exported.routes, "{format}");
        assert!(world.declared().plan(&read).await.unwrap().is_settled(), "{format}");
    }
}

/// A route that falls back to the next one.
fn link(number: usize, next: Option<usize>) -> DeclaredRoute {
    let name = |number: usize| named(&format!("r{number}"));
    DeclaredRoute { fallback: next.map(name), ..DeclaredRoute::new(name(number)) }
}

fn chain(length: usize) -> Declared {
    let next = |number| (number + 1 < length).then_some(number + 1);
    let routes = (0..length).map(|number| link(number, next(number))).collect();
    Declared { whole: false, providers: Vec::new(), routes }
}

#[tokio::test]
async fn routes_are_planned_after_those_that_they_fall_back_to() {
    let world = World::empty().await;
    let declared = chain(LONGEST_CHAIN + 1);
    let plan = world.declared().plan(&declared).await.unwrap();
    let created: Vec<&str> = plan.of(Step::Create).map(|object| object.name.as_str()).collect();
    let expected: Vec<String> = (0..=LONGEST_CHAIN).rev().map(|number| format!("r{number}")).collect();
    assert_eq!(created, expected);
    world.declared().apply(&declared, &Writer::FILE).await.unwrap();
    assert!(world.declared().plan(&declared).await.unwrap().is_settled());
}

#[tokio::test]
async fn a_chain_of_fallbacks_that_can_t_be_written_is_refused_by_the_plan() {
    let world = World::empty().await;
    let refused = async |declared: &Declared| {
        let error = world.declared().plan(declared).await.unwrap_err();
        let AdminError::Invalid { param: Some(param), message } = error else { panic!("{error:?}") };
        (param, message)
    };
    let (param, message) = refused(&chain(LONGEST_CHAIN + 2)).await;
    assert_eq!(param, "routes.r0.fallback");
    assert!(message.contains("more than 8 routes"), "{message}");
    let circle =
        Declared { whole: false, providers: Vec::new(), routes: vec![link(0, Some(1)), link(1, Some(0))] };
    assert!(refused(&circle).await.1.contains("circle"));
    // The other half of the circle is stored.
    let half =
        Declared { whole: false, providers: Vec::new(), routes: vec![link(1, None), link(0, Some(1))] };
    world.declared().apply(&half, &Writer::API).await.unwrap();
    let declared = Declared { whole: false, providers: Vec::new(), routes: vec![link(1, Some(0))] };
    assert!(refused(&declared).await.1.contains("circle"));
}

#[tokio::test]
async fn thousands_of_routes_in_chains_are_planned_each_once() {
    let world = World::empty().await;
    let length = LONGEST_CHAIN + 1;
    let count = 1_000 * length;
    let next = |number: usize| (!(number + 1).is_multiple_of(length)).then_some(number + 1);
    let mut declared = Declared {
        whole: false,
        providers: Vec::new(),
        routes: (0..count).map(|n| link(n, next(n))).collect(),
    };
    declared.providers = (0..1_000).map(|n| declared_provider(&format!("p{n}"), &["m"])).collect();
    let plan = world.declared().plan(&declared).await.unwrap();
    let names: HashSet<&str> = plan.of(Step::Create).map(|object| object.name.as_str()).collect();
    assert_eq!((plan.objects.len(), names.len()), (count + 1_000, count + 1_000));
}

#[tokio::test]
async fn a_blank_address_is_none_and_a_stored_key_outlives_it() {
    let world = World::usual().await;
    let with = |base_url: Option<&str>, api_key: Option<&str>| {
        let mut provider = declared_provider("p", &["m"]);
        provider.base_url = base_url.map(str::to_owned);
        provider.api_key = api_key.map(|key| key.to_owned().into());
        Declared { whole: false, providers: vec![provider], routes: Vec::new() }
    };
    for (base_url, api_key) in [(Some(" "), Some("sk-kept-0123456789")), (None, None), (Some(""), None)] {
        world.declared().apply(&with(base_url, api_key), &Writer::FILE).await.unwrap();
        let stored = world.providers.find(&named("p")).await.unwrap();
        assert_eq!((stored.base_url, stored.credentials.len()), (None, 1), "{base_url:?}");
    }
}

#[tokio::test]
async fn a_limit_that_no_database_holds_is_refused() {
    let world = World::usual().await;
    let with = |tpm: u64| {
        let mut provider = declared_provider("p", &["m"]);
        provider.models[0].limits.tpm = Some(tpm);
        Declared { whole: false, providers: vec![provider], routes: Vec::new() }
    };
    let most = u64::try_from(i64::MAX).unwrap();
    assert!(world.declared().plan(&with(most + 1)).await.is_err());
    world.declared().apply(&with(most), &Writer::FILE).await.unwrap();
    assert!(world.declared().plan(&with(most)).await.unwrap().is_settled());
}
