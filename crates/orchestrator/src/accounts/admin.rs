//! What administrators see and change of others.

use super::{AccountError, AccountPorts, Client, IssuedTokens, SignIn};
use secrecy::SecretString;
use std::sync::Arc;
use switchyard_domain::ids::UserId;
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::role::Role;
use switchyard_domain::time::Timestamp;
use switchyard_domain::user::{Email, User};
use switchyard_ports::repositories::{Taken, UserChange, UserPatch};

/// The most people on a page.
const MOST: u32 = 100;

/// A link that was just made; the only moment at which its secret exists.
#[derive(Debug)]
pub struct IssuedLink {
    /// Its secret.
    pub token: SecretString,
    /// When it ends unused.
    pub expires_at: Timestamp,
}

/// What an administrator wants changed; `None` leaves as is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangedUser {
    /// What they may do.
    pub role: Option<Role>,
    /// Whether they may sign in and call.
    pub is_active: Option<bool>,
    /// Limits on all their calls together.
    pub limits: Option<Limits>,
    /// Where they get mail: `Some(None)` means nowhere.
    pub email: Option<Option<String>>,
    /// Refused as stale when this is not the object's version.
    pub expected_version: Option<i64>,
}

/// Administers people.
pub struct UserAdmin {
    ports: AccountPorts,
    sign_in: Arc<SignIn>,
}

impl UserAdmin {
    /// Over the given ports.
    #[must_use]
    pub fn new(ports: AccountPorts, sign_in: Arc<SignIn>) -> Self {
        Self { ports, sign_in }
    }

    /// At most `limit` people (100 at most) with ids above `after`, and the id to go on from, where there are more.
    ///
    /// # Errors
    /// [`AccountError::Unavailable`]
    pub async fn page(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<(Vec<User>, Option<UserId>), AccountError> {
        let limit = limit.clamp(1, MOST);
        let mut page = self.ports.users.page(after, limit + 1).await?;
        let is_more = page.len() > limit as usize;
        page.truncate(limit as usize);
        let next = page.last().map(|user| user.id).filter(|_| is_more);
        Ok((page, next))
    }

    /// The person of this id.
    ///
    /// # Errors
    /// [`AccountError::NotFound`]
    pub async fn find(&self, id: UserId) -> Result<User, AccountError> {
        let found = self.ports.users.by_id(id).await?;
        found.map(|(user, _)| user).ok_or(AccountError::NotFound("user"))
    }

    /// Changes a person, and answers them as they are now.
    ///
    /// # Errors
    /// [`AccountError::LastAdministrator`], [`AccountError::Stale`], [`AccountError::NotFound`], [`AccountError::Invalid`]
    pub async fn change(&self, id: UserId, change: ChangedUser, by: &Writer) -> Result<User, AccountError> {
        if change.limits.is_some_and(|limits| limits.admits_nothing()) {
            return Err(AccountError::invalid("limits", "a limit is at least 1; leave it out for no limit"));
        }
        let email = change.email.map(|email| email.as_deref().map(Email::new).transpose()).transpose()?;
        let patch = UserPatch {
            role: change.role,
            is_active: change.is_active,
            limits: change.limits,
            email,
            expected_version: change.expected_version,
        };
        match self.ports.users.update(id, patch, &self.ports.author(by.clone())).await? {
            UserChange::Made => {}
            UserChange::LastAdministrator => return Err(AccountError::LastAdministrator),
            UserChange::EmailTaken => return Err(AccountError::Taken(Taken::Email)),
        }
        self.ports.read_own_write().await;
        self.find(id).await
    }

    /// A short session of an administrator, for whoever may run the command line: of this name, else of whichever active
    /// administrator is the first. `None` where there is none.
    ///
    /// # Errors
    /// [`AccountError::NotFound`] where nobody of this name administers.
    pub async fn token(
        &self,
        name_key: Option<&str>,
        by: &Writer,
    ) -> Result<Option<IssuedTokens>, AccountError> {
        let administers = |user: &User| user.is_active && user.role == Role::Admin;
        let user = match name_key {
            Some(key) => {
                let found = self.ports.users.by_name_key(key).await?.map(|(user, _)| user);
                Some(found.filter(administers).ok_or(AccountError::NotFound("administrator"))?)
            }
            None => self.first_administrator(administers).await?,
        };
        let Some(user) = user else { return Ok(None) };
        let client =
            Client { agent: Some(format!("switchyard admin token ({})", by.name)), ..Client::default() };
        self.sign_in.begin_briefly(user, &client, by).await.map(Some)
    }

    async fn first_administrator(
        &self,
        administers: impl Fn(&User) -> bool,
    ) -> Result<Option<User>, AccountError> {
        let mut after = None;
        loop {
            let (page, next) = self.page(after, MOST).await?;
            if let Some(found) = page.into_iter().find(&administers) {
                return Ok(Some(found));
            }
            let Some(next) = next else { return Ok(None) };
            after = Some(next);
        }
    }
}
