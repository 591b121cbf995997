//! Who a presented token is, from memory alone.

use super::refusals::Refusals;
use super::{AccountError, AccountPorts, Client};
use crate::snapshot::{ConfigurationKeeper, UserDirectory, UserEntry};
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::audit::{AuditAction, AuditOutcome, AuditRecord};
use switchyard_domain::ids::{SessionId, UserId};
use switchyard_domain::role::Role;
use switchyard_ports::clock::Clock;
use switchyard_ports::repositories::{AuditLog, Author, RepositoryError, SessionRepository};
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
    sessions: Arc<dyn SessionRepository>,
    keeper: Arc<ConfigurationKeeper>,
    users: Arc<UserDirectory>,
    refusals: Refusals,
}

impl SessionGate {
    /// Over the same ports as the other use cases, and the people whom the keeper keeps.
    #[must_use]
    pub fn new(ports: &AccountPorts, keeper: Arc<ConfigurationKeeper>) -> Self {
        Self {
            tokens: Arc::clone(&ports.tokens),
            csrf: Arc::clone(&ports.csrf),
            clock: Arc::clone(&ports.clock),
            audit: Arc::clone(&ports.audit),
            sessions: Arc::clone(&ports.sessions),
            users: keeper.users(),
            keeper,
            refusals: Refusals::default(),
        }
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
        if let Some(record) = self.refusal(who, what, why, client) {
            self.in_time(self.audit.record(record)).await;
        }
    }

    /// The same of a request with the cookies of a session that could not be told from a forged one. Of a session that runs no more
    /// nothing is written: its tokens may be anybody's.
    pub async fn note_forged(&self, claims: &Claims, what: &str, client: &Client) {
        let Ok(who) = self.admitted(claims) else { return };
        let Some(record) = self.refusal(&who, what, Refused::Forged, client) else { return };
        let written = async {
            let running = self.sessions.of_user(claims.user, self.clock.now()).await?;
            if running.iter().any(|session| session.id == claims.session) {
                self.audit.record(record).await?;
            }
            Ok(())
        };
        self.in_time(written).await;
    }

    /// What is written of a refusal; nothing where that was done very often a moment ago.
    fn refusal(&self, who: &SignedIn, what: &str, why: Refused, client: &Client) -> Option<AuditRecord> {
        let entry = self.refusals.entry(who.entry.user.id, what, self.clock.monotonic())?;
        let author = Author { by: client.writer(&who.entry.user), at: self.clock.now() };
        let details = [("role", who.role().as_str()), ("reason", why.as_str())];
        let details = details.map(|(name, word)| (name.to_owned(), word.to_owned())).into_iter();
        let details = details.chain(entry.details()).collect();
        let record = author.did_to(AuditAction::Access, what.to_owned());
        Some(AuditRecord { outcome: AuditOutcome::Refused, details, ..record })
    }

    async fn in_time(&self, write: impl Future<Output = Result<(), RepositoryError>>) {
        tokio::select! {
            written = write => {
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
