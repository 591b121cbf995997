//! Vendors' credentials, whoever's they are.

#![expect(clippy::unwrap_used, reason = "a suite fails by panicking")]

use super::samples::{author, new_provider, unique, unique_name};
use switchyard_domain::ids::{CredentialId, ProviderId};
use switchyard_domain::provider::CredentialOwner;
use switchyard_ports::repositories::{
    ChangeKind, ConfigurationRepository, CredentialRepository, ProviderPatch, SealedSecret, StoredCredential,
};

/// What every repository of credentials does. `configuration` works on the same database.
pub async fn credential_contract(
    repository: &dyn CredentialRepository,
    configuration: &dyn ConfigurationRepository,
) {
    credentials_are_found_by_owner_by_id_and_page_by_page(repository, configuration).await;
    an_own_credential_changes_no_provider_and_is_told_by_its_id(repository, configuration).await;
    a_provider_that_moves_forgets_whose_credentials_it_had(repository, configuration).await;
    a_text_is_sealed_anew_only_where_it_still_is_what_was_read(repository, configuration).await;
}

async fn provider(configuration: &dyn ConfigurationRepository) -> ProviderId {
    let new = new_provider(unique_name("credentials"), &[]);
    configuration.create_provider(new, &author(0)).await.unwrap()
}

fn user() -> CredentialOwner {
    CredentialOwner::User(i64::try_from(1_000_000 + unique()).unwrap())
}

fn sealed(key: &str, text: &str) -> SealedSecret {
    SealedSecret { sealed: format!("v1.{key}.nonce.{text}"), hint: text.to_owned() }
}

async fn put(
    configuration: &dyn ConfigurationRepository,
    provider: ProviderId,
    owner: &CredentialOwner,
    text: &str,
) {
    configuration.put_credential(provider, owner, Some(sealed("k1", text)), None, &author(1)).await.unwrap();
}

async fn only_one(repository: &dyn CredentialRepository, owner: &CredentialOwner) -> StoredCredential {
    let found = repository.credentials_of(owner).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    found.into_iter().next().unwrap()
}

async fn credentials_are_found_by_owner_by_id_and_page_by_page(
    repository: &dyn CredentialRepository,
    configuration: &dyn ConfigurationRepository,
) {
    let (one, other) = (provider(configuration).await, provider(configuration).await);
    let (ana, key) = (user(), CredentialOwner::VirtualKey(i64::try_from(unique()).unwrap()));
    assert_eq!(repository.credentials_of(&ana).await.unwrap(), []);
    put(configuration, one, &CredentialOwner::SHARED, "shared").await;
    put(configuration, one, &ana, "anas").await;
    put(configuration, other, &ana, "anas other").await;
    put(configuration, one, &key, "keys").await;

    let anas = repository.credentials_of(&ana).await.unwrap();
    let told: Vec<_> = anas.iter().map(|stored| (stored.provider, stored.credential.hint.as_str())).collect();
    assert_eq!(told, [(one, "anas"), (other, "anas other")]);
    assert!(anas.iter().all(|stored| stored.credential.owner == ana && stored.credential.meta.version == 1));
    let keys = only_one(repository, &key).await;
    let ids = [keys.credential.id, CredentialId(i64::MAX), anas.first().unwrap().credential.id];
    let mut by_ids = repository.credentials_by_ids(&ids).await.unwrap();
    by_ids.sort_by_key(|stored| stored.credential.id);
    assert_eq!(by_ids, [anas.first().unwrap().clone(), keys.clone()]);

    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = repository.credentials(after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.credential.id);
        all.extend(page);
    }
    assert!(all.is_sorted_by_key(|stored| stored.credential.id));
    assert!(anas.iter().chain([&keys]).all(|stored| all.contains(stored)));
    assert!(all.iter().any(|stored| stored.provider == one && stored.credential.hint == "shared"));
}

async fn an_own_credential_changes_no_provider_and_is_told_by_its_id(
    repository: &dyn CredentialRepository,
    configuration: &dyn ConfigurationRepository,
) {
    let (provider, ana) = (provider(configuration).await, user());
    let before = configuration.load().await.unwrap();
    put(configuration, provider, &ana, "first").await;
    let first = only_one(repository, &ana).await;
    put(configuration, provider, &ana, "second").await;
    let second = only_one(repository, &ana).await;
    assert_eq!((second.credential.id, second.credential.meta.version), (first.credential.id, 2));
    assert_eq!(second.credential.hint, "second");
    configuration.put_credential(provider, &ana, None, None, &author(2)).await.unwrap();
    configuration.put_credential(provider, &ana, None, None, &author(2)).await.unwrap();
    assert_eq!(repository.credentials_of(&ana).await.unwrap(), []);

    let changes = configuration.changes_since(before.revision).await.unwrap().unwrap();
    let told: Vec<_> = changes.iter().map(|change| (change.kind, change.id)).collect();
    assert_eq!(told, [(ChangeKind::Credential, first.credential.id.0); 3]);
    assert_eq!(configuration.load().await.unwrap().providers, before.providers);
    let nowhere = ProviderId(i64::MAX);
    configuration.put_credential(nowhere, &ana, Some(sealed("k1", "x")), None, &author(1)).await.unwrap_err();
    configuration.put_credential(nowhere, &ana, None, None, &author(1)).await.unwrap_err();
}

async fn a_text_is_sealed_anew_only_where_it_still_is_what_was_read(
    repository: &dyn CredentialRepository,
    configuration: &dyn ConfigurationRepository,
) {
    let (provider, ana) = (provider(configuration).await, user());
    put(configuration, provider, &ana, "old").await;
    let stored = only_one(repository, &ana).await.credential;
    let revision = configuration.revision().await.unwrap();
    let after = sealed("k2", "old").sealed;
    assert!(!repository.reseal(stored.id, "v1.k1.nonce.other", &after).await.unwrap());
    assert!(repository.reseal(stored.id, &stored.sealed, &after).await.unwrap());
    assert!(!repository.reseal(stored.id, &stored.sealed, &after).await.unwrap());
    let resealed = only_one(repository, &ana).await.credential;
    assert_eq!((resealed.sealed.as_str(), &resealed.meta), (after.as_str(), &stored.meta));
    assert_eq!(configuration.revision().await.unwrap(), revision);
}

async fn a_provider_that_moves_forgets_whose_credentials_it_had(
    repository: &dyn CredentialRepository,
    configuration: &dyn ConfigurationRepository,
) {
    let (moved, stays, ana) = (provider(configuration).await, provider(configuration).await, user());
    put(configuration, moved, &CredentialOwner::SHARED, "shared").await;
    put(configuration, moved, &ana, "anas").await;
    put(configuration, stays, &ana, "anas other").await;
    let gone = repository.credentials_of(&ana).await.unwrap();
    let gone = gone.into_iter().find(|stored| stored.provider == moved).unwrap().credential.id;
    let start = configuration.revision().await.unwrap();
    let patch = ProviderPatch {
        base_url: Some(Some("https://elsewhere.example".to_owned())),
        forgets_credentials: true,
        ..ProviderPatch::default()
    };
    configuration.update_provider(moved, patch, &author(2)).await.unwrap();
    assert_eq!(only_one(repository, &ana).await.provider, stays);
    let stored = configuration.load().await.unwrap();
    assert!(stored.providers.iter().find(|provider| provider.id == moved).unwrap().credentials.is_empty());
    let changes = configuration.changes_since(start).await.unwrap().unwrap();
    let is_told = changes.iter().any(|change| change.kind == ChangeKind::Credential && change.id == gone.0);
    assert!(is_told, "every process forgets it: {changes:?}");
}
