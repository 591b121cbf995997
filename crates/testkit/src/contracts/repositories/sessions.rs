//! Sessions.

#![expect(clippy::unwrap_used, reason = "a suite fails by panicking")]

use super::samples::{AT, author, unique};
use super::users::make;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::audit::AuditFilter;
use switchyard_domain::ids::{SessionId, UserId};
use switchyard_domain::time::Timestamp;
use switchyard_domain::user::Session;
use switchyard_ports::passwords::PasswordHash;
use switchyard_ports::repositories::{
    AuditLog, Change, ChangeKind, ConfigurationRepository, ENDED_KNOWN_FOR, MOST_SESSIONS, Revision,
    Rotation, SessionRepository, UserPatch, UserRepository,
};
use uuid::Uuid;

/// What every repository of sessions does, over a database of which it is the audit log too.
pub async fn session_contract<R>(repository: Arc<R>)
where
    R: SessionRepository + UserRepository + ConfigurationRepository + AuditLog + 'static,
{
    let all = repository.as_ref();
    a_session_reads_back_as_written(all, all).await;
    nobody_who_is_off_or_has_another_password_begins_one(all, all).await;
    a_refresh_token_is_exchanged_once(all, all).await;
    a_session_ends_for_good_and_only_for_its_owner(all, all).await;
    a_password_change_ends_all_but_the_one_that_it_is_made_in(all, all).await;
    who_is_switched_off_is_signed_out(all, all).await;
    what_is_over_is_forgotten_when_the_next_begins(all, all).await;
    of_very_many_sessions_the_latest_run_and_the_others_are_ended(all, all, all).await;
    who_ended_long_ago_is_forgotten_when_the_next_begins(all, all).await;
    only_an_end_is_a_change(all, all, all).await;
    a_beginning_lands_its_entry_in_the_audit_log_and_a_refused_one_none(all, all, all).await;
    of_many_exchanges_at_once_one_wins_and_the_next_ends_the_session(repository).await;
}

fn id() -> Uuid {
    Uuid::from_u128(u128::from(unique()) << 64 | u128::from(std::process::id()))
}

fn session(user: UserId) -> Session {
    Session {
        id: SessionId(id()),
        user,
        created_at: AT,
        refreshed_at: AT,
        expires_at: Timestamp(AT.0 + 1_000_000),
        address: Some("2001:db8::7".parse().unwrap()),
        client: Some("a browser".to_owned()),
    }
}

async fn begun(repository: &dyn SessionRepository, user: UserId) -> (Session, Uuid) {
    let (session, refresh) = (session(user), id());
    assert!(repository.begin(session.clone(), refresh, None, &author(0)).await.unwrap());
    (session, refresh)
}

async fn of_very_many_sessions_the_latest_run_and_the_others_are_ended(
    repository: &dyn SessionRepository,
    users: &dyn UserRepository,
    configuration: &dyn ConfigurationRepository,
) {
    let (user, other) = (make(users).await, make(users).await);
    let (others, _) = begun(repository, other).await;
    let before = configuration.revision().await.unwrap();
    let mut begun = Vec::new();
    for number in 0..MOST_SESSIONS as i64 + 3 {
        let session = Session { created_at: Timestamp(AT.0 + number), ..session(user) };
        let refresh = id();
        assert!(repository.begin(session.clone(), refresh, None, &author(0)).await.unwrap());
        begun.push((session.id, refresh));
    }
    let expected: Vec<SessionId> = begun.iter().skip(3).rev().map(|(id, _)| *id).collect();
    assert_eq!(ids_of(repository, user).await, expected);
    let (first, refresh) = begun.first().copied().unwrap();
    assert_eq!(repository.rotate(first, refresh, id(), &author(1)).await.unwrap(), Rotation::Gone);
    assert_eq!(ids_of(repository, other).await, [others.id]);
    let mut told = ended(users, user, Timestamp(AT.0 - 1)).await;
    told.sort_unstable();
    let mut first_three: Vec<SessionId> = begun.iter().take(3).map(|(id, _)| *id).collect();
    first_three.sort_unstable();
    assert_eq!(told, first_three, "their access tokens are refused");
    let change = |step| Change { revision: Revision(before.0 + step), kind: ChangeKind::User, id: user.0 };
    let changes = configuration.changes_since(before).await.unwrap().unwrap();
    assert_eq!(changes, [change(1), change(2), change(3)], "and every replica hears of it");
}

async fn who_ended_long_ago_is_forgotten_when_the_next_begins(
    repository: &dyn SessionRepository,
    users: &dyn UserRepository,
) {
    let user = make(users).await;
    let month = Duration::from_secs(30 * 24 * 60 * 60);
    let lasting = Session { expires_at: AT.after(month), ..session(user) };
    assert!(repository.begin(lasting.clone(), id(), None, &author(0)).await.unwrap());
    repository.end(lasting.id, user, &author(1)).await.unwrap();
    let forgotten_at = Timestamp(AT.0 + 1).after(ENDED_KNOWN_FOR);
    for (at, known) in [(Timestamp(forgotten_at.0 - 1), vec![lasting.id]), (forgotten_at, Vec::new())] {
        let next = Session { created_at: at, expires_at: AT.after(month), ..session(user) };
        assert!(repository.begin(next, id(), None, &author(0)).await.unwrap());
        assert_eq!(ended(users, user, AT).await, known, "{at:?}");
    }
}

async fn ids_of(repository: &dyn SessionRepository, user: UserId) -> Vec<SessionId> {
    repository.of_user(user, AT).await.unwrap().into_iter().map(|session| session.id).collect()
}

async fn ended(users: &dyn UserRepository, user: UserId, since: Timestamp) -> Vec<SessionId> {
    let states = users.states(&[user, UserId(i64::MAX)], since).await.unwrap();
    assert_eq!(states.len(), 1, "who is gone is absent");
    states.into_iter().next().unwrap().ended
}

async fn a_session_reads_back_as_written(repository: &dyn SessionRepository, users: &dyn UserRepository) {
    let user = make(users).await;
    let (first, _) = begun(repository, user).await;
    let later = Session { created_at: Timestamp(AT.0 + 1), address: None, client: None, ..session(user) };
    assert!(repository.begin(later.clone(), id(), None, &author(0)).await.unwrap());
    let sessions = repository.of_user(user, AT).await.unwrap();
    assert_eq!(sessions, [later.clone(), first.clone()], "the newest first");
    assert_eq!(users.by_id(user).await.unwrap().unwrap().0.last_login_at, Some(later.created_at));
    assert_eq!(repository.of_user(user, first.expires_at).await.unwrap(), []);
}

async fn nobody_who_is_off_or_has_another_password_begins_one(
    repository: &dyn SessionRepository,
    users: &dyn UserRepository,
) {
    let user = make(users).await;
    let wrong = Some(PasswordHash("an earlier one".to_owned()));
    assert!(!repository.begin(session(user), id(), wrong, &author(0)).await.unwrap());
    let right = Some(PasswordHash("hash one".to_owned()));
    assert!(repository.begin(session(user), id(), right.clone(), &author(0)).await.unwrap());
    let off = UserPatch { is_active: Some(false), ..UserPatch::default() };
    users.update(user, off, &author(1)).await.unwrap();
    for verified in [right, None] {
        assert!(!repository.begin(session(user), id(), verified, &author(0)).await.unwrap());
    }
    assert_eq!(ids_of(repository, user).await, []);
}

async fn a_refresh_token_is_exchanged_once(repository: &dyn SessionRepository, users: &dyn UserRepository) {
    let user = make(users).await;
    let (session, first) = begun(repository, user).await;
    let (second, third) = (id(), id());
    let rotated = repository.rotate(session.id, first, second, &author(5)).await.unwrap();
    let refreshed = Session { refreshed_at: Timestamp(AT.0 + 5), ..session.clone() };
    assert_eq!(rotated, Rotation::Rotated(refreshed.clone()));
    assert_eq!(repository.of_user(user, AT).await.unwrap(), [refreshed]);
    let rotated = repository.rotate(session.id, second, third, &author(6)).await.unwrap();
    assert!(matches!(rotated, Rotation::Rotated(_)), "{rotated:?}");
    assert_eq!(
        repository.rotate(session.id, second, id(), &author(7)).await.unwrap(),
        Rotation::Reused(user)
    );
    assert_eq!(repository.rotate(session.id, third, id(), &author(8)).await.unwrap(), Rotation::Gone);
    assert_eq!(ended(users, user, AT).await, [session.id]);
    assert_eq!(repository.rotate(SessionId(id()), third, id(), &author(8)).await.unwrap(), Rotation::Gone);
    let (short, refresh) = begun(repository, user).await;
    let late = author(short.expires_at.0 - AT.0);
    assert_eq!(
        repository.rotate(short.id, refresh, id(), &late).await.unwrap(),
        Rotation::Gone,
        "it is over"
    );
}

async fn a_session_ends_for_good_and_only_for_its_owner(
    repository: &dyn SessionRepository,
    users: &dyn UserRepository,
) {
    let (user, other) = (make(users).await, make(users).await);
    let (one, refresh) = begun(repository, user).await;
    let (two, _) = begun(repository, user).await;
    assert!(!repository.end(one.id, other, &author(1)).await.unwrap());
    assert!(repository.end(one.id, user, &author(2)).await.unwrap());
    assert!(!repository.end(one.id, user, &author(3)).await.unwrap(), "once");
    assert_eq!(repository.rotate(one.id, refresh, id(), &author(4)).await.unwrap(), Rotation::Gone);
    assert_eq!(ids_of(repository, user).await, [two.id]);
    assert_eq!(ended(users, user, Timestamp(AT.0 + 1)).await, [one.id]);
    assert_eq!(ended(users, user, Timestamp(AT.0 + 2)).await, [], "what ended long ago is not told");
    assert_eq!(ended(users, other, AT).await, []);
}

async fn a_password_change_ends_all_but_the_one_that_it_is_made_in(
    repository: &dyn SessionRepository,
    users: &dyn UserRepository,
) {
    let (user, other) = (make(users).await, make(users).await);
    let (mine, _) = begun(repository, user).await;
    let (elsewhere, _) = begun(repository, user).await;
    let (others, _) = begun(repository, other).await;
    users.set_password(user, PasswordHash("new".to_owned()), Some(mine.id), &author(1)).await.unwrap();
    assert_eq!(ids_of(repository, user).await, [mine.id]);
    assert_eq!(ended(users, user, AT).await, [elsewhere.id]);
    assert_eq!(ids_of(repository, other).await, [others.id]);
    let (_, _) = begun(repository, user).await;
    assert_eq!(repository.end_all(user, Some(mine.id), &author(2)).await.unwrap(), 1);
    assert_eq!(repository.end_all(user, None, &author(3)).await.unwrap(), 1);
    assert_eq!(repository.end_all(user, None, &author(4)).await.unwrap(), 0);
}

async fn who_is_switched_off_is_signed_out(repository: &dyn SessionRepository, users: &dyn UserRepository) {
    let user = make(users).await;
    let (session, _) = begun(repository, user).await;
    for is_active in [false, true] {
        let patch = UserPatch { is_active: Some(is_active), ..UserPatch::default() };
        users.update(user, patch, &author(1)).await.unwrap();
        assert_eq!(ids_of(repository, user).await, [], "back on does not bring a session back");
    }
    assert_eq!(ended(users, user, AT).await, [session.id]);
}

async fn what_is_over_is_forgotten_when_the_next_begins(
    repository: &dyn SessionRepository,
    users: &dyn UserRepository,
) {
    let user = make(users).await;
    let (old, _) = begun(repository, user).await;
    repository.end(old.id, user, &author(1)).await.unwrap();
    let begins = Timestamp(old.expires_at.0 + 60_000);
    let next = Session { created_at: begins, expires_at: Timestamp(begins.0 + 1), ..session(user) };
    assert!(repository.begin(next, id(), None, &author(0)).await.unwrap());
    assert_eq!(ended(users, user, AT).await, []);
}

async fn only_an_end_is_a_change(
    repository: &dyn SessionRepository,
    users: &dyn UserRepository,
    configuration: &dyn ConfigurationRepository,
) {
    let user = make(users).await;
    let before = configuration.revision().await.unwrap();
    let (one, refresh) = begun(repository, user).await;
    let next = id();
    repository.rotate(one.id, refresh, next, &author(1)).await.unwrap();
    assert_eq!(configuration.revision().await.unwrap(), before);
    repository.rotate(one.id, refresh, id(), &author(2)).await.unwrap();
    repository.end(one.id, user, &author(3)).await.unwrap();
    let (two, _) = begun(repository, user).await;
    repository.end(two.id, user, &author(4)).await.unwrap();
    let change = |step| Change { revision: Revision(before.0 + step), kind: ChangeKind::User, id: user.0 };
    let changes = configuration.changes_since(before).await.unwrap().unwrap();
    assert_eq!(changes, [change(1), change(2)]);
}

async fn a_beginning_lands_its_entry_in_the_audit_log_and_a_refused_one_none(
    repository: &dyn SessionRepository,
    users: &dyn UserRepository,
    log: &dyn AuditLog,
) {
    let user = make(users).await;
    let before = log.head().await.unwrap().sequence;
    let (begun, _) = begun(repository, user).await;
    let entry = log.page(AuditFilter::default(), None, 1).await.unwrap().pop().unwrap();
    assert_eq!((entry.sequence, entry.at, entry.actor.as_str()), (before + 1, AT, "ana"));
    assert_eq!((entry.action.as_str(), entry.outcome.as_str()), ("sign_in", "done"));
    assert_eq!(entry.object, format!("session:{}", begun.id));
    let wrong = Some(PasswordHash("an earlier one".to_owned()));
    assert!(!repository.begin(session(user), id(), wrong, &author(1)).await.unwrap());
    assert_eq!(log.head().await.unwrap().sequence, before + 1);
}

async fn of_many_exchanges_at_once_one_wins_and_the_next_ends_the_session<R>(repository: Arc<R>)
where
    R: SessionRepository + UserRepository + 'static,
{
    let user = make(repository.as_ref()).await;
    let (session, refresh) = begun(repository.as_ref(), user).await;
    let mut exchanges = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (repository, session) = (Arc::clone(&repository), session.id);
        exchanges.spawn(async move { repository.rotate(session, refresh, id(), &author(1)).await.unwrap() });
    }
    let answers = exchanges.join_all().await;
    let count = |wanted: fn(&Rotation) -> bool| answers.iter().filter(|answer| wanted(answer)).count();
    assert_eq!(count(|answer| matches!(answer, Rotation::Rotated(_))), 1, "{answers:?}");
    assert_eq!(count(|answer| matches!(answer, Rotation::Reused(_))), 1, "{answers:?}");
    assert_eq!(ids_of(repository.as_ref(), user).await, []);
}
