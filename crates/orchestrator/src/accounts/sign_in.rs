//! Signing in, staying signed in, signing out.

use super::hashing::Queue;
use super::tokens::issue;
use super::{AccountError, AccountPorts, AccountSettings, Client, IssuedTokens};
use secrecy::SecretString;
use std::time::Duration;
use switchyard_domain::audit::AuditAction;
use switchyard_domain::ids::{SessionId, UserId};
use switchyard_domain::meta::Writer;
use switchyard_domain::time::Timestamp;
use switchyard_domain::user::{Session, User, kept_password, name_key};
use switchyard_ports::passwords::{PasswordHash, Verdict};
use switchyard_ports::repositories::Rotation;
use switchyard_ports::tokens::{Claims, TokenKind};

/// Longest name that a client gives itself that is kept.
const LONGEST_AGENT: usize = 200;

/// What somebody signs in with.
#[derive(Debug)]
pub struct LogIn {
    /// The name as typed.
    pub username: String,
    /// The password as typed.
    pub password: SecretString,
}

/// Sessions: begun, refreshed, ended.
pub struct SignIn {
    ports: AccountPorts,
    settings: AccountSettings,
}

impl SignIn {
    /// Over the given ports.
    #[must_use]
    pub fn new(ports: AccountPorts, settings: AccountSettings) -> Self {
        Self { ports, settings }
    }

    /// Begins a session. For a name that nobody has, for one that is switched off and for a wrong password the same happens: the same
    /// work, the same entry in the audit log, the same answer.
    ///
    /// # Errors
    /// [`AccountError::BadCredentials`], [`AccountError::Throttled`], [`AccountError::Overloaded`]
    pub async fn log_in(&self, request: LogIn, client: &Client) -> Result<IssuedTokens, AccountError> {
        let ports = &self.ports;
        ports.throttles.login(client).await?;
        let key = name_key(&request.username);
        let attempt = ports.throttles.password(&key, client).await?;
        let Some(password) = kept_password(&request.password) else {
            attempt.was_wrong();
            return Err(AccountError::BadCredentials);
        };
        // No name holds a control character, and PostgreSQL can't be asked for one with a zero byte.
        let is_nobodys = key.chars().any(char::is_control);
        let found = if is_nobodys { None } else { ports.users.by_name_key(&key).await? };
        let hash = found.as_ref().map(|(_, hash)| hash.clone());
        let queue = ports.passwords.queue(&key, client);
        let verdict = ports.passwords.verify(password.clone(), hash, queue).await?;
        match found {
            Some((user, hash)) if verdict != Verdict::Wrong && user.is_active => {
                let hash = match verdict {
                    Verdict::RightButWeakly => self.strengthen(&user, password, hash).await?,
                    _ => hash,
                };
                let tokens = self.begin(user, Some(hash), client).await?;
                ports.passwords.was_right(&key, client);
                attempt.was_right().await;
                Ok(tokens)
            }
            found => {
                attempt.was_wrong();
                let object = found.map_or_else(|| "user".to_owned(), |(user, _)| object_of(user.id));
                let by = client.anonymous();
                ports.note_refusal(&by, AuditAction::SignIn, object).await?;
                Err(AccountError::BadCredentials)
            }
        }
    }

    /// Hashes a right password again, at the cost that is usual now.
    async fn strengthen(
        &self,
        user: &User,
        password: SecretString,
        old: PasswordHash,
    ) -> Result<PasswordHash, AccountError> {
        let (ports, typed) = (&self.ports, password.clone());
        let new = ports.passwords.hash(password, Queue::Familiar).await?;
        if ports.users.rehash(user.id, old, new.clone()).await? {
            return Ok(new);
        }
        // Somebody was quicker: another login, which is as good, or a change of the password, which is not.
        let stored = ports.users.by_id(user.id).await?.map(|(_, hash)| hash);
        let stored = stored.ok_or(AccountError::BadCredentials)?;
        match ports.passwords.verify(typed, Some(stored.clone()), Queue::Familiar).await? {
            Verdict::Wrong => Err(AccountError::BadCredentials),
            _ => Ok(stored),
        }
    }

    /// Begins a session of somebody who has proved who they are.
    pub(super) async fn begin(
        &self,
        user: User,
        verified: Option<PasswordHash>,
        client: &Client,
    ) -> Result<IssuedTokens, AccountError> {
        let by = client.writer(&user);
        self.begin_for(self.settings.refresh_lifetime, user, verified, client, by).await
    }

    /// Begins a session that can't be refreshed: it ends with its first access token. `by` begins it, in this person's name.
    pub(super) async fn begin_briefly(
        &self,
        user: User,
        client: &Client,
        by: &Writer,
    ) -> Result<IssuedTokens, AccountError> {
        self.begin_for(self.settings.access_lifetime, user, None, client, by.clone()).await
    }

    async fn begin_for(
        &self,
        lifetime: Duration,
        user: User,
        verified: Option<PasswordHash>,
        client: &Client,
        by: Writer,
    ) -> Result<IssuedTokens, AccountError> {
        let ports = &self.ports;
        let now = ports.clock.now();
        let session = Session { expires_at: now.after(lifetime), ..self.session(user.id, now, client) };
        let refresh = ports.entropy.new_id();
        let author = ports.author(by);
        if !ports.sessions.begin(session.clone(), refresh, verified, &author).await? {
            return Err(AccountError::BadCredentials);
        }
        let user = User { last_login_at: Some(now), ..user };
        Ok(issue(ports, &self.settings, user, session, refresh))
    }

    fn session(&self, user: UserId, now: Timestamp, client: &Client) -> Session {
        let agent = client.agent.as_ref().map(|agent| {
            agent.chars().take(LONGEST_AGENT).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
        });
        Session {
            id: SessionId(self.ports.entropy.new_id()),
            user,
            created_at: now,
            refreshed_at: now,
            expires_at: now,
            address: client.address,
            client: agent,
        }
    }

    /// What a refresh token says, as far as its own words go. Nothing is changed yet, so that an edge may ask for more first.
    ///
    /// # Errors
    /// [`AccountError::TokenExpired`], [`AccountError::TokenInvalid`], [`AccountError::Throttled`]
    pub async fn read_refresh(&self, token: &str, client: &Client) -> Result<Claims, AccountError> {
        self.ports.throttles.refresh(client).await?;
        Ok(self.ports.tokens.verify(token, TokenKind::Refresh, self.ports.clock.now())?)
    }

    /// Whether `presented` is the value against forged requests for tokens of this kind in a session.
    #[must_use]
    pub fn is_csrf_value(&self, presented: &str, session: SessionId, kind: TokenKind) -> bool {
        self.ports.csrf.is_value(presented, session, kind)
    }

    /// Takes a refresh token in exchange for new tokens. One that was used before ends its session: either its holder or whoever
    /// used it first is not who they should be.
    ///
    /// # Errors
    /// [`AccountError::TokenInvalid`] for a session that ended, or ends by this.
    pub async fn refresh(&self, claims: &Claims, client: &Client) -> Result<IssuedTokens, AccountError> {
        let ports = &self.ports;
        let (user, _) = ports.users.by_id(claims.user).await?.ok_or(AccountError::TokenInvalid)?;
        let author = ports.author(client.writer(&user));
        let next = ports.entropy.new_id();
        match ports.sessions.rotate(claims.session, claims.id, next, &author).await? {
            Rotation::Rotated(session) if user.is_active && session.user == user.id => {
                Ok(issue(ports, &self.settings, user, session, next))
            }
            Rotation::Reused(_) => {
                ports.read_own_write().await;
                tracing::warn!(session = %claims.session, "a refresh token was used twice: its session is ended");
                Err(AccountError::TokenInvalid)
            }
            Rotation::Rotated(_) | Rotation::Gone => Err(AccountError::TokenInvalid),
        }
    }

    /// The session that one of these tokens is of, if it runs: of the first that tells, with its place among them.
    ///
    /// # Errors
    /// [`AccountError::Throttled`], [`AccountError::Unavailable`]
    pub async fn running(
        &self,
        tokens: &[(Option<&str>, TokenKind)],
        client: &Client,
    ) -> Result<Option<(usize, Claims)>, AccountError> {
        self.ports.throttles.logout(client).await?;
        let now = self.ports.clock.now();
        for (place, (token, kind)) in tokens.iter().enumerate() {
            let Some(Ok(claims)) = token.map(|token| self.ports.tokens.verify(token, *kind, now)) else {
                continue;
            };
            let running = self.ports.sessions.of_user(claims.user, now).await?;
            if running.iter().any(|session| session.id == claims.session) {
                return Ok(Some((place, claims)));
            }
        }
        Ok(None)
    }

    /// Ends a session with all its tokens.
    ///
    /// # Errors
    /// [`AccountError::Unavailable`]
    pub async fn log_out(&self, claims: &Claims, client: &Client) -> Result<(), AccountError> {
        let ports = &self.ports;
        let name = match ports.users.by_id(claims.user).await? {
            Some((user, _)) => client.writer(&user),
            None => client.anonymous(),
        };
        ports.sessions.end(claims.session, claims.user, &ports.author(name)).await?;
        ports.read_own_write().await;
        Ok(())
    }
}

/// A person, in the audit log's words.
pub(super) fn object_of(user: UserId) -> String {
    format!("user:{user}")
}
