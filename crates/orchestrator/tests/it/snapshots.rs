//! How written configuration becomes what calls read.

use crate::world::{SECOND, Setting, World, at_once, buffered, eventually, listed, named, route, wanted};
use futures_util::FutureExt;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::health::AnswerForm;
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::route::{Availability, Avoidance};
use switchyard_orchestrator::admin::{KeyRequest, ProviderRequest};
use switchyard_orchestrator::error::CallErrorKind;
use switchyard_ports::health::{Account, Health as _};
use switchyard_ports::repositories::{
    Author, ConfigurationRepository, NewProvider, ProviderPatch, Revision, VirtualKeyRepository,
};
use switchyard_testkit::clock::START;
use switchyard_testkit::fakes::mint::hash_of;
use switchyard_testkit::fakes::store::MemoryStore;

fn author() -> Author {
    Author { by: Writer { name: "ana".into(), ..Writer::API }, at: START }
}

/// Two servers over one database.
async fn two() -> (World, World) {
    let store = Arc::new(MemoryStore::default());
    let first = World::over(Arc::clone(&store), Setting::default()).await;
    let second = World::over(store, Setting::default()).await;
    (first, second)
}

async fn key_of(world: &World, name: &str) -> String {
    let request = KeyRequest {
        name: named(name),
        models: None,
        limits: Limits::NONE,
        expires_at: None,
        user: None,
        tags: Vec::new(),
        budget: None,
    };
    let created = world.keys.create(request, &Writer::API).await.unwrap();
    secrecy::ExposeSecret::expose_secret(&created.key).to_owned()
}

#[tokio::test]
async fn a_broken_provider_disables_itself_only() {
    let world = World::usual().await;
    let broken = NewProvider {
        name: named("broken"),
        vendor: "acme".to_owned(),
        base_url: Some("broken".to_owned()),
        called_at: None,
        is_enabled: true,
        models: vec![listed("m"), listed("lone")],
        credential: None,
    };
    world.store.create_provider(broken, &author()).await.unwrap();
    world.keeper.refresh().await.unwrap();
    world.routes.add(&route("both", &["broken/m", "b/m"]), &Writer::API).await.unwrap();
    let error = world.ask("broken/lone").await.err().unwrap();
    assert_eq!(error.kind, CallErrorKind::UpstreamUnavailable);
    assert_eq!(world.ask("both").await.unwrap().head.target, "b/m");
    assert_eq!(world.ask("a/m").await.unwrap().head.target, "a/m");
}

#[tokio::test]
async fn a_credential_that_does_not_open_disables_its_provider_only() {
    let (first, second) = two().await;
    let request =
        ProviderRequest { api_key: Some("sk-1".into()), models: vec![listed("m")], ..wanted("sealed") };
    first.providers.add(request, &Writer::API).await.unwrap();
    first.provider("open", &["m"]).await;
    second.vault.lose_key();
    second.keeper.refresh().await.unwrap();
    let error = second.ask("sealed/m").await.err().unwrap();
    assert_eq!(error.kind, CallErrorKind::UpstreamUnavailable);
    assert!(!error.message.contains("sk-1"), "{}", error.message);
    assert!(second.ask("open/m").await.is_ok());
}

#[tokio::test]
async fn a_client_is_kept_with_its_connections_while_its_provider_stays_as_it_is() {
    let world = World::usual().await;
    let client = |name: &str| Arc::clone(world.keeper.snapshot().providers[name].client.as_ref().unwrap());
    let (a, b) = (client("a"), client("b"));
    world.provider("d", &["m"]).await;
    world.route("other", &["a/m"]).await;
    key_of(&world, "ci").await;
    assert!(Arc::ptr_eq(&a, &client("a")) && Arc::ptr_eq(&b, &client("b")));

    let stored = world.providers.find(&named("a")).await.unwrap();
    world
        .providers
        .update(&stored, ProviderPatch::default(), Some(&"sk-2".into()), &Writer::API)
        .await
        .unwrap();
    assert!(!Arc::ptr_eq(&a, &client("a")), "a new credential makes a new client");
    assert!(Arc::ptr_eq(&b, &client("b")));
    world.ask("a/m").await.unwrap();
    assert_eq!(world.factory.calls()[0].credential.as_deref(), Some("sk-2"));
}

#[tokio::test]
async fn another_servers_key_is_known_within_one_poll_and_its_revocation_too() {
    let (first, second) = two().await;
    let (keeper, clock) = (Arc::clone(&second.keeper), Arc::clone(&second.clock));
    let stopping = second.tasks.stopping();
    second.tasks.spawn("poll", async move { keeper.poll(clock, stopping).await });
    second.clock.until_sleeping(1).await;

    let key = key_of(&first, "ci").await;
    assert!(first.authenticator.virtual_key(&key).is_some(), "its own server knows it at once");
    assert!(second.authenticator.virtual_key(&key).is_none());
    second.clock.advance(Duration::from_millis(500));
    eventually(|| second.authenticator.virtual_key(&key).is_some()).await;

    first.keys.revoke(&named("ci"), &Writer::API).await.unwrap();
    assert!(first.authenticator.virtual_key(&key).is_none());
    second.clock.until_sleeping(1).await;
    second.clock.advance(Duration::from_millis(500));
    eventually(|| second.authenticator.virtual_key(&key).is_none()).await;
    assert!(second.tasks.shutdown(Duration::from_secs(10)).await);
}

#[tokio::test]
async fn a_key_ends_at_its_expiry_without_any_poll() {
    let world = World::usual().await;
    let request = KeyRequest {
        name: named("ci"),
        models: None,
        limits: Limits::NONE,
        expires_at: Some(START.after(10 * SECOND)),
        user: None,
        tags: Vec::new(),
        budget: None,
    };
    let created = world.keys.create(request, &Writer::API).await.unwrap();
    let text = secrecy::ExposeSecret::expose_secret(&created.key).to_owned();
    assert!(world.authenticator.virtual_key(&text).is_some());
    world.clock.advance(10 * SECOND);
    assert!(world.authenticator.virtual_key(&text).is_none());
    for other in ["", "sy-test-999", "sk-foreign", "' OR '1'='1"] {
        assert!(world.authenticator.virtual_key(other).is_none(), "{other}");
    }
}

#[tokio::test]
async fn a_key_that_is_revoked_while_the_configuration_is_read_is_not_missed() {
    let (first, second) = two().await;
    let key = key_of(&first, "ci").await;
    second.keeper.refresh().await.unwrap();
    assert!(second.authenticator.virtual_key(&key).is_some());

    // A provider changed, so that all is read again; the key is revoked after the changes were listed.
    first.provider("p", &["m"]).await;
    second.store.before_next_load(|store| {
        let id = store.by_name(&named("ci")).now_or_never().unwrap().unwrap().pop().unwrap().id;
        let off = switchyard_ports::repositories::KeyPatch { is_active: Some(false), ..Default::default() };
        store.update(id, off, &author()).now_or_never().unwrap().unwrap();
    });
    second.keeper.refresh().await.unwrap();
    second.keeper.refresh().await.unwrap();
    assert!(second.authenticator.virtual_key(&key).is_none());
    assert_eq!(second.keeper.revision(), second.store.revision().await.unwrap());
}

#[tokio::test]
async fn a_reader_that_fell_far_behind_loads_whole_and_forgets_what_is_gone() {
    let store = Arc::new(MemoryStore::keeping(3));
    let first = World::over(Arc::clone(&store), Setting::default()).await;
    let second = World::over(Arc::clone(&store), Setting::default()).await;
    let key = key_of(&first, "gone").await;
    second.keeper.refresh().await.unwrap();
    assert!(second.authenticator.virtual_key(&key).is_some());
    let id = store.by_name(&named("gone")).await.unwrap().pop().unwrap().id;
    VirtualKeyRepository::delete(&*store, id, None, &author()).await.unwrap();
    for number in 0..10 {
        first.provider(&format!("p{number}"), &["m"]).await;
    }
    let kept = key_of(&first, "kept").await;
    second.keeper.refresh().await.unwrap();
    assert!(second.authenticator.virtual_key(&key).is_none());
    assert!(second.authenticator.virtual_key(&kept).is_some());
    assert!(second.ask("p9/m").await.is_ok());
}

#[tokio::test]
async fn a_database_that_was_set_back_is_read_whole() {
    let world = World::usual().await;
    let before = world.keeper.revision();
    world.store.set_back_to(Revision(before.0 - 2));
    world.keeper.refresh().await.unwrap();
    assert_eq!(world.keeper.revision(), Revision(before.0 - 2));
    assert!(world.ask("a/m").await.is_ok());
}

#[tokio::test]
async fn while_the_database_is_away_the_last_good_configuration_serves() {
    let (first, second) = two().await;
    first.provider("p", &["m"]).await;
    let key = key_of(&first, "ci").await;
    second.keeper.refresh().await.unwrap();
    second.store.set_away(true);
    assert!(second.keeper.refresh().await.is_err());
    let principal = second.authenticator.virtual_key(&key).unwrap();
    assert!(second.finish(second.call_as(principal, buffered("p/m"))).await.is_ok());
    second.store.set_away(false);
    first.provider("q", &["m"]).await;
    second.keeper.refresh().await.unwrap();
    assert!(second.ask("q/m").await.is_ok());
}

#[tokio::test]
async fn what_did_not_change_is_not_read_again() {
    let world = World::usual().await;
    let before = world.store.reads();
    for _ in 0..10 {
        world.keeper.refresh().await.unwrap();
    }
    assert_eq!(world.store.reads(), before + 10, "one integer each");
    let snapshot = world.keeper.snapshot();
    key_of(&world, "ci").await;
    assert!(Arc::ptr_eq(&snapshot, &world.keeper.snapshot()), "a key is no reason to compile all anew");
}

/// R14.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_refresh_at_once_one_reads_the_change() {
    let (first, second) = two().await;
    first.provider("p", &["m"]).await;
    let builds = second.factory.builds().len();
    let refreshes = (0..64).map(|_| {
        let keeper = Arc::clone(&second.keeper);
        async move { keeper.refresh().await }
    });
    for refresh in at_once(refreshes).await {
        refresh.unwrap();
    }
    assert_eq!(second.factory.builds().len(), builds + 1);
}

#[tokio::test]
async fn a_rotated_key_is_found_by_both_secrets_until_the_old_one_ends() {
    let store = Arc::new(MemoryStore::default());
    let world = World::over(Arc::clone(&store), Setting::default()).await;
    let old = "sy-test-old";
    let new = switchyard_ports::repositories::NewVirtualKey {
        name: named("rotated"),
        prefix: "sy-test".to_owned(),
        hash: hash_of(old),
        models: None,
        limits: Limits::NONE,
        expires_at: None,
        user: None,
        tags: Vec::new(),
        at_most: None,
        is_lent: false,
        budget: None,
    };
    let id = VirtualKeyRepository::create(&*store, new, &author()).await.unwrap();
    let until = START.after(SECOND);
    let previous = switchyard_domain::virtual_key::PreviousHash { hash: hash_of(old), until };
    let rotate = |text: &str, previous| switchyard_ports::repositories::KeyPatch {
        rotation: Some(switchyard_ports::repositories::KeyRotation {
            prefix: "sy-test".to_owned(),
            hash: hash_of(text),
            previous,
        }),
        ..Default::default()
    };
    store.update(id, rotate("sy-test-new", Some(previous)), &author()).await.unwrap();
    world.keeper.refresh().await.unwrap();
    let knows = |text: &str| world.authenticator.virtual_key(text).is_some();
    assert!(knows(old) && knows("sy-test-new"));
    world.clock.advance(SECOND);
    assert!(!knows(old) && knows("sy-test-new"));
    store.update(id, rotate("sy-test-third", None), &author()).await.unwrap();
    world.keeper.refresh().await.unwrap();
    assert!(!knows("sy-test-new") && knows("sy-test-third"));
}

#[tokio::test]
async fn more_keys_than_a_page_holds_are_all_known() {
    let store = Arc::new(MemoryStore::default());
    for number in 0..2_500 {
        let key = switchyard_ports::repositories::NewVirtualKey {
            name: named(&format!("key {number}")),
            prefix: "sy-test".to_owned(),
            hash: hash_of(&format!("sy-test-{number}")),
            models: None,
            limits: Limits::NONE,
            expires_at: None,
            user: None,
            tags: Vec::new(),
            at_most: None,
            is_lent: false,
            budget: None,
        };
        VirtualKeyRepository::create(&*store, key, &author()).await.unwrap();
    }
    let world = World::over(store, Setting::default()).await;
    for number in [0, 999, 1_000, 2_499] {
        assert!(world.authenticator.virtual_key(&format!("sy-test-{number}")).is_some(), "{number}");
    }
    assert_eq!(world.keeper.directory().ids().len(), 2_500);
}

#[tokio::test]
async fn what_is_known_of_a_targets_health_goes_with_the_key_the_address_and_the_model_that_it_is_known_of() {
    let world = World::usual().await;
    let resting = Availability::Avoid(Avoidance::Resting { left: SECOND });
    let seen = |name: &str| {
        let provider = world.keeper.snapshot().providers.get(name).map(|provider| provider.id);
        provider.map(|id| world.health.view(id, "m", Account::Shared, AnswerForm::Streamed).availability)
    };
    let rest = || {
        for provider in world.keeper.snapshot().providers.values() {
            world.health.set(provider.id, "m", resting);
        }
    };
    let update = async |patch: ProviderPatch, key: Option<&str>| {
        rest();
        let stored = world.providers.find(&named("a")).await.unwrap();
        let key = key.map(Into::into);
        world.providers.update(&stored, patch, key.as_ref(), &Writer::API).await.unwrap();
        (seen("a"), seen("b"))
    };
    let (known, fresh) = (Some(resting), Some(Availability::Ready));
    assert_eq!(update(ProviderPatch::default(), Some("sk-2")).await, (fresh, known), "another key");
    let moved = ProviderPatch {
        base_url: Some(Some("https://elsewhere.test/v1".into())),
        ..ProviderPatch::default()
    };
    assert_eq!(update(moved, None).await, (fresh, known), "another address");
    let renamed = ProviderPatch { models: Some(vec![listed("m"), listed("n")]), ..ProviderPatch::default() };
    assert_eq!(update(renamed, None).await, (known, known), "one more model says nothing of this one");
    let replaced = ProviderPatch {
        models: Some(vec![listed("n")]),
        drops_used_models: true,
        ..ProviderPatch::default()
    };
    assert_eq!(update(replaced, None).await, (fresh, known), "the model is gone");
}
