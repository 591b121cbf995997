//! Who a presented token is, from memory alone.

use super::refusals::Refusals;
use super::{AccountError, Client};
use crate::snapshot::{ConfigurationKeeper, UserDirectory, UserEntry};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::audit::{AuditAction, AuditOutcome, AuditRecord};
use switchyard_domain::ids::{SessionId, UserId};
use switchyard_domain::role::Role;
use switchyard_ports::clock::Clock;
use switchyard_ports::repositories::AuditLog;
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

    /// Writes down that somebody asked for what is not their right, unless they did so very often a moment ago. That it was refused
    /// stands in any case, and whoever is refused does not wait for a database that hangs.
    pub async fn note_refusal(&self, who: &SignedIn, what: &str, client: &Client) {
        let Some(entry) = self.refusals.entry(who.entry.user.id, what, self.clock.monotonic()) else {
            return;
        };
        let by = client.writer(&who.entry.user);
        let mut details = BTreeMap::from([("role".to_owned(), who.role().as_str().to_owned())]);
        if entry.left_out > 0 {
            details.insert("left_out".to_owned(), entry.left_out.to_string());
        }
        if entry.is_last {
            details
                .insert("more".to_owned(), "counted for a minute, and told with the next entry".to_owned());
        }
        let record = AuditRecord {
            at: self.clock.now(),
            actor: by.name.to_string(),
            action: AuditAction::Access,
            object: what.to_owned(),
            outcome: AuditOutcome::Refused,
            address: by.address,
            request_id: by.request_id,
            details,
        };
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
