//! Who a presented token is, from memory alone.

use super::refusals::Refusals;
use super::{AccountError, Client};
use crate::snapshot::{ConfigurationKeeper, UserDirectory, UserEntry};
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::audit::{AuditAction, AuditOutcome, AuditRecord};
use switchyard_domain::ids::{SessionId, UserId};
use switchyard_domain::role::Role;
use switchyard_ports::clock::Clock;
use switchyard_ports::repositories::{AuditLog, Author};
use switchyard_ports::tokens::{Claims, CsrfValues, TokenKind, Tokens};

/// How long somebody who is refused waits until that is written down.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// A person in one of their sessions.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The person as they are now: their stored role decides, whatever was signed when.
    pub entry: Arc<UserEntry>,
    /// The session.
    pub session: SessionId,
}

impl SignedIn {
    /// What they may do.
    #[must_use]
    pub fn role(&self) -> Role {
        self.entry.user.role
    }
}

/// Why somebody who is signed in was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Their role has no such right.
    Role,
    /// The request can't be told from one that another site's page made with their cookies.
    Forged,
}

impl Refused {
    fn as_str(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Forged => "csrf",
        }
    }
}

/// Tells who a presented token is.
pub struct SessionGate {
    tokens: Arc<dyn Tokens>,
    csrf: Arc<dyn CsrfValues>,
    clock: Arc<dyn Clock>,
    audit: Arc<dyn AuditLog>,
    keeper: Arc<ConfigurationKeeper>,
    users: Arc<UserDirectory>,
    refusals: Refusals,
}

impl SessionGate {
    /// Over the people whom the keeper keeps.
    #[must_use]
    pub fn new(
        tokens: Arc<dyn Tokens>,
        csrf: Arc<dyn CsrfValues>,
        clock: Arc<dyn Clock>,
        audit: Arc<dyn AuditLog>,
        keeper: Arc<ConfigurationKeeper>,
    ) -> Self {
        let users = keeper.users();
        Self { tokens, csrf, clock, audit, keeper, users, refusals: Refusals::default() }
    }

    fn claims(&self, token: &str) -> Result<Claims, AccountError> {
        Ok(self.tokens.verify(token, TokenKind::Access, self.clock.now())?)
    }

    fn admitted(&self, claims: &Claims) -> Result<SignedIn, AccountError> {
        let entry = self.users.find(claims.user).ok_or(AccountError::TokenInvalid)?;
        if !entry.admits(claims.session) {
            return Err(AccountError::TokenInvalid);
        }
        Ok(SignedIn { entry, session: claims.session })
    }

    /// Who an access token is. Asks no database.
    ///
    /// # Errors
    /// [`AccountError::TokenExpired`], [`AccountError::TokenInvalid`]
    pub fn known(&self, token: &str) -> Result<SignedIn, AccountError> {
        self.admitted(&self.claims(token)?)
    }

    /// The same for those who registered at another replica a moment ago: where a token of ours names somebody who is not known yet,
    /// the newest changes are read first.
    ///
    /// # Errors
    /// As [`SessionGate::known`].
    pub async fn who(&self, token: &str) -> Result<SignedIn, AccountError> {
        let claims = self.claims(token)?;
        if self.users.find(claims.user).is_none() {
            self.keeper.refresh().await?;
        }
        self.admitted(&claims)
    }

    /// Whether somebody administers this server, as far as it is known by now.
    #[must_use]
    pub fn is_administered(&self) -> bool {
        self.users.has_administrator()
    }

    /// Whether this person was switched off.
    #[must_use]
    pub fn is_switched_off(&self, user: UserId) -> bool {
        self.users.find(user).is_some_and(|entry| !entry.user.is_active)
    }

    /// Whether `presented` is the value against forged requests for the access tokens of a session.
    #[must_use]
    pub fn is_csrf_value(&self, presented: &str, session: SessionId) -> bool {
        self.csrf.is_value(presented, session, TokenKind::Access)
    }

    /// Writes down that somebody was refused what they asked for, and why, unless they were very often a moment ago. That it was refused
    /// stands in any case, and whoever is refused does not wait for a database that hangs.
    pub async fn note_refusal(&self, who: &SignedIn, what: &str, why: Refused, client: &Client) {
        let Some(entry) = self.refusals.entry(who.entry.user.id, what, self.clock.monotonic()) else {
            return;
        };
        let author = Author { by: client.writer(&who.entry.user), at: self.clock.now() };
        let details = [("role", who.role().as_str()), ("reason", why.as_str())];
        let details = details.map(|(name, word)| (name.to_owned(), word.to_owned())).into_iter();
        let details = details.chain(entry.details()).collect();
        let record = author.did_to(AuditAction::Access, what.to_owned());
        let record = AuditRecord { outcome: AuditOutcome::Refused, details, ..record };
        tokio::select! {
            written = self.audit.record(record) => {
                if let Err(error) = written {
                    tracing::warn!(error = %error, "a refused right could not be written down");
                }
            }
            () = self.clock.sleep(LONGEST_WAIT) => {
                tracing::warn!("a refused right could not be written down in time");
            }
        }
    }
}
