//! What is decided on what was read holds for that alone, and credentials stay where they were lent.

use crate::shared_credentials::{key, place, with_keys};
use crate::world::{World, listed, named, route, wanted};
use secrecy::SecretString;
use switchyard_domain::declared::{Declared, DeclaredProvider, DeclaredTarget};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::provider::CredentialOwner;
use switchyard_domain::route::TargetModels;
use switchyard_orchestrator::admin::{
    EmptySecret, ProviderChange, ProviderRef, ProviderRequest, RouteChange,
};
use switchyard_orchestrator::error::AdminError;
use switchyard_ports::repositories::{ConfigurationRepository as _, ProviderPatch, RepositoryError};
use switchyard_testkit::fakes::provider::PLACED;

const MINE: CredentialOwner = CredentialOwner::User(7);

fn is_stale(error: &AdminError) -> bool {
    matches!(error, AdminError::Repository(RepositoryError::Stale { .. }))
}

fn at(url: &str) -> ProviderPatch {
    ProviderPatch { base_url: Some(Some(url.to_owned())), ..ProviderPatch::default() }
}

async fn lend(world: &World, provider: &str) {
    let secret = SecretString::from("sk-mine-0123456789");
    let (provider, empty) = (named(provider), EmptySecret::Clears);
    world.credentials.set(&MINE, &provider, &secret, empty, &Writer::API).await.unwrap();
}

async fn lent(world: &World) -> usize {
    world.credentials.list(&MINE).await.unwrap().len()
}

#[tokio::test]
async fn whoever_names_the_address_that_stood_for_none_moves_nothing() {
    let world = World::empty().await;
    let request = ProviderRequest {
        vendor: "placed".to_owned(),
        api_key: Some("sk-0123456789ab".into()),
        ..wanted("p")
    };
    let id = world.providers.add(request, &Writer::API).await.unwrap();
    lend(&world, "p").await;
    let stored = world.providers.find(&named("p")).await.unwrap();
    assert_eq!(world.providers.address(&stored).as_deref(), Some(PLACED));
    let to = |base_url: Option<&str>| ProviderChange {
        base_url: Some(base_url.map(str::to_owned)),
        ..ProviderChange::default()
    };
    for there in [Some(PLACED), Some("https://PLACED.example/v2"), None] {
        let state = world.providers.change(id, to(there), &Writer::API).await.unwrap();
        assert!(state.credential.is_some(), "{there:?}");
        assert_eq!(lent(&world).await, 1, "{there:?}");
    }
    let state = world.providers.change(id, to(Some("https://other.example/v1")), &Writer::API).await.unwrap();
    assert_eq!((state.credential, lent(&world).await), (None, 0), "nobody lent theirs for that");
}

#[tokio::test]
async fn a_seeded_provider_that_is_made_anew_at_its_own_address_keeps_what_people_lent_for_it() {
    let world = World::empty().await;
    let seed = ProviderRequest { vendor: "placed".to_owned(), ..wanted("p") };
    let seeded = world.providers.add(seed.clone(), &Writer::SEED).await.unwrap();
    lend(&world, "p").await;
    let same = ProviderRequest { base_url: Some(PLACED.to_owned()), ..seed };
    assert_eq!(world.providers.add(same, &Writer::API).await.unwrap(), seeded);
    assert_eq!(lent(&world).await, 1);
    assert_eq!(world.providers.find(&named("p")).await.unwrap().base_url.as_deref(), Some(PLACED));
}

#[tokio::test]
async fn a_change_that_was_decided_on_an_older_provider_is_not_written() {
    let world = World::empty().await;
    let request = ProviderRequest {
        base_url: Some("https://one.example/v1".to_owned()),
        api_key: Some("sk-one-0123456789".into()),
        ..wanted("p")
    };
    world.providers.add(request, &Writer::API).await.unwrap();
    let seen = world.providers.find(&named("p")).await.unwrap();
    let secret = SecretString::from("sk-two-0123456789");
    world.providers.update(&seen, at("https://two.example/v1"), Some(&secret), &Writer::API).await.unwrap();
    // To whoever saw it at the first host, this is no move: the second one's key would come along.
    let late = world.providers.update(&seen, at("https://one.example/v2"), None, &Writer::API).await;
    assert!(is_stale(&late.unwrap_err()));
    let stored = world.providers.find(&named("p")).await.unwrap();
    assert_eq!(stored.base_url.as_deref(), Some("https://two.example/v1"));
    // Asked anew it is one.
    let change = ProviderChange {
        base_url: Some(Some("https://one.example/v2".to_owned())),
        ..ProviderChange::default()
    };
    let state = world.providers.change(stored.id, change, &Writer::API).await.unwrap();
    assert_eq!(state.credential, None);
}

#[tokio::test]
async fn a_shared_key_is_written_at_the_version_that_is_expected() {
    let world = with_keys(2).await;
    let p = world.providers.find(&named("p")).await.unwrap();
    let (old, now) = (Some(p.meta.version - 1), Some(p.meta.version));
    let secret = SecretString::from(key(5));
    let of = |version| ProviderRef::from(p.id).at_version(version);
    assert!(is_stale(&world.shared.replace(of(old), place(1), &secret, &Writer::API).await.unwrap_err()));
    assert!(is_stale(&world.shared.remove(of(old), place(1), &Writer::API).await.unwrap_err()));
    world.shared.replace(of(now), place(1), &secret, &Writer::API).await.unwrap();
    assert!(is_stale(&world.shared.remove(of(now), place(1), &Writer::API).await.unwrap_err()));
    world.shared.remove(p.id, place(1), &Writer::API).await.unwrap();
    assert_eq!(world.shared.list(p.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_keys_that_the_file_gives_are_changed_there() {
    let world = World::empty().await;
    let declared = |name: &str, api_keys: &[&str]| DeclaredProvider {
        name: named(name),
        vendor: "acme".to_owned(),
        owner: None,
        base_url: None,
        api_key: api_keys.first().filter(|_| api_keys.len() == 1).map(|key| SecretString::from(*key)),
        api_keys: api_keys
            .iter()
            .filter(|_| api_keys.len() > 1)
            .map(|key| SecretString::from(*key))
            .collect(),
        models: vec![listed("m")],
        enabled: true,
    };
    let file = Declared {
        whole: false,
        providers: vec![
            declared("given", &["sk-file-0123456789", "sk-next-0123456789"]),
            declared("one", &["sk-only-0123456789"]),
        ],
        routes: Vec::new(),
    };
    world.declared().apply(&file, &Writer::FILE).await.unwrap();
    let secret = SecretString::from("sk-other-0123456789");
    for error in [
        world.shared.add(&named("given"), &secret, &Writer::API).await.map(drop).unwrap_err(),
        world.shared.replace(&named("given"), place(1), &secret, &Writer::API).await.unwrap_err(),
        world.shared.remove(&named("given"), place(2), &Writer::API).await.unwrap_err(),
        world.shared.replace(&named("one"), place(1), &secret, &Writer::API).await.unwrap_err(),
        world.shared.remove(&named("one"), place(1), &Writer::API).await.unwrap_err(),
    ] {
        assert!(matches!(error, AdminError::FileOwned { .. }), "{error:?}");
    }
    // Where it gives the first one alone, it leaves those at further places as they are.
    assert_eq!(world.shared.add(&named("one"), &secret, &Writer::API).await.unwrap(), place(2));
    assert!(world.declared().apply(&file, &Writer::FILE).await.unwrap().changed.is_empty());
    world.shared.remove(&named("one"), place(2), &Writer::API).await.unwrap();
}

#[tokio::test]
async fn models_that_routes_name_go_only_one_by_one_and_when_that_is_forced() {
    let world = World::usual().await;
    let id = world.providers.find(&named("a")).await.unwrap().id;
    let lists = [
        ProviderChange { models: Some(Vec::new()), ..ProviderChange::default() },
        ProviderChange { model_ids: Some(vec!["n".to_owned()]), ..ProviderChange::default() },
    ];
    for change in lists {
        let error = world.providers.change(id, change, &Writer::API).await.unwrap_err();
        assert!(matches!(error, AdminError::Repository(RepositoryError::Conflict { .. })), "{error:?}");
        assert!(error.to_string().contains("`all`"), "{error}");
    }
    let without_n = ProviderChange { model_ids: Some(vec!["m".to_owned()]), ..ProviderChange::default() };
    assert_eq!(world.providers.change(id, without_n, &Writer::API).await.unwrap().models.len(), 1);
}

#[tokio::test]
async fn targets_keep_what_a_caller_without_words_for_it_does_not_say() {
    let world = World::usual().await;
    let mut wide = route("wide", &["a/m", "b/m"]);
    wide.targets[0].weight = 7;
    wide.targets[0].limits = Limits { rpm: Some(5), ..Limits::NONE };
    wide.targets[0].enabled = false;
    let id = world.routes.add(&wide, &Writer::API).await.unwrap();
    let plain = |provider: &str| DeclaredTarget::new(named(provider), TargetModels::from("m"));
    let to = |keeps_unsaid| RouteChange {
        targets: Some(vec![plain("c"), DeclaredTarget { priority: 3, ..plain("a") }]),
        keeps_unsaid,
        ..RouteChange::default()
    };
    for (keeps_unsaid, expected) in [(true, (7, Some(5), false, 3)), (false, (1, None, true, 3))] {
        let state = world.routes.change(id, to(keeps_unsaid), None, &Writer::API).await.unwrap();
        let [new, known] = state.route.targets.as_slice() else { panic!("{state:?}") };
        assert_eq!((new.weight, new.is_enabled), (1, true));
        assert_eq!((known.weight, known.limits.rpm, known.is_enabled, known.priority), expected);
    }
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "what is measured is the machine's time")]
async fn a_target_that_names_far_too_much_is_refused_in_few_words() {
    let world = World::usual().await;
    let long = "m".repeat(10_000);
    let many: Vec<String> = (0..250_000).map(|number| number.to_string()).collect();
    let began = std::time::Instant::now();
    for models in [vec![long.clone()], many] {
        let mut wide = route("wide", &[]);
        wide.targets = vec![DeclaredTarget::new(named("a"), TargetModels::of(models))];
        let error = world.routes.add(&wide, &Writer::API).await.unwrap_err();
        assert!(matches!(error, AdminError::Invalid { .. }), "{error:?}");
        assert!(error.to_string().len() < 200, "{error}");
    }
    let twice = ProviderRequest { models: vec![listed(&long), listed(&long)], ..wanted("p") };
    let error = world.providers.add(twice, &Writer::API).await.unwrap_err();
    assert!(error.to_string().len() < 200, "{error}");
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    assert_eq!(world.store.load().await.unwrap().routes.len(), 1);
}

#[tokio::test]
async fn very_large_versions_of_a_route_come_few_at_a_time_and_none_is_left_out() {
    let world = World::empty().await;
    let many: Vec<String> = (0..4_000).map(|number| format!("{number:0>250}")).collect();
    let models = many.iter().map(|model| listed(model)).collect();
    world.providers.add(ProviderRequest { models, ..wanted("p") }, &Writer::API).await.unwrap();
    let mut wide = route("wide", &[]);
    wide.targets = vec![DeclaredTarget::new(named("p"), TargetModels::of(many))];
    let id = world.routes.add(&wide, &Writer::API).await.unwrap();
    for is_active in [false, true, false, true, false, true, false] {
        let change = RouteChange { is_active: Some(is_active), ..RouteChange::default() };
        world.routes.change(id, change, None, &Writer::API).await.unwrap();
    }
    let (mut seen, mut before, mut is_more) = (Vec::new(), None, true);
    while is_more {
        let (page, more) = world.routes.versions(id, before, 100).await.unwrap();
        assert!(page.len() < 6, "a page of {}", page.len());
        before = page.last().map(|state| state.version.version);
        is_more = more;
        seen.extend(page.into_iter().map(|state| (state.version.version, state.changes.is_some())));
    }
    let expected: Vec<(i64, bool)> = (1..=8).rev().map(|version| (version, version > 1)).collect();
    assert_eq!(seen, expected);
    let (few, more) = world.routes.versions(id, None, 2).await.unwrap();
    assert_eq!((few.len(), more), (2, true));
}
