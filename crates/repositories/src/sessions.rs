//! Sessions.

use crate::audit;
use crate::configuration::revision::Written;
use crate::connection::AnyConnection;
use crate::database::Database;
use crate::error::{Fault, corrupt};
use crate::schema::{sessions, users};
use crate::users::{end_sessions, session_id};
use async_trait::async_trait;
use diesel::prelude::*;
use switchyard_domain::audit::AuditAction;
use switchyard_domain::ids::{SessionId, UserId};
use switchyard_domain::time::Timestamp;
use switchyard_domain::user::Session;
use switchyard_ports::passwords::PasswordHash;
use switchyard_ports::repositories::{
    Author, ChangeKind, ENDED_KNOWN_FOR, MOST_SESSIONS, RepositoryError, Rotation, SessionRepository,
};
use uuid::Uuid;

/// Milliseconds for which a session that is over is still known as ended: tokens are taken a little longer than they say.
const KEPT_AFTER_THE_END: i64 = 60_000;

type SessionRow = (Vec<u8>, i64, i64, i64, i64, Option<String>, Option<String>);

type SessionSelection = (
    sessions::id,
    sessions::user_id,
    sessions::created_at,
    sessions::refreshed_at,
    sessions::expires_at,
    sessions::address,
    sessions::client,
);

const SESSION_COLUMNS: SessionSelection = (
    sessions::id,
    sessions::user_id,
    sessions::created_at,
    sessions::refreshed_at,
    sessions::expires_at,
    sessions::address,
    sessions::client,
);

fn session(
    (id, user, created_at, refreshed_at, expires_at, address, client): SessionRow,
) -> Result<Session, Fault> {
    let address = address.map(|text| text.parse().map_err(|_| corrupt("sessions.address is no address")));
    Ok(Session {
        id: session_id(&id)?,
        user: UserId(user),
        created_at: Timestamp(created_at),
        refreshed_at: Timestamp(refreshed_at),
        expires_at: Timestamp(expires_at),
        address: address.transpose()?,
        client,
    })
}

#[async_trait]
impl SessionRepository for Database {
    async fn begin(
        &self,
        session: Session,
        refresh: Uuid,
        verified: Option<PasswordHash>,
        author: &Author,
    ) -> Result<bool, RepositoryError> {
        let seal = self.audit_seal();
        let entry = author.did_to(AuditAction::SignIn, format!("session:{}", session.id));
        let user = session.user;
        let surplus = self.write(move |connection| {
            if !begin(connection, &session, refresh, verified.as_ref())? {
                return Ok(None);
            }
            let surplus = surplus(connection, user)?;
            audit::append(connection, seal.as_deref(), entry.clone())?;
            Ok(Some(surplus))
        });
        let Some(surplus) = surplus.await? else { return Ok(false) };
        if !surplus.is_empty() {
            self.end_surplus(user, author).await?;
        }
        Ok(true)
    }

    async fn rotate(
        &self,
        id: SessionId,
        presented: Uuid,
        next: Uuid,
        author: &Author,
    ) -> Result<Rotation, RepositoryError> {
        let by = author.clone();
        self.change(ChangeKind::User, AuditAction::TokenReused, author, move |connection| {
            rotate(connection, id, presented, next, &by)
        })
        .await
    }

    async fn end(&self, id: SessionId, user: UserId, author: &Author) -> Result<bool, RepositoryError> {
        let by = author.clone();
        self.change(ChangeKind::User, AuditAction::SignOut, author, move |connection| {
            let running = sessions::table
                .filter(sessions::id.eq(id.0.as_bytes().as_slice()))
                .filter(sessions::user_id.eq(user.0))
                .filter(sessions::ended_at.is_null())
                .filter(sessions::expires_at.gt(by.at.0));
            let ended = diesel::update(running).set(sessions::ended_at.eq(by.at.0)).execute(connection)?;
            Ok(if ended > 0 {
                Written::made(user.0, true).with("session", id.to_string())
            } else {
                Written::Nothing(false)
            })
        })
        .await
    }

    async fn end_all(
        &self,
        user: UserId,
        keep: Option<SessionId>,
        author: &Author,
    ) -> Result<u64, RepositoryError> {
        let by = author.clone();
        self.change(ChangeKind::User, AuditAction::SignOut, author, move |connection| {
            let ended = end_sessions(connection, user, keep, &by)? as u64;
            Ok(if ended > 0 {
                Written::made(user.0, ended).with("sessions", ended.to_string())
            } else {
                Written::Nothing(ended)
            })
        })
        .await
    }

    async fn of_user(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, RepositoryError> {
        self.read(move |connection| {
            let rows: Vec<SessionRow> = sessions::table
                .filter(sessions::user_id.eq(user.0))
                .filter(sessions::ended_at.is_null())
                .filter(sessions::expires_at.gt(now.0))
                .order((sessions::created_at.desc(), sessions::id.desc()))
                .select(SESSION_COLUMNS)
                .load(connection)?;
            rows.into_iter().map(session).collect()
        })
        .await
    }
}

impl Database {
    /// Ends what a person has too much of. A transaction of its own: whoever changes the person's row raises the revision first, and a
    /// beginning, which is no change, has changed that row already.
    async fn end_surplus(&self, user: UserId, author: &Author) -> Result<(), RepositoryError> {
        let at = author.at.0;
        self.change(ChangeKind::User, AuditAction::SignOut, author, move |connection| {
            let surplus = surplus(connection, user)?;
            if surplus.is_empty() {
                return Ok(Written::Nothing(()));
            }
            let ended = diesel::update(sessions::table.filter(sessions::id.eq_any(surplus)))
                .set(sessions::ended_at.eq(at))
                .execute(connection)?;
            Ok(Written::changed(user.0).with("sessions", ended.to_string()))
        })
        .await
    }
}

fn begin(
    connection: &mut AnyConnection,
    session: &Session,
    refresh: Uuid,
    verified: Option<&PasswordHash>,
) -> Result<bool, Fault> {
    // Who switches somebody off, or changes their password, changes the same row, so that one of the two sees the other.
    let theirs = users::table.filter(users::id.eq(session.user.0)).filter(users::is_active.eq(true));
    let seen = users::last_login_at.eq(session.created_at.0);
    let noted = match verified {
        None => diesel::update(theirs).set(seen).execute(connection)?,
        Some(hash) => {
            diesel::update(theirs.filter(users::password_hash.eq(&hash.0))).set(seen).execute(connection)?
        }
    };
    if noted == 0 {
        return Ok(false);
    }
    let over = sessions::table.filter(sessions::user_id.eq(session.user.0)).filter(
        sessions::expires_at
            .le(session.created_at.0 - KEPT_AFTER_THE_END)
            .or(sessions::ended_at.le(session.created_at.before(ENDED_KNOWN_FOR).0).assume_not_null()),
    );
    diesel::delete(over).execute(connection)?;
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(session.id.0.as_bytes().as_slice()),
            sessions::user_id.eq(session.user.0),
            sessions::refresh_id.eq(refresh.as_bytes().as_slice()),
            sessions::created_at.eq(session.created_at.0),
            sessions::refreshed_at.eq(session.refreshed_at.0),
            sessions::expires_at.eq(session.expires_at.0),
            sessions::address.eq(session.address.map(|address| address.to_string())),
            sessions::client.eq(session.client.as_deref()),
        ))
        .execute(connection)?;
    Ok(true)
}

/// The running sessions of a person that are more than one person has, by their ids: those that began first.
fn surplus(connection: &mut AnyConnection, user: UserId) -> Result<Vec<Vec<u8>>, Fault> {
    Ok(sessions::table
        .filter(sessions::user_id.eq(user.0))
        .filter(sessions::ended_at.is_null())
        .order((sessions::created_at.desc(), sessions::id.desc()))
        .offset(MOST_SESSIONS as i64)
        .limit(MOST_SESSIONS as i64)
        .select(sessions::id)
        .load(connection)?)
}

fn rotate(
    connection: &mut AnyConnection,
    id: SessionId,
    presented: Uuid,
    next: Uuid,
    author: &Author,
) -> Result<Written<Rotation>, Fault> {
    let found: Option<(Vec<u8>, SessionRow)> = sessions::table
        .find(id.0.as_bytes().to_vec())
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(author.at.0))
        .select((sessions::refresh_id, SESSION_COLUMNS))
        .first(connection)
        .optional()?;
    let Some((present, row)) = found else { return Ok(Written::Nothing(Rotation::Gone)) };
    let session = Session { refreshed_at: author.at, ..session(row)? };
    let place = sessions::table.find(id.0.as_bytes().to_vec());
    if present != presented.as_bytes().as_slice() {
        diesel::update(place).set(sessions::ended_at.eq(author.at.0)).execute(connection)?;
        let reused = Rotation::Reused(session.user);
        return Ok(Written::made(session.user.0, reused).with("session", id.to_string()));
    }
    diesel::update(place)
        .set((sessions::refresh_id.eq(next.as_bytes().as_slice()), sessions::refreshed_at.eq(author.at.0)))
        .execute(connection)?;
    Ok(Written::Nothing(Rotation::Rotated(session)))
}
