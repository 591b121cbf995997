//! Secrets that are given: their forms, and the refusal of those that an attacker would try first.

mod encryption_key;
mod guessing;
mod shapes;

pub use encryption_key::EncryptionKey;
pub(super) use encryption_key::KeyText;
pub(super) use shapes::{ApiKey, Passphrase, Password, Token};

/// How to make a good secret; every refusal of one says it.
pub(super) const ADVICE: &str = "make one with: openssl rand -hex 32";

/// The bytes that a secret's text stands for: what it decodes to if it is a written 256-bit key, else itself.
///
/// Two settings hold the same secret if these are equal, in whatever spelling.
pub(super) fn essence(text: &str) -> Vec<u8> {
    encryption_key::decode(text.trim()).map_or_else(|| text.trim().as_bytes().to_vec(), |key| key.to_vec())
}
