//! Providers and routes that are written together.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a suite fails by panicking")]

use super::samples::{author, declared_in_full, new_provider, unique_name};
use std::sync::Arc;
use switchyard_domain::declaration::Declaration;
use switchyard_domain::declared::{DeclaredRoute, DeclaredTarget};
use switchyard_domain::ids::ProviderId;
use switchyard_domain::meta::Owner;
use switchyard_domain::name::Name;
use switchyard_domain::provider::{CredentialOwner, Provider, SharedPlace};
use switchyard_domain::provider_health::{HealthFinding, ProviderHealth};
use switchyard_domain::route::Route;
use switchyard_ports::repositories::{
    ConfigurationRepository, ConfigurationSet, CredentialWrite, ProviderPatch, ProviderStep, ProviderWrite,
    RepositoryError, RouteWrite, SealedSecret,
};

pub(super) async fn contract(repository: &dyn ConfigurationRepository) {
    what_is_new_stands_together(repository).await;
    what_is_there_is_changed(repository).await;
    credentials_land_at_their_places(repository).await;
    what_was_known_of_health_is_kept_where_nothing_is(repository).await;
    a_set_that_changes_nothing_is_no_change(repository).await;
    of_a_set_that_can_not_be_written_nothing_is(repository).await;
    many_objects_are_written_at_once(repository).await;
    chains_are_turned_round_in_any_order(repository).await;
}

async fn provider(repository: &dyn ConfigurationRepository, name: &Name) -> Option<Provider> {
    repository.load().await.unwrap().providers.into_iter().find(|provider| provider.name == *name)
}

async fn route(repository: &dyn ConfigurationRepository, name: &Name) -> Option<Route> {
    repository.load().await.unwrap().routes.into_iter().find(|route| route.name == *name)
}

fn creation(name: &Name, owner: Owner, secret: Option<&'static str>) -> ProviderWrite {
    ProviderWrite {
        step: ProviderStep::Create(new_provider(name.clone(), &["a"])),
        credentials: secret.into_iter().map(credential).collect(),
        health: None,
        declaration: Declaration::default(),
        owner,
    }
}

/// A credential whose sealed text tells the row that it was sealed for.
fn credential(secret: &'static str) -> CredentialWrite {
    credential_at(1, secret)
}

fn credential_at(place: u8, secret: &'static str) -> CredentialWrite {
    let seal = move |id: ProviderId| {
        Ok(SealedSecret { sealed: format!("v1.0badcafe.{id}.{secret}"), hint: "…".to_owned() })
    };
    CredentialWrite {
        owner: CredentialOwner::Shared(SharedPlace::new(place).unwrap()),
        secret: Some(Arc::new(seal)),
    }
}

fn leading(name: &Name, provider: &Name, fallback: Option<&Name>) -> RouteWrite {
    let route = DeclaredRoute {
        targets: vec![DeclaredTarget::new(provider.clone(), "a")],
        fallback: fallback.cloned(),
        ..DeclaredRoute::new(name.clone())
    };
    RouteWrite { current: None, route, is_withdrawn: false, owner: Owner::File }
}

async fn what_is_new_stands_together(repository: &dyn ConfigurationRepository) {
    let before = repository.revision().await.unwrap();
    let [first, second] = [unique_name("set"), unique_name("set")];
    let [last, front] = [unique_name("set"), unique_name("set")];
    let set = ConfigurationSet {
        providers: vec![creation(&first, Owner::File, Some("one")), creation(&second, Owner::Api, None)],
        routes: vec![leading(&last, &first, None), leading(&front, &second, Some(&last))],
    };
    repository.write_all(set, &author(1)).await.unwrap();
    let (one, two) =
        (provider(repository, &first).await.unwrap(), provider(repository, &second).await.unwrap());
    let sealed = shared_text(&one).unwrap();
    assert_eq!(sealed, format!("v1.0badcafe.{}.one", one.id), "sealed for the row that it stands in");
    assert_eq!((one.meta.owner, two.meta.owner.clone()), (Owner::File, Owner::Api));
    assert_eq!((shared_text(&two), two.meta.updated_by.as_str()), (None, "ana"));
    let (last, front) = (route(repository, &last).await.unwrap(), route(repository, &front).await.unwrap());
    assert_eq!(front.fallback, Some(last.id));
    assert_eq!(front.targets.iter().map(|target| target.provider).collect::<Vec<_>>(), [two.id]);
    assert_eq!(front.meta.owner, Owner::File);
    let versions = repository.route_versions(front.id, None, 9).await.unwrap();
    assert_eq!(versions.iter().map(|version| version.version).collect::<Vec<_>>(), [1]);
    let after = repository.revision().await.unwrap();
    assert!(after.0 >= before.0 + 4, "each object is a change of its own: {before:?} {after:?}");
}

/// The sealed text of a provider's shared credential at a place.
fn shared_at(provider: &Provider, place: SharedPlace) -> Option<String> {
    provider.credential_at(place).map(|credential| credential.sealed.clone())
}

/// The sealed text of a provider's first shared credential.
fn shared_text(provider: &Provider) -> Option<String> {
    shared_at(provider, SharedPlace::FIRST)
}

async fn what_is_there_is_changed(repository: &dyn ConfigurationRepository) {
    let [name, route_name] = [unique_name("set"), unique_name("set")];
    let set = ConfigurationSet {
        providers: vec![creation(&name, Owner::File, Some("one"))],
        routes: vec![leading(&route_name, &name, None)],
    };
    repository.write_all(set, &author(0)).await.unwrap();
    let known = provider(repository, &name).await.unwrap();
    let known_route = route(repository, &route_name).await.unwrap();
    let patch = ProviderPatch {
        vendor: Some("other".to_owned()),
        models: Some(vec![declared_in_full("a"), declared_in_full("b")]),
        owner: Some(Owner::Api),
        expected_version: Some(known.meta.version),
        ..ProviderPatch::default()
    };
    let mut changed = leading(&route_name, &name, None);
    changed.current = Some((known_route.id, known_route.meta.version));
    changed.route.enabled = false;
    let set = ConfigurationSet {
        providers: vec![ProviderWrite {
            step: ProviderStep::Update(known.id, patch),
            credentials: vec![credential("two")],
            health: None,
            declaration: Declaration::default(),
            owner: Owner::File,
        }],
        routes: vec![changed],
    };
    repository.write_all(set, &author(1)).await.unwrap();
    let now = provider(repository, &name).await.unwrap();
    assert_eq!((now.id, now.vendor.as_str(), now.models.len()), (known.id, "other", 2));
    assert_eq!(now.meta.owner, Owner::Api);
    assert_eq!(shared_text(&now), Some(format!("v1.0badcafe.{}.two", known.id)));
    assert!(now.meta.version > known.meta.version);
    let now = route(repository, &route_name).await.unwrap();
    assert_eq!((now.id, now.is_active), (known_route.id, false));
    assert_eq!(now.meta.version, known_route.meta.version + 1);
}

async fn credentials_land_at_their_places(repository: &dyn ConfigurationRepository) {
    let name = unique_name("set");
    let several = vec![credential("one"), credential_at(2, "two"), credential_at(16, "last")];
    let new = ProviderWrite { credentials: several, ..creation(&name, Owner::File, None) };
    let set = ConfigurationSet { providers: vec![new], ..ConfigurationSet::default() };
    repository.write_all(set, &author(0)).await.unwrap();
    let known = provider(repository, &name).await.unwrap();
    let at = |provider: &Provider, place| shared_at(provider, SharedPlace::new(place).unwrap());
    let sealed = |secret: &str| Some(format!("v1.0badcafe.{}.{secret}", known.id));
    assert_eq!(
        [1, 2, 3, 16].map(|place| at(&known, place)),
        [sealed("one"), sealed("two"), None, sealed("last")]
    );
    let forgotten = |place| CredentialWrite { secret: None, ..credential_at(place, "") };
    let patch = ProviderPatch { expected_version: Some(known.meta.version), ..ProviderPatch::default() };
    let change = ProviderWrite {
        step: ProviderStep::Update(known.id, patch),
        credentials: vec![forgotten(1), credential_at(2, "other"), forgotten(3)],
        health: None,
        declaration: Declaration::default(),
        owner: Owner::File,
    };
    let before = repository.revision().await.unwrap();
    let set = ConfigurationSet { providers: vec![change], ..ConfigurationSet::default() };
    repository.write_all(set, &author(1)).await.unwrap();
    let now = provider(repository, &name).await.unwrap();
    assert_eq!([1, 2, 3, 16].map(|place| at(&now, place)), [None, sealed("other"), None, sealed("last")]);
    assert!(now.meta.version > known.meta.version, "its client is built anew");
    assert!(repository.revision().await.unwrap() > before);
}

async fn what_was_known_of_health_is_kept_where_nothing_is(repository: &dyn ConfigurationRepository) {
    let name = unique_name("set");
    let known = |latency_ms| ProviderHealth {
        last: HealthFinding::online(latency_ms),
        last_tested_at: Some(author(1).at),
        is_healthy: false,
        consecutive_failures: 3,
        checked_at: None,
    };
    let new = ProviderWrite { health: Some(known(7)), ..creation(&name, Owner::File, None) };
    let set = ConfigurationSet { providers: vec![new], ..ConfigurationSet::default() };
    repository.write_all(set, &author(0)).await.unwrap();
    let stored = provider(repository, &name).await.unwrap();
    assert_eq!(stored.health, known(7));
    let other = |base_url: Option<String>| ProviderWrite {
        step: ProviderStep::Update(
            stored.id,
            ProviderPatch {
                is_enabled: Some(base_url.is_some()),
                base_url: base_url.map(Some),
                ..ProviderPatch::default()
            },
        ),
        credentials: Vec::new(),
        health: Some(known(9)),
        declaration: Declaration::default(),
        owner: Owner::File,
    };
    let set = ConfigurationSet { providers: vec![other(None)], ..ConfigurationSet::default() };
    repository.write_all(set, &author(1)).await.unwrap();
    assert_eq!(provider(repository, &name).await.unwrap().health, known(7), "what is known here is newer");
    let elsewhere = other(Some("https://elsewhere.example/v1".to_owned()));
    let set = ConfigurationSet { providers: vec![elsewhere], ..ConfigurationSet::default() };
    repository.write_all(set, &author(2)).await.unwrap();
    assert_eq!(provider(repository, &name).await.unwrap().health, known(9), "of that address nothing was");
}

async fn a_set_that_changes_nothing_is_no_change(repository: &dyn ConfigurationRepository) {
    let name = unique_name("set");
    let set = ConfigurationSet {
        providers: vec![creation(&name, Owner::File, None)],
        ..ConfigurationSet::default()
    };
    repository.write_all(set, &author(0)).await.unwrap();
    let known = provider(repository, &name).await.unwrap();
    let before = repository.revision().await.unwrap();
    let patch = ProviderPatch { expected_version: Some(known.meta.version), ..ProviderPatch::default() };
    let nothing = ProviderWrite {
        step: ProviderStep::Update(known.id, patch),
        credentials: Vec::new(),
        health: None,
        declaration: Declaration::default(),
        owner: Owner::File,
    };
    let set = ConfigurationSet { providers: vec![nothing], ..ConfigurationSet::default() };
    repository.write_all(set, &author(1)).await.unwrap();
    repository.write_all(ConfigurationSet::default(), &author(1)).await.unwrap();
    assert_eq!(repository.revision().await.unwrap(), before);
}

async fn of_a_set_that_can_not_be_written_nothing_is(repository: &dyn ConfigurationRepository) {
    let taken = unique_name("set");
    let set = ConfigurationSet {
        providers: vec![creation(&taken, Owner::File, None)],
        ..ConfigurationSet::default()
    };
    repository.write_all(set, &author(0)).await.unwrap();
    let before = repository.load().await.unwrap();
    let known = provider(repository, &taken).await.unwrap();
    let new = || creation(&unique_name("set"), Owner::File, Some("one"));
    let stale = ProviderPatch {
        is_enabled: Some(false),
        expected_version: Some(known.meta.version + 1),
        ..ProviderPatch::default()
    };
    let stale = ProviderWrite {
        step: ProviderStep::Update(known.id, stale),
        credentials: Vec::new(),
        health: None,
        declaration: Declaration::default(),
        owner: Owner::File,
    };
    let unsealed = CredentialWrite {
        secret: Some(Arc::new(|_| Err(RepositoryError::Unavailable("no key".to_owned())))),
        ..credential("one")
    };
    let unsealed = ProviderWrite { credentials: vec![unsealed], ..new() };
    let nowhere = unique_name("nowhere");
    let cases = [
        (vec![new(), creation(&taken, Owner::File, None)], Vec::new(), "conflict"),
        (vec![new(), stale], Vec::new(), "stale"),
        (vec![new(), unsealed], Vec::new(), "unavailable"),
        (vec![new()], vec![leading(&unique_name("set"), &nowhere, None)], "not found"),
        (vec![new()], vec![leading(&unique_name("set"), &taken, Some(&nowhere))], "not found"),
    ];
    for (providers, routes, expected) in cases {
        let error =
            repository.write_all(ConfigurationSet { providers, routes }, &author(1)).await.unwrap_err();
        let found = match error {
            RepositoryError::Conflict { .. } => "conflict",
            RepositoryError::Stale { .. } => "stale",
            RepositoryError::Unavailable(_) => "unavailable",
            RepositoryError::NotFound { .. } => "not found",
            RepositoryError::Corrupt(why) => panic!("{why}"),
        };
        assert_eq!(found, expected);
        assert_eq!(repository.load().await.unwrap(), before, "{expected}");
    }
}

async fn many_objects_are_written_at_once(repository: &dyn ConfigurationRepository) {
    let names: Vec<Name> = (0..60).map(|_| unique_name("many")).collect();
    let set = ConfigurationSet {
        providers: names.iter().map(|name| creation(name, Owner::File, Some("one"))).collect(),
        routes: names.iter().map(|name| leading(name, name, None)).collect(),
    };
    repository.write_all(set, &author(0)).await.unwrap();
    let stored = repository.load().await.unwrap();
    let known = stored.providers.iter().filter(|provider| names.contains(&provider.name)).count();
    let routes = stored.routes.iter().filter(|route| names.contains(&route.name)).count();
    assert_eq!((known, routes), (60, 60));
}

async fn chains_are_turned_round_in_any_order(repository: &dyn ConfigurationRepository) {
    let [provider_name, first, second, third] = [0; 4].map(|_| unique_name("chain"));
    let behind = |name: &Name, fallback: Option<&Name>| {
        let mut write = leading(name, &provider_name, None);
        write.route.fallback = fallback.cloned();
        write
    };
    let providers = vec![creation(&provider_name, Owner::File, None)];
    let routes = vec![behind(&third, None), behind(&second, Some(&third)), behind(&first, Some(&second))];
    repository.write_all(ConfigurationSet { providers, routes }, &author(0)).await.unwrap();
    let changed = async |name: &Name, fallback: Option<&Name>| {
        let known = route(repository, name).await.unwrap();
        RouteWrite { current: Some((known.id, known.meta.version)), ..behind(name, fallback) }
    };
    let routes = vec![changed(&third, Some(&first)).await, changed(&second, None).await];
    let set = ConfigurationSet { providers: Vec::new(), routes };
    repository.write_all(set, &author(1)).await.unwrap();
    let fallback = async |name: &Name| route(repository, name).await.unwrap().fallback;
    let ids = (route(repository, &first).await.unwrap().id, route(repository, &second).await.unwrap().id);
    assert_eq!((fallback(&third).await, fallback(&first).await), (Some(ids.0), Some(ids.1)));
    assert_eq!(fallback(&second).await, None);
    let routes = vec![changed(&second, Some(&third)).await];
    let set = ConfigurationSet { providers: Vec::new(), routes };
    let error = repository.write_all(set, &author(2)).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Conflict { .. }), "a circle stays one: {error:?}");
}
