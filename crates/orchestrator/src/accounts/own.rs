//! What people see and change of themselves.

use super::hashing::Queue;
use super::{AccountError, AccountPorts, AccountSettings, Client, SignedIn};
use secrecy::SecretString;
use switchyard_domain::ids::SessionId;
use switchyard_domain::user::{PasswordRule, Session, User, kept_password};
use switchyard_ports::passwords::Verdict;

/// One's own account.
pub struct OwnAccount {
    ports: AccountPorts,
    settings: AccountSettings,
}

impl OwnAccount {
    /// Over the given ports.
    #[must_use]
    pub fn new(ports: AccountPorts, settings: AccountSettings) -> Self {
        Self { ports, settings }
    }

    /// Oneself as stored.
    ///
    /// # Errors
    /// [`AccountError::Unavailable`]
    pub async fn me(&self, who: &SignedIn) -> Result<User, AccountError> {
        let found = self.ports.users.by_id(who.entry.user.id).await?;
        found.map(|(user, _)| user).ok_or(AccountError::TokenInvalid)
    }

    /// One's running sessions, the newest first.
    ///
    /// # Errors
    /// [`AccountError::Unavailable`]
    pub async fn sessions(&self, who: &SignedIn) -> Result<Vec<Session>, AccountError> {
        Ok(self.ports.sessions.of_user(who.entry.user.id, self.ports.clock.now()).await?)
    }

    /// Ends one of one's sessions, the present one included.
    ///
    /// # Errors
    /// [`AccountError::NotFound`] where it is not one's own, or has ended.
    pub async fn end_session(
        &self,
        who: &SignedIn,
        id: SessionId,
        client: &Client,
    ) -> Result<(), AccountError> {
        let author = self.ports.author(client.writer(&who.entry.user));
        if !self.ports.sessions.end(id, who.entry.user.id, &author).await? {
            return Err(AccountError::NotFound("session"));
        }
        self.ports.read_own_write().await;
        Ok(())
    }

    /// Ends all of one's sessions but the present one. Answers how many.
    ///
    /// # Errors
    /// [`AccountError::Unavailable`]
    pub async fn end_other_sessions(&self, who: &SignedIn, client: &Client) -> Result<u64, AccountError> {
        let author = self.ports.author(client.writer(&who.entry.user));
        let ended = self.ports.sessions.end_all(who.entry.user.id, Some(who.session), &author).await?;
        self.ports.read_own_write().await;
        Ok(ended)
    }

    /// Changes one's password. All other sessions end. Whoever has a right password may be anybody who registered: they wait among
    /// strangers, so that they never stand in front of a login.
    ///
    /// # Errors
    /// [`AccountError::WrongPassword`], [`AccountError::Invalid`], [`AccountError::Throttled`], [`AccountError::Overloaded`]
    pub async fn change_password(
        &self,
        who: &SignedIn,
        current: &SecretString,
        new: &SecretString,
        client: &Client,
    ) -> Result<(), AccountError> {
        let ports = &self.ports;
        ports.throttles.password_change(&who.entry.user).await?;
        let (user, hash) = ports.users.by_id(who.entry.user.id).await?.ok_or(AccountError::TokenInvalid)?;
        let rule = PasswordRule { policy: self.settings.password_policy, mixed: false };
        let new = rule.check(new, &user.username, user.email.as_ref());
        let new = new.map_err(|fault| AccountError::invalid("new_password", &fault))?;
        let key = user.username.key();
        let attempt = ports.throttles.password(&key, client).await?;
        let verdict = match kept_password(current) {
            Some(current) => ports.passwords.verify(current, Some(hash), Queue::Strangers).await?,
            None => Verdict::Wrong,
        };
        if verdict == Verdict::Wrong {
            attempt.was_wrong();
            return Err(AccountError::WrongPassword);
        }
        attempt.was_right().await;
        let new = ports.passwords.hash(new, Queue::Strangers).await?;
        let author = ports.author(client.writer(&user));
        ports.users.set_password(user.id, new, Some(who.session), &author).await?;
        ports.read_own_write().await;
        Ok(())
    }
}
