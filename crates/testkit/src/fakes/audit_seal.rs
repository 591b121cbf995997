//! A seal without ciphers, for logs of tests only.

use std::hash::{DefaultHasher, Hash, Hasher};
use switchyard_ports::audit_seal::AuditSeal;

/// Hashes with the standard library's hasher, under keys that are their own names.
#[derive(Clone, Debug)]
pub struct PlainSeal {
    keys: Vec<String>,
}

impl Default for PlainSeal {
    fn default() -> Self {
        Self::holding(["a1"])
    }
}

impl PlainSeal {
    /// The seal that has these keys; the first one seals.
    #[must_use]
    pub fn holding<const N: usize>(keys: [&str; N]) -> Self {
        Self { keys: keys.into_iter().map(str::to_owned).collect() }
    }
}

fn hash(key: &str, message: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (part, bytes) in bytes.chunks_mut(8).enumerate() {
        let mut hasher = DefaultHasher::new();
        (part, key, message).hash(&mut hasher);
        bytes.copy_from_slice(&hasher.finish().to_be_bytes());
    }
    bytes
}

impl AuditSeal for PlainSeal {
    fn key_id(&self) -> &str {
        self.keys.first().map_or("", String::as_str)
    }

    fn seal(&self, message: &[u8]) -> [u8; 32] {
        hash(self.key_id(), message)
    }

    fn seal_under(&self, key_id: &str, message: &[u8]) -> Option<[u8; 32]> {
        self.keys.iter().any(|key| key == key_id).then(|| hash(key_id, message))
    }
}
