//! The keyring's entries.

use super::MemoryStore;
use async_trait::async_trait;
use std::collections::BTreeMap;
use switchyard_ports::repositories::{KeyringEntry, KeyringRepository, RepositoryError};

#[async_trait]
impl KeyringRepository for MemoryStore {
    async fn entries(&self) -> Result<Vec<KeyringEntry>, RepositoryError> {
        self.read(|state| state.keyring.clone())
    }

    async fn register(&self, entry: KeyringEntry) -> Result<(), RepositoryError> {
        self.write(|state| {
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

    async fn sealed_counts(&self) -> Result<Vec<(String, u64)>, RepositoryError> {
        self.read(|state| {
            let shared = state.providers.iter().filter_map(|provider| provider.credential.as_ref());
            let own = state.own_credentials.iter().map(|(_, credential)| credential);
            let mut counts: BTreeMap<String, u64> = BTreeMap::new();
            for credential in shared.chain(own) {
                let key = credential.sealed.split('.').nth(1).unwrap_or_default();
                *counts.entry(key.to_owned()).or_default() += 1;
            }
            counts.into_iter().collect()
        })
    }
}
