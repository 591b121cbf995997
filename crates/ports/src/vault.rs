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

/// Seals and opens. `seal` MUST use a fresh random nonce; `open` MUST fail for any other binding than the one it was sealed
/// for. Neither blocks.
pub trait Vault: Send + Sync {
    /// Seals a secret for a place.
    fn seal(&self, secret: &SecretString, binding: &Binding) -> Result<String, VaultError>;
    /// Opens what was sealed for a place.
    fn open(&self, sealed: &str, binding: &Binding) -> Result<SecretString, VaultError>;
    /// The id of the key that seals now.
    fn active_key_id(&self) -> &str;
    /// A value that proves, without revealing anything, that a holder of key `key_id` holds this key; `None` where the
    /// keyring lacks it.
    fn check_value(&self, key_id: &str) -> Option<String>;
}
