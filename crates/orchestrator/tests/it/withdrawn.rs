//! What the file declares, switched off or not, and what it declares no more; which keys it gives.

use crate::world::{World, declared_provider, named, route};
use secrecy::SecretString;
use switchyard_domain::declaration::GivenKeys;
use switchyard_domain::declared::{Declared, DeclaredProvider, DeclaredRoute};
use switchyard_domain::meta::{Owner, Writer};
use switchyard_domain::provider::{Provider, SharedPlace};
use switchyard_domain::route::Route;
use switchyard_orchestrator::admin::{Applied, PlannedObject, ProviderChange, Removal, RouteChange, Step};
use switchyard_orchestrator::error::AdminError;
use switchyard_ports::repositories::ConfigurationRepository;

fn provider(enabled: bool) -> DeclaredProvider {
    DeclaredProvider { enabled, ..declared_provider("p", &["m"]) }
}

fn file(enabled: bool) -> Declared {
    let over = DeclaredRoute { enabled, ..route("over", &["p/m"]) };
    Declared { whole: false, providers: vec![provider(enabled)], routes: vec![over] }
}

fn with_keys(single: Option<&str>, list: &[&str]) -> Declared {
    let keys = list.iter().map(|key| SecretString::from(*key)).collect();
    let given = DeclaredProvider { api_key: single.map(Into::into), api_keys: keys, ..provider(true) };
    Declared { whole: false, providers: vec![given], routes: Vec::new() }
}

async fn apply(world: &World, wanted: &Declared) -> Applied {
    world.declared().apply(wanted, &Writer::FILE).await.unwrap()
}

async fn stored(world: &World) -> (Provider, Option<Route>) {
    let mut stored = world.store.load().await.unwrap();
    (stored.providers.remove(0), stored.routes.pop())
}

/// What a plan tells, line by line.
async fn told(world: &World, wanted: &Declared) -> Vec<String> {
    let plan = world.declared().plan(wanted).await.unwrap();
    let lines =
        |object: &PlannedObject| object.differences.iter().map(ToString::to_string).collect::<Vec<_>>();
    plan.objects.iter().flat_map(lines).collect()
}

fn is_files(error: &AdminError) -> bool {
    matches!(error, AdminError::FileOwned { .. }) && error.to_string().contains("configuration file")
}

const FORCED: Removal = Removal { forced: true, expected_version: None };

#[tokio::test]
async fn what_the_file_declares_switched_off_is_neither_changed_nor_removed_by_others() {
    let world = World::empty().await;
    apply(&world, &file(false)).await;
    let (known, over) = stored(&world).await;
    let over = over.unwrap();
    assert!(!known.is_enabled && !over.is_active);
    let on = ProviderChange { is_enabled: Some(true), ..ProviderChange::default() };
    let route_on = RouteChange { is_active: Some(true), ..RouteChange::default() };
    for error in [
        world.providers.remove_by_id(known.id, FORCED, &Writer::API).await.map(drop).unwrap_err(),
        world.providers.change(known.id, on, &Writer::API).await.map(drop).unwrap_err(),
        world.routes.delete(over.id, None, &Writer::API).await.unwrap_err(),
        world.routes.change(over.id, route_on, None, &Writer::API).await.map(drop).unwrap_err(),
    ] {
        assert!(is_files(&error), "{error:?}");
    }
    assert_eq!(stored(&world).await, (known, Some(over)));
}

#[tokio::test]
async fn what_the_file_declares_no_more_may_be_changed_and_is_its_changers_then() {
    let world = World::empty().await;
    apply(&world, &file(true)).await;
    apply(&world, &Declared::default()).await;
    let (known, over) = stored(&world).await;
    let on = ProviderChange { is_enabled: Some(true), ..ProviderChange::default() };
    world.providers.change(known.id, on, &Writer::API).await.unwrap();
    let route_on = RouteChange { is_active: Some(true), ..RouteChange::default() };
    world.routes.change(over.unwrap().id, route_on, None, &Writer::API).await.unwrap();
    let (known, over) = stored(&world).await;
    assert_eq!((known.meta.owner, over.unwrap().meta.owner), (Owner::Api, Owner::Api));
    assert_eq!(apply(&world, &Declared::default()).await, Applied::default(), "the next start leaves it on");
    assert_eq!(world.ask("over").await.unwrap().head.target, "p/m");
    let conflicts = apply(&world, &file(true)).await.conflicts;
    assert_eq!(conflicts, ["provider p: it belongs to `api`", "route over: it belongs to `api`"]);
}

#[tokio::test]
async fn what_was_declared_off_and_is_left_out_may_be_removed() {
    let world = World::empty().await;
    apply(&world, &file(false)).await;
    let lines = told(&world, &Declared::default()).await;
    assert_eq!(lines, ["declared: true -> false", "declared: true -> false"]);
    let plan = world.declared().plan(&Declared::default()).await.unwrap();
    assert_eq!(plan.of(Step::Change).count(), 2, "it is off already: {plan:?}");
    apply(&world, &Declared::default()).await;
    assert_eq!(apply(&world, &Declared::default()).await, Applied::default());
    // It is declared again before it is removed.
    assert_eq!(told(&world, &file(false)).await, ["declared: false -> true", "declared: false -> true"]);
    apply(&world, &file(false)).await;
    let (known, over) = stored(&world).await;
    assert!(is_files(&world.providers.remove_by_id(known.id, FORCED, &Writer::API).await.unwrap_err()));
    apply(&world, &Declared::default()).await;
    world.routes.delete(over.unwrap().id, None, &Writer::API).await.unwrap();
    world.providers.remove_by_id(known.id, Removal::default(), &Writer::API).await.unwrap();
}

#[tokio::test]
async fn what_is_left_out_is_told_to_be_declared_no_more_and_switched_off() {
    let world = World::empty().await;
    apply(&world, &file(true)).await;
    let lines = told(&world, &Declared::default()).await;
    assert_eq!(lines, ["declared: true -> false", "enabled: true -> false"].repeat(2));
}

#[tokio::test]
async fn a_list_of_keys_is_all_there_are_though_it_has_one_only() {
    let world = World::empty().await;
    let one = with_keys(None, &["sk-one-0123456789"]);
    apply(&world, &one).await;
    let key = SecretString::from("sk-other-0123456789");
    for error in [
        world.shared.add(&named("p"), &key, &Writer::API).await.map(drop).unwrap_err(),
        world.shared.replace(&named("p"), SharedPlace::FIRST, &key, &Writer::API).await.unwrap_err(),
        world.shared.remove(&named("p"), SharedPlace::FIRST, &Writer::API).await.unwrap_err(),
    ] {
        assert!(is_files(&error), "{error:?}");
        assert!(error.to_string().contains("list of keys"), "{error}");
    }
    assert_eq!(apply(&world, &one).await, Applied::default());
}

#[tokio::test]
async fn a_single_key_is_the_first_and_others_stand_beside_it_after_the_next_start() {
    let world = World::empty().await;
    let single = with_keys(Some("sk-one-0123456789"), &[]);
    apply(&world, &single).await;
    let other = SecretString::from("sk-other-0123456789");
    let second = world.shared.add(&named("p"), &other, &Writer::API).await.unwrap();
    assert_eq!(apply(&world, &single).await, Applied::default(), "the next start takes nothing away");
    assert_eq!(stored(&world).await.0.credentials.len(), 2);
    let error = world.shared.remove(&named("p"), SharedPlace::FIRST, &Writer::API).await.unwrap_err();
    assert!(is_files(&error), "{error:?}");
    world.shared.remove(&named("p"), second, &Writer::API).await.unwrap();
}

#[tokio::test]
async fn what_was_given_in_a_list_stays_under_a_single_key_and_is_anybodys() {
    let world = World::empty().await;
    apply(&world, &with_keys(None, &["sk-one-0123456789", "sk-two-0123456789"])).await;
    let single = with_keys(Some("sk-one-0123456789"), &[]);
    assert_eq!(told(&world, &single).await, [r#"given_keys: "all" -> "first""#]);
    apply(&world, &single).await;
    let second = SharedPlace::new(2).unwrap();
    world.shared.remove(&named("p"), second, &Writer::API).await.unwrap();
    // Given no more, the first one is anybody's too.
    apply(&world, &with_keys(None, &[])).await;
    assert_eq!(stored(&world).await.0.declaration.given_keys, GivenKeys::None);
    let other = SecretString::from("sk-other-0123456789");
    world.shared.replace(&named("p"), SharedPlace::FIRST, &other, &Writer::API).await.unwrap();
    assert_eq!(apply(&world, &with_keys(None, &[])).await, Applied::default());
}

#[tokio::test]
async fn an_export_says_nothing_of_who_gives_the_keys() {
    let world = World::empty().await;
    for given in [with_keys(Some("sk-one-0123456789"), &[]), with_keys(None, &["sk-one-0123456789"])] {
        apply(&world, &given).await;
        let before = stored(&world).await;
        let exported = world.declared().export().await.unwrap();
        assert_eq!(apply(&world, &exported).await, Applied::default());
        assert_eq!(stored(&world).await, before);
    }
}

#[tokio::test]
async fn a_key_that_others_changed_is_told_as_another_one_and_never_shown() {
    let world = World::empty().await;
    let given = "sk-given-0123456789";
    apply(&world, &with_keys(None, &[])).await;
    assert_eq!(told(&world, &with_keys(Some(given), &[])).await[0], r#"api_key: - -> "(the given key)""#);
    let hand = SecretString::from("sk-by-hand-0123456789");
    world.shared.add(&named("p"), &hand, &Writer::API).await.unwrap();
    let lines = told(&world, &with_keys(Some(given), &[])).await;
    assert_eq!(
        lines,
        [r#"api_key: "(another key)" -> "(the given key)""#, r#"given_keys: "none" -> "first""#]
    );
    apply(&world, &with_keys(None, &[given, "sk-more-0123456789"])).await;
    let lines = told(&world, &with_keys(None, &[given])).await;
    assert_eq!(lines, [r#"api_key at place 2: "(a key)" -> -"#]);
    let same = with_keys(None, &[given, "sk-more-0123456789"]);
    assert!(world.declared().drift(&same).await.unwrap().is_none());
}
