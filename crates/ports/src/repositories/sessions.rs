//! Sessions of people.

use super::{Author, RepositoryError};
use crate::passwords::PasswordHash;
use async_trait::async_trait;
use std::time::Duration;
use switchyard_domain::ids::{SessionId, UserId};
use switchyard_domain::time::Timestamp;
use switchyard_domain::user::Session;
use uuid::Uuid;

/// The most sessions of one person that run at once.
pub const MOST_SESSIONS: usize = 100;

/// How long a session that was ended is known as ended: as long as the longest-lived access token that may be of it, and a little more
/// for clocks that differ.
pub const ENDED_KNOWN_FOR: Duration = Duration::from_secs(24 * 60 * 60 + 60);

/// What became of a refresh token that was presented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// It was the session's present one; from now on the next one is.
    Rotated(Session),
    /// It was used before: the session is ended with all its tokens.
    Reused(UserId),
    /// There is no such session any more.
    Gone,
}

/// Sessions. Ending one is a change of kind `User` with the person's id, so that every replica hears of it; beginning and rotating
/// by themselves are none.
#[async_trait]
pub trait SessionRepository: Send + Sync {
    /// Writes a session with the id of its first refresh token, when the person last signed in, and in the same transaction the
    /// entry `sign_in` of `session:<id>` in the audit log. Answers `false`, and writes nothing, when the person is switched off or their password is no longer the one of `verified`. What of this person's
    /// is over, or was ended longer ago than [`ENDED_KNOWN_FOR`], is forgotten. Of more than [`MOST_SESSIONS`] those that began first
    /// are ended, as by [`SessionRepository::end`], in a transaction right behind.
    async fn begin(
        &self,
        session: Session,
        refresh: Uuid,
        verified: Option<PasswordHash>,
        author: &Author,
    ) -> Result<bool, RepositoryError>;
    /// Takes a refresh token's id in exchange for the next one's, in one step: of many that present the same one, one is
    /// answered [`Rotation::Rotated`], and the next one ends the session.
    async fn rotate(
        &self,
        id: SessionId,
        presented: Uuid,
        next: Uuid,
        author: &Author,
    ) -> Result<Rotation, RepositoryError>;
    /// Ends a session of this person. Answers whether it was theirs and ran.
    async fn end(&self, id: SessionId, user: UserId, author: &Author) -> Result<bool, RepositoryError>;
    /// Ends all sessions of this person but `keep`. Answers how many ran.
    async fn end_all(
        &self,
        user: UserId,
        keep: Option<SessionId>,
        author: &Author,
    ) -> Result<u64, RepositoryError>;
    /// This person's sessions that run at `now`, the newest first.
    async fn of_user(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, RepositoryError>;
}
