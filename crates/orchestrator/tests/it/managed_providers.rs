//! Providers by their ids: changed by people who may have read them before, tried before they are saved, removed from under routes.

use crate::world::{SECOND, World, listed, named, wanted};
use secrecy::ExposeSecret;
use std::sync::Arc;
use switchyard_domain::declared::{Declared, DeclaredModel};
use switchyard_domain::fault::FaultKind;
use switchyard_domain::ids::ProviderId;
use switchyard_domain::meta::{Owner, Writer};
use switchyard_domain::money::PricePerMillion;
use switchyard_domain::price::Rates;
use switchyard_domain::provider::{Capabilities, CredentialOwner, Provider};
use switchyard_domain::provider_health::HealthStatus;
use switchyard_orchestrator::admin::{
    AdminPorts, FactSource, ProviderAdmin, ProviderChange, ProviderPorts, ProviderRequest, Removal,
    UnsavedProvider,
};
use switchyard_orchestrator::error::AdminError;
use switchyard_orchestrator::snapshot::{
    ApartProvider, Builder, ConfigurationKeeper, SetApart, UserDirectory, credential_binding,
};
use switchyard_ports::repositories::{ConfigurationRepository, ProviderPatch, RepositoryError};
use switchyard_ports::vault::Vault;

async fn find(world: &World, name: &str) -> Provider {
    world.providers.find(&named(name)).await.unwrap()
}

fn is_stale(error: &AdminError) -> bool {
    matches!(error, AdminError::Repository(RepositoryError::Stale { .. }))
}

async fn secret_of(world: &World, name: &str) -> Option<String> {
    let provider = find(world, name).await;
    let credential = provider.credential()?;
    let binding = credential_binding(provider.id, &credential.owner.to_word());
    Some(world.vault.open(&credential.sealed, &binding).unwrap().expose_secret().to_owned())
}

#[tokio::test]
async fn a_change_of_what_somebody_else_changed_is_refused_and_one_of_nothing_is_none() {
    let world = World::usual().await;
    let a = find(&world, "a").await;
    let off = |version| ProviderChange {
        is_enabled: Some(false),
        expected_version: version,
        ..ProviderChange::default()
    };
    let done = world.providers.change(a.id, off(Some(1)), &Writer::API).await.unwrap();
    assert_eq!((done.provider.is_enabled, done.provider.meta.version), (false, 2));
    assert!(is_stale(&world.providers.change(a.id, off(Some(1)), &Writer::API).await.unwrap_err()));
    let again = world.providers.change(a.id, off(None), &Writer::API).await.unwrap();
    assert_eq!(again.provider.meta.version, 2, "it was off");
    let nobody = world.providers.change(ProviderId(99), off(None), &Writer::API).await.unwrap_err();
    assert!(matches!(nobody, AdminError::Repository(RepositoryError::NotFound { .. })), "{nobody:?}");
}

#[tokio::test]
async fn a_secret_comes_with_the_change_and_what_is_forgotten_is() {
    let world = World::usual().await;
    let a = find(&world, "a").await.id;
    let with = |api_key| ProviderChange { api_key, ..ProviderChange::default() };
    let given = with(Some(Some("sk-0123456789ab".into())));
    let stored = world.providers.change(a, given, &Writer::API).await.unwrap();
    assert_eq!(stored.credential.unwrap().hint, "…89ab");
    assert_eq!(secret_of(&world, "a").await.as_deref(), Some("sk-0123456789ab"));
    let kept = world.providers.change(a, with(Some(Some("  ".into()))), &Writer::API).await.unwrap();
    assert_eq!(kept.provider.meta.version, 2, "an empty one changes nothing");
    let gone = world.providers.change(a, with(Some(None)), &Writer::API).await.unwrap();
    assert_eq!((gone.credential, gone.provider.meta.version), (None, 3));
    let still = world.providers.change(a, with(Some(None)), &Writer::API).await.unwrap();
    assert_eq!(still.provider.meta.version, 3);
}

#[tokio::test]
async fn at_another_host_the_shared_secret_goes_along_only_where_it_is_said_to() {
    for (keeps_credential, expected) in [(false, None), (true, Some("sk-0123456789ab".to_owned()))] {
        let world = World::empty().await;
        let request = ProviderRequest {
            base_url: Some("https://one.example/v1".to_owned()),
            api_key: Some("sk-0123456789ab".into()),
            ..wanted("p")
        };
        let id = world.providers.add(request, &Writer::API).await.unwrap();
        let own = CredentialOwner::User(7);
        let empty = switchyard_orchestrator::admin::EmptySecret::Clears;
        world
            .credentials
            .set(&own, &named("p"), &"sk-mine-0123456".into(), empty, &Writer::API)
            .await
            .unwrap();
        let path = ProviderChange {
            base_url: Some(Some("https://one.example/v2".to_owned())),
            ..ProviderChange::default()
        };
        world.providers.change(id, path, &Writer::API).await.unwrap();
        assert!(secret_of(&world, "p").await.is_some(), "the host is the same");
        let moved = ProviderChange {
            base_url: Some(Some("https://two.example/v1".to_owned())),
            keeps_credential,
            ..ProviderChange::default()
        };
        world.providers.change(id, moved, &Writer::API).await.unwrap();
        assert_eq!(secret_of(&world, "p").await, expected);
        assert!(world.credentials.list(&own).await.unwrap().is_empty(), "nobody lent theirs for it");
    }
}

#[tokio::test]
async fn a_new_name_is_what_calls_name_from_then_on() {
    let world = World::usual().await;
    let a = find(&world, "a").await.id;
    let renamed = ProviderChange { name: Some(named("alpha")), ..ProviderChange::default() };
    world.providers.change(a, renamed, &Writer::API).await.unwrap();
    assert!(world.ask("a/m").await.is_err());
    assert_eq!(world.ask("alpha/m").await.unwrap().head.target, "alpha/m");
    assert_eq!(world.ask("all").await.unwrap().head.target, "alpha/m", "routes lead to it still");
    let taken = ProviderChange { name: Some(named("b")), ..ProviderChange::default() };
    let error = world.providers.change(a, taken, &Writer::API).await.unwrap_err();
    assert!(matches!(error, AdminError::Repository(RepositoryError::Conflict { .. })), "{error:?}");
}

#[tokio::test]
async fn models_are_written_and_removed_one_by_one() {
    let world = World::usual().await;
    let a = find(&world, "a").await.id;
    let rates = Rates { input: Some(PricePerMillion(5)), ..Rates::default() };
    let said = Capabilities { tools: Some(false), ..Capabilities::UNKNOWN };
    let model = DeclaredModel { rates: Some(rates), capabilities: said, ..listed("org/new") };
    let (state, version, is_new) =
        world.providers.put_model(a, model.clone(), None, &Writer::API).await.unwrap();
    assert_eq!((state.source, version, is_new), (FactSource::Operator, 2, true));
    let entry = world.keeper.snapshot().providers["a"].models["org/new"].clone();
    assert_eq!((entry.capabilities, entry.price.is_some()), (said, true));
    let (_, version, is_new) = world.providers.put_model(a, model, None, &Writer::API).await.unwrap();
    assert_eq!((version, is_new), (2, false), "it is so already");
    let off = DeclaredModel { enabled: false, ..listed("n") };
    let stale = world.providers.put_model(a, off.clone(), Some(1), &Writer::API).await.unwrap_err();
    assert!(is_stale(&stale), "{stale:?}");
    world.providers.put_model(a, off, Some(2), &Writer::API).await.unwrap();
    assert!(!world.keeper.snapshot().providers["a"].models.contains_key("n"));

    let plain = Removal::default();
    let error = world.providers.remove_model(a, "m", plain, &Writer::API).await.unwrap_err();
    assert!(error.to_string().contains("`all`"), "{error}");
    world.providers.remove_model(a, "m", Removal { forced: true, ..plain }, &Writer::API).await.unwrap();
    world.providers.remove_model(a, "org/new", plain, &Writer::API).await.unwrap();
    let gone = world.providers.remove_model(a, "org/new", plain, &Writer::API).await.unwrap_err();
    assert!(matches!(gone, AdminError::Repository(RepositoryError::NotFound { .. })), "{gone:?}");
    assert_eq!(world.ask("all").await.unwrap().head.target, "b/m", "its target is passed over");
}

#[tokio::test]
async fn who_says_what_a_model_is_is_told() {
    let world = World::empty().await;
    world.prices.put("acme", "known", 2, 8);
    let stated = DeclaredModel { context_window: Some(1_000), ..listed("stated") };
    let rates = Rates { input: Some(PricePerMillion(7)), ..Rates::default() };
    let priced = DeclaredModel { rates: Some(rates), ..listed("known too") };
    let models = vec![listed("known"), listed("nothing"), stated, priced];
    let id = world.providers.add(ProviderRequest { models, ..wanted("p") }, &Writer::API).await.unwrap();
    let state = world.providers.show(id).await.unwrap();
    let sources: Vec<FactSource> = state.models.iter().map(|model| model.source).collect();
    use FactSource::{Catalogue, Operator, Unknown};
    assert_eq!(sources, [Catalogue, Unknown, Operator, Operator]);
    let known = state.models[0].rates.unwrap();
    assert_eq!(known.input, Some(PricePerMillion(2_000_000)));
    assert_eq!((state.models[1].rates, state.models[3].rates), (None, Some(rates)));
}

#[tokio::test]
async fn a_forced_removal_takes_the_targets_along() {
    let world = World::usual().await;
    let a = find(&world, "a").await.id;
    let error = world.providers.remove_by_id(a, Removal::default(), &Writer::API).await.unwrap_err();
    assert!(error.to_string().contains("`all`"), "{error}");
    let forced = Removal { forced: true, ..Removal::default() };
    assert_eq!(world.providers.remove_by_id(a, forced, &Writer::API).await.unwrap(), ["all"]);
    let route = world.store.load().await.unwrap().routes.remove(0);
    assert_eq!((route.targets.len(), route.meta.version), (2, 2));
    assert_eq!(world.ask("all").await.unwrap().head.target, "b/m");
}

#[tokio::test]
async fn what_the_file_declares_is_changed_in_the_file_and_stays_even_when_it_is_off() {
    let world = World::usual().await;
    let a = find(&world, "a").await;
    let adopted = ProviderPatch { owner: Some(Owner::File), ..ProviderPatch::default() };
    world.providers.update(&a, adopted, None, &Writer::FILE).await.unwrap();
    let off = ProviderChange { is_enabled: Some(false), ..ProviderChange::default() };
    let forced = Removal { forced: true, ..Removal::default() };
    world.factory.list(["found"]);
    for error in [
        world.providers.change(a.id, off, &Writer::API).await.map(drop).unwrap_err(),
        world.providers.put_model(a.id, listed("x"), None, &Writer::API).await.map(drop).unwrap_err(),
        world.providers.remove_model(a.id, "n", forced, &Writer::API).await.unwrap_err(),
        world.providers.discover_by_id(a.id, SECOND, &Writer::API).await.map(drop).unwrap_err(),
        world.providers.remove_by_id(a.id, forced, &Writer::API).await.map(drop).unwrap_err(),
    ] {
        assert!(matches!(error, AdminError::FileOwned { .. }), "{error:?}");
        assert!(error.to_string().contains("configuration file"), "{error}");
    }
    let a = find(&world, "a").await;
    assert_eq!((a.models.len(), a.is_enabled), (2, true));
    assert!(
        !world.providers.state_health(a.id, false, &Writer::API).await.unwrap().provider.health.is_healthy
    );
    let off = ProviderPatch { is_enabled: Some(false), ..ProviderPatch::default() };
    world.providers.update(&a, off, None, &Writer::FILE).await.unwrap();
    let error = world.providers.remove_by_id(a.id, forced, &Writer::API).await.unwrap_err();
    assert!(matches!(error, AdminError::FileOwned { .. }), "{error:?}");
    world.declared().apply(&Declared::default(), &Writer::FILE).await.unwrap();
    world.providers.remove_by_id(a.id, forced, &Writer::API).await.unwrap();
}

#[tokio::test]
async fn a_test_is_kept_whatever_it_shows_and_one_before_saving_is_not() {
    let world = World::usual().await;
    let a = find(&world, "a").await.id;
    world.factory.list(["m", "n"]);
    let test = world.providers.test_by_id(a, SECOND, &Writer::API).await.unwrap();
    assert_eq!((test.finding.status, test.models.len()), (HealthStatus::Online, 2));
    world.factory.fail_listing("a", Some(FaultKind::FirstByteTimeout));
    let test = world.providers.test_by_id(a, SECOND, &Writer::API).await.unwrap();
    assert_eq!((test.finding.status, test.models.len()), (HealthStatus::Timeout, 0));
    let kept = find(&world, "a").await;
    assert_eq!(kept.health.last, test.finding);
    assert_eq!((kept.health.is_healthy, kept.meta.version), (true, 1));

    let before = world.store.load().await.unwrap();
    let unsaved = |vendor: &str, base_url: Option<&str>| UnsavedProvider {
        vendor: vendor.to_owned(),
        base_url: base_url.map(str::to_owned),
        api_key: None,
        models: Vec::new(),
    };
    let test = world.providers.test_unsaved(unsaved("acme", None), SECOND).await.unwrap();
    assert_eq!(test.finding.status, HealthStatus::Online);
    let test = world.providers.test_unsaved(unsaved("locked", None), SECOND).await.unwrap();
    assert_eq!(test.finding.status, HealthStatus::Error, "it has no credential");
    let unnamed = UnsavedProvider { models: vec![" ".to_owned()], ..unsaved("acme", None) };
    for refused in [unsaved("nobody", None), unsaved("acme", Some("broken")), unnamed] {
        let error = world.providers.test_unsaved(refused, SECOND).await.unwrap_err();
        assert!(matches!(error, AdminError::Invalid { .. }), "{error:?}");
    }
    assert_eq!(world.store.load().await.unwrap(), before);
}

#[tokio::test]
async fn providers_come_page_by_page() {
    let world = World::usual().await;
    let mut names = Vec::new();
    let mut after = None;
    loop {
        let (page, next) = world.providers.page(after, 2).await.unwrap();
        assert!(page.len() <= 2);
        names.extend(page.into_iter().map(|state| state.provider.name.to_string()));
        after = next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(names, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_provider_that_is_set_apart_is_tested_with_the_key_of_the_settings() {
    let world = World::empty().await;
    let request =
        ProviderRequest { vendor: "locked".to_owned(), models: vec![listed("m")], ..wanted("apart") };
    let id = world.providers.add(request, &Writer::SEED).await.unwrap();
    let without = world.providers.test_by_id(id, SECOND, &Writer::API).await.unwrap();
    assert_eq!(without.finding.status, HealthStatus::Error, "none is stored");

    let apart = ApartProvider {
        name: "apart".to_owned(),
        vendor: "locked".to_owned(),
        base_url: None,
        api_key: Some(Arc::new("sk-of-the-settings".into())),
    };
    let set_apart = SetApart { route: "auto".to_owned(), providers: vec![apart], advice: "".into() };
    let (factory, vault) = (Arc::new(world.factory.clone()), Arc::clone(&world.vault));
    let builder = Builder::new(factory.clone(), vault.clone(), Arc::clone(&world.prices) as _);
    let users = UserDirectory::new(Arc::clone(&world.store) as _, Arc::clone(&world.clock) as _);
    let keeper = ConfigurationKeeper::start(
        Arc::clone(&world.store) as _,
        Arc::clone(&world.store) as _,
        Arc::new(users),
        builder.with_set_apart(set_apart),
    );
    let ports = AdminPorts {
        clock: Arc::clone(&world.clock) as _,
        configuration: Arc::clone(&world.store) as _,
        audit: Arc::clone(&world.store) as _,
        keeper: Some(Arc::new(keeper.await.unwrap())),
        backup: None,
    };
    let health = Arc::clone(&world.store) as _;
    let besides = ProviderPorts { factory, vault, prices: Arc::clone(&world.prices) as _, health };
    let providers = ProviderAdmin::new(ports, besides);
    let with = providers.test_by_id(id, SECOND, &Writer::API).await.unwrap();
    assert_eq!(with.finding.status, HealthStatus::Online);
    assert_eq!(world.factory.asked_with(), [Some("sk-of-the-settings".to_owned())]);
    let told = format!("{:?}", world.store.audit_entries());
    assert!(told.contains("test_secret") && !told.contains("sk-of"), "{told}");
}
