//! What a signed-in person's client holds: signed tokens, values against forged requests, and links of one use.

use secrecy::SecretString;
use switchyard_domain::ids::{SessionId, UserId};
use switchyard_domain::time::Timestamp;
use uuid::Uuid;

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Lets calls through, for minutes.
    Access,
    /// Is changed for new tokens, once.
    Refresh,
}

/// What a token says. It never says what its holder may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    /// What it is for.
    pub kind: TokenKind,
    /// Whose it is.
    pub user: UserId,
    /// In which session it was made.
    pub session: SessionId,
    /// Its own id.
    pub id: Uuid,
    /// When it was made. Tokens tell whole seconds.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// It was ours and its time is over.
    #[error("the token has expired")]
    Expired,
    /// It is none of ours, or not of this kind.
    #[error("the token is not valid here")]
    Invalid,
}

/// Signed tokens. One algorithm, fixed; what a token's head says chooses nothing but among our own keys.
pub trait Tokens: Send + Sync {
    /// A signed token that says this.
    fn sign(&self, claims: &Claims) -> SecretString;
    /// What a token of this kind says, if it is ours and its time is now, give or take 30 seconds.
    ///
    /// # Errors
    /// [`TokenFault::Expired`] only for tokens that were ours.
    fn verify(&self, token: &str, kind: TokenKind, now: Timestamp) -> Result<Claims, TokenFault>;
}

/// Values that prove that a request was made by a page of ours: known to whoever may read the session's cookies, to no other site.
pub trait CsrfValues: Send + Sync {
    /// The value for tokens of this kind in this session.
    fn value(&self, session: SessionId, kind: TokenKind) -> String;
    /// Whether `presented` is that value, in a time that tells nothing.
    fn is_value(&self, presented: &str, session: SessionId, kind: TokenKind) -> bool;
}

/// The keyed hash of a one-time secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash(pub [u8; 32]);

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretHash(..)")
    }
}

/// Secrets of one use, of at least 160 random bits.
pub trait OneTimeSecrets: Send + Sync {
    /// A new secret and its hash.
    fn mint(&self) -> (SecretString, SecretHash);
    /// The keyed hash of what somebody presents. Two texts compared by their hashes tell nothing of each other by the time it takes.
    fn hash(&self, presented: &str) -> SecretHash;
}
