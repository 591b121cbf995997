//! Is this server's encryption key the data's? A replica with another key, or one that just generated a key over a database
//! that has some, says so instead of sealing under two keys.

use switchyard_domain::audit::UnsoundEnd;
use switchyard_domain::time::Timestamp;
use switchyard_ports::audit_seal::AuditSeal;
use switchyard_ports::repositories::{AuditLog, KeyringEntry, KeyringRepository, RepositoryError};
use switchyard_ports::vault::Vault;

/// Why a server must not go on with its encryption key.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// Another server began on the same empty database at the same moment.
    #[error(
        "ENCRYPTION_KEY: another server that just started over this database seals under key {theirs}, and this one would \
         under {ours}: give all servers of a database the same ENCRYPTION_KEY (or the same file `master.key`) and start again"
    )]
    OutrunBy {
        /// The id of the other server's key.
        theirs: String,
        /// The id of ours.
        ours: String,
    },
    /// A check value is not the one of the key that it stands beside.
    #[error("the check value of encryption key {0} is not this key's: somebody changed the table `keyring`")]
    Forged(String),
    /// The database can't be read.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

/// Registers the active key with an empty database; warns when secrets stand there that no key of ours opens. Of several
/// servers that begin at once on an empty database, each with a key of its own, one goes on.
pub(crate) async fn check_keyring(
    vault: &dyn Vault,
    repository: &dyn KeyringRepository,
    now: Timestamp,
) -> Result<(), KeyringError> {
    let active = vault.active_key_id();
    let ours = vault.check_value(&active).map(|check_value| KeyringEntry {
        key_id: active.clone(),
        check_value,
        created_at: now,
    });
    let known = repository.entries().await?;
    match ours {
        Some(ours) if known.is_empty() && repository.register_first(ours.clone()).await? => Ok(()),
        Some(_) if known.is_empty() => compare_with_the_first(vault, repository).await,
        ours => compare(vault, repository, ours, &known).await,
    }
}

/// As [`check_keyring`], and registers nothing.
pub(crate) async fn look_at_keyring(
    vault: &dyn Vault,
    repository: &dyn KeyringRepository,
) -> Result<(), KeyringError> {
    compare(vault, repository, None, &repository.entries().await?).await
}

/// Somebody was first between our look at the keyring and our entry: with the same key, or we stop.
async fn compare_with_the_first(
    vault: &dyn Vault,
    repository: &dyn KeyringRepository,
) -> Result<(), KeyringError> {
    let known = repository.entries().await?;
    refuse_forged(vault, &known)?;
    let active = vault.active_key_id();
    match known.first() {
        Some(first) if known.iter().all(|entry| entry.key_id != active) => {
            Err(KeyringError::OutrunBy { theirs: first.key_id.clone(), ours: active })
        }
        _ => Ok(()),
    }
}

/// The keyring has entries since an earlier start. Another key than theirs is told and not refused: keys are changed, and
/// lost.
async fn compare(
    vault: &dyn Vault,
    repository: &dyn KeyringRepository,
    ours: Option<KeyringEntry>,
    known: &[KeyringEntry],
) -> Result<(), KeyringError> {
    refuse_forged(vault, known)?;
    let active = vault.active_key_id();
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
            "{foreign} stored keys were sealed under another key: restore it, run `switchyard rekey`, or save them again; until then \
             calls that need one of them fail"
        );
    }
    let is_new = known.iter().all(|entry| entry.key_id != active);
    if let (true, 0, Some(known)) = (is_new, foreign, known.last()) {
        tracing::warn!(
            keyring.active = %active,
            keyring.known = %known.key_id,
            "this server seals under another key than this database knows: if other servers use it, give them all the same key"
        );
    }
    if let (true, Some(ours)) = (is_new, ours) {
        repository.register(ours).await?;
    }
    Ok(())
}

/// Lets the audit log go on under this `SECRET_KEY`, and says so where it is not the one that the data was written with. It is no
/// reason not to start: it may have been changed on purpose.
pub(crate) async fn take_over_audit_log(
    log: &dyn AuditLog,
    seal: &dyn AuditSeal,
    now: Timestamp,
) -> Result<(), RepositoryError> {
    match log.take_over(now).await? {
        Some(before) => tell_other_secret_key(seal, &before.key_id),
        None => look_at_secret_key(log, seal).await?,
    }
    Ok(())
}

/// As [`take_over_audit_log`], and writes nothing.
pub(crate) async fn look_at_secret_key(
    log: &dyn AuditLog,
    seal: &dyn AuditSeal,
) -> Result<(), RepositoryError> {
    match log.head().await?.check(seal.key_id(), |message| seal.seal(message)) {
        Ok(()) => {}
        Err(UnsoundEnd::OtherKey(key)) => tell_other_secret_key(seal, &key),
        Err(changed @ UnsoundEnd::Changed) => tracing::error!("{changed}"),
    }
    Ok(())
}

fn tell_other_secret_key(seal: &dyn AuditSeal, known: &str) {
    tracing::warn!(
        audit.key = seal.key_id(),
        audit.known = %known,
        "SECRET_KEY (or the file `secret.key`) is another than the one that this database was written with: virtual keys that \
         were made before are not recognised, and older entries of the audit log can't be verified without it; restore it, or \
         make the virtual keys anew"
    );
}

fn refuse_forged(vault: &dyn Vault, known: &[KeyringEntry]) -> Result<(), KeyringError> {
    let is_forged = |entry: &&KeyringEntry| {
        vault.check_value(&entry.key_id).is_some_and(|value| value != entry.check_value)
    };
    match known.iter().find(is_forged) {
        Some(forged) => Err(KeyringError::Forged(forged.key_id.clone())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OpenError;
    use async_trait::async_trait;
    use std::sync::atomic::{AtomicBool, Ordering};
    use switchyard_testkit::fakes::store::MemoryStore;
    use switchyard_testkit::fakes::vault::BoundVault;

    fn entry(key_id: &str, check_value: &str) -> KeyringEntry {
        KeyringEntry {
            key_id: key_id.to_owned(),
            check_value: check_value.to_owned(),
            created_at: Timestamp(0),
        }
    }

    async fn checked(entries: &[KeyringEntry]) -> (Result<(), KeyringError>, Vec<KeyringEntry>) {
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
        assert!(matches!(&error, KeyringError::Forged(key) if key == "k1"), "{error:?}");
    }

    #[tokio::test]
    async fn another_servers_key_is_no_reason_not_to_start() {
        let (result, entries) = checked(&[entry("k0", "check of k0")]).await;
        result.unwrap();
        assert_eq!(entries.len(), 2);
    }

    /// A keyring that is empty when it is looked at, and has this entry a moment later.
    struct Outrun(KeyringEntry, MemoryStore, AtomicBool);

    #[async_trait]
    impl KeyringRepository for Outrun {
        async fn entries(&self) -> Result<Vec<KeyringEntry>, RepositoryError> {
            let entries = self.1.entries().await;
            if !self.2.swap(true, Ordering::Relaxed) {
                self.1.register(self.0.clone()).await?;
            }
            entries
        }

        async fn register(&self, entry: KeyringEntry) -> Result<(), RepositoryError> {
            self.1.register(entry).await
        }

        async fn register_first(&self, entry: KeyringEntry) -> Result<bool, RepositoryError> {
            self.1.register_first(entry).await
        }

        async fn retire(&self, key_id: &str, at: Timestamp) -> Result<bool, RepositoryError> {
            self.1.retire(key_id, at).await
        }

        async fn sealed_counts(&self) -> Result<Vec<(String, u64)>, RepositoryError> {
            self.1.sealed_counts().await
        }
    }

    async fn outrun_by(first: KeyringEntry) -> (Result<(), KeyringError>, Vec<KeyringEntry>) {
        let keyring = Outrun(first, MemoryStore::default(), AtomicBool::new(false));
        let result = check_keyring(&BoundVault::default(), &keyring, Timestamp(7)).await;
        (result, keyring.1.entries().await.unwrap())
    }

    #[tokio::test]
    async fn of_two_servers_that_begin_at_once_with_different_keys_the_slower_stops() {
        let (result, entries) = outrun_by(entry("k0", "check of k0")).await;
        let error = result.unwrap_err();
        assert!(matches!(&error, KeyringError::OutrunBy { theirs, ours } if theirs == "k0" && ours == "k1"));
        assert!(error.to_string().contains("ENCRYPTION_KEY") && OpenError::from(error).is_configuration());
        assert_eq!(entries, [entry("k0", "check of k0")], "its key is not registered");
    }

    #[tokio::test]
    async fn servers_that_begin_at_once_with_the_same_key_all_go_on() {
        let (result, entries) = outrun_by(entry("k1", "check of k1")).await;
        result.unwrap();
        assert_eq!(entries, [entry("k1", "check of k1")]);
        let (result, _) = outrun_by(entry("k1", "forged")).await;
        assert!(matches!(result, Err(KeyringError::Forged(_))));
    }
}
