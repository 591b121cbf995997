//! What comes with the product.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a suite fails by panicking")]

use super::samples::{AT, author, new_provider, new_route, new_target, provider, unique_name};
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::meta::{Owner, Writer};
use switchyard_domain::name::Name;
use switchyard_domain::provider::{CredentialOwner, SharedPlace};
use switchyard_domain::route::Route;
use switchyard_ports::repositories::{
    Author, ConfigurationRepository, NewProvider, ProviderPatch, ProviderRemoval, RepositoryError,
    SealedSecret,
};

/// The first id of what comes with the product.
const FIRST: i64 = 1_000_000;

pub(super) async fn contract(repository: &dyn ConfigurationRepository) {
    an_edition_is_noted(repository).await;
    ids_are_counted_from_a_million(repository).await;
    a_provider_gives_way_to_one_of_its_name(repository).await;
    what_moves_nowhere_stays_what_it_is(repository).await;
    a_route_gives_way_to_one_of_its_name(repository).await;
    what_somebody_changed_gives_way_no_more(repository).await;
    what_somebody_stored_a_credential_for_gives_way_no_more(repository).await;
    whoever_names_the_address_that_stands_for_none_moves_nowhere(repository).await;
    what_people_wrote_does_not_give_way_to_the_product(repository).await;
}

fn product() -> Author {
    Author { by: Writer::SEED, at: AT }
}

async fn seed(repository: &dyn ConfigurationRepository, name: &Name) -> ProviderId {
    repository.create_provider(new_provider(name.clone(), &["m"]), &product()).await.unwrap()
}

async fn route(repository: &dyn ConfigurationRepository, id: RouteId) -> Route {
    repository.load().await.unwrap().routes.into_iter().find(|route| route.id == id).unwrap()
}

async fn an_edition_is_noted(repository: &dyn ConfigurationRepository) {
    let before = repository.revision().await.unwrap();
    repository.note_seeds(7).await.unwrap();
    assert_eq!(repository.seeds().await.unwrap(), 7);
    assert_eq!(repository.revision().await.unwrap(), before, "it is no change of configuration");
    repository.note_seeds(0).await.unwrap();
    assert_eq!(repository.seeds().await.unwrap(), 0);
}

async fn ids_are_counted_from_a_million(repository: &dyn ConfigurationRepository) {
    let name = unique_name("seeded");
    let seeded = seed(repository, &name).await;
    assert!(seeded.0 >= FIRST, "{seeded}");
    let own = repository.create_provider(new_provider(unique_name("own"), &["m"]), &author(0)).await.unwrap();
    assert!(own.0 < FIRST, "{own}");
    let target = || vec![new_target(seeded, "m")];
    let of_product =
        repository.create_route(new_route(unique_name("r"), target()), &product()).await.unwrap();
    let of_ana = repository.create_route(new_route(unique_name("r"), target()), &author(0)).await.unwrap();
    assert!(of_product.0 >= FIRST && of_ana.0 < FIRST, "{of_product} {of_ana}");
    repository.delete_route(of_product, None, &author(0)).await.unwrap();
    repository.delete_route(of_ana, None, &author(0)).await.unwrap();
    repository.delete_provider(seeded, ProviderRemoval::default(), &author(0)).await.unwrap();
    let later = seed(repository, &name).await;
    assert!(later.0 > seeded.0, "an id is never given twice");
}

fn second() -> CredentialOwner {
    CredentialOwner::Shared(SharedPlace::new(2).unwrap())
}

async fn a_provider_gives_way_to_one_of_its_name(repository: &dyn ConfigurationRepository) {
    let name = unique_name("vendor");
    let seeded = seed(repository, &name).await;
    let target = vec![new_target(seeded, "m")];
    let with_it = repository.create_route(new_route(unique_name("r"), target), &product()).await.unwrap();
    let secret = SealedSecret { sealed: "v1.k1.nonce.text".to_owned(), hint: "text".to_owned() };
    for owner in [CredentialOwner::SHARED, second(), CredentialOwner::User(7)] {
        repository.put_credential(seeded, &owner, Some(secret.clone()), None, &product()).await.unwrap();
    }
    let elsewhere = NewProvider {
        base_url: Some("https://other.example/v1".to_owned()),
        ..new_provider(name.clone(), &["m", "n"])
    };
    let id = repository.create_provider(elsewhere, &author(3)).await.unwrap();
    assert!(
        id.0 < FIRST,
        "nobody lent a credential for this address: what is known by the old id is not taken along"
    );
    assert_eq!(provider(repository, seeded).await, None);
    let stored = provider(repository, id).await.unwrap();
    assert_eq!((stored.meta.owner, stored.models.len(), stored.credentials), (Owner::Api, 2, vec![]));
    assert_eq!((stored.meta.created_at, stored.base_url.is_some()), (author(3).at, true));
    assert_eq!(route(repository, with_it).await.targets.first().unwrap().provider, id);
}

async fn what_moves_nowhere_stays_what_it_is(repository: &dyn ConfigurationRepository) {
    let name = unique_name("vendor");
    let seeded = seed(repository, &name).await;
    let secret = SealedSecret { sealed: "v1.k1.nonce.text".to_owned(), hint: "text".to_owned() };
    for owner in [CredentialOwner::SHARED, second()] {
        repository.put_credential(seeded, &owner, Some(secret.clone()), None, &product()).await.unwrap();
    }
    let version = provider(repository, seeded).await.unwrap().meta.version;
    let id = repository.create_provider(new_provider(name.clone(), &["m", "n"]), &author(0)).await.unwrap();
    let stored = provider(repository, id).await.unwrap();
    assert_eq!((id, stored.models.len(), stored.credentials), (seeded, 2, vec![]));
    assert!(stored.meta.version > version, "clients of the old one are not kept");
}

async fn a_route_gives_way_to_one_of_its_name(repository: &dyn ConfigurationRepository) {
    let provider = seed(repository, &unique_name("vendor")).await;
    let name = unique_name("route");
    let target = || vec![new_target(provider, "m")];
    let seeded = repository.create_route(new_route(name.clone(), target()), &product()).await.unwrap();
    let own = repository.create_route(new_route(name.clone(), Vec::new()), &author(2)).await.unwrap();
    let stored = route(repository, own).await;
    assert_eq!((own, stored.meta.owner, stored.targets.len()), (seeded, Owner::Api, 0));
    assert_eq!(stored.meta.created_at, author(2).at);
    let again = repository.create_route(new_route(name, target()), &author(0)).await.unwrap_err();
    assert!(matches!(again, RepositoryError::Conflict { .. }), "{again:?}");
}

async fn what_somebody_changed_gives_way_no_more(repository: &dyn ConfigurationRepository) {
    let name = unique_name("vendor");
    let seeded = seed(repository, &name).await;
    let off = ProviderPatch { is_enabled: Some(false), ..ProviderPatch::default() };
    repository.update_provider(seeded, off, &author(1)).await.unwrap();
    assert_eq!(provider(repository, seeded).await.unwrap().meta.owner, Owner::Api);
    let error = repository.create_provider(new_provider(name, &[]), &author(2)).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Conflict { .. }), "{error:?}");
}

async fn what_somebody_stored_a_credential_for_gives_way_no_more(repository: &dyn ConfigurationRepository) {
    let name = unique_name("vendor");
    let seeded = seed(repository, &name).await;
    let secret = SealedSecret { sealed: "v1.k1.nonce.text".to_owned(), hint: "text".to_owned() };
    // What somebody lends for their own calls makes the provider nobody's.
    let own = CredentialOwner::User(7);
    repository.put_credential(seeded, &own, Some(secret.clone()), None, &author(1)).await.unwrap();
    assert_eq!(provider(repository, seeded).await.unwrap().meta.owner, Owner::Seed);
    repository.put_credential(seeded, &second(), Some(secret), None, &author(1)).await.unwrap();
    assert_eq!(provider(repository, seeded).await.unwrap().meta.owner, Owner::Api);
    let error = repository.create_provider(new_provider(name, &[]), &author(2)).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Conflict { .. }), "{error:?}");
    assert_eq!(provider(repository, seeded).await.unwrap().credentials.len(), 1, "it is kept");
}

async fn whoever_names_the_address_that_stands_for_none_moves_nowhere(
    repository: &dyn ConfigurationRepository,
) {
    let name = unique_name("vendor");
    let seeded = seed(repository, &name).await;
    let named = |url: &str| NewProvider {
        base_url: Some(url.to_owned()),
        called_at: Some("https://Vendor.example/v1".to_owned()),
        ..new_provider(name.clone(), &["m"])
    };
    let id = repository.create_provider(named("https://vendor.example/v2"), &author(1)).await.unwrap();
    assert_eq!(id, seeded, "what people lent for it they have lent still");
    let stored = provider(repository, id).await.unwrap();
    assert_eq!(stored.base_url.as_deref(), Some("https://vendor.example/v2"));
    assert_eq!(stored.meta.owner, Owner::Api);
}

async fn what_people_wrote_does_not_give_way_to_the_product(repository: &dyn ConfigurationRepository) {
    let name = unique_name("vendor");
    repository.create_provider(new_provider(name.clone(), &[]), &author(0)).await.unwrap();
    let error = repository.create_provider(new_provider(name, &[]), &product()).await.unwrap_err();
    let RepositoryError::Conflict { .. } = error else { panic!("{error:?}") };
}
