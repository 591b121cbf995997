//! The keyring's entries.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a suite fails by panicking")]

use super::samples::{AT, author, new_provider, unique, unique_name};
use futures_util::future::join_all;
use switchyard_domain::provider::CredentialOwner;
use switchyard_domain::time::Timestamp;
use switchyard_ports::repositories::{
    ConfigurationRepository, CredentialRepository, KeyringEntry, KeyringRepository, RepositoryError,
    SealedSecret,
};

/// What every keyring repository does, beginning with an empty one. `configuration` works on the same database.
pub async fn keyring_contract(
    repository: &dyn KeyringRepository,
    configuration: &dyn ConfigurationRepository,
    credentials: &dyn CredentialRepository,
) {
    of_several_first_entries_at_once_one_is_written(repository).await;
    entries_are_kept_oldest_first(repository).await;
    a_key_that_is_there_already_keeps_its_first_entry(repository).await;
    secrets_are_counted_by_the_key_that_sealed_them(repository, configuration).await;
    nothing_is_stored_under_a_retired_key(repository, configuration, credentials).await;
}

fn entry(later: i64) -> KeyringEntry {
    let number = unique();
    KeyringEntry {
        key_id: format!("key-{number}"),
        check_value: format!("check-{number}"),
        created_at: Timestamp(AT.0 + later),
    }
}

async fn of_several_first_entries_at_once_one_is_written(repository: &dyn KeyringRepository) {
    assert_eq!(repository.entries().await.unwrap(), []);
    let entries: Vec<_> = (0..8).map(entry).collect();
    let answers = join_all(entries.iter().map(|entry| repository.register_first(entry.clone()))).await;
    let written: Vec<_> =
        entries.iter().zip(answers).filter(|(_, is_first)| *is_first.as_ref().unwrap()).collect();
    let [(first, _)] = written.as_slice() else { panic!("{} are the first", written.len()) };
    assert_eq!(repository.entries().await.unwrap(), [KeyringEntry::clone(first)]);
    assert!(!repository.register_first(KeyringEntry::clone(first)).await.unwrap());
}

async fn entries_are_kept_oldest_first(repository: &dyn KeyringRepository) {
    let (old, young) = (entry(1), entry(2));
    repository.register(young.clone()).await.unwrap();
    repository.register(old.clone()).await.unwrap();
    let entries = repository.entries().await.unwrap();
    let place = |entry: &KeyringEntry| entries.iter().position(|stored| stored == entry).unwrap();
    assert!(place(&old) < place(&young));
}

async fn a_key_that_is_there_already_keeps_its_first_entry(repository: &dyn KeyringRepository) {
    let first = entry(3);
    repository.register(first.clone()).await.unwrap();
    let forged = KeyringEntry { check_value: "another".to_owned(), ..first.clone() };
    repository.register(forged).await.unwrap();
    let stored = repository.entries().await.unwrap();
    let stored: Vec<_> = stored.iter().filter(|stored| stored.key_id == first.key_id).collect();
    assert_eq!(stored, [&first]);
}

async fn secrets_are_counted_by_the_key_that_sealed_them(
    repository: &dyn KeyringRepository,
    configuration: &dyn ConfigurationRepository,
) {
    let (one, other) = (format!("k{}", unique()), format!("k{}", unique()));
    let provider = new_provider(unique_name("sealed"), &[]);
    let provider = configuration.create_provider(provider, &author(0)).await.unwrap();
    let owners = [CredentialOwner::SHARED, CredentialOwner::User(1), CredentialOwner::User(2)];
    for (owner, key) in owners.iter().zip([&one, &one, &other]) {
        let secret = SealedSecret { sealed: format!("v1.{key}.nonce.text"), hint: "text".to_owned() };
        configuration.put_credential(provider, owner, Some(secret), None, &author(0)).await.unwrap();
    }
    let counts = repository.sealed_counts().await.unwrap();
    assert!(counts.contains(&(one.clone(), 2)) && counts.contains(&(other.clone(), 1)), "{counts:?}");

    let resealed = SealedSecret { sealed: format!("v1.{other}.nonce.text"), hint: "text".to_owned() };
    configuration
        .put_credential(provider, &CredentialOwner::SHARED, Some(resealed), None, &author(1))
        .await
        .unwrap();
    let counts = repository.sealed_counts().await.unwrap();
    assert!(counts.contains(&(one, 1)) && counts.contains(&(other, 2)), "{counts:?}");
}

async fn nothing_is_stored_under_a_retired_key(
    repository: &dyn KeyringRepository,
    configuration: &dyn ConfigurationRepository,
    credentials: &dyn CredentialRepository,
) {
    let (old, new) = (entry(5), entry(6));
    repository.register(old.clone()).await.unwrap();
    let provider =
        configuration.create_provider(new_provider(unique_name("late"), &[]), &author(0)).await.unwrap();
    let (owner, sealed) =
        (CredentialOwner::User(9), |key: &KeyringEntry| format!("v1.{}.nonce.text", key.key_id));
    let put = |key: &KeyringEntry| {
        let secret = SealedSecret { sealed: sealed(key), hint: "text".to_owned() };
        async { configuration.put_credential(provider, &owner, Some(secret), None, &author(0)).await }
    };
    put(&old).await.unwrap();
    assert!(!repository.retire(&old.key_id, AT).await.unwrap(), "a secret stands under it");
    assert!(repository.entries().await.unwrap().contains(&old));
    put(&new).await.unwrap();
    assert!(repository.retire(&old.key_id, AT).await.unwrap());
    assert!(repository.retire(&old.key_id, AT).await.unwrap(), "it is retired");
    assert!(!repository.entries().await.unwrap().contains(&old));
    let late = put(&old).await.unwrap_err();
    assert!(
        matches!(&late, RepositoryError::Conflict { reason } if reason.contains(&old.key_id)),
        "{late:?}"
    );
    let stored = credentials.credentials_of(&owner).await.unwrap();
    let [stored] = stored.as_slice() else { panic!("{stored:?}") };
    let back = credentials.reseal(stored.credential.id, &sealed(&new), &sealed(&old)).await.unwrap_err();
    assert!(matches!(back, RepositoryError::Conflict { .. }), "{back:?}");
    assert_eq!(stored.credential.sealed, sealed(&new));
    // Whoever has it again uses it again.
    repository.register(KeyringEntry { created_at: AT, ..old.clone() }).await.unwrap();
    assert!(repository.entries().await.unwrap().contains(&old));
    put(&old).await.unwrap();
}
