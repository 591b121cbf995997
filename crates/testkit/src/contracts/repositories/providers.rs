//! Providers, models and credentials.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a suite fails by panicking")]

use super::samples::{
    AT, author, declared, declared_in_full, full_limits, new_provider, new_route, new_target, provider,
    unique_name,
};
use switchyard_domain::ids::ProviderId;
use switchyard_domain::meta::Writer;
use switchyard_domain::meta::{Owner, RowMeta};
use switchyard_domain::name::Name;
use switchyard_domain::provider::{Capabilities, CredentialOwner, Provider, SharedPlace};
use switchyard_domain::provider_health::ProviderHealth;
use switchyard_domain::time::Timestamp;
use switchyard_ports::repositories::{
    Author, ChangeKind, ConfigurationRepository, NewProvider, ProviderPatch, ProviderRemoval,
    RepositoryError, SealedSecret,
};

pub(super) async fn contract(repository: &dyn ConfigurationRepository) {
    a_provider_reads_back_as_it_was_written(repository).await;
    a_taken_name_is_a_conflict_that_names_it(repository).await;
    names_differ_by_case(repository).await;
    a_patch_changes_what_it_names_and_nothing_else(repository).await;
    a_patch_of_nothing_changes_nothing(repository).await;
    a_stale_version_is_refused(repository).await;
    of_two_writers_at_one_version_one_wins(repository).await;
    a_model_that_stays_in_the_list_keeps_its_id(repository).await;
    a_model_listed_twice_is_a_conflict(repository).await;
    a_credential_is_written_replaced_and_forgotten(repository).await;
    several_shared_credentials_stand_at_their_places(repository).await;
    only_the_shared_credential_is_loaded(repository).await;
    a_provider_in_use_is_not_removed_and_the_routes_are_named(repository).await;
    a_removed_provider_takes_its_credentials_along(repository).await;
    what_is_not_there_is_not_found(repository).await;
    an_id_is_never_given_twice(repository).await;
}

async fn make(repository: &dyn ConfigurationRepository, models: &[&str]) -> ProviderId {
    repository.create_provider(new_provider(unique_name("acme"), models), &author(0)).await.unwrap()
}

fn secret(hint: &str) -> SealedSecret {
    SealedSecret { sealed: format!("v1.k1.nonce.{hint}"), hint: hint.to_owned() }
}

async fn a_provider_reads_back_as_it_was_written(repository: &dyn ConfigurationRepository) {
    let name = Name::new(format!("Größe 'x' \"y\" % _ {}", super::samples::unique())).unwrap();
    let new = NewProvider {
        name: name.clone(),
        vendor: "acme".to_owned(),
        base_url: Some("https://llm.example/v1".to_owned()),
        called_at: None,
        is_enabled: false,
        models: vec![declared_in_full("org/large:beta"), declared("small")],
        credential: None,
    };
    let cli = Author { by: Writer::cli("ben"), at: AT };
    let id = repository.create_provider(new, &cli).await.unwrap();
    let stored = provider(repository, id).await.unwrap();
    assert_eq!((stored.id, stored.name, stored.vendor.as_str()), (id, name, "acme"));
    assert_eq!(stored.base_url.as_deref(), Some("https://llm.example/v1"));
    assert!(!stored.is_enabled && stored.credentials.is_empty());
    let [large, small] = stored.models.as_slice() else { panic!("{:?}", stored.models) };
    assert_eq!(large.model, "org/large:beta");
    assert_eq!(large.rates, declared_in_full("").rates);
    assert_eq!(large.limits, full_limits());
    assert_eq!((large.context_window, large.max_output_tokens), (Some(128_000), Some(16_384)));
    assert_eq!(large.capabilities, declared_in_full("").capabilities);
    assert!(!large.is_enabled && small.is_enabled);
    assert_eq!((small.rates, small.limits.is_none(), small.context_window), (None, true, None));
    let expected = RowMeta {
        version: 1,
        owner: Owner::Cli("ben".to_owned()),
        created_at: AT,
        updated_at: AT,
        updated_by: "cli:ben".to_owned(),
    };
    assert_eq!(stored.meta, expected);
    assert_eq!((small.capabilities, stored.health), (Capabilities::UNKNOWN, ProviderHealth::default()));
}

async fn a_taken_name_is_a_conflict_that_names_it(repository: &dyn ConfigurationRepository) {
    let name = unique_name("taken");
    repository.create_provider(new_provider(name.clone(), &[]), &author(0)).await.unwrap();
    let before = repository.revision().await.unwrap();
    let error = repository.create_provider(new_provider(name.clone(), &["m"]), &author(0)).await.unwrap_err();
    let RepositoryError::Conflict { reason } = error else { panic!("{error:?}") };
    assert!(reason.contains(name.as_str()), "{reason}");
    assert_eq!(repository.revision().await.unwrap(), before, "a refused write leaves no trace");
}

async fn names_differ_by_case(repository: &dyn ConfigurationRepository) {
    let lower = unique_name("case");
    let upper = Name::new(lower.as_str().to_uppercase()).unwrap();
    let one = repository.create_provider(new_provider(lower, &[]), &author(0)).await.unwrap();
    let other = repository.create_provider(new_provider(upper, &[]), &author(0)).await.unwrap();
    assert_ne!(one, other);
}

async fn a_patch_changes_what_it_names_and_nothing_else(repository: &dyn ConfigurationRepository) {
    let id = make(repository, &["a", "b"]).await;
    let before = provider(repository, id).await.unwrap();
    let off =
        ProviderPatch { is_enabled: Some(false), expected_version: Some(1), ..ProviderPatch::default() };
    let ben = Author { by: Writer::FILE, at: Timestamp(AT.0 + 5) };
    repository.update_provider(id, off, &ben).await.unwrap();
    let mut expected = before.clone();
    expected.is_enabled = false;
    expected.meta.version = 2;
    expected.meta.updated_at = Timestamp(AT.0 + 5);
    expected.meta.updated_by = "file".to_owned();
    assert_eq!(provider(repository, id).await.unwrap(), expected);

    let url = |url: Option<&str>| ProviderPatch {
        base_url: Some(url.map(str::to_owned)),
        owner: Some(Owner::File),
        ..ProviderPatch::default()
    };
    repository.update_provider(id, url(Some("http://x")), &ben).await.unwrap();
    let stored = provider(repository, id).await.unwrap();
    assert_eq!((stored.base_url.as_deref(), stored.meta.owner.clone()), (Some("http://x"), Owner::File));
    repository.update_provider(id, url(None), &ben).await.unwrap();
    let stored = provider(repository, id).await.unwrap();
    assert_eq!((stored.base_url, stored.meta.version), (None, 4));
}

async fn a_patch_of_nothing_changes_nothing(repository: &dyn ConfigurationRepository) {
    let id = make(repository, &["a"]).await;
    let before = repository.load().await.unwrap();
    let nothing = ProviderPatch { expected_version: Some(1), ..ProviderPatch::default() };
    repository.update_provider(id, nothing, &author(9)).await.unwrap();
    assert_eq!(repository.load().await.unwrap(), before);
}

async fn a_stale_version_is_refused(repository: &dyn ConfigurationRepository) {
    let id = make(repository, &["a"]).await;
    let patch = |version| ProviderPatch {
        is_enabled: Some(false),
        models: Some(Vec::new()),
        expected_version: Some(version),
        ..ProviderPatch::default()
    };
    for version in [0, 2] {
        let error = repository.update_provider(id, patch(version), &author(1)).await.unwrap_err();
        assert_eq!(error, RepositoryError::Stale { current: 1 });
    }
    assert_eq!(provider(repository, id).await.unwrap().models.len(), 1);
}

async fn of_two_writers_at_one_version_one_wins(repository: &dyn ConfigurationRepository) {
    let id = make(repository, &[]).await;
    let patch = |enabled| ProviderPatch {
        is_enabled: Some(enabled),
        expected_version: Some(1),
        ..ProviderPatch::default()
    };
    let writer = author(1);
    let writers = (0..8).map(|number| repository.update_provider(id, patch(number % 2 == 0), &writer));
    let outcomes = futures_util::future::join_all(writers).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    let stale = outcomes.iter().filter(|outcome| **outcome == Err(RepositoryError::Stale { current: 2 }));
    assert_eq!(stale.count(), 7, "{outcomes:?}");
}

async fn a_model_that_stays_in_the_list_keeps_its_id(repository: &dyn ConfigurationRepository) {
    let id = make(repository, &["a", "b", "c"]).await;
    let before = provider(repository, id).await.unwrap().models;
    let models = vec![declared("new"), declared_in_full("c"), declared("a")];
    let patch = ProviderPatch { models: Some(models), ..ProviderPatch::default() };
    repository.update_provider(id, patch, &author(1)).await.unwrap();
    let after = provider(repository, id).await.unwrap().models;
    let names: Vec<_> = after.iter().map(|model| model.model.as_str()).collect();
    assert_eq!(names, ["new", "c", "a"]);
    let id_of = |list: &[switchyard_domain::provider::ProviderModel], name: &str| {
        list.iter().find(|model| model.model == name).unwrap().id
    };
    assert_eq!(id_of(&after, "a"), id_of(&before, "a"));
    assert_eq!(id_of(&after, "c"), id_of(&before, "c"));
    assert!(before.iter().all(|model| model.id != id_of(&after, "new")));
    assert_eq!(after.iter().find(|model| model.model == "c").unwrap().limits, full_limits());
}

async fn a_model_listed_twice_is_a_conflict(repository: &dyn ConfigurationRepository) {
    let new = new_provider(unique_name("twice"), &["same", "same"]);
    let error = repository.create_provider(new, &author(0)).await.unwrap_err();
    assert!(matches!(&error, RepositoryError::Conflict { reason } if reason.contains("same")), "{error:?}");
}

async fn a_credential_is_written_replaced_and_forgotten(repository: &dyn ConfigurationRepository) {
    let id = make(repository, &["a"]).await;
    let shared = CredentialOwner::SHARED;
    repository.put_credential(id, &shared, Some(secret("aaaa")), None, &author(1)).await.unwrap();
    let first = provider(repository, id).await.unwrap();
    let credential = first.credential().unwrap().clone();
    assert_eq!((credential.sealed.as_str(), credential.hint.as_str()), ("v1.k1.nonce.aaaa", "aaaa"));
    assert_eq!((credential.owner, credential.meta.version), (CredentialOwner::SHARED, 1));
    assert_eq!(first.meta.version, 2, "a new secret makes a new client");
    assert_eq!(first.meta.updated_at, author(1).at);

    repository.put_credential(id, &shared, Some(secret("bbbb")), None, &author(2)).await.unwrap();
    let second = provider(repository, id).await.unwrap();
    let replaced = second.credential().unwrap();
    assert_eq!((replaced.id, replaced.hint.as_str(), replaced.meta.version), (credential.id, "bbbb", 2));
    assert_eq!((replaced.meta.created_at, replaced.meta.updated_at), (author(1).at, author(2).at));
    assert_eq!(second.meta.version, 3);

    repository.put_credential(id, &shared, None, None, &author(3)).await.unwrap();
    let third = provider(repository, id).await.unwrap();
    assert_eq!((third.credentials, third.meta.version), (vec![], 4));
    let before = repository.revision().await.unwrap();
    repository.put_credential(id, &shared, None, None, &author(4)).await.unwrap();
    assert_eq!(repository.revision().await.unwrap(), before, "there was nothing to forget");
}

async fn several_shared_credentials_stand_at_their_places(repository: &dyn ConfigurationRepository) {
    let id = make(repository, &["a"]).await;
    let at = |place| CredentialOwner::Shared(SharedPlace::new(place).unwrap());
    for place in [10, 2, 16, 1] {
        let secret = secret(&format!("no {place}"));
        repository.add_credential(id, &at(place), secret, None, &author(1)).await.unwrap();
    }
    let stored = provider(repository, id).await.unwrap();
    let hints = |stored: &Provider| -> Vec<String> {
        stored.credentials.iter().map(|credential| credential.hint.clone()).collect()
    };
    assert_eq!(hints(&stored), ["no 1", "no 2", "no 10", "no 16"]);
    assert_eq!(stored.credentials.get(2).unwrap().owner, at(10));
    assert_eq!(stored.meta.version, 5, "each makes a new client");

    let before = repository.revision().await.unwrap();
    let taken = repository.add_credential(id, &at(10), secret("late"), None, &author(2)).await.unwrap_err();
    assert!(matches!(taken, RepositoryError::Conflict { .. }), "{taken:?}");
    assert_eq!(repository.revision().await.unwrap(), before, "what is refused writes nothing");
    repository.put_credential(id, &at(2), None, None, &author(3)).await.unwrap();
    repository.put_credential(id, &at(16), Some(secret("newer")), None, &author(3)).await.unwrap();
    let stored = provider(repository, id).await.unwrap();
    assert_eq!(hints(&stored), ["no 1", "no 10", "newer"]);
    assert_eq!(stored.credential_at(SharedPlace::new(16).unwrap()).unwrap().meta.version, 2);
    assert_eq!(stored.credential_at(SharedPlace::new(2).unwrap()), None);
    let changes = repository.changes_since(before).await.unwrap().unwrap();
    assert!(
        changes.iter().all(|change| (change.kind, change.id) == (ChangeKind::Provider, id.0)),
        "{changes:?}"
    );
    repository.add_credential(id, &at(2), secret("again"), None, &author(4)).await.unwrap();
    assert_eq!(hints(&provider(repository, id).await.unwrap()), ["no 1", "again", "no 10", "newer"]);
}

async fn only_the_shared_credential_is_loaded(repository: &dyn ConfigurationRepository) {
    let id = make(repository, &["a"]).await;
    for owner in [CredentialOwner::User(1), CredentialOwner::VirtualKey(1), CredentialOwner::VirtualKey(2)] {
        repository.put_credential(id, &owner, Some(secret("mine")), None, &author(1)).await.unwrap();
    }
    assert_eq!(provider(repository, id).await.unwrap().credentials, []);
    repository
        .put_credential(id, &CredentialOwner::SHARED, Some(secret("ours")), None, &author(1))
        .await
        .unwrap();
    repository.put_credential(id, &CredentialOwner::User(1), None, None, &author(1)).await.unwrap();
    assert_eq!(provider(repository, id).await.unwrap().credential().unwrap().hint, "ours");
}

async fn a_provider_in_use_is_not_removed_and_the_routes_are_named(repository: &dyn ConfigurationRepository) {
    let id = make(repository, &["a", "b"]).await;
    let (one, other) = (unique_name("used one"), unique_name("used other"));
    let targets = vec![new_target(id, "a"), new_target(id, "b")];
    let first = repository.create_route(new_route(one.clone(), targets), &author(0)).await.unwrap();
    let targets = vec![new_target(id, "a")];
    let second = repository.create_route(new_route(other.clone(), targets), &author(0)).await.unwrap();
    let error = repository.delete_provider(id, ProviderRemoval::default(), &author(1)).await.unwrap_err();
    let RepositoryError::Conflict { reason } = error else { panic!("{error:?}") };
    assert_eq!(reason.matches(one.as_str()).count(), 1, "{reason}");
    assert_eq!(reason.matches(other.as_str()).count(), 1, "{reason}");
    repository.delete_route(first, None, &author(1)).await.unwrap();
    repository.delete_route(second, None, &author(1)).await.unwrap();
    repository.delete_provider(id, ProviderRemoval::default(), &author(1)).await.unwrap();
    assert_eq!(provider(repository, id).await, None);
}

async fn a_removed_provider_takes_its_credentials_along(repository: &dyn ConfigurationRepository) {
    let name = unique_name("reborn");
    let new = || new_provider(name.clone(), &["a"]);
    let id = repository.create_provider(new(), &author(0)).await.unwrap();
    repository
        .put_credential(id, &CredentialOwner::SHARED, Some(secret("gone")), None, &author(1))
        .await
        .unwrap();
    repository.delete_provider(id, ProviderRemoval::default(), &author(2)).await.unwrap();
    let again = repository.create_provider(new(), &author(3)).await.unwrap();
    assert_eq!(provider(repository, again).await.unwrap().credentials, []);
}

async fn what_is_not_there_is_not_found(repository: &dyn ConfigurationRepository) {
    let id = ProviderId(i64::MAX);
    let before = repository.revision().await.unwrap();
    let author = author(0);
    let patch = ProviderPatch { is_enabled: Some(true), ..ProviderPatch::default() };
    let shared = CredentialOwner::SHARED;
    let outcomes = [
        repository.update_provider(id, patch, &author).await,
        repository.update_provider(id, ProviderPatch::default(), &author).await,
        repository.delete_provider(id, ProviderRemoval::default(), &author).await.map(drop),
        repository.put_credential(id, &shared, Some(secret("x")), None, &author).await,
        repository.put_credential(id, &shared, None, None, &author).await,
        repository.add_credential(id, &shared, secret("x"), None, &author).await,
    ];
    for outcome in outcomes {
        assert!(matches!(outcome, Err(RepositoryError::NotFound { .. })), "{outcome:?}");
    }
    assert_eq!(repository.revision().await.unwrap(), before);
}

async fn an_id_is_never_given_twice(repository: &dyn ConfigurationRepository) {
    let last = make(repository, &[]).await;
    repository.delete_provider(last, ProviderRemoval::default(), &author(1)).await.unwrap();
    assert!(make(repository, &[]).await > last, "history that names the id must not mean another provider");
}
