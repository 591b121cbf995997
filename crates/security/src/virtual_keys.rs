//! The mint of virtual keys: `sy-`, 32 random characters, 6 characters of checksum, and an HMAC of the whole as its hash.
//!
//! The checksum is no secret and no defence; it keeps typing errors and sample keys away from the directory. The defence is
//! that 190 random bits can't be guessed and that a stolen hash can't be tested without the pepper.

use crate::derive::SubKey;
use crate::random;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use switchyard_domain::virtual_key::KeyHash;
use switchyard_ports::virtual_keys::{KeyMint, MintedKey};

const PREFIX: &str = "sy-";
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// log2(62^32) = 190 bits.
const RANDOM_CHARS: usize = 32;
/// 62^6 > 2^32.
const CHECKSUM_CHARS: usize = 6;
/// What people see of a key: six of its random characters tell keys apart and leave 154 bits unknown.
const SHOWN_CHARS: usize = PREFIX.len() + 6;

/// The length of every key in characters, all ASCII.
pub const KEY_CHARS: usize = PREFIX.len() + RANDOM_CHARS + CHECKSUM_CHARS;

/// Makes keys and hashes them under a pepper.
pub struct PepperedMint {
    /// Keyed once; a call's hash then costs its own blocks only.
    keyed: Hmac<Sha256>,
}

impl PepperedMint {
    /// A mint with this pepper. Another pepper recognises none of the keys that were made before.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "HMAC takes keys of every length; without one no key could be checked"
    )]
    pub fn new(pepper: &SubKey) -> Self {
        Self { keyed: Hmac::new_from_slice(pepper.expose()).expect("HMAC takes 32 bytes") }
    }

    fn keyed_hash(&self, key: &str) -> KeyHash {
        KeyHash(self.keyed.clone().chain_update(key.as_bytes()).finalize().into_bytes().into())
    }
}

impl std::fmt::Debug for PepperedMint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PepperedMint(..)")
    }
}

impl KeyMint for PepperedMint {
    fn mint(&self) -> MintedKey {
        // Of exact size, so that no grown buffer leaves a part of the key behind.
        let mut key = String::with_capacity(KEY_CHARS);
        key.push_str(PREFIX);
        key.extend(random::draw(ALPHABET, RANDOM_CHARS));
        let checksum = checksum(key.as_bytes());
        key.extend(checksum.map(char::from));
        MintedKey {
            hash: self.keyed_hash(&key),
            prefix: key.chars().take(SHOWN_CHARS).collect(),
            key: SecretString::from(key),
        }
    }

    fn hash(&self, presented: &str) -> Option<KeyHash> {
        is_well_formed(presented.as_bytes()).then(|| self.keyed_hash(presented))
    }
}

/// Whether two hashes are the same, in a time that does not depend on where they differ: for what a look-up by hash found.
#[must_use]
pub fn same_hash(one: &KeyHash, other: &KeyHash) -> bool {
    one.0.ct_eq(&other.0).into()
}

/// The length is asked first, so that a presented text of any size costs the same.
fn is_well_formed(presented: &[u8]) -> bool {
    if presented.len() != KEY_CHARS || !presented.starts_with(PREFIX.as_bytes()) {
        return false;
    }
    let Some((body, given)) = presented.split_at_checked(KEY_CHARS - CHECKSUM_CHARS) else { return false };
    presented.iter().skip(PREFIX.len()).all(u8::is_ascii_alphanumeric) && checksum(body) == given
}

/// The CRC-32 in base 62, the most significant digit first.
fn checksum(body: &[u8]) -> [u8; CHECKSUM_CHARS] {
    let mut rest = crc32fast::hash(body);
    let mut digits = [b'0'; CHECKSUM_CHARS];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET.get((rest % 62) as usize).copied().unwrap_or(b'0');
        rest /= 62;
    }
    digits
}
