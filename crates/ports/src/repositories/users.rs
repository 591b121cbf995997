//! People and the links by which they get in for the first time.

use super::{Author, RepositoryError};
use crate::passwords::PasswordHash;
use crate::tokens::SecretHash;
use async_trait::async_trait;
use switchyard_domain::ids::{SessionId, UserId};
use switchyard_domain::limits::Limits;
use switchyard_domain::role::Role;
use switchyard_domain::time::Timestamp;
use switchyard_domain::user::{Email, User, Username};

/// A person to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// Their name.
    pub username: Username,
    /// Where they get mail.
    pub email: Option<Email>,
    /// Their password.
    pub password: PasswordHash,
    /// What they may do.
    pub role: Role,
}

/// What of a new person somebody else has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The name, or one that looks like it.
    Username,
    /// The e-mail address.
    Email,
}

/// What became of a new person.
pub type Creation = Result<UserId, Taken>;

/// Changes to a person; `None` leaves as is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserPatch {
    /// What they may do.
    pub role: Option<Role>,
    /// Whether they may sign in and call.
    pub is_active: Option<bool>,
    /// Limits on all their calls together.
    pub limits: Option<Limits>,
    /// Where they get mail.
    pub email: Option<Option<Email>>,
    /// Refused as [`RepositoryError::Stale`] when this is not the object's version.
    pub expected_version: Option<i64>,
}

impl UserPatch {
    /// The names of the fields that it changes.
    #[must_use]
    pub fn fields(&self) -> Vec<&'static str> {
        let Self { role, is_active, limits, email, expected_version: _ } = self;
        let named = [
            (role.is_some(), "role"),
            (is_active.is_some(), "is_active"),
            (limits.is_some(), "limits"),
            (email.is_some(), "email"),
        ];
        named.into_iter().filter_map(|(is_changed, name)| is_changed.then_some(name)).collect()
    }
}

/// What became of a change to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserChange {
    /// It was made.
    Made,
    /// It would leave nobody who administers, and was not made.
    LastAdministrator,
    /// Somebody else has the e-mail address.
    EmailTaken,
}

/// What gateway calls need to know of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountState {
    /// The person.
    pub user: User,
    /// Their sessions that were ended before their time.
    pub ended: Vec<SessionId>,
}

/// What a link of one use is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkPurpose {
    /// Makes the first administrator.
    Setup,
    /// Sets this person's password.
    Reset(UserId),
}

impl LinkPurpose {
    /// A link of this purpose, as the audit log names it.
    #[must_use]
    pub fn object(self) -> String {
        match self {
            Self::Setup => "link:setup".to_owned(),
            Self::Reset(user) => format!("link:user:{user}"),
        }
    }
}

/// A link of one use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OneTimeLink {
    /// The hash of its secret.
    pub hash: SecretHash,
    /// What it is for.
    pub purpose: LinkPurpose,
    /// When it ends unused.
    pub expires_at: Timestamp,
}

/// People. Writes are transactions like those of the configuration; each is a change of kind `User` with the person's id.
#[async_trait]
pub trait UserRepository: Send + Sync {
    /// Writes a new person. Of many writers of one name, exactly one is answered an id.
    async fn create(&self, user: NewUser, author: &Author) -> Result<Creation, RepositoryError>;
    /// Writes a new administrator, unless there is an active one already: then `None`.
    async fn create_first_administrator(
        &self,
        user: NewUser,
        author: &Author,
    ) -> Result<Option<Creation>, RepositoryError>;
    /// Changes a person. Whoever is switched off is signed out everywhere in the same step.
    async fn update(
        &self,
        id: UserId,
        patch: UserPatch,
        author: &Author,
    ) -> Result<UserChange, RepositoryError>;
    /// Sets a password and ends all of the person's sessions but `keep`.
    async fn set_password(
        &self,
        id: UserId,
        password: PasswordHash,
        keep: Option<SessionId>,
        author: &Author,
    ) -> Result<(), RepositoryError>;
    /// Puts a stronger hash of the same password in place of `old`, if that is still the hash. Not a change of configuration.
    async fn rehash(&self, id: UserId, old: PasswordHash, new: PasswordHash)
    -> Result<bool, RepositoryError>;
    /// The person of this folded name, and the hash of their password.
    async fn by_name_key(&self, key: &str) -> Result<Option<(User, PasswordHash)>, RepositoryError>;
    /// The person of this id, and the hash of their password.
    async fn by_id(&self, id: UserId) -> Result<Option<(User, PasswordHash)>, RepositoryError>;
    /// At most `limit` people with ids above `after`, by id.
    async fn page(&self, after: Option<UserId>, limit: u32) -> Result<Vec<User>, RepositoryError>;
    /// The people of these ids with their sessions that were ended after `since`; those who are gone are absent.
    async fn states(&self, ids: &[UserId], since: Timestamp) -> Result<Vec<AccountState>, RepositoryError>;
    /// Whether anybody who is active administers.
    async fn has_administrator(&self) -> Result<bool, RepositoryError>;
    /// Writes a link, and in the same transaction the entry `create` of it in the audit log. All earlier ones of the same purpose
    /// end.
    async fn put_link(&self, link: OneTimeLink, author: &Author) -> Result<(), RepositoryError>;
    /// The link of this hash, if it may be used now.
    async fn link(&self, hash: SecretHash, now: Timestamp) -> Result<Option<OneTimeLink>, RepositoryError>;
    /// Uses a link to make the first administrator, in one step; `None` when the link may no longer be used, or there is an
    /// active administrator.
    async fn set_up(
        &self,
        link: SecretHash,
        user: NewUser,
        author: &Author,
    ) -> Result<Option<Creation>, RepositoryError>;
    /// Uses a link to set a password, in one step, and ends all of the person's sessions; `None` when the link may no longer be used.
    async fn reset_password(
        &self,
        link: SecretHash,
        password: PasswordHash,
        author: &Author,
    ) -> Result<Option<UserId>, RepositoryError>;
}
