//! What the configuration file says of what it owns: declared, switched off or not, or withdrawn.

#![expect(clippy::unwrap_used, reason = "a suite fails by panicking")]

use super::samples::{author, declared, new_provider, new_route, new_target, unique_name};
use std::sync::Arc;
use switchyard_domain::declaration::{Declaration, GivenKeys};
use switchyard_domain::declared::{DeclaredRoute, DeclaredTarget};
use switchyard_domain::ids::ProviderId;
use switchyard_domain::meta::{Owner, Writer};
use switchyard_domain::name::Name;
use switchyard_domain::provider::{CredentialOwner, Provider};
use switchyard_domain::route::Route;
use switchyard_ports::repositories::{
    Author, ConfigurationRepository, ConfigurationSet, NewProvider, NewRoute, ProviderPatch, ProviderStep,
    ProviderWrite, RepositoryError, RouteWrite, SealedSecret,
};

pub(super) async fn contract(repository: &dyn ConfigurationRepository) {
    what_is_declared_and_off_is_told_from_what_is_withdrawn(repository).await;
    a_declaration_alone_is_a_change_and_the_same_again_is_none(repository).await;
    what_is_withdrawn_is_its_changers_from_then_on(repository).await;
    a_route_that_is_withdrawn_binds_nobody(repository).await;
    a_provider_is_written_with_its_credential_or_not_at_all(repository).await;
}

const WITHDRAWN: Declaration = Declaration { is_withdrawn: true, given_keys: GivenKeys::None };
const GIVEN: Declaration = Declaration { is_withdrawn: false, given_keys: GivenKeys::All };

fn file() -> Author {
    Author { by: Writer::FILE, ..author(0) }
}

async fn provider(repository: &dyn ConfigurationRepository, name: &Name) -> Provider {
    let stored = repository.load().await.unwrap();
    stored.providers.into_iter().find(|provider| provider.name == *name).unwrap()
}

async fn route(repository: &dyn ConfigurationRepository, name: &Name) -> Route {
    repository.load().await.unwrap().routes.into_iter().find(|route| route.name == *name).unwrap()
}

fn of_provider(step: ProviderStep, declaration: Declaration) -> ProviderWrite {
    ProviderWrite { step, credentials: Vec::new(), health: None, declaration, owner: Owner::File }
}

/// A provider and a route over it, which the file declares switched off. Answers their name.
async fn declared_off(repository: &dyn ConfigurationRepository) -> Name {
    let name = unique_name("declared");
    let new = NewProvider { is_enabled: false, ..new_provider(name.clone(), &["a", "b"]) };
    let over = DeclaredRoute {
        targets: vec![DeclaredTarget::new(name.clone(), "a")],
        enabled: false,
        ..DeclaredRoute::new(name.clone())
    };
    let over = RouteWrite { current: None, route: over, is_withdrawn: false, owner: Owner::File };
    let providers = vec![of_provider(ProviderStep::Create(new), GIVEN)];
    repository.write_all(ConfigurationSet { providers, routes: vec![over] }, &file()).await.unwrap();
    name
}

/// The file declares both no more.
async fn withdraw(repository: &dyn ConfigurationRepository, name: &Name) {
    let (known, over) = (provider(repository, name).await, route(repository, name).await);
    let step = ProviderStep::Update(known.id, ProviderPatch::default());
    let same = NewRoute::from(&over).declared(|_| Some(name.clone()), None);
    let over = RouteWrite {
        current: Some((over.id, over.meta.version)),
        route: same,
        is_withdrawn: true,
        owner: Owner::File,
    };
    let set = ConfigurationSet { providers: vec![of_provider(step, WITHDRAWN)], routes: vec![over] };
    repository.write_all(set, &file()).await.unwrap();
}

async fn what_is_declared_and_off_is_told_from_what_is_withdrawn(repository: &dyn ConfigurationRepository) {
    let name = declared_off(repository).await;
    let (known, over) = (provider(repository, &name).await, route(repository, &name).await);
    assert!(known.is_declared() && !known.is_enabled && over.is_declared() && !over.is_active);
    assert_eq!(known.declaration, GIVEN);
    withdraw(repository, &name).await;
    let (known, over) = (provider(repository, &name).await, route(repository, &name).await);
    assert!(!known.is_declared() && !over.is_declared(), "both belong to the file, and are declared no more");
    assert_eq!((known.declaration, known.meta.owner, over.meta.owner), (WITHDRAWN, Owner::File, Owner::File));
}

async fn a_declaration_alone_is_a_change_and_the_same_again_is_none(
    repository: &dyn ConfigurationRepository,
) {
    let name = declared_off(repository).await;
    let before = provider(repository, &name).await;
    let again = |declaration| ConfigurationSet {
        providers: vec![of_provider(ProviderStep::Update(before.id, ProviderPatch::default()), declaration)],
        routes: Vec::new(),
    };
    let revision = repository.revision().await.unwrap();
    repository.write_all(again(GIVEN), &file()).await.unwrap();
    assert_eq!(
        (provider(repository, &name).await, repository.revision().await.unwrap()),
        (before.clone(), revision)
    );
    repository.write_all(again(WITHDRAWN), &file()).await.unwrap();
    let now = provider(repository, &name).await;
    assert_eq!((now.declaration, now.meta.version), (WITHDRAWN, before.meta.version + 1));
    assert_eq!(repository.revision().await.unwrap().0, revision.0 + 1);
    repository.write_all(again(WITHDRAWN), &file()).await.unwrap();
    assert_eq!(provider(repository, &name).await, now);
}

async fn what_is_withdrawn_is_its_changers_from_then_on(repository: &dyn ConfigurationRepository) {
    let name = declared_off(repository).await;
    let on = ProviderPatch { is_enabled: Some(true), ..ProviderPatch::default() };
    let known = provider(repository, &name).await;
    repository.update_provider(known.id, on.clone(), &author(1)).await.unwrap();
    assert_eq!(
        provider(repository, &name).await.meta.owner,
        Owner::File,
        "what it declares stays the file's"
    );
    withdraw(repository, &name).await;
    repository.update_provider(known.id, on, &author(1)).await.unwrap();
    let now = provider(repository, &name).await;
    assert_eq!((now.meta.owner, now.declaration), (Owner::Api, Declaration::default()));
    let over = route(repository, &name).await;
    let version = Some(over.meta.version);
    repository.replace_route(over.id, NewRoute::from(&over), version, &author(1)).await.unwrap();
    let over = route(repository, &name).await;
    assert_eq!((over.meta.owner, over.is_withdrawn), (Owner::Api, false));

    let other = declared_off(repository).await;
    withdraw(repository, &other).await;
    let known = provider(repository, &other).await;
    let secret = SealedSecret { sealed: "v1.k1.nonce.text".to_owned(), hint: "text".to_owned() };
    let shared = CredentialOwner::SHARED;
    repository.put_credential(known.id, &shared, Some(secret), None, &author(1)).await.unwrap();
    let now = provider(repository, &other).await;
    assert_eq!((now.meta.owner, now.declaration), (Owner::Api, Declaration::default()));
}

async fn a_route_that_is_withdrawn_binds_nobody(repository: &dyn ConfigurationRepository) {
    let name = declared_off(repository).await;
    let known = provider(repository, &name).await;
    let less = ProviderPatch {
        models: Some(vec![declared("b")]),
        drops_used_models: true,
        ..ProviderPatch::default()
    };
    let error = repository.update_provider(known.id, less.clone(), &author(1)).await.unwrap_err();
    assert!(
        matches!(error, RepositoryError::Conflict { .. }),
        "switched off it is declared still: {error:?}"
    );
    let behind = new_route(unique_name("behind"), vec![new_target(known.id, "b")]);
    let behind = repository.create_route(behind, &author(0)).await.unwrap();
    withdraw(repository, &name).await;
    repository.update_provider(known.id, less, &author(1)).await.unwrap();
    assert!(!route(repository, &name).await.is_declared(), "it stays withdrawn");
    repository.delete_route(behind, None, &author(1)).await.unwrap();
}

async fn a_provider_is_written_with_its_credential_or_not_at_all(repository: &dyn ConfigurationRepository) {
    let name = unique_name("with its key");
    let seal = |id: ProviderId| {
        Ok(SealedSecret { sealed: format!("v1.0badcafe.{id}.text"), hint: "text".to_owned() })
    };
    let new = NewProvider { credential: Some(Arc::new(seal)), ..new_provider(name.clone(), &["a"]) };
    let revision = repository.revision().await.unwrap();
    let id = repository.create_provider(new, &author(0)).await.unwrap();
    let known = provider(repository, &name).await;
    assert_eq!(known.credential().map(|known| known.sealed.clone()), Some(format!("v1.0badcafe.{id}.text")));
    assert_eq!(
        (known.meta.version, repository.revision().await.unwrap().0),
        (1, revision.0 + 1),
        "one write"
    );
    let unsealed = |_: ProviderId| Err(RepositoryError::Unavailable("no key".to_owned()));
    let name = unique_name("without");
    let new = NewProvider { credential: Some(Arc::new(unsealed)), ..new_provider(name.clone(), &[]) };
    repository.create_provider(new, &author(0)).await.unwrap_err();
    let stored = repository.load().await.unwrap();
    assert!(stored.providers.iter().all(|provider| provider.name != name), "nothing of it is there");
}
