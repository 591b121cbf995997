//! Providers that are renamed, given a credential together with other changes, or removed from under routes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a suite fails by panicking")]

use super::samples::{author, declared, new_provider, new_route, new_target, provider, route, unique_name};
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::provider::{Capabilities, CredentialOwner};
use switchyard_ports::repositories::{
    Change, ChangeKind, ConfigurationRepository, NewTarget, ProviderPatch, ProviderRemoval, RepositoryError,
    SealedSecret,
};

pub(super) async fn contract(repository: &dyn ConfigurationRepository) {
    a_provider_gets_another_name_and_everything_of_it_goes_along(repository).await;
    a_name_that_is_taken_is_not_given_to_another(repository).await;
    a_credential_comes_with_the_change_at_one_version(repository).await;
    a_credential_of_the_change_outlives_what_is_forgotten(repository).await;
    a_model_is_switched_off_and_its_capabilities_are_stated(repository).await;
    a_forced_removal_takes_the_targets_and_raises_the_routes_versions(repository).await;
    a_removal_of_a_stale_version_is_refused(repository).await;
}

async fn make(repository: &dyn ConfigurationRepository, models: &[&str]) -> ProviderId {
    repository.create_provider(new_provider(unique_name("moving"), models), &author(0)).await.unwrap()
}

fn secret(hint: &str) -> SealedSecret {
    SealedSecret { sealed: format!("v1.k1.nonce.{hint}"), hint: hint.to_owned() }
}

async fn a_provider_gets_another_name_and_everything_of_it_goes_along(
    repository: &dyn ConfigurationRepository,
) {
    let id = make(repository, &["a"]).await;
    repository
        .put_credential(id, &CredentialOwner::SHARED, Some(secret("aaaa")), None, &author(1))
        .await
        .unwrap();
    let before = provider(repository, id).await.unwrap();
    let name = unique_name("moved");
    let patch = ProviderPatch {
        name: Some(name.clone()),
        vendor: Some("other".to_owned()),
        ..ProviderPatch::default()
    };
    repository.update_provider(id, patch, &author(2)).await.unwrap();
    let after = provider(repository, id).await.unwrap();
    assert_eq!((&after.name, after.meta.version), (&name, before.meta.version + 1));
    assert_eq!(after.vendor, "other");
    assert_eq!((after.models, after.credentials), (before.models, before.credentials));
    // The old name is free.
    repository.create_provider(new_provider(before.name, &[]), &author(3)).await.unwrap();
}

async fn a_name_that_is_taken_is_not_given_to_another(repository: &dyn ConfigurationRepository) {
    let (one, other) = (make(repository, &[]).await, make(repository, &[]).await);
    let taken = provider(repository, one).await.unwrap().name;
    let before = repository.revision().await.unwrap();
    let patch = ProviderPatch { name: Some(taken.clone()), ..ProviderPatch::default() };
    let error = repository.update_provider(other, patch.clone(), &author(1)).await.unwrap_err();
    let RepositoryError::Conflict { reason } = error else { panic!("{error:?}") };
    assert!(reason.contains(taken.as_str()), "{reason}");
    assert_eq!(repository.revision().await.unwrap(), before, "a refused write leaves no trace");
    repository.update_provider(one, patch, &author(1)).await.unwrap();
}

async fn a_credential_comes_with_the_change_at_one_version(repository: &dyn ConfigurationRepository) {
    let id = make(repository, &["a"]).await;
    let patch = |version| ProviderPatch {
        is_enabled: Some(false),
        credential: Some(Some(secret("bbbb"))),
        expected_version: Some(version),
        ..ProviderPatch::default()
    };
    let error = repository.update_provider(id, patch(2), &author(1)).await.unwrap_err();
    assert_eq!(error, RepositoryError::Stale { current: 1 });
    assert_eq!(provider(repository, id).await.unwrap().credentials, [], "nothing of it was written");
    repository.update_provider(id, patch(1), &author(1)).await.unwrap();
    let stored = provider(repository, id).await.unwrap();
    assert_eq!((stored.meta.version, stored.is_enabled), (2, false));
    let first = stored.credential().unwrap().clone();
    assert_eq!((first.hint.as_str(), first.meta.version), ("bbbb", 1));
    let replaced = ProviderPatch { credential: Some(Some(secret("cccc"))), ..ProviderPatch::default() };
    repository.update_provider(id, replaced, &author(2)).await.unwrap();
    let stored = provider(repository, id).await.unwrap();
    let second = stored.credential().unwrap();
    assert_eq!((second.id, second.hint.as_str(), second.meta.version), (first.id, "cccc", 2));
    assert_eq!(stored.meta.version, 3);
    let forgotten = ProviderPatch { credential: Some(None), ..ProviderPatch::default() };
    repository.update_provider(id, forgotten, &author(3)).await.unwrap();
    let stored = provider(repository, id).await.unwrap();
    assert_eq!((stored.credentials.len(), stored.meta.version), (0, 4));
}

async fn a_credential_of_the_change_outlives_what_is_forgotten(repository: &dyn ConfigurationRepository) {
    let id = make(repository, &[]).await;
    for owner in [CredentialOwner::SHARED, CredentialOwner::User(1)] {
        repository.put_credential(id, &owner, Some(secret("old")), None, &author(1)).await.unwrap();
    }
    let patch = ProviderPatch {
        base_url: Some(Some("https://elsewhere.example/v1".to_owned())),
        forgets_credentials: true,
        credential: Some(Some(secret("new"))),
        ..ProviderPatch::default()
    };
    repository.update_provider(id, patch, &author(2)).await.unwrap();
    assert_eq!(provider(repository, id).await.unwrap().credential().unwrap().hint, "new");
    repository
        .put_credential(id, &CredentialOwner::User(1), Some(secret("own")), None, &author(3))
        .await
        .unwrap();
    let patch = ProviderPatch {
        base_url: Some(None),
        forgets_credentials: true,
        keeps_shared: true,
        ..ProviderPatch::default()
    };
    let before = repository.revision().await.unwrap();
    repository.update_provider(id, patch, &author(4)).await.unwrap();
    assert_eq!(provider(repository, id).await.unwrap().credential().unwrap().hint, "new");
    let changes = repository.changes_since(before).await.unwrap().unwrap();
    let forgotten = changes.iter().filter(|change| change.kind == ChangeKind::Credential);
    assert_eq!(forgotten.count(), 1, "nobody lent theirs for it: {changes:?}");
}

async fn a_model_is_switched_off_and_its_capabilities_are_stated(repository: &dyn ConfigurationRepository) {
    let id = make(repository, &["a"]).await;
    let said = Capabilities { vision: Some(false), json_schema: Some(true), ..Capabilities::UNKNOWN };
    let mut model = declared("a");
    (model.capabilities, model.enabled) = (said, false);
    let patch = |model| ProviderPatch { models: Some(vec![model]), ..ProviderPatch::default() };
    repository.update_provider(id, patch(model), &author(1)).await.unwrap();
    let stored = provider(repository, id).await.unwrap().models.remove(0);
    assert_eq!((stored.capabilities, stored.is_enabled), (said, false));
    repository.update_provider(id, patch(declared("a")), &author(2)).await.unwrap();
    let again = provider(repository, id).await.unwrap().models.remove(0);
    assert_eq!((again.id, again.capabilities, again.is_enabled), (stored.id, Capabilities::UNKNOWN, true));
}

async fn route_over(repository: &dyn ConfigurationRepository, targets: Vec<NewTarget>) -> RouteId {
    repository.create_route(new_route(unique_name("over"), targets), &author(0)).await.unwrap()
}

async fn a_forced_removal_takes_the_targets_and_raises_the_routes_versions(
    repository: &dyn ConfigurationRepository,
) {
    let (goes, stays) = (make(repository, &["a", "b"]).await, make(repository, &["c"]).await);
    let both = vec![new_target(goes, "a"), new_target(stays, "c"), new_target(goes, "b")];
    let mixed = route_over(repository, both).await;
    let alone = route_over(repository, vec![new_target(goes, "a")]).await;
    let other = route_over(repository, vec![new_target(stays, "c")]).await;
    let before = repository.revision().await.unwrap();
    let forced = ProviderRemoval { takes_targets: true, ..ProviderRemoval::default() };
    let changed = repository.delete_provider(goes, forced, &author(5)).await.unwrap();

    assert_eq!(provider(repository, goes).await, None);
    let mixed_now = route(repository, mixed).await.unwrap();
    let models: Vec<&str> = mixed_now.targets.iter().filter_map(|target| target.models.first()).collect();
    assert_eq!((models, mixed_now.meta.version), (vec!["c"], 2));
    assert_eq!((mixed_now.meta.updated_at, mixed_now.meta.updated_by.as_str()), (author(5).at, "ana"));
    let alone_now = route(repository, alone).await.unwrap();
    assert_eq!((alone_now.targets.len(), alone_now.meta.version), (0, 2));
    assert_eq!(route(repository, other).await.unwrap().meta.version, 1);
    let versions = repository.route_versions(mixed, None, 10).await.unwrap();
    assert_eq!(
        versions.iter().map(|kept| kept.version).collect::<Vec<_>>(),
        [2, 1],
        "it is kept as any other"
    );
    assert_eq!(versions.first().unwrap().route.targets.len(), 1);
    let mut names = [mixed_now.name.to_string(), alone_now.name.to_string()];
    names.sort_unstable();
    assert_eq!(changed, names);

    let changes = repository.changes_since(before).await.unwrap().unwrap();
    let mut told: Vec<(ChangeKind, i64)> =
        changes.into_iter().map(|Change { kind, id, .. }| (kind, id)).collect();
    told.sort_unstable_by_key(|(kind, id)| (*kind == ChangeKind::Route, *id));
    let mut routes = [mixed.0, alone.0];
    routes.sort_unstable();
    let expected = routes.map(|id| (ChangeKind::Route, id));
    assert_eq!(told, [vec![(ChangeKind::Provider, goes.0)], expected.to_vec()].concat());
}

async fn a_removal_of_a_stale_version_is_refused(repository: &dyn ConfigurationRepository) {
    let id = make(repository, &["a"]).await;
    let of = |version| ProviderRemoval { expected_version: Some(version), ..ProviderRemoval::default() };
    let error = repository.delete_provider(id, of(2), &author(1)).await.unwrap_err();
    assert_eq!(error, RepositoryError::Stale { current: 1 });
    assert!(repository.delete_provider(id, of(1), &author(1)).await.unwrap().is_empty());
}
