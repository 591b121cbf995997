//! People: their names, their e-mail addresses, what makes a password good enough, and what is kept of them.

mod email;
mod password;
mod username;

pub use email::{Email, InvalidEmail};
pub use password::{MAX_PASSWORD_CHARS, PasswordPolicy, PasswordRule, WeakPassword, kept_password};
pub use username::{InvalidUsername, MAX_USERNAME_CHARS, MIN_USERNAME_CHARS, Username, name_key};

use crate::ids::{SessionId, UserId};
use crate::limits::Limits;
use crate::meta::RowMeta;
use crate::role::Role;
use crate::time::Timestamp;
use std::net::IpAddr;

/// A person as they are kept. The hash of their password is not here, so that nothing that shows people can show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their unique name.
    pub username: Username,
    /// Where they get mail.
    pub email: Option<Email>,
    /// What they may do.
    pub role: Role,
    /// Whether they may sign in and call.
    pub is_active: bool,
    /// Limits on all their calls together.
    pub limits: Limits,
    /// When they last signed in.
    pub last_login_at: Option<Timestamp>,
    /// Version, owner, times.
    pub meta: RowMeta,
}

/// A signing in and all the tokens that were refreshed from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id, which all its tokens carry.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// When it began.
    pub created_at: Timestamp,
    /// When its tokens were last made.
    pub refreshed_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// From which address it began.
    pub address: Option<IpAddr>,
    /// What the client called itself, shortened.
    pub client: Option<String>,
}
