//! Configuration that a file declares.

use crate::world::{Setting, World, at_once, declared_provider, listed, named, route, wanted};
use std::sync::Arc;
use switchyard_domain::declared::{Declared, DeclaredModel, DeclaredProvider, DeclaredRoute};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::{Owner, Writer};
use switchyard_domain::money::PricePerMillion;
use switchyard_domain::price::Rates;
use switchyard_orchestrator::admin::{Applied, ProviderRequest};
use switchyard_orchestrator::error::AdminError;
use switchyard_ports::repositories::{ConfigurationRepository, ProviderPatch};
use switchyard_testkit::fakes::store::MemoryStore;

fn provider(name: &str, models: &[&str]) -> DeclaredProvider {
    DeclaredProvider { api_key: Some(format!("sk-{name}").into()), ..declared_provider(name, models) }
}

fn file(providers: Vec<DeclaredProvider>, routes: Vec<DeclaredRoute>) -> Declared {
    Declared { whole: false, providers, routes }
}

fn rich() -> Declared {
    let mut first = provider("p", &["m", "n"]);
    first.base_url = Some("https://llm.example/v1".to_owned());
    let input = Some(PricePerMillion(2_000_000_000));
    first.models[0] = DeclaredModel {
        rates: Some(Rates { input, ..Rates::default() }),
        limits: Limits { rpm: Some(9), ..Limits::NONE },
        context_window: Some(128_000),
        max_output_tokens: Some(4_000),
        ..listed("m")
    };
    let mut off = route("off", &["q/m"]);
    off.enabled = false;
    file(vec![first, provider("q", &["m"])], vec![route("fast", &["p/m", "q/m"]), off])
}

async fn apply(world: &World, declared: &Declared) -> Applied {
    world.declared().apply(declared, &Writer::FILE).await.unwrap()
}

#[tokio::test]
async fn applying_the_same_file_again_changes_nothing() {
    let world = World::empty().await;
    let applied = apply(&world, &rich()).await;
    assert_eq!(applied.created, ["provider p", "provider q", "route fast", "route off"]);
    assert_eq!(world.ask("fast").await.unwrap().head.target, "p/m");
    assert_eq!(world.factory.calls()[0].credential.as_deref(), Some("sk-p"));
    let before = world.store.load().await.unwrap();
    for _ in 0..3 {
        assert_eq!(apply(&world, &rich()).await, Applied::default());
    }
    assert_eq!(world.store.load().await.unwrap(), before, "not even the revision moved");
}

#[tokio::test]
async fn a_key_in_json_is_kept_without_its_white_space_and_applying_it_again_changes_nothing() {
    let world = World::empty().await;
    let json = "{\n  \"private_key\": \"-----BEGIN PRIVATE KEY-----\\nMII\"\n}\n";
    let declared = file(
        vec![DeclaredProvider { api_key: Some(json.into()), ..provider("p", &["m"]) }],
        vec![route("fast", &["p/m"])],
    );
    apply(&world, &declared).await;
    assert!(world.ask("fast").await.is_ok());
    let kept = r#"{"private_key":"-----BEGIN PRIVATE KEY-----\nMII"}"#;
    assert_eq!(world.factory.calls()[0].credential.as_deref(), Some(kept));
    assert_eq!(apply(&world, &declared).await, Applied::default());
}

#[tokio::test]
async fn what_changed_in_the_file_changes_and_nothing_else() {
    let world = World::empty().await;
    apply(&world, &rich()).await;
    let version = async |name: &str| world.providers.find(&named(name)).await.unwrap().meta.version;
    let untouched = version("q").await;
    let changes: [fn(&mut Declared); 5] = [
        |declared| declared.providers[0].base_url = None,
        |declared| declared.providers[0].enabled = false,
        |declared| declared.providers[0].models.push(listed("third")),
        |declared| declared.providers[0].api_key = Some("sk-new".into()),
        |declared| declared.providers[0].models[0].max_output_tokens = None,
    ];
    for change in changes {
        let mut declared = rich();
        change(&mut declared);
        assert_eq!(apply(&world, &declared).await.changed, ["provider p"]);
        assert_eq!(apply(&world, &declared).await, Applied::default());
        assert_eq!(apply(&world, &rich()).await.changed, ["provider p"]);
    }
    let mut declared = rich();
    declared.routes[0].targets.reverse();
    assert_eq!(apply(&world, &declared).await.changed, ["route fast"]);
    assert_eq!(version("q").await, untouched);
}

#[tokio::test]
async fn what_the_file_no_longer_declares_is_switched_off_and_comes_back_with_it() {
    let world = World::empty().await;
    apply(&world, &rich()).await;
    let less = file(vec![provider("q", &["m"])], Vec::new());
    assert_eq!(apply(&world, &less).await.disabled, ["route fast", "provider p"]);
    assert!(world.ask("p/m").await.is_err() && world.ask("fast").await.is_err());
    assert_eq!(apply(&world, &less).await, Applied::default());
    assert_eq!(apply(&world, &rich()).await.changed, ["provider p", "route fast", "route off"]);
    assert_eq!(world.ask("fast").await.unwrap().head.target, "p/m");
    assert_eq!(world.store.load().await.unwrap().providers.len(), 2, "nothing is ever deleted");
}

#[tokio::test]
async fn what_others_own_is_left_alone_and_told() {
    let world = World::usual().await;
    let before = world.store.load().await.unwrap();
    let declared = file(vec![provider("a", &["other"])], vec![route("all", &["a/m"])]);
    let applied = apply(&world, &declared).await;
    assert_eq!(applied.conflicts, ["provider a: it belongs to `api`", "route all: it belongs to `api`"]);
    assert_eq!(applied, Applied { conflicts: applied.conflicts.clone(), ..Applied::default() });
    assert_eq!(world.store.load().await.unwrap(), before);
    assert!(world.ask("all").await.is_ok(), "what others own is not switched off either");
}

#[tokio::test]
async fn a_provider_whose_vendor_changed_is_left_alone_and_says_what_to_do() {
    let world = World::empty().await;
    apply(&world, &file(vec![provider("p", &["m"])], Vec::new())).await;
    let mut other = provider("p", &["m"]);
    other.vendor = "locked".to_owned();
    let applied = apply(&world, &file(vec![other], Vec::new())).await;
    assert_eq!(applied.conflicts.len(), 1);
    let told = &applied.conflicts[0];
    assert!(told.contains("`acme`") && told.contains("`locked`") && told.contains("another name"), "{told}");
    assert!(applied.disabled.is_empty());
    assert!(world.ask("p/m").await.is_ok());
}

#[tokio::test]
async fn a_file_takes_over_what_came_with_the_product() {
    let world = World::empty().await;
    let request = ProviderRequest { models: vec![listed("m")], ..wanted("seeded") };
    world.providers.add(request, &Writer::SEED).await.unwrap();
    let declared = file(vec![provider("seeded", &["m"])], Vec::new());
    assert_eq!(apply(&world, &declared).await.changed, ["provider seeded"]);
    assert_eq!(world.providers.find(&named("seeded")).await.unwrap().meta.owner, Owner::File);
    assert_eq!(apply(&world, &declared).await, Applied::default());
}

#[tokio::test]
async fn what_came_with_the_product_gives_way_to_another_vendor_of_its_name() {
    let world = World::empty().await;
    let request = ProviderRequest { vendor: "locked".to_owned(), ..wanted("seeded") };
    world.providers.add(request, &Writer::SEED).await.unwrap();
    let declared = file(vec![provider("seeded", &["m"])], Vec::new());
    assert_eq!(apply(&world, &declared).await.created, ["provider seeded"]);
    let stored = world.providers.find(&named("seeded")).await.unwrap();
    assert_eq!(
        (stored.meta.owner, stored.vendor.as_str(), stored.id.0 < 1_000_000),
        (Owner::File, "acme", true)
    );
    assert_eq!(apply(&world, &declared).await, Applied::default());
}

#[tokio::test]
async fn a_secret_that_is_empty_or_left_out_leaves_the_stored_one_alone() {
    let world = World::empty().await;
    let given = file(vec![provider("p", &["m"])], Vec::new());
    apply(&world, &given).await;
    let written = world.providers.find(&named("p")).await.unwrap().credentials;
    for silent in [None, Some("".into()), Some("  ".into())] {
        let declared = DeclaredProvider { api_key: silent, ..provider("p", &["m"]) };
        let declared = file(vec![declared], Vec::new());
        assert_eq!(apply(&world, &declared).await.changed, ["provider p"], "the file gives no key any more");
        assert_eq!(apply(&world, &declared).await, Applied::default());
        assert_eq!(world.providers.find(&named("p")).await.unwrap().credentials, written);
        apply(&world, &given).await;
    }
    let declared = DeclaredProvider { api_key: Some(" sk-p\n".into()), ..provider("p", &["m"]) };
    assert_eq!(apply(&world, &file(vec![declared], Vec::new())).await, Applied::default());
    world.ask("p/m").await.unwrap();
    assert_eq!(world.factory.calls()[0].credential.as_deref(), Some("sk-p"));
}

#[tokio::test]
async fn a_secret_that_can_not_be_opened_any_more_is_sealed_anew() {
    let world = World::empty().await;
    let declared = file(vec![provider("p", &["m"])], Vec::new());
    apply(&world, &declared).await;
    world.vault.lose_key();
    assert_eq!(apply(&world, &declared).await.changed, ["provider p"]);
}

#[tokio::test]
async fn a_provider_that_became_broken_can_still_be_switched_off() {
    let world = World::empty().await;
    apply(&world, &file(vec![provider("p", &["m"])], Vec::new())).await;
    let id = world.providers.find(&named("p")).await.unwrap().id;
    let author = switchyard_ports::repositories::Author { by: Writer::FILE, at: Default::default() };
    let broken = ProviderPatch { base_url: Some(Some("broken".to_owned())), ..ProviderPatch::default() };
    world.store.update_provider(id, broken, &author).await.unwrap();
    assert_eq!(apply(&world, &Declared::default()).await.disabled, ["provider p"]);
}

#[tokio::test]
async fn a_file_that_names_what_is_not_there_says_where_and_nothing_of_it_is_written() {
    let world = World::empty().await;
    let before = world.store.load().await.unwrap();
    for (target, part) in [("q/m", "no provider `q`"), ("p/none", "does not list the model `none`")] {
        let declared = file(vec![provider("p", &["m"])], vec![route("r", &["p/m", target])]);
        let error = world.declared().apply(&declared, &Writer::FILE).await.unwrap_err();
        let AdminError::Invalid { message, param } = error else { panic!("{error:?}") };
        assert!(message.contains(part), "{message}");
        assert_eq!(param.as_deref(), Some("routes.r.targets[1]"));
        assert_eq!(world.store.load().await.unwrap(), before);
    }
}

#[tokio::test]
async fn nothing_of_a_file_is_written_when_its_last_line_is_wrong() {
    let world = World::empty().await;
    apply(&world, &rich()).await;
    let before = world.store.load().await.unwrap();
    type Spoil = fn(&mut Declared);
    let cases: [(Spoil, &str); 6] = [
        (|declared| declared.providers[1].vendor = "nobody".to_owned(), "providers.q2.vendor"),
        (|declared| declared.providers[1].base_url = Some("broken".to_owned()), "providers.q2.base_url"),
        (|declared| declared.providers[1].models.push(listed("m")), "providers.q2.models"),
        (|declared| declared.providers[1].name = named("p"), "providers.p"),
        (|declared| declared.routes[1].name = named("fast"), "routes.fast"),
        (|declared| declared.routes[1].targets[0].weight = 0, "routes.off.targets[0]"),
    ];
    for (spoil, place) in cases {
        let mut declared = rich();
        declared.providers[0].models.truncate(1);
        declared.providers[1].name = named("q2");
        declared.routes[0] = route("fast", &["p/m"]);
        declared.routes[1] = route("off", &["q2/m"]);
        spoil(&mut declared);
        let error = world.declared().apply(&declared, &Writer::FILE).await.unwrap_err();
        let AdminError::Invalid { param, .. } = error else { panic!("{error:?}") };
        assert_eq!(param.as_deref(), Some(place));
        assert_eq!(world.store.load().await.unwrap(), before, "{place}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn servers_that_start_at_once_with_one_file_all_start() {
    for _ in 0..20 {
        let store = Arc::new(MemoryStore::default());
        let mut servers = Vec::new();
        for _ in 0..4 {
            servers.push(World::over(Arc::clone(&store), Setting::default()).await);
        }
        let starts = servers
            .into_iter()
            .map(|world| async move { world.declared().apply(&rich(), &Writer::FILE).await.map(drop) });
        for start in at_once(starts).await {
            start.unwrap();
        }
        let stored = store.load().await.unwrap();
        assert_eq!((stored.providers.len(), stored.routes.len()), (2, 2));
        let world = World::over(store, Setting::default()).await;
        assert_eq!(apply(&world, &rich()).await, Applied::default());
    }
}
