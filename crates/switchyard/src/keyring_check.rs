//! Is this server's encryption key the data's? A replica with another key, or one that just generated a key over a database
//! that has some, says so instead of sealing under two keys.

use switchyard_domain::time::Timestamp;
use switchyard_ports::repositories::{KeyringEntry, KeyringRepository, RepositoryError};
use switchyard_ports::vault::Vault;

/// Registers the active key with an empty database; warns when secrets stand there that no key of ours opens.
pub(crate) async fn check_keyring(
    vault: &dyn Vault,
    repository: &dyn KeyringRepository,
    now: Timestamp,
) -> Result<(), RepositoryError> {
    let entries = repository.entries().await?;
    for entry in &entries {
        match vault.check_value(&entry.key_id) {
            Some(value) if value != entry.check_value => {
                return Err(RepositoryError::Corrupt(format!(
                    "the check value of encryption key {} is not this key's: somebody changed the table `keyring`",
                    entry.key_id
                )));
            }
            _ => {}
        }
    }
    let active = vault.active_key_id().to_owned();
    let foreign: u64 = repository
        .sealed_counts()
        .await?
        .iter()
        .filter(|(key_id, _)| vault.check_value(key_id).is_none())
        .map(|(_, count)| count)
        .sum();
    if foreign > 0 {
        tracing::warn!(
            keyring.active = %active,
            "{foreign} stored keys were sealed under another key: restore that key, or save them again; calls that need them fail"
        );
    }
    let is_new = entries.iter().all(|entry| entry.key_id != active);
    if let (true, 0, Some(known)) = (is_new, foreign, entries.last()) {
        tracing::warn!(
            keyring.active = %active,
            keyring.known = %known.key_id,
            "this server seals under another key than this database knows: if other servers use it, give them all the same key"
        );
    }
    if is_new && let Some(check_value) = vault.check_value(&active) {
        repository.register(KeyringEntry { key_id: active, check_value, created_at: now }).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchyard_testkit::fakes::store::MemoryStore;
    use switchyard_testkit::fakes::vault::BoundVault;

    fn entry(key_id: &str, check_value: &str) -> KeyringEntry {
        KeyringEntry {
            key_id: key_id.to_owned(),
            check_value: check_value.to_owned(),
            created_at: Timestamp(0),
        }
    }

    async fn checked(entries: &[KeyringEntry]) -> (Result<(), RepositoryError>, Vec<KeyringEntry>) {
        let store = MemoryStore::default();
        for entry in entries {
            store.register(entry.clone()).await.unwrap();
        }
        let result = check_keyring(&BoundVault::default(), &store, Timestamp(7)).await;
        (result, store.entries().await.unwrap())
    }

    #[tokio::test]
    async fn the_key_in_use_is_registered_once() {
        let (result, entries) = checked(&[]).await;
        result.unwrap();
        assert_eq!(entries, [KeyringEntry { created_at: Timestamp(7), ..entry("k1", "check of k1") }]);
        let (result, again) = checked(&entries).await;
        result.unwrap();
        assert_eq!(again, entries);
    }

    #[tokio::test]
    async fn a_check_value_that_is_not_the_keys_stops_the_start() {
        let (result, _) = checked(&[entry("k1", "forged")]).await;
        let error = result.unwrap_err();
        assert!(matches!(&error, RepositoryError::Corrupt(text) if text.contains("k1")), "{error:?}");
    }

    #[tokio::test]
    async fn another_servers_key_is_no_reason_not_to_start() {
        let (result, entries) = checked(&[entry("k0", "check of k0")]).await;
        result.unwrap();
        assert_eq!(entries.len(), 2);
    }
}
