//! The keyring's entries.

use super::{MemoryStore, State};
use async_trait::async_trait;
use std::collections::BTreeMap;
use switchyard_domain::time::Timestamp;
use switchyard_ports::repositories::{KeyringEntry, KeyringRepository, RepositoryError};

impl State {
    fn sealed_counts(&self) -> BTreeMap<String, u64> {
        let shared = self.providers.iter().flat_map(|provider| &provider.credentials);
        let own = self.own_credentials.iter().map(|(_, credential)| credential);
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for credential in shared.chain(own) {
            let key = credential.sealed.split('.').nth(1).unwrap_or_default();
            *counts.entry(key.to_owned()).or_default() += 1;
        }
        counts
    }

    /// Refuses what was sealed under a key that is not in use any more.
    pub(super) fn refuse_retired(&self, sealed: &str) -> Result<(), RepositoryError> {
        let key = sealed.split('.').nth(1).unwrap_or_default();
        if self.retired_keys.contains(key) {
            let reason = format!("the encryption key {key} was changed for another meanwhile: try again");
            return Err(RepositoryError::Conflict { reason });
        }
        Ok(())
    }
}

#[async_trait]
impl KeyringRepository for MemoryStore {
    async fn entries(&self) -> Result<Vec<KeyringEntry>, RepositoryError> {
        self.read(|state| {
            let is_in_use = |entry: &&KeyringEntry| !state.retired_keys.contains(&entry.key_id);
            state.keyring.iter().filter(is_in_use).cloned().collect()
        })
    }

    async fn register(&self, entry: KeyringEntry) -> Result<(), RepositoryError> {
        self.write(|state| {
            state.retired_keys.remove(&entry.key_id);
            if state.keyring.iter().all(|known| known.key_id != entry.key_id) {
                state.keyring.push(entry);
                state.keyring.sort_by_key(|entry| entry.created_at);
            }
            Ok(())
        })
    }

    async fn register_first(&self, entry: KeyringEntry) -> Result<bool, RepositoryError> {
        self.write(|state| {
            let is_first = state.keyring.is_empty();
            if is_first {
                state.keyring.push(entry);
            }
            Ok(is_first)
        })
    }

    async fn retire(&self, key_id: &str, _at: Timestamp) -> Result<bool, RepositoryError> {
        self.write(|state| {
            let is_unused = !state.sealed_counts().contains_key(key_id);
            if is_unused && state.keyring.iter().any(|entry| entry.key_id == key_id) {
                state.retired_keys.insert(key_id.to_owned());
            }
            Ok(is_unused)
        })
    }

    async fn sealed_counts(&self) -> Result<Vec<(String, u64)>, RepositoryError> {
        self.read(|state| state.sealed_counts().into_iter().collect())
    }
}
