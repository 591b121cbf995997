//! Which encryption keys the data was sealed under.

use super::RepositoryError;
use async_trait::async_trait;
use switchyard_domain::time::Timestamp;

/// An encryption key's id and a value that only its holder can compute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyringEntry {
    /// The key's id.
    pub key_id: String,
    /// The check value.
    pub check_value: String,
    /// When it was first used here.
    pub created_at: Timestamp,
}

/// The ids and check values of encryption keys. They stand in the database from the first start, so that a replica with
/// another key says so instead of sealing under two keys.
#[async_trait]
pub trait KeyringRepository: Send + Sync {
    /// All entries of keys that were not retired, oldest first.
    async fn entries(&self) -> Result<Vec<KeyringEntry>, RepositoryError>;
    /// Writes an entry unless its key id is there already. One that was retired is in use again, as it was first written.
    async fn register(&self, entry: KeyringEntry) -> Result<(), RepositoryError>;
    /// Writes an entry unless there is any. Answers whether it did: of several processes that start at once over one empty
    /// database, exactly one MUST be told so.
    async fn register_first(&self, entry: KeyringEntry) -> Result<bool, RepositoryError>;
    /// Retires a key under which no stored secret stands: from then on none is stored under it (`Conflict`), by whatever write that
    /// was under way. Answers whether it did: not where a secret stands under it.
    async fn retire(&self, key_id: &str, at: Timestamp) -> Result<bool, RepositoryError>;
    /// How many stored secrets are sealed under each key id.
    async fn sealed_counts(&self) -> Result<Vec<(String, u64)>, RepositoryError>;
}
