//! Virtual keys that can be told apart at a glance.

use secrecy::SecretString;
use std::sync::atomic::{AtomicU64, Ordering};
use switchyard_domain::virtual_key::KeyHash;
use switchyard_ports::virtual_keys::{KeyMint, MintedKey};

/// Makes `sy-test-0`, `sy-test-1`, ...; a key's hash is its own text.
#[derive(Debug, Default)]
pub struct CountingMint {
    made: AtomicU64,
}

/// The hash of a key.
#[must_use]
pub fn hash_of(key: &str) -> KeyHash {
    let mut hash = [0; 32];
    for (slot, byte) in hash.iter_mut().zip(key.bytes()) {
        *slot = byte;
    }
    // The directory's shards go by the first byte, which is `s` of all of them.
    hash.reverse();
    KeyHash(hash)
}

impl KeyMint for CountingMint {
    fn mint(&self) -> MintedKey {
        let key = format!("sy-test-{}", self.made.fetch_add(1, Ordering::Relaxed));
        MintedKey { hash: hash_of(&key), prefix: "sy-test".to_owned(), key: SecretString::from(key) }
    }

    fn hash(&self, presented: &str) -> Option<KeyHash> {
        presented.starts_with("sy-test-").then(|| hash_of(presented))
    }
}
