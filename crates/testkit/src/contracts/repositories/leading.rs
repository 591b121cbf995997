//! What routes lead to, and who may take it away from under them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a suite fails by panicking")]

use super::samples::{
    AT, author, declared, new_provider, new_route, new_target, provider, route, unique_name,
};
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::meta::Writer;
use switchyard_domain::provider::CredentialOwner;
use switchyard_ports::repositories::{
    Author, ConfigurationRepository, NewProvider, NewRoute, ProviderPatch, ProviderRemoval, RepositoryError,
    SealedSecret,
};

pub(super) async fn contract(repository: &dyn ConfigurationRepository) {
    what_a_route_of_the_file_names_is_the_files_to_take_away(repository).await;
    whoever_takes_the_place_of_the_product_keeps_what_the_file_names(repository).await;
    a_model_that_a_route_names_goes_only_where_that_is_said(repository).await;
    a_credential_at_another_version_of_its_provider_is_refused(repository).await;
    a_route_that_one_of_the_file_falls_back_to_keeps_its_name(repository).await;
}

fn file() -> Author {
    Author { by: Writer::FILE, at: AT }
}

fn product() -> Author {
    Author { by: Writer::SEED, at: AT }
}

/// A provider of the models `a` and `b`, and a route of this author's to `a`.
async fn led_to(repository: &dyn ConfigurationRepository, by: &Author) -> (ProviderId, RouteId) {
    let new = new_provider(unique_name("led to"), &["a", "b"]);
    let id = repository.create_provider(new, &author(0)).await.unwrap();
    let new = new_route(unique_name("leading"), vec![new_target(id, "a")]);
    (id, repository.create_route(new, by).await.unwrap())
}

fn models(list: &[&str]) -> ProviderPatch {
    let models = list.iter().map(|model| declared(model)).collect();
    ProviderPatch { models: Some(models), ..ProviderPatch::default() }
}

fn names(error: &RepositoryError, name: &str) {
    let RepositoryError::Conflict { reason } = error else { panic!("{error:?}") };
    assert!(reason.contains(name), "{reason}");
}

async fn what_a_route_of_the_file_names_is_the_files_to_take_away(repository: &dyn ConfigurationRepository) {
    let (id, over) = led_to(repository, &file()).await;
    let name = route(repository, over).await.unwrap().name;
    let (before, revision) = (provider(repository, id).await, repository.revision().await.unwrap());
    let renamed = ProviderPatch { name: Some(unique_name("elsewhere")), ..ProviderPatch::default() };
    let forced = ProviderPatch { drops_used_models: true, ..models(&["b"]) };
    for patch in [renamed.clone(), models(&[]), models(&["b"]), forced] {
        let error = repository.update_provider(id, patch, &author(1)).await.unwrap_err();
        names(&error, name.as_str());
    }
    for takes_targets in [false, true] {
        let removal = ProviderRemoval { takes_targets, ..ProviderRemoval::default() };
        names(&repository.delete_provider(id, removal, &author(1)).await.unwrap_err(), name.as_str());
    }
    assert_eq!((provider(repository, id).await, repository.revision().await.unwrap()), (before, revision));
    // What it does not name may go, and the file takes away what it likes.
    repository.update_provider(id, models(&["a"]), &author(1)).await.unwrap();
    let off = ProviderPatch { is_enabled: Some(false), ..ProviderPatch::default() };
    repository.update_provider(id, off, &author(1)).await.unwrap();
    repository.update_provider(id, renamed, &file()).await.unwrap();
    let removal = ProviderRemoval { takes_targets: true, ..ProviderRemoval::default() };
    repository.delete_provider(id, removal, &file()).await.unwrap();
    assert!(route(repository, over).await.unwrap().targets.is_empty());
}

async fn whoever_takes_the_place_of_the_product_keeps_what_the_file_names(
    repository: &dyn ConfigurationRepository,
) {
    let name = unique_name("seeded");
    let seeded =
        repository.create_provider(new_provider(name.clone(), &["a", "b"]), &product()).await.unwrap();
    let new = new_route(unique_name("leading"), vec![new_target(seeded, "a")]);
    let over = repository.create_route(new, &file()).await.unwrap();
    let called = route(repository, over).await.unwrap().name;
    let elsewhere = |models| NewProvider {
        base_url: Some("https://other.example".to_owned()),
        ..new_provider(name.clone(), models)
    };
    for wanted in [new_provider(name.clone(), &["b"]), elsewhere(&["b"])] {
        names(&repository.create_provider(wanted, &author(1)).await.unwrap_err(), called.as_str());
    }
    assert!(provider(repository, seeded).await.is_some());
    let id = repository.create_provider(elsewhere(&["a"]), &author(1)).await.unwrap();
    assert_eq!(route(repository, over).await.unwrap().targets.first().unwrap().provider, id);
}

async fn a_route_that_one_of_the_file_falls_back_to_keeps_its_name(repository: &dyn ConfigurationRepository) {
    let behind = new_route(unique_name("behind"), Vec::new());
    let id = repository.create_route(behind.clone(), &author(0)).await.unwrap();
    let leaning = NewRoute { fallback: Some(id), ..new_route(unique_name("leaning"), Vec::new()) };
    repository.create_route(leaning.clone(), &file()).await.unwrap();
    let renamed = NewRoute { name: unique_name("elsewhere"), ..behind.clone() };
    let error = repository.replace_route(id, renamed.clone(), None, &author(1)).await.unwrap_err();
    names(&error, leaning.name.as_str());
    let off = NewRoute { is_active: false, ..behind };
    repository.replace_route(id, off, None, &author(1)).await.unwrap();
    repository.replace_route(id, renamed, None, &file()).await.unwrap();
}

async fn a_model_that_a_route_names_goes_only_where_that_is_said(repository: &dyn ConfigurationRepository) {
    let (id, over) = led_to(repository, &author(0)).await;
    let name = route(repository, over).await.unwrap().name;
    let error = repository.update_provider(id, models(&["b"]), &author(1)).await.unwrap_err();
    names(&error, name.as_str());
    repository.update_provider(id, models(&["a"]), &author(1)).await.unwrap();
    let forced = ProviderPatch { drops_used_models: true, ..models(&["b"]) };
    repository.update_provider(id, forced, &author(1)).await.unwrap();
    // It is not there any more: nothing of it can be dropped.
    repository.update_provider(id, models(&["c"]), &author(1)).await.unwrap();
    assert!(route(repository, over).await.unwrap().targets.is_empty(), "its target went with it");
}

async fn a_credential_at_another_version_of_its_provider_is_refused(
    repository: &dyn ConfigurationRepository,
) {
    let id = repository.create_provider(new_provider(unique_name("kept"), &[]), &author(0)).await.unwrap();
    let secret = || SealedSecret { sealed: "v1.k1.nonce.text".to_owned(), hint: "text".to_owned() };
    let shared = CredentialOwner::SHARED;
    let stale = RepositoryError::Stale { current: 1 };
    let put = repository.put_credential(id, &shared, Some(secret()), Some(2), &author(1)).await;
    assert_eq!(put.unwrap_err(), stale);
    let added = repository.add_credential(id, &shared, secret(), Some(2), &author(1)).await;
    assert_eq!(added.unwrap_err(), stale);
    assert!(provider(repository, id).await.unwrap().credentials.is_empty(), "nothing of it was written");
    repository.add_credential(id, &shared, secret(), Some(1), &author(1)).await.unwrap();
    repository.put_credential(id, &shared, None, Some(2), &author(1)).await.unwrap();
    assert!(provider(repository, id).await.unwrap().credentials.is_empty());
}
