//! The tokens of a session.

use super::{AccountPorts, AccountSettings};
use secrecy::SecretString;
use std::time::Duration;
use switchyard_domain::time::Timestamp;
use switchyard_domain::user::{Session, User};
use switchyard_ports::tokens::{Claims, TokenKind};
use uuid::Uuid;

/// What a client holds of its session from now on.
#[derive(Debug)]
pub struct IssuedTokens {
    /// Whose they are.
    pub user: User,
    /// The session.
    pub session: Session,
    /// Lets calls through.
    pub access: SecretString,
    /// Is changed for new tokens, once.
    pub refresh: SecretString,
    /// What requests that the access cookie authenticates carry besides.
    pub csrf_access: String,
    /// What a refresh by cookie carries besides.
    pub csrf_refresh: String,
    /// How long the access token lives.
    pub access_lifetime: Duration,
    /// How long the session can be refreshed.
    pub refresh_lifetime: Duration,
}

/// Signs the tokens of a session whose next refresh token has this id. Neither outlives the session.
pub(super) fn issue(
    ports: &AccountPorts,
    settings: &AccountSettings,
    user: User,
    session: Session,
    refresh: Uuid,
) -> IssuedTokens {
    // One moment for all that begins now, so that lifetimes are whole.
    let now = session.refreshed_at;
    let ends = now.after(settings.access_lifetime).min(session.expires_at);
    let sign = |kind, id, expires_at: Timestamp| {
        let claims = Claims { kind, user: user.id, session: session.id, id, issued_at: now, expires_at };
        ports.tokens.sign(&claims)
    };
    IssuedTokens {
        access: sign(TokenKind::Access, ports.entropy.new_id(), ends),
        refresh: sign(TokenKind::Refresh, refresh, session.expires_at),
        csrf_access: ports.csrf.value(session.id, TokenKind::Access),
        csrf_refresh: ports.csrf.value(session.id, TokenKind::Refresh),
        access_lifetime: ends.since(now),
        refresh_lifetime: session.expires_at.since(now),
        user,
        session,
    }
}
