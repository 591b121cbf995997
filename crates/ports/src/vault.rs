//! Sealing secrets at rest.

use secrecy::SecretString;

/// What a ciphertext is bound to: moved elsewhere, it does not open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The table.
    pub table: &'static str,
    /// The row.
    pub row: i64,
    /// Whose it is.
    pub owner: String,
    /// The column.
    pub column: &'static str,
}

/// Why a secret can't be sealed or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// It was sealed under a key that is not in the keyring.
    #[error(
        "sealed under key {key_id}, which this server does not have: restore that key, or save the secret again"
    )]
    UnknownKey {
        /// The key's id.
        key_id: String,
    },
    /// It was changed, or stands in another place than it was sealed for.
    #[error("the sealed text does not open here: it was changed or moved")]
    Tampered,
    /// It has not the form of a sealed text.
    #[error("this is no sealed text")]
    Malformed,
}

/// Why the keys can't be changed here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RotationError {
    /// The key is given as a setting, so this program can't replace it.
    #[error(
        "the encryption key is given as a setting: give the new one as ENCRYPTION_KEY and the present one as \
         ENCRYPTION_KEY_PREVIOUS (a text as BACKEND_API_KEY_SECRET_PREVIOUS), start again, and run this without --new"
    )]
    Given,
    /// The key seals, or is not there.
    #[error("key {0} can't be retired: it is the one that seals, or it is not in the file")]
    InUse(String),
    /// The file of the keys can't be read or written.
    #[error("{0}")]
    File(String),
}

/// Changing the key that seals.
pub trait KeyRotation: Send + Sync {
    /// The keys in use, the one that seals first: those of the file, and those that are given as settings. One that was retired is
    /// none of them, though this process may still open with it. Blocks for a moment of a local disk.
    fn key_ids(&self) -> Result<Vec<String>, RotationError>;
    /// The keys that stand in the file now, the one that seals first; `None` where the key is given as a setting. More than one: a
    /// change of keys was begun and is not done.
    fn file_key_ids(&self) -> Result<Option<Vec<String>>, RotationError>;
    /// Makes a new key that seals from now on, in this process and in each that shares its file; the others still open. It MUST
    /// be kept before it seals. Answers its id, and fails where another one would seal. Blocks for a moment of a local disk.
    fn begin(&self) -> Result<String, RotationError>;
    /// Takes a key that no longer seals out of the file. This process can still open with it until it ends. Blocks for a moment.
    fn retire(&self, key_id: &str) -> Result<(), RotationError>;
}

/// Seals and opens. `seal` MUST use a fresh random nonce; `open` MUST fail for any other binding than the one it was sealed
/// for. Neither blocks.
pub trait Vault: Send + Sync {
    /// Seals a secret for a place.
    fn seal(&self, secret: &SecretString, binding: &Binding) -> Result<String, VaultError>;
    /// Opens what was sealed for a place.
    fn open(&self, sealed: &str, binding: &Binding) -> Result<SecretString, VaultError>;
    /// The id of the key that seals now. It may change while the process runs.
    fn active_key_id(&self) -> String;
    /// A value that proves, without revealing anything, that a holder of key `key_id` holds this key; `None` where the
    /// keyring lacks it.
    fn check_value(&self, key_id: &str) -> Option<String>;
}
