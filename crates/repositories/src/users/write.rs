//! Writes of people; the caller gives the transaction.

use super::links;
use crate::configuration::revision::Written;
use crate::connection::{AnyConnection, each};
use crate::error::{Fault, check_version, not_found};
use crate::schema::{sessions, users};
use crate::stored::limit_columns;
use diesel::prelude::*;
use switchyard_domain::ids::{SessionId, UserId};
use switchyard_domain::role::Role;
use switchyard_domain::user::Email;
use switchyard_ports::passwords::PasswordHash;
use switchyard_ports::repositories::{Author, Creation, LinkPurpose, NewUser, Taken, UserChange, UserPatch};

/// Writes a person unless their name or address is taken. What is taken is asked for before it is written: writers queue, and a
/// broken rule would take the transaction with it.
pub(super) fn create(
    connection: &mut AnyConnection,
    user: &NewUser,
    author: &Author,
) -> Result<Creation, Fault> {
    let (key, look) = (user.username.key(), user.username.look());
    let same: i64 = users::table
        .filter(users::name_key.eq(&key).or(users::look_key.eq(&look)))
        .count()
        .get_result(connection)?;
    if same > 0 {
        return Ok(Err(Taken::Username));
    }
    if is_email_taken(connection, user.email.as_ref(), None)? {
        return Ok(Err(Taken::Email));
    }
    let row = (
        users::username.eq(user.username.as_str()),
        users::name_key.eq(key),
        users::look_key.eq(look),
        users::email.eq(user.email.as_ref().map(Email::as_str)),
        users::email_key.eq(user.email.as_ref().map(Email::key)),
        users::password_hash.eq(&user.password.0),
        users::role.eq(user.role.as_str()),
        users::is_active.eq(true),
        users::version.eq(1),
        users::owner.eq(author.by.owner.to_string()),
        users::created_at.eq(author.at.0),
        users::updated_at.eq(author.at.0),
        users::updated_by.eq(author.by.name.as_ref()),
    );
    let id: i64 = each!(connection, inner => diesel::insert_into(users::table)
        .values(row)
        .returning(users::id)
        .get_result(inner))?;
    Ok(Ok(UserId(id)))
}

fn is_email_taken(
    connection: &mut AnyConnection,
    email: Option<&Email>,
    by_others_than: Option<UserId>,
) -> Result<bool, Fault> {
    let Some(email) = email else { return Ok(false) };
    let own = by_others_than.map_or(i64::MIN, |id| id.0);
    let others: i64 = users::table
        .filter(users::email_key.eq(email.key()))
        .filter(users::id.ne(own))
        .count()
        .get_result(connection)?;
    Ok(others > 0)
}

/// Whether anybody who is active administers, but for this person.
pub(super) fn has_administrator(connection: &mut AnyConnection, but: Option<UserId>) -> Result<bool, Fault> {
    let administrators: i64 = users::table
        .filter(users::role.eq(Role::Admin.as_str()))
        .filter(users::is_active.eq(true))
        .filter(users::id.ne(but.map_or(i64::MIN, |id| id.0)))
        .count()
        .get_result(connection)?;
    Ok(administrators > 0)
}

pub(super) fn update(
    connection: &mut AnyConnection,
    id: UserId,
    patch: &UserPatch,
    author: &Author,
) -> Result<Written<UserChange>, Fault> {
    let found: Option<(i64, String, String, bool)> = users::table
        .find(id.0)
        .select((users::version, users::username, users::role, users::is_active))
        .first(connection)
        .optional()?;
    let (version, name, role, is_active) = found.ok_or_else(|| missing(id))?;
    check_version(patch.expected_version, version)?;
    if *patch == (UserPatch { expected_version: patch.expected_version, ..UserPatch::default() }) {
        return Ok(Written::Nothing(UserChange::Made));
    }
    let administers = role == Role::Admin.as_str() && is_active;
    let goes_on = patch.role.is_none_or(|role| role == Role::Admin) && patch.is_active.unwrap_or(is_active);
    if administers && !goes_on && !has_administrator(connection, Some(id))? {
        return Ok(Written::Nothing(UserChange::LastAdministrator));
    }
    if is_email_taken(connection, patch.email.as_ref().and_then(Option::as_ref), Some(id))? {
        return Ok(Written::Nothing(UserChange::EmailTaken));
    }
    let limits = patch.limits.map(|limits| {
        let (rpm, tpm, rpd, concurrency) = limit_columns(&limits);
        (users::rpm.eq(rpm), users::tpm.eq(tpm), users::rpd.eq(rpd), users::concurrency.eq(concurrency))
    });
    let email = patch.email.as_ref().map(|email| {
        let email = email.as_ref();
        (users::email.eq(email.map(Email::as_str)), users::email_key.eq(email.map(Email::key)))
    });
    diesel::update(users::table.find(id.0))
        .set((
            patch.role.map(|role| users::role.eq(role.as_str())),
            patch.is_active.map(|active| users::is_active.eq(active)),
            limits,
            email,
            audit_columns(version, author),
        ))
        .execute(connection)?;
    if patch.is_active == Some(false) {
        end_sessions(connection, id, None, author)?;
    }
    // A link was made for what they were then.
    if patch.is_active == Some(false) || patch.role.is_some() {
        links::forget(connection, LinkPurpose::Reset(id))?;
    }
    Ok(Written::made(id.0, UserChange::Made).with("name", name).with_fields(&patch.fields()))
}

type AuditColumns<'a> = (
    diesel::dsl::Eq<users::version, i64>,
    diesel::dsl::Eq<users::updated_at, i64>,
    diesel::dsl::Eq<users::updated_by, &'a str>,
);

fn audit_columns(version: i64, author: &Author) -> AuditColumns<'_> {
    (
        users::version.eq(version + 1),
        users::updated_at.eq(author.at.0),
        users::updated_by.eq(author.by.name.as_ref()),
    )
}

pub(super) fn set_password(
    connection: &mut AnyConnection,
    id: UserId,
    password: &PasswordHash,
    keep: Option<SessionId>,
    author: &Author,
) -> Result<(), Fault> {
    let version: Option<i64> = users::table.find(id.0).select(users::version).first(connection).optional()?;
    let version = version.ok_or_else(|| missing(id))?;
    diesel::update(users::table.find(id.0))
        .set((users::password_hash.eq(&password.0), audit_columns(version, author)))
        .execute(connection)?;
    // A link that was made before is for a password that is no more.
    links::forget(connection, LinkPurpose::Reset(id))?;
    end_sessions(connection, id, keep, author)?;
    Ok(())
}

/// Ends this person's sessions but one. Answers how many.
pub(crate) fn end_sessions(
    connection: &mut AnyConnection,
    user: UserId,
    keep: Option<SessionId>,
    author: &Author,
) -> Result<usize, Fault> {
    let kept = keep.map_or_else(Vec::new, |id| id.0.as_bytes().to_vec());
    let theirs = sessions::table
        .filter(sessions::user_id.eq(user.0))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::id.ne(kept));
    Ok(diesel::update(theirs).set(sessions::ended_at.eq(author.at.0)).execute(connection)?)
}

pub(super) fn missing(id: UserId) -> Fault {
    not_found(format!("user {id}"))
}
