//! Hashing of passwords.

use secrecy::SecretString;
use std::fmt;

/// A password's hash with its parameters and salt, as text. Worth nothing to a reader of logs, so it does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// What a password is to a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The one that was hashed.
    Right,
    /// The same, but hashed at less cost than is usual now: hash it again.
    RightButWeakly,
    /// Another one, or the hash is none.
    Wrong,
}

/// No hash could be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the password could not be hashed: {0}")]
pub struct HashingFailed(pub String);

/// Hashing of passwords, at a cost that makes guessing dear: each call takes a tenth of a second of a processor and much memory, so it
/// MUST run where nobody waits behind it.
pub trait Passwords: Send + Sync {
    /// The hash of a password under a salt of its own.
    ///
    /// # Errors
    /// When there is not the memory for it.
    fn hash(&self, password: &SecretString) -> Result<PasswordHash, HashingFailed>;
    /// Whether a password is the one of a hash. MUST take the same time for a wrong one as for the right one.
    fn verify(&self, password: &SecretString, hash: &PasswordHash) -> Verdict;
    /// The hash of a password that nobody knows, at the present cost: to be verified where there is no person of a name, so that it takes
    /// as long as where there is one.
    fn decoy(&self) -> &PasswordHash;
}
