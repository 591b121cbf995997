//! Where configuration and usage are kept. Every write of configuration bumps the revision in its own transaction.

mod audit;
mod configuration;
mod credentials;
mod keyring;
mod new_provider;
mod provider_health;
mod quotas;
mod sessions;
mod sets;
mod usage;
mod users;
mod virtual_keys;

pub use audit::AuditLog;
pub use configuration::{
    Author, Change, ChangeKind, ConfigurationRepository, LedTo, NewRoute, NewTarget, ProviderPatch,
    ProviderRemoval, Revision, RouteVersion, SealedSecret, StoredConfiguration,
};
pub use credentials::{CredentialRepository, StoredCredential};
pub use keyring::{KeyringEntry, KeyringRepository};
pub use new_provider::NewProvider;
pub use provider_health::ProviderHealthRepository;
pub use quotas::{NewQuota, QuotaRepository};
pub use sessions::{ENDED_KNOWN_FOR, MOST_SESSIONS, Rotation, SessionRepository};
pub use sets::{ConfigurationSet, CredentialWrite, ProviderStep, ProviderWrite, RouteWrite, SealForRow};
pub use usage::{Recorded, UsageRepository};
pub use users::{
    AccountState, Creation, LinkPurpose, NewUser, OneTimeLink, Taken, UserChange, UserPatch, UserRepository,
};
pub use virtual_keys::{
    KeyPatch, KeyRotation, NewVirtualKey, UNUSED_KEYS_COUNT_FOR_MS, VirtualKeyRepository, enough_keys,
    enough_unused_keys,
};

/// Why a repository could not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RepositoryError {
    /// There is no such object (or it is not the asker's, which looks the same).
    #[error("{what} was not found")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// The name is taken, or the object is in use.
    #[error("{reason}")]
    Conflict {
        /// Which rule stands against it.
        reason: String,
    },
    /// The version that the writer named is no longer the object's.
    #[error("this was changed by somebody else in the meantime (it is at version {current}): read it again")]
    Stale {
        /// The object's version.
        current: i64,
    },
    /// The database does not answer, is locked, or is full. A retry may help.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The database answers what it must not. A defect, or a hand in the tables.
    #[error("the database holds something unexpected: {0}")]
    Corrupt(String),
}

/// How busy the connections to the database are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolState {
    /// `reading`, `writing`, or `both`.
    pub purpose: &'static str,
    /// The most that work at one time.
    pub size: u32,
    /// How many work now.
    pub busy: u32,
}

/// The state of the database as its users last saw it. MUST NOT ask the database.
pub trait DatabaseState: Send + Sync {
    /// Whether it answered when it was last used.
    fn is_connected(&self) -> bool;
    /// Its connections, by what they are for.
    fn pools(&self) -> Vec<PoolState>;
}
