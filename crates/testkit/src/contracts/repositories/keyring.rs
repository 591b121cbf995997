//! The keyring's entries.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a suite fails by panicking")]

use super::samples::{AT, author, new_provider, unique, unique_name};
use futures_util::future::join_all;
use switchyard_domain::provider::CredentialOwner;
use switchyard_domain::time::Timestamp;
use switchyard_ports::repositories::{
    ConfigurationRepository, KeyringEntry, KeyringRepository, SealedSecret,
};

/// What every keyring repository does, beginning with an empty one. `configuration` works on the same database.
pub async fn keyring_contract(
    repository: &dyn KeyringRepository,
    configuration: &dyn ConfigurationRepository,
) {
    of_several_first_entries_at_once_one_is_written(repository).await;
    entries_are_kept_oldest_first(repository).await;
    a_key_that_is_there_already_keeps_its_first_entry(repository).await;
    secrets_are_counted_by_the_key_that_sealed_them(repository, configuration).await;
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
    let owners = [CredentialOwner::Shared, CredentialOwner::User(1), CredentialOwner::User(2)];
    for (owner, key) in owners.iter().zip([&one, &one, &other]) {
        let secret = SealedSecret { sealed: format!("v1.{key}.nonce.text"), hint: "text".to_owned() };
        configuration.put_credential(provider, owner, Some(secret), &author(0)).await.unwrap();
    }
    let counts = repository.sealed_counts().await.unwrap();
    assert!(counts.contains(&(one.clone(), 2)) && counts.contains(&(other.clone(), 1)), "{counts:?}");

    let resealed = SealedSecret { sealed: format!("v1.{other}.nonce.text"), hint: "text".to_owned() };
    configuration
        .put_credential(provider, &CredentialOwner::Shared, Some(resealed), &author(1))
        .await
        .unwrap();
    let counts = repository.sealed_counts().await.unwrap();
    assert!(counts.contains(&(one, 1)) && counts.contains(&(other, 2)), "{counts:?}");
}
