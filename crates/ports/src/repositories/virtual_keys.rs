//! Virtual keys.

use super::{Author, RepositoryError};
use async_trait::async_trait;
use switchyard_domain::budget::Budget;
use switchyard_domain::ids::{UserId, VirtualKeyId};
use switchyard_domain::limits::Limits;
use switchyard_domain::name::Name;
use switchyard_domain::time::Timestamp;
use switchyard_domain::virtual_key::{KeyHash, PreviousHash, VirtualKey};

/// A key to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVirtualKey {
    /// Its name, unique among the keys of its user; those of nobody are one user's.
    pub name: Name,
    /// Its first characters.
    pub prefix: String,
    /// Its keyed hash.
    pub hash: KeyHash,
    /// What it may call.
    pub models: Option<Vec<String>>,
    /// Its limits.
    pub limits: Limits,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// Whose it is.
    pub user: Option<UserId>,
    /// What people sort keys by.
    pub tags: Vec<String>,
    /// How many keys its user may have together with it. Of a key that is nobody's: how many such keys its maker may have made together
    /// with it in the last day ([`UNUSED_KEYS_COUNT_FOR_MS`]) that were never used. Absent: any number.
    pub at_most: Option<u32>,
    /// Whether an administrator says what it may, and somebody else holds it.
    pub is_lent: bool,
    /// How much it may spend; the quota of its scope.
    pub budget: Option<Budget>,
}

/// A key's new secret, and how long the one before is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRotation {
    /// The new secret's first characters.
    pub prefix: String,
    /// The new secret's keyed hash.
    pub hash: KeyHash,
    /// The hash that stays good for a time; absent: none does.
    pub previous: Option<PreviousHash>,
}

/// Changes to a key; `None` leaves as is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPatch {
    /// Its name, unique among the keys of its user.
    pub name: Option<Name>,
    /// Whether calls may use it.
    pub is_active: Option<bool>,
    /// What it may call.
    pub models: Option<Option<Vec<String>>>,
    /// Its limits.
    pub limits: Option<Limits>,
    /// When it ends.
    pub expires_at: Option<Option<Timestamp>>,
    /// Whose it is.
    pub user: Option<Option<UserId>>,
    /// What people sort keys by.
    pub tags: Option<Vec<String>>,
    /// How much it may spend, written to the quota of its scope in the same transaction: `Some(None)` removes that.
    pub budget: Option<Option<Budget>>,
    /// Whether an administrator said what it may.
    pub is_lent: Option<bool>,
    /// Whether an administrator switched it off.
    pub is_barred: Option<bool>,
    /// Its new secret.
    pub rotation: Option<KeyRotation>,
    /// Refused as [`RepositoryError::Stale`] when this is not the object's version.
    pub expected_version: Option<i64>,
}

impl KeyPatch {
    /// The names of the fields that it sets.
    #[must_use]
    pub fn fields(&self) -> Vec<&'static str> {
        let Self {
            name,
            is_active,
            models,
            limits,
            expires_at,
            user,
            tags,
            budget,
            is_lent: _,
            is_barred: _,
            rotation,
            expected_version: _,
        } = self;
        let fields = [
            (name.is_some(), "name"),
            (is_active.is_some(), "is_active"),
            (models.is_some(), "models"),
            (limits.is_some(), "limits"),
            (expires_at.is_some(), "expires_at"),
            (user.is_some(), "user"),
            (tags.is_some(), "tags"),
            (budget.is_some(), "budget"),
            (rotation.is_some(), "secret"),
        ];
        fields.into_iter().filter(|(is_set, _)| *is_set).map(|(_, name)| name).collect()
    }
}

/// For how long a key of nobody's that was never used counts against further ones of its maker, in milliseconds: who makes many keeps
/// others from it for a day at most.
pub const UNUSED_KEYS_COUNT_FOR_MS: i64 = 86_400_000;

/// What somebody is told who has as many keys as they may have.
#[must_use]
pub fn enough_keys(most: u32) -> String {
    format!("one person has {most} virtual keys at most: remove one, or ask an administrator for more")
}

/// What somebody is told who makes keys for nobody, of which too many lie there unused.
#[must_use]
pub fn enough_unused_keys(most: u32) -> String {
    format!(
        "{most} virtual keys that were made like this within a day were not used: use one, ask an administrator to remove some, or \
         come back tomorrow"
    )
}

/// Virtual keys. Writes are transactions like those of the configuration.
#[async_trait]
pub trait VirtualKeyRepository: Send + Sync {
    /// Writes a new key, and the quota that its budget is. `Conflict` when its user has a key of this name, or as many as they may have
    /// (or its maker as many unused ones of nobody's): of many that are written at once no more than those pass.
    async fn create(&self, key: NewVirtualKey, author: &Author) -> Result<VirtualKeyId, RepositoryError>;
    /// Changes a key. `Conflict` when its user, who may be another from now on, has a key of its name.
    async fn update(&self, id: VirtualKeyId, patch: KeyPatch, author: &Author)
    -> Result<(), RepositoryError>;
    /// Removes a key with its credentials and its quota; its usage and ledger stay.
    /// `Stale` where an `expected_version` is not the key's.
    async fn delete(
        &self,
        id: VirtualKeyId,
        expected_version: Option<i64>,
        author: &Author,
    ) -> Result<(), RepositoryError>;
    /// At most `limit` keys with ids above `after`, by id.
    async fn page(&self, after: Option<VirtualKeyId>, limit: u32)
    -> Result<Vec<VirtualKey>, RepositoryError>;
    /// The same of one person's keys.
    async fn page_of(
        &self,
        user: UserId,
        after: Option<VirtualKeyId>,
        limit: u32,
    ) -> Result<Vec<VirtualKey>, RepositoryError>;
    /// The keys of these ids; those that are gone are absent.
    async fn by_ids(&self, ids: &[VirtualKeyId]) -> Result<Vec<VirtualKey>, RepositoryError>;
    /// The keys of this name, by id: people may have one each.
    async fn by_name(&self, name: &Name) -> Result<Vec<VirtualKey>, RepositoryError>;
    /// Notes when keys were last used; an older time than the stored one changes nothing. Not a configuration change.
    async fn touch(&self, used: &[(VirtualKeyId, Timestamp)]) -> Result<(), RepositoryError>;
}
