//! Links of one use: for the first administrator, and for people whose password an administrator resets.

use super::hashing::Queue;
use super::{AccountError, AccountPorts, AccountSettings, Client, IssuedLink, Registration};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::ids::UserId;
use switchyard_domain::meta::Writer;
use switchyard_domain::role::Role;
use switchyard_domain::user::PasswordRule;
use switchyard_ports::repositories::{LinkPurpose, NewUser, OneTimeLink};

/// How long a link opens.
const LIFETIME: Duration = Duration::from_secs(60 * 60);

/// What somebody who follows a link gives.
#[derive(Debug)]
pub struct LinkUse {
    /// The link's secret.
    pub token: SecretString,
    /// The name of the first administrator; not taken by a link that resets a password.
    pub username: Option<String>,
    /// Their e-mail address.
    pub email: Option<String>,
    /// The new password.
    pub password: SecretString,
}

/// Makes links, and lets them be used.
pub struct Links {
    ports: AccountPorts,
    settings: AccountSettings,
    registration: Arc<Registration>,
}

impl Links {
    /// Over the given ports.
    #[must_use]
    pub fn new(ports: AccountPorts, settings: AccountSettings, registration: Arc<Registration>) -> Self {
        Self { ports, settings, registration }
    }

    /// A link for the first administrator, in place of all earlier ones; `None` while there is an active administrator.
    ///
    /// # Errors
    /// [`AccountError::Unavailable`]
    pub async fn setup(&self, by: &Writer) -> Result<Option<IssuedLink>, AccountError> {
        if self.ports.users.has_administrator().await? {
            return Ok(None);
        }
        self.made(LinkPurpose::Setup, by).await.map(Some)
    }

    /// A link by which this person sets a new password, in place of all earlier ones. Their sessions end: whoever has one that is not
    /// them is out at once, and not only when they follow the link.
    ///
    /// # Errors
    /// [`AccountError::NotFound`]
    pub async fn reset(&self, user: UserId, by: &Writer) -> Result<IssuedLink, AccountError> {
        let ports = &self.ports;
        ports.users.by_id(user).await?.ok_or(AccountError::NotFound("user"))?;
        ports.sessions.end_all(user, None, &ports.author(by.clone())).await?;
        ports.read_own_write().await;
        self.made(LinkPurpose::Reset(user), by).await
    }

    async fn made(&self, purpose: LinkPurpose, by: &Writer) -> Result<IssuedLink, AccountError> {
        let ports = &self.ports;
        let (token, hash) = ports.secrets.mint();
        let expires_at = ports.clock.now().after(LIFETIME);
        let author = ports.author(by.clone());
        ports.users.put_link(OneTimeLink { hash, purpose, expires_at }, &author).await?;
        Ok(IssuedLink { token, expires_at })
    }

    /// Uses a link. Answers the name of the person who can sign in now.
    ///
    /// # Errors
    /// [`AccountError::LinkInvalid`], [`AccountError::Invalid`] (the link stays then), [`AccountError::Throttled`]
    pub async fn follow(&self, request: LinkUse, client: &Client) -> Result<String, AccountError> {
        let ports = &self.ports;
        ports.throttles.link(client).await?;
        let hash = ports.secrets.hash(request.token.expose_secret());
        let link = ports.users.link(hash, ports.clock.now()).await?;
        match link.ok_or(AccountError::LinkInvalid)? {
            OneTimeLink { purpose: LinkPurpose::Setup, hash, .. } => {
                let username = request.username.as_deref().ok_or_else(|| missing("username"))?;
                let rule = self.rule();
                let email = request.email.as_deref();
                let new = self
                    .registration
                    .checked(username, email, &request.password, rule, Queue::Familiar)
                    .await?;
                let new = NewUser { role: Role::Admin, ..new };
                let name = new.username.to_string();
                let author = ports.author(client.named(name.clone()));
                let made = ports.users.set_up(hash, new, &author).await?.ok_or(AccountError::LinkInvalid)?;
                made.map_err(AccountError::Taken)?;
                ports.read_own_write().await;
                Ok(name)
            }
            OneTimeLink { purpose: LinkPurpose::Reset(id), hash, .. } => {
                let (user, _) = ports.users.by_id(id).await?.ok_or(AccountError::LinkInvalid)?;
                let password = self.rule().check(&request.password, &user.username, user.email.as_ref())?;
                let password = ports.passwords.hash(password, Queue::Familiar).await?;
                let author = ports.author(client.writer(&user));
                let done = ports.users.reset_password(hash, password, &author).await?;
                done.ok_or(AccountError::LinkInvalid)?;
                ports.read_own_write().await;
                Ok(user.username.to_string())
            }
        }
    }

    fn rule(&self) -> PasswordRule {
        PasswordRule { policy: self.settings.password_policy, mixed: false }
    }
}

fn missing(field: &'static str) -> AccountError {
    AccountError::invalid(field, "this is needed")
}
