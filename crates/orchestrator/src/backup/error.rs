//! Why a backup can't be restored.

use crate::error::AdminError;
use switchyard_ports::vault::VaultError;

/// Why a backup was not restored. Nothing was changed, whatever the reason.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// No backup is kept here: everything is in memory.
    #[error("no backup is kept here")]
    NotKept,
    /// There is no file.
    #[error("there is no backup at {0}")]
    NotFound(String),
    /// It is no backup, or only a part of one.
    #[error("the backup can't be read: {0}")]
    Unreadable(String),
    /// Somebody changed it.
    #[error("the backup was changed since it was written: its seal does not fit")]
    Tampered,
    /// It was sealed under a key that is not here.
    #[error(
        "the backup was sealed under the encryption key {0}, which this server does not have: give that key, or another backup"
    )]
    ForeignKey(String),
    /// A later version of this program wrote it.
    #[error("the backup has the form {0}, which only a newer version can read")]
    Newer(u64),
    /// A new backup can't be written: what was there stays.
    #[error("the backup can't be written: {0}")]
    NotWritten(String),
    /// It can't be written into the database.
    #[error(transparent)]
    Admin(#[from] AdminError),
}

impl From<VaultError> for RestoreError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::UnknownKey { key_id } => Self::ForeignKey(key_id),
            VaultError::Tampered | VaultError::Malformed => Self::Tampered,
        }
    }
}
