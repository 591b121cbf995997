//! People as rows.

use crate::error::Fault;
use crate::schema::users;
use crate::stored::{LimitColumns, MetaColumns, limits, meta, word};
use switchyard_domain::ids::UserId;
use switchyard_domain::role::Role;
use switchyard_domain::time::Timestamp;
use switchyard_domain::user::{Email, User, Username};
use switchyard_ports::passwords::PasswordHash;

/// A row in the order of [`USER_COLUMNS`].
pub(crate) type UserRow =
    (i64, String, Option<String>, String, String, bool, LimitColumns, Option<i64>, MetaColumns);

type LimitSelection = (users::rpm, users::tpm, users::rpd, users::concurrency);

type MetaSelection = (users::version, users::owner, users::created_at, users::updated_at, users::updated_by);

pub(crate) type UserSelection = (
    users::id,
    users::username,
    users::email,
    users::password_hash,
    users::role,
    users::is_active,
    LimitSelection,
    users::last_login_at,
    MetaSelection,
);

/// The columns of a person.
pub(crate) const USER_COLUMNS: UserSelection = (
    users::id,
    users::username,
    users::email,
    users::password_hash,
    users::role,
    users::is_active,
    (users::rpm, users::tpm, users::rpd, users::concurrency),
    users::last_login_at,
    (users::version, users::owner, users::created_at, users::updated_at, users::updated_by),
);

/// The person of a row, and the hash of their password.
pub(crate) fn user(row: UserRow) -> Result<(User, PasswordHash), Fault> {
    let (id, username, email, password, role, is_active, limit_columns, last_login_at, columns) = row;
    let user = User {
        id: UserId(id),
        username: word(&username, |text| Username::new(text).ok(), "users.username")?,
        email: email.map(|email| word(&email, |text| Email::new(text).ok(), "users.email")).transpose()?,
        role: word(&role, Role::parse, "users.role")?,
        is_active,
        limits: limits(limit_columns)?,
        last_login_at: last_login_at.map(Timestamp),
        meta: meta(columns)?,
    };
    Ok((user, PasswordHash(password)))
}
