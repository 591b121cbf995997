//! People as rows.

use crate::schema::users;
use crate::stored::{LimitColumns, MetaColumns, Readable, limits, meta, unread_meta, word};
use switchyard_domain::ids::UserId;
use switchyard_domain::limits::Limits;
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

/// The person of a row, and the hash of their password. Somebody of whom something can't be read is switched off, and no more than a
/// member.
pub(crate) fn user(row: UserRow) -> (User, PasswordHash) {
    let (id, username, email, password, role, is_active, limit_columns, last_login_at, columns) = row;
    let mut row = Readable::row("user", id);
    let (version, updated_by) = (columns.0, columns.4.clone());
    let user = User {
        id: UserId(id),
        username: Username::stored(username),
        email: email.map(Email::stored),
        role: row.part(word(&role, Role::parse, "users.role"), || Role::Member),
        is_active,
        limits: row.part(limits(limit_columns), || Limits::NONE),
        last_login_at: last_login_at.map(Timestamp),
        meta: row.part(meta(columns), || unread_meta(version, updated_by)),
    };
    (User { is_active: is_active && row.is_whole(), ..user }, PasswordHash(password))
}
