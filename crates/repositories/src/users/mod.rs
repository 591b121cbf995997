//! People.

mod links;
mod row;
mod write;

pub(crate) use write::end_sessions;

use crate::audit;
use crate::configuration::revision::Written;
use crate::connection::AnyConnection;
use crate::database::Database;
use crate::error::{Fault, corrupt};
use crate::schema::{sessions, users};
use async_trait::async_trait;
use diesel::prelude::*;
use row::{USER_COLUMNS, UserRow, user};
use std::collections::HashMap;
use switchyard_domain::audit::AuditAction;
use switchyard_domain::ids::{SessionId, UserId};
use switchyard_domain::time::Timestamp;
use switchyard_domain::user::User;
use switchyard_ports::passwords::PasswordHash;
use switchyard_ports::repositories::{
    AccountState, Author, ChangeKind, Creation, LinkPurpose, NewUser, OneTimeLink, RepositoryError,
    UserChange, UserPatch, UserRepository,
};
use switchyard_ports::tokens::SecretHash;
use uuid::Uuid;

/// Ids in one statement; SQLite takes at most 32,766 parameters.
const IDS_AT_ONCE: usize = 10_000;

/// What a creation is to the list of changes.
fn written(creation: Creation, user: &NewUser) -> Written<Creation> {
    match creation {
        Ok(id) => {
            Written::made(id.0, Ok(id)).with("name", user.username.as_str()).with("role", user.role.as_str())
        }
        Err(taken) => Written::Nothing(Err(taken)),
    }
}

/// The same, where it may not have been tried.
fn written_if_any(creation: Option<Creation>, user: &NewUser) -> Written<Option<Creation>> {
    match creation {
        Some(Ok(id)) => Written::made(id.0, Some(Ok(id)))
            .with("name", user.username.as_str())
            .with("role", user.role.as_str()),
        other => Written::Nothing(other),
    }
}

#[async_trait]
impl UserRepository for Database {
    async fn create(&self, user: NewUser, author: &Author) -> Result<Creation, RepositoryError> {
        let by = author.clone();
        self.change(ChangeKind::User, AuditAction::Create, author, move |connection| {
            Ok(written(write::create(connection, &user, &by)?, &user))
        })
        .await
    }

    async fn create_first_administrator(
        &self,
        user: NewUser,
        author: &Author,
    ) -> Result<Option<Creation>, RepositoryError> {
        let by = author.clone();
        self.change(ChangeKind::User, AuditAction::Create, author, move |connection| {
            let creation = if write::has_administrator(connection, None)? {
                None
            } else {
                Some(write::create(connection, &user, &by)?)
            };
            Ok(written_if_any(creation, &user))
        })
        .await
    }

    async fn update(
        &self,
        id: UserId,
        patch: UserPatch,
        author: &Author,
    ) -> Result<UserChange, RepositoryError> {
        let by = author.clone();
        self.change(ChangeKind::User, AuditAction::Update, author, move |connection| {
            write::update(connection, id, &patch, &by)
        })
        .await
    }

    async fn set_password(
        &self,
        id: UserId,
        password: PasswordHash,
        keep: Option<SessionId>,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        let by = author.clone();
        self.change(ChangeKind::User, AuditAction::Rotate, author, move |connection| {
            write::set_password(connection, id, &password, keep, &by)?;
            Ok(Written::changed(id.0).with_fields(&["password"]))
        })
        .await
    }

    async fn rehash(
        &self,
        id: UserId,
        old: PasswordHash,
        new: PasswordHash,
    ) -> Result<bool, RepositoryError> {
        self.write(move |connection| {
            let unchanged = users::table.filter(users::id.eq(id.0)).filter(users::password_hash.eq(&old.0));
            let changed =
                diesel::update(unchanged).set(users::password_hash.eq(&new.0)).execute(connection)?;
            Ok(changed > 0)
        })
        .await
    }

    async fn by_name_key(&self, key: &str) -> Result<Option<(User, PasswordHash)>, RepositoryError> {
        let key = key.to_owned();
        self.read(move |connection| {
            let row: Option<UserRow> = users::table
                .filter(users::name_key.eq(&key))
                .select(USER_COLUMNS)
                .first(connection)
                .optional()?;
            Ok(row.map(user))
        })
        .await
    }

    async fn by_id(&self, id: UserId) -> Result<Option<(User, PasswordHash)>, RepositoryError> {
        self.read(move |connection| {
            let row: Option<UserRow> =
                users::table.find(id.0).select(USER_COLUMNS).first(connection).optional()?;
            Ok(row.map(user))
        })
        .await
    }

    async fn page(&self, after: Option<UserId>, limit: u32) -> Result<Vec<User>, RepositoryError> {
        let after = after.map_or(i64::MIN, |id| id.0);
        self.read(move |connection| {
            let rows: Vec<UserRow> = users::table
                .filter(users::id.gt(after))
                .order(users::id)
                .limit(i64::from(limit))
                .select(USER_COLUMNS)
                .load(connection)?;
            Ok(rows.into_iter().map(|row| user(row).0).collect())
        })
        .await
    }

    async fn states(&self, ids: &[UserId], since: Timestamp) -> Result<Vec<AccountState>, RepositoryError> {
        let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
        self.snapshot(move |connection| {
            let mut states = Vec::with_capacity(ids.len());
            for ids in ids.chunks(IDS_AT_ONCE) {
                let mut ended = ended_sessions(connection, ids, since)?;
                let rows: Vec<UserRow> =
                    users::table.filter(users::id.eq_any(ids)).select(USER_COLUMNS).load(connection)?;
                for row in rows {
                    let (user, _) = user(row);
                    let ended = ended.remove(&user.id.0).unwrap_or_default();
                    states.push(AccountState { user, ended });
                }
            }
            Ok(states)
        })
        .await
    }

    async fn has_administrator(&self) -> Result<bool, RepositoryError> {
        self.read(|connection| write::has_administrator(connection, None)).await
    }

    async fn put_link(&self, link: OneTimeLink, author: &Author) -> Result<(), RepositoryError> {
        let (by, seal) = (author.clone(), self.audit_seal());
        self.write(move |connection| {
            links::put(connection, &link, &by)?;
            let entry = by.did_to(AuditAction::Create, link.purpose.object());
            audit::append(connection, seal.as_deref(), entry)
        })
        .await
    }

    async fn link(&self, hash: SecretHash, now: Timestamp) -> Result<Option<OneTimeLink>, RepositoryError> {
        self.read(move |connection| links::find(connection, hash, now)).await
    }

    async fn set_up(
        &self,
        link: SecretHash,
        user: NewUser,
        author: &Author,
    ) -> Result<Option<Creation>, RepositoryError> {
        let by = author.clone();
        self.change(ChangeKind::User, AuditAction::Create, author, move |connection| {
            let found = links::find(connection, link, by.at)?;
            let is_usable = found.is_some_and(|link| link.purpose == LinkPurpose::Setup);
            if !is_usable || write::has_administrator(connection, None)? {
                return Ok(Written::Nothing(None));
            }
            let creation = write::create(connection, &user, &by)?;
            // Who named a taken name may try again with the same link.
            if creation.is_ok() {
                links::forget(connection, LinkPurpose::Setup)?;
            }
            Ok(written_if_any(Some(creation), &user))
        })
        .await
    }

    async fn reset_password(
        &self,
        link: SecretHash,
        password: PasswordHash,
        author: &Author,
    ) -> Result<Option<UserId>, RepositoryError> {
        let by = author.clone();
        self.change(ChangeKind::User, AuditAction::Rotate, author, move |connection| {
            let found = links::find(connection, link, by.at)?;
            let Some(OneTimeLink { purpose: LinkPurpose::Reset(id), .. }) = found else {
                return Ok(Written::Nothing(None));
            };
            write::set_password(connection, id, &password, None, &by)?;
            Ok(Written::made(id.0, Some(id)).with_fields(&["password"]))
        })
        .await
    }
}

/// The sessions of these people that were ended after `since`, by person.
fn ended_sessions(
    connection: &mut AnyConnection,
    users: &[i64],
    since: Timestamp,
) -> Result<HashMap<i64, Vec<SessionId>>, Fault> {
    let rows: Vec<(i64, Vec<u8>)> = sessions::table
        .filter(sessions::user_id.eq_any(users))
        .filter(sessions::ended_at.gt(since.0))
        .select((sessions::user_id, sessions::id))
        .load(connection)?;
    let mut ended: HashMap<i64, Vec<SessionId>> = HashMap::new();
    for (user, id) in rows {
        ended.entry(user).or_default().push(session_id(&id)?);
    }
    Ok(ended)
}

/// A stored session's id.
pub(crate) fn session_id(bytes: &[u8]) -> Result<SessionId, Fault> {
    Uuid::from_slice(bytes).map(SessionId).map_err(|_| corrupt("sessions.id is no id"))
}
