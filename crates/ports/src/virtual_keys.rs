//! Making and recognising virtual keys.

use secrecy::SecretString;
use switchyard_domain::virtual_key::KeyHash;

/// A key that was just made; the only moment at which its text exists.
#[derive(Debug)]
pub struct MintedKey {
    /// The key, to be shown once.
    pub key: SecretString,
    /// Its keyed hash, to be kept.
    pub hash: KeyHash,
    /// Its first characters, to be shown.
    pub prefix: String,
}

/// Makes keys of at least 160 random bits with a recognisable prefix and a checksum, and hashes what clients present.
pub trait KeyMint: Send + Sync {
    /// Makes a key.
    fn mint(&self) -> MintedKey;
    /// The keyed hash of what a client presents; `None` where form or checksum show that we never made it, so that typing
    /// errors and sample keys cost no look-up.
    fn hash(&self, presented: &str) -> Option<KeyHash>;
}
