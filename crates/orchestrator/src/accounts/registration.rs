//! Who may register, and the first administrator.

use super::hashing::Queue;
use super::{AccountError, AccountPorts, AccountSettings, Client, IssuedTokens, SignIn};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use switchyard_domain::ids::UserId;
use switchyard_domain::meta::Writer;
use switchyard_domain::role::Role;
use switchyard_domain::user::{Email, PasswordRule, User, Username};
use switchyard_ports::repositories::{Creation, NewUser};

/// Who may register.
#[derive(Clone, Debug)]
pub enum RegistrationPolicy {
    /// Nobody.
    Closed,
    /// Who knows this.
    Token(SecretString),
    /// Everybody.
    Open,
}

/// Somebody who wants an account.
#[derive(Debug)]
pub struct RegistrationRequest {
    /// The name as typed.
    pub username: String,
    /// The e-mail address as typed.
    pub email: Option<String>,
    /// The password as typed.
    pub password: SecretString,
    /// The registration token, where one was sent.
    pub token: Option<SecretString>,
    /// Whether the password is judged by the rule of the documented `/api/auth` besides.
    pub mixed_password: bool,
}

/// New accounts.
pub struct Registration {
    ports: AccountPorts,
    settings: AccountSettings,
    sign_in: Arc<SignIn>,
}

impl Registration {
    /// Over the given ports.
    #[must_use]
    pub fn new(ports: AccountPorts, settings: AccountSettings, sign_in: Arc<SignIn>) -> Self {
        Self { ports, settings, sign_in }
    }

    /// Makes an account of a member.
    ///
    /// # Errors
    /// [`AccountError::RegistrationClosed`], [`AccountError::RegistrationToken`], [`AccountError::Taken`],
    /// [`AccountError::Invalid`], [`AccountError::Throttled`]
    pub async fn register(
        &self,
        request: RegistrationRequest,
        client: &Client,
    ) -> Result<User, AccountError> {
        self.made(request, client).await.map(|(user, _)| user)
    }

    /// The same, and signs the new member in.
    ///
    /// # Errors
    /// As [`Registration::register`].
    pub async fn register_and_sign_in(
        &self,
        request: RegistrationRequest,
        client: &Client,
    ) -> Result<IssuedTokens, AccountError> {
        let (user, new) = self.made(request, client).await?;
        self.sign_in.begin(user, Some(new.password), client).await
    }

    async fn made(
        &self,
        request: RegistrationRequest,
        client: &Client,
    ) -> Result<(User, NewUser), AccountError> {
        let ports = &self.ports;
        ports.throttles.registration(client).await?;
        self.admit(request.token.as_ref())?;
        let rule = PasswordRule { policy: self.settings.password_policy, mixed: request.mixed_password };
        let new = self
            .checked(&request.username, request.email.as_deref(), &request.password, rule, Queue::Strangers)
            .await?;
        let author = ports.author(client.named(new.username.to_string()));
        let id = ports.users.create(new.clone(), &author).await?.map_err(AccountError::Taken)?;
        ports.read_own_write().await;
        let (user, _) = ports.users.by_id(id).await?.ok_or(AccountError::NotFound("user"))?;
        Ok((user, new))
    }

    /// The token is compared by keyed hashes, so that the time tells nothing of it.
    fn admit(&self, token: Option<&SecretString>) -> Result<(), AccountError> {
        match &self.settings.registration {
            RegistrationPolicy::Open => Ok(()),
            RegistrationPolicy::Closed => Err(AccountError::RegistrationClosed),
            RegistrationPolicy::Token(expected) => {
                let given = token.map_or("", |token| token.expose_secret());
                let secrets = &self.ports.secrets;
                let is_it = secrets.hash(given) == secrets.hash(expected.expose_secret());
                if is_it { Ok(()) } else { Err(AccountError::RegistrationToken) }
            }
        }
    }

    /// A new member of these facts, their password hashed.
    pub(super) async fn checked(
        &self,
        username: &str,
        email: Option<&str>,
        password: &SecretString,
        rule: PasswordRule,
        queue: Queue,
    ) -> Result<NewUser, AccountError> {
        let username = Username::new(username)?;
        let email = email.map(Email::new).transpose()?;
        let password = rule.check(password, &username, email.as_ref())?;
        let password = self.ports.passwords.hash(password, queue).await?;
        Ok(NewUser { username, email, password, role: Role::Member })
    }

    /// Makes the administrator whom the operator named, while there is none. Answers whether it did.
    ///
    /// # Errors
    /// [`AccountError::Invalid`] when the name or the password can't be one, [`AccountError::Taken`]
    pub async fn first_administrator(
        &self,
        username: &str,
        password: &SecretString,
        by: &Writer,
    ) -> Result<Option<UserId>, AccountError> {
        let ports = &self.ports;
        if ports.users.has_administrator().await? {
            return Ok(None);
        }
        let rule = PasswordRule { policy: self.settings.password_policy, mixed: false };
        let new = NewUser {
            role: Role::Admin,
            ..self.checked(username, None, password, rule, Queue::Familiar).await?
        };
        let made = ports.users.create_first_administrator(new, &ports.author(by.clone())).await?;
        ports.read_own_write().await;
        made.map(|creation: Creation| creation.map_err(AccountError::Taken)).transpose()
    }
}
