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
