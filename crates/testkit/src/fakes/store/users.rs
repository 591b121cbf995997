//! People, their sessions and their links.

use super::{MemoryStore, State, Told, check_version, missing, new_meta, raise, told};
use async_trait::async_trait;
use switchyard_domain::audit::AuditAction;
use switchyard_domain::ids::{SessionId, UserId};
use switchyard_domain::limits::Limits;
use switchyard_domain::role::Role;
use switchyard_domain::time::Timestamp;
use switchyard_domain::user::{Email, Session, User};
use switchyard_ports::passwords::PasswordHash;
use switchyard_ports::repositories::{
    AccountState, Author, ChangeKind, Creation, ENDED_KNOWN_FOR, LinkPurpose, MOST_SESSIONS, NewUser,
    OneTimeLink, RepositoryError, Rotation, SessionRepository, Taken, UserChange, UserPatch, UserRepository,
};
use switchyard_ports::tokens::SecretHash;
use uuid::Uuid;

/// A session as it is kept.
#[derive(Clone, Debug)]
pub(super) struct KeptSession {
    session: Session,
    refresh: Uuid,
    ended_at: Option<Timestamp>,
}

impl KeptSession {
    fn runs_at(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && self.session.expires_at > now
    }
}

fn create(state: &mut State, user: NewUser, author: &Author) -> Creation {
    let (key, look) = (user.username.key(), user.username.look());
    if state.users.iter().any(|(known, _)| known.username.key() == key || known.username.look() == look) {
        return Err(Taken::Username);
    }
    if is_email_taken(state, user.email.as_ref(), None) {
        return Err(Taken::Email);
    }
    let id = UserId(state.new_id());
    let kept = User {
        id,
        username: user.username,
        email: user.email,
        role: user.role,
        is_active: true,
        limits: Limits::NONE,
        last_login_at: None,
        meta: new_meta(author),
    };
    state.users.push((kept, user.password));
    Ok(id)
}

fn is_email_taken(state: &State, email: Option<&Email>, but: Option<UserId>) -> bool {
    let of_others = |email: &Email| {
        let key = email.key();
        let others = state.users.iter().filter(|(user, _)| Some(user.id) != but);
        others.filter_map(|(user, _)| user.email.as_ref()).any(|known| known.key() == key)
    };
    email.is_some_and(of_others)
}

fn has_administrator(state: &State, but: Option<UserId>) -> bool {
    state.users.iter().any(|(user, _)| user.is_active && user.role == Role::Admin && Some(user.id) != but)
}

fn end_sessions(state: &mut State, user: UserId, keep: Option<SessionId>, at: Timestamp) -> u64 {
    let theirs = state.sessions.iter_mut().filter(|kept| kept.session.user == user);
    let running = theirs.filter(|kept| kept.ended_at.is_none() && Some(kept.session.id) != keep);
    running.map(|kept| kept.ended_at = Some(at)).count() as u64
}

fn place_of(state: &mut State, id: UserId) -> Result<&mut (User, PasswordHash), RepositoryError> {
    state.users.iter_mut().find(|(user, _)| user.id == id).ok_or_else(|| missing("user", id.0))
}

fn set_password(
    state: &mut State,
    id: UserId,
    password: PasswordHash,
    keep: Option<SessionId>,
    author: &Author,
) -> Result<(), RepositoryError> {
    let (user, hash) = place_of(state, id)?;
    *hash = password;
    raise(&mut user.meta, author);
    state.links.retain(|link| link.purpose != LinkPurpose::Reset(id));
    end_sessions(state, id, keep, author.at);
    Ok(())
}

fn found(state: &State, hash: SecretHash, now: Timestamp) -> Option<OneTimeLink> {
    state.links.iter().find(|link| link.hash == hash && link.expires_at > now).copied()
}

/// The answer to the writer, and what it changed.
fn answered(creation: Creation, name: String, role: Role) -> (Creation, Told) {
    let details = [("name", name), ("role", role.as_str().to_owned())];
    (creation, creation.ok().and_then(|id| told(id.0, details)))
}

#[async_trait]
impl UserRepository for MemoryStore {
    async fn create(&self, user: NewUser, author: &Author) -> Result<Creation, RepositoryError> {
        self.change(ChangeKind::User, AuditAction::Create, author, |state| {
            let (name, role) = (user.username.to_string(), user.role);
            Ok(answered(create(state, user, author), name, role))
        })
    }

    async fn create_first_administrator(
        &self,
        user: NewUser,
        author: &Author,
    ) -> Result<Option<Creation>, RepositoryError> {
        self.change(ChangeKind::User, AuditAction::Create, author, |state| {
            if has_administrator(state, None) {
                return Ok((None, None));
            }
            let (name, role) = (user.username.to_string(), user.role);
            let (creation, changed) = answered(create(state, user, author), name, role);
            Ok((Some(creation), changed))
        })
    }

    async fn update(
        &self,
        id: UserId,
        patch: UserPatch,
        author: &Author,
    ) -> Result<UserChange, RepositoryError> {
        self.change(ChangeKind::User, AuditAction::Update, author, |state| {
            let before = place_of(state, id)?.0.clone();
            check_version(patch.expected_version, &before.meta)?;
            if patch == (UserPatch { expected_version: patch.expected_version, ..UserPatch::default() }) {
                return Ok((UserChange::Made, None));
            }
            let role = patch.role.unwrap_or(before.role);
            let is_active = patch.is_active.unwrap_or(before.is_active);
            let administers = before.role == Role::Admin && before.is_active;
            if administers && !(role == Role::Admin && is_active) && !has_administrator(state, Some(id)) {
                return Ok((UserChange::LastAdministrator, None));
            }
            if is_email_taken(state, patch.email.as_ref().and_then(Option::as_ref), Some(id)) {
                return Ok((UserChange::EmailTaken, None));
            }
            let fields = patch.fields().join(", ");
            let (user, _) = place_of(state, id)?;
            user.role = role;
            user.is_active = is_active;
            user.limits = patch.limits.unwrap_or(before.limits);
            user.email = patch.email.unwrap_or(before.email);
            raise(&mut user.meta, author);
            if patch.is_active == Some(false) {
                end_sessions(state, id, None, author.at);
            }
            if patch.is_active == Some(false) || patch.role.is_some() {
                state.links.retain(|link| link.purpose != LinkPurpose::Reset(id));
            }
            let details = [("name", before.username.to_string()), ("fields", fields)];
            Ok((UserChange::Made, told(id.0, details)))
        })
    }

    async fn set_password(
        &self,
        id: UserId,
        password: PasswordHash,
        keep: Option<SessionId>,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        self.change(ChangeKind::User, AuditAction::Rotate, author, |state| {
            set_password(state, id, password, keep, author)?;
            Ok(((), told(id.0, [("fields", "password".to_owned())])))
        })
    }

    async fn rehash(
        &self,
        id: UserId,
        old: PasswordHash,
        new: PasswordHash,
    ) -> Result<bool, RepositoryError> {
        self.write(|state| {
            let mut changed = false;
            for (_, hash) in state.users.iter_mut().filter(|(user, hash)| user.id == id && *hash == old) {
                *hash = new.clone();
                changed = true;
            }
            Ok(changed)
        })
    }

    async fn by_name_key(&self, key: &str) -> Result<Option<(User, PasswordHash)>, RepositoryError> {
        self.read(|state| state.users.iter().find(|(user, _)| user.username.key() == key).cloned())
    }

    async fn by_id(&self, id: UserId) -> Result<Option<(User, PasswordHash)>, RepositoryError> {
        self.read(|state| state.users.iter().find(|(user, _)| user.id == id).cloned())
    }

    async fn page(&self, after: Option<UserId>, limit: u32) -> Result<Vec<User>, RepositoryError> {
        self.read(|state| {
            let users = state.users.iter().map(|(user, _)| user);
            users
                .filter(|user| after.is_none_or(|after| user.id > after))
                .take(limit as usize)
                .cloned()
                .collect()
        })
    }

    async fn states(&self, ids: &[UserId], since: Timestamp) -> Result<Vec<AccountState>, RepositoryError> {
        self.read(|state| {
            let state_of = |user: &User| AccountState {
                user: user.clone(),
                ended: state
                    .sessions
                    .iter()
                    .filter(|kept| kept.session.user == user.id && kept.ended_at.is_some_and(|at| at > since))
                    .map(|kept| kept.session.id)
                    .collect(),
            };
            state
                .users
                .iter()
                .filter(|(user, _)| ids.contains(&user.id))
                .map(|(user, _)| state_of(user))
                .collect()
        })
    }

    async fn has_administrator(&self) -> Result<bool, RepositoryError> {
        self.read(|state| has_administrator(state, None))
    }

    async fn put_link(&self, link: OneTimeLink, author: &Author) -> Result<(), RepositoryError> {
        self.write(|state| {
            state.append(author.did_to(AuditAction::Create, link.purpose.object()))?;
            state.links.retain(|known| known.purpose != link.purpose);
            state.links.push(link);
            Ok(())
        })
    }

    async fn link(&self, hash: SecretHash, now: Timestamp) -> Result<Option<OneTimeLink>, RepositoryError> {
        self.read(|state| found(state, hash, now))
    }

    async fn set_up(
        &self,
        link: SecretHash,
        user: NewUser,
        author: &Author,
    ) -> Result<Option<Creation>, RepositoryError> {
        self.change(ChangeKind::User, AuditAction::Create, author, |state| {
            let is_usable =
                found(state, link, author.at).is_some_and(|link| link.purpose == LinkPurpose::Setup);
            if !is_usable || has_administrator(state, None) {
                return Ok((None, None));
            }
            let (name, role) = (user.username.to_string(), user.role);
            let (creation, changed) = answered(create(state, user, author), name, role);
            if creation.is_ok() {
                state.links.retain(|link| link.purpose != LinkPurpose::Setup);
            }
            Ok((Some(creation), changed))
        })
    }

    async fn reset_password(
        &self,
        link: SecretHash,
        password: PasswordHash,
        author: &Author,
    ) -> Result<Option<UserId>, RepositoryError> {
        self.change(ChangeKind::User, AuditAction::Rotate, author, |state| {
            let Some(OneTimeLink { purpose: LinkPurpose::Reset(id), .. }) = found(state, link, author.at)
            else {
                return Ok((None, None));
            };
            set_password(state, id, password, None, author)?;
            Ok((Some(id), told(id.0, [("fields", "password".to_owned())])))
        })
    }
}

/// Ends the sessions of this person that are more than one person has, those first that began first. Answers how many.
fn end_surplus(state: &mut State, user: UserId, at: Timestamp) -> usize {
    let is_theirs = |kept: &&mut KeptSession| kept.session.user == user && kept.ended_at.is_none();
    let mut running: Vec<_> = state.sessions.iter_mut().filter(is_theirs).collect();
    running.sort_unstable_by_key(|kept| std::cmp::Reverse((kept.session.created_at, kept.session.id)));
    running.into_iter().skip(MOST_SESSIONS).map(|kept| kept.ended_at = Some(at)).count()
}

#[async_trait]
impl SessionRepository for MemoryStore {
    async fn begin(
        &self,
        session: Session,
        refresh: Uuid,
        verified: Option<PasswordHash>,
        author: &Author,
    ) -> Result<bool, RepositoryError> {
        let user = session.user;
        let begun = self.write(|state| {
            let (user, hash) = place_of(state, session.user)?;
            if !user.is_active || verified.is_some_and(|verified| verified != *hash) {
                return Ok(false);
            }
            user.last_login_at = Some(session.created_at);
            let (over, long_ago) =
                (session.created_at.0 - 60_000, session.created_at.before(ENDED_KNOWN_FOR));
            state.sessions.retain(|kept| {
                kept.session.user != session.user
                    || (kept.session.expires_at.0 > over && kept.ended_at.is_none_or(|at| at > long_ago))
            });
            state.append(author.did_to(AuditAction::SignIn, format!("session:{}", session.id)))?;
            state.sessions.push(KeptSession { session, refresh, ended_at: None });
            Ok(true)
        })?;
        let running = |state: &State| {
            let theirs = state.sessions.iter().filter(|kept| kept.session.user == user);
            theirs.filter(|kept| kept.ended_at.is_none()).count()
        };
        if begun && self.read(running)? > MOST_SESSIONS {
            self.change(ChangeKind::User, AuditAction::SignOut, author, |state| {
                let ended = end_surplus(state, user, author.at);
                Ok(((), told(user.0, [("sessions", ended.to_string())])))
            })?;
        }
        Ok(begun)
    }

    async fn rotate(
        &self,
        id: SessionId,
        presented: Uuid,
        next: Uuid,
        author: &Author,
    ) -> Result<Rotation, RepositoryError> {
        self.change(ChangeKind::User, AuditAction::TokenReused, author, |state| {
            let running = |kept: &&mut KeptSession| kept.session.id == id && kept.runs_at(author.at);
            let Some(kept) = state.sessions.iter_mut().find(running) else {
                return Ok((Rotation::Gone, None));
            };
            if kept.refresh != presented {
                kept.ended_at = Some(author.at);
                let user = kept.session.user;
                return Ok((Rotation::Reused(user), told(user.0, [("session", id.to_string())])));
            }
            kept.refresh = next;
            kept.session.refreshed_at = author.at;
            Ok((Rotation::Rotated(kept.session.clone()), None))
        })
    }

    async fn end(&self, id: SessionId, user: UserId, author: &Author) -> Result<bool, RepositoryError> {
        self.change(ChangeKind::User, AuditAction::SignOut, author, |state| {
            let is_it = |kept: &&mut KeptSession| {
                kept.session.id == id && kept.session.user == user && kept.runs_at(author.at)
            };
            let Some(kept) = state.sessions.iter_mut().find(is_it) else { return Ok((false, None)) };
            kept.ended_at = Some(author.at);
            Ok((true, told(user.0, [("session", id.to_string())])))
        })
    }

    async fn end_all(
        &self,
        user: UserId,
        keep: Option<SessionId>,
        author: &Author,
    ) -> Result<u64, RepositoryError> {
        self.change(ChangeKind::User, AuditAction::SignOut, author, |state| {
            let ended = end_sessions(state, user, keep, author.at);
            let changed = told(user.0, [("sessions", ended.to_string())]);
            Ok((ended, changed.filter(|_| ended > 0)))
        })
    }

    async fn of_user(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, RepositoryError> {
        self.read(|state| {
            let running = state.sessions.iter().filter(|kept| kept.session.user == user && kept.runs_at(now));
            let mut sessions: Vec<Session> = running.map(|kept| kept.session.clone()).collect();
            sessions.sort_by_key(|session| std::cmp::Reverse((session.created_at, session.id.0)));
            sessions
        })
    }
}
