//! Passwords, tokens and secrets that can be read at a glance, and that anybody could forge.

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use switchyard_domain::ids::{SessionId, UserId};
use switchyard_domain::time::Timestamp;
use switchyard_ports::passwords::{HashingFailed, PasswordHash, Passwords, Verdict};
use switchyard_ports::throttle::{Rate, Throttle};
use switchyard_ports::tokens::{
    Claims, CsrfValues, OneTimeSecrets, SecretHash, TokenFault, TokenKind, Tokens,
};

/// The hash of a password is the password, behind the cost at which it was made.
#[derive(Debug)]
pub struct PlainPasswords {
    cost: u32,
    decoy: PasswordHash,
    looked: AtomicU64,
}

impl PlainPasswords {
    /// At this cost; hashes of a lower one are weak.
    #[must_use]
    pub fn new(cost: u32) -> Self {
        Self { cost, decoy: PasswordHash(format!("{cost}:\u{0}nobody's")), looked: AtomicU64::new(0) }
    }

    /// How often a password was compared with a hash.
    #[must_use]
    pub fn looked(&self) -> u64 {
        self.looked.load(Ordering::Relaxed)
    }
}

impl Default for PlainPasswords {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Passwords for PlainPasswords {
    fn hash(&self, password: &SecretString) -> Result<PasswordHash, HashingFailed> {
        Ok(PasswordHash(format!("{}:{}", self.cost, password.expose_secret())))
    }

    fn verify(&self, password: &SecretString, hash: &PasswordHash) -> Verdict {
        self.looked.fetch_add(1, Ordering::Relaxed);
        match hash.0.split_once(':') {
            Some((cost, text)) if text == password.expose_secret() => {
                let is_weak = cost.parse::<u32>().is_ok_and(|cost| cost < self.cost);
                if is_weak { Verdict::RightButWeakly } else { Verdict::Right }
            }
            _ => Verdict::Wrong,
        }
    }

    fn decoy(&self) -> &PasswordHash {
        &self.decoy
    }
}

/// `access.<user>.<session>.<id>.<issued>.<expires>`
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainTokens;

fn word(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::Access => "access",
        TokenKind::Refresh => "refresh",
    }
}

impl Tokens for PlainTokens {
    fn sign(&self, claims: &Claims) -> SecretString {
        let Claims { kind, user, session, id, issued_at, expires_at } = claims;
        let text = format!("{}.{user}.{session}.{id}.{}.{}", word(*kind), issued_at.0, expires_at.0);
        SecretString::from(text)
    }

    fn verify(&self, token: &str, kind: TokenKind, now: Timestamp) -> Result<Claims, TokenFault> {
        let parts: Vec<&str> = token.split('.').collect();
        let [said, user, session, id, issued, expires] = parts.as_slice() else {
            return Err(TokenFault::Invalid);
        };
        let read = || {
            Some(Claims {
                kind,
                user: UserId(user.parse().ok()?),
                session: SessionId(session.parse().ok()?),
                id: id.parse().ok()?,
                issued_at: Timestamp(issued.parse().ok()?),
                expires_at: Timestamp(expires.parse().ok()?),
            })
        };
        let claims = read().filter(|_| *said == word(kind)).ok_or(TokenFault::Invalid)?;
        if claims.expires_at.0 + 30_000 <= now.0 { Err(TokenFault::Expired) } else { Ok(claims) }
    }
}

/// The session and the kind, as they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainCsrf;

impl CsrfValues for PlainCsrf {
    fn value(&self, session: SessionId, kind: TokenKind) -> String {
        format!("{}-{session}", word(kind))
    }

    fn is_value(&self, presented: &str, session: SessionId, kind: TokenKind) -> bool {
        presented == self.value(session, kind)
    }
}

/// `secret-0`, `secret-1`, ...; a secret's hash is its own text.
#[derive(Debug, Default)]
pub struct PlainSecrets {
    made: AtomicU64,
}

impl OneTimeSecrets for PlainSecrets {
    fn mint(&self) -> (SecretString, SecretHash) {
        let text = format!("secret-{}", self.made.fetch_add(1, Ordering::Relaxed));
        let hash = self.hash(&text);
        (SecretString::from(text), hash)
    }

    fn hash(&self, presented: &str) -> SecretHash {
        let mut hash = [0; 32];
        for (slot, byte) in hash.iter_mut().zip(presented.bytes()) {
            *slot = byte;
        }
        SecretHash(hash)
    }
}

/// Counts tries and never forgets by itself: time stands still.
#[derive(Debug, Default)]
pub struct StandingThrottle {
    tries: Mutex<HashMap<String, u32>>,
}

#[async_trait]
impl Throttle for StandingThrottle {
    async fn take(&self, scope: &str, rate: Rate) -> Result<(), Duration> {
        // One that asks another process does not answer at once.
        tokio::task::yield_now().await;
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = tries.entry(scope.to_owned()).or_default();
        if *taken >= rate.count {
            return Err(rate.window);
        }
        *taken += 1;
        Ok(())
    }

    fn give_back(&self, scope: &str) {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = tries.get_mut(scope) {
            *taken = taken.saturating_sub(1);
        }
    }

    async fn forget(&self, scope: &str) {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).remove(scope);
    }
}
