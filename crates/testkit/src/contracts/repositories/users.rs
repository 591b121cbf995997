//! People and their links.

#![expect(clippy::unwrap_used, reason = "a suite fails by panicking")]

use super::samples::{AT, author, full_limits, unique};
use switchyard_domain::audit::AuditFilter;
use switchyard_domain::ids::UserId;
use switchyard_domain::role::Role;
use switchyard_domain::time::Timestamp;
use switchyard_domain::user::{Email, Username};
use switchyard_ports::passwords::PasswordHash;
use switchyard_ports::repositories::{
    AuditLog, Change, ChangeKind, ConfigurationRepository, LinkPurpose, NewUser, OneTimeLink,
    RepositoryError, Revision, Taken, UserChange, UserPatch, UserRepository,
};
use switchyard_ports::tokens::SecretHash;

/// What every repository of people does. `configuration` and `log` work on the same database, on which nobody else may write people
/// meanwhile.
pub async fn user_contract(
    repository: &dyn UserRepository,
    configuration: &dyn ConfigurationRepository,
    log: &dyn AuditLog,
) {
    a_person_reads_back_as_written(repository).await;
    a_taken_name_or_address_is_told_apart(repository).await;
    a_patch_changes_what_it_names(repository).await;
    a_stale_version_is_refused(repository).await;
    a_stronger_hash_takes_the_place_of_the_one_that_it_was_made_for(repository).await;
    pages_go_through_everybody_by_id(repository).await;
    somebody_always_administers(repository).await;
    a_link_opens_once_and_in_time(repository).await;
    a_link_goes_with_what_it_was_made_for(repository).await;
    a_link_sets_up_the_first_administrator_only(repository).await;
    a_link_lands_its_entry_in_the_audit_log(repository, log).await;
    a_write_is_one_change_of_this_person(repository, configuration).await;
}

/// A person whom no other call of this process makes.
pub(super) fn new_user(stem: &str) -> NewUser {
    let name = format!("{stem}.{}.{}", std::process::id(), unique());
    NewUser {
        username: Username::new(&name).unwrap(),
        email: Some(Email::new(&format!("{name}@example.com")).unwrap()),
        password: PasswordHash("hash one".to_owned()),
        role: Role::Member,
    }
}

pub(super) async fn make(repository: &dyn UserRepository) -> UserId {
    repository.create(new_user("somebody"), &author(0)).await.unwrap().unwrap()
}

async fn a_person_reads_back_as_written(repository: &dyn UserRepository) {
    let new = new_user("whole");
    let id = repository.create(new.clone(), &author(0)).await.unwrap().unwrap();
    let (user, hash) = repository.by_id(id).await.unwrap().unwrap();
    assert_eq!((user.id, &user.username, &user.email), (id, &new.username, &new.email));
    assert_eq!((user.role, user.is_active, user.last_login_at), (Role::Member, true, None));
    assert_eq!((user.limits.is_none(), user.meta.version, user.meta.created_at), (true, 1, AT));
    assert_eq!(user.meta.updated_by, "ana");
    assert_eq!(hash, new.password);
    let by_name = repository.by_name_key(&new.username.key()).await.unwrap();
    assert_eq!(by_name, Some((user, hash)));
    assert_eq!(repository.by_name_key("nobody at all").await.unwrap(), None);
    assert_eq!(repository.by_id(UserId(i64::MAX)).await.unwrap(), None);
}

async fn a_taken_name_or_address_is_told_apart(repository: &dyn UserRepository) {
    let first = new_user("Tallest");
    repository.create(first.clone(), &author(0)).await.unwrap().unwrap();
    let name = first.username.as_str();
    let in_capitals = Username::new(&name.to_uppercase()).unwrap();
    let look_alike = Username::new(&name.replace('l', "1")).unwrap();
    let alike = NewUser { username: look_alike, email: None, ..first.clone() };
    let same = NewUser { username: in_capitals, email: None, ..first.clone() };
    assert_eq!(repository.create(same, &author(0)).await.unwrap(), Err(Taken::Username));
    assert_eq!(repository.create(alike, &author(0)).await.unwrap(), Err(Taken::Username));
    let address = first.email.as_ref().unwrap().as_str().to_uppercase();
    let other = NewUser { email: Some(Email::new(&address).unwrap()), ..new_user("other") };
    assert_eq!(repository.create(other, &author(0)).await.unwrap(), Err(Taken::Email));
    let without = || NewUser { email: None, ..new_user("silent") };
    assert!(repository.create(without(), &author(0)).await.unwrap().is_ok());
    assert!(repository.create(without(), &author(0)).await.unwrap().is_ok(), "nobody's address is no one's");
}

async fn a_patch_changes_what_it_names(repository: &dyn UserRepository) {
    let id = make(repository).await;
    let mut expected = repository.by_id(id).await.unwrap().unwrap().0;
    let email = Email::new(&format!("new{}@example.com", unique())).unwrap();
    let patches = [
        UserPatch { role: Some(Role::Auditor), expected_version: Some(1), ..UserPatch::default() },
        UserPatch { is_active: Some(false), ..UserPatch::default() },
        UserPatch { limits: Some(full_limits()), ..UserPatch::default() },
        UserPatch { email: Some(Some(email)), ..UserPatch::default() },
        UserPatch { email: Some(None), ..UserPatch::default() },
    ];
    for (step, patch) in (1..).zip(patches) {
        expected.role = patch.role.unwrap_or(expected.role);
        expected.is_active = patch.is_active.unwrap_or(expected.is_active);
        expected.limits = patch.limits.unwrap_or(expected.limits);
        expected.email = patch.email.clone().unwrap_or(expected.email);
        expected.meta.version += 1;
        expected.meta.updated_at = Timestamp(AT.0 + step);
        assert_eq!(repository.update(id, patch, &author(step)).await.unwrap(), UserChange::Made);
        assert_eq!(repository.by_id(id).await.unwrap().unwrap().0, expected);
    }
    let nothing = repository.update(id, UserPatch::default(), &author(9)).await.unwrap();
    assert_eq!((nothing, repository.by_id(id).await.unwrap().unwrap().0), (UserChange::Made, expected));

    let others = new_user("others");
    repository.create(others.clone(), &author(0)).await.unwrap().unwrap();
    let taken = UserPatch { email: Some(others.email), ..UserPatch::default() };
    assert_eq!(repository.update(id, taken, &author(9)).await.unwrap(), UserChange::EmailTaken);
}

async fn a_stale_version_is_refused(repository: &dyn UserRepository) {
    let id = make(repository).await;
    let patch = UserPatch { is_active: Some(false), expected_version: Some(7), ..UserPatch::default() };
    let refused = repository.update(id, patch.clone(), &author(1)).await;
    assert_eq!(refused, Err(RepositoryError::Stale { current: 1 }));
    let missing = repository.update(UserId(i64::MAX), patch, &author(1)).await;
    assert!(matches!(missing, Err(RepositoryError::NotFound { .. })), "{missing:?}");
    let missing =
        repository.set_password(UserId(i64::MAX), PasswordHash(String::new()), None, &author(1)).await;
    assert!(matches!(missing, Err(RepositoryError::NotFound { .. })), "{missing:?}");
}

async fn a_stronger_hash_takes_the_place_of_the_one_that_it_was_made_for(repository: &dyn UserRepository) {
    let id = make(repository).await;
    let hash = |text: &str| PasswordHash(text.to_owned());
    assert!(repository.rehash(id, hash("hash one"), hash("hash two")).await.unwrap());
    assert_eq!(repository.by_id(id).await.unwrap().unwrap().1, hash("hash two"));
    assert!(!repository.rehash(id, hash("hash one"), hash("hash three")).await.unwrap());
    let (user, kept) = repository.by_id(id).await.unwrap().unwrap();
    assert_eq!((user.meta.version, kept), (1, hash("hash two")));
    repository.set_password(id, hash("hash four"), None, &author(1)).await.unwrap();
    let (user, kept) = repository.by_id(id).await.unwrap().unwrap();
    assert_eq!((user.meta.version, kept), (2, hash("hash four")));
}

async fn pages_go_through_everybody_by_id(repository: &dyn UserRepository) {
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(make(repository).await);
    }
    let mut seen = Vec::new();
    let mut after = made.first().map(|id| UserId(id.0 - 1));
    loop {
        let page = repository.page(after, 2).await.unwrap();
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        seen.extend(page.into_iter().map(|user| user.id));
    }
    assert_eq!(seen, made);
}

async fn somebody_always_administers(repository: &dyn UserRepository) {
    // What other suites left behind must not count.
    let mut after = None;
    loop {
        let page = repository.page(after, 100).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        assert!(
            page.iter().all(|user| user.role != Role::Admin),
            "the database has administrators: {page:?}"
        );
    }
    assert!(!repository.has_administrator().await.unwrap());
    let admin = || NewUser { role: Role::Admin, ..new_user("admin") };
    let first = repository.create_first_administrator(admin(), &author(0)).await.unwrap();
    let first = first.unwrap().unwrap();
    assert!(repository.has_administrator().await.unwrap());
    assert_eq!(repository.create_first_administrator(admin(), &author(0)).await.unwrap(), None);

    let demoted = UserPatch { role: Some(Role::Member), ..UserPatch::default() };
    let off = UserPatch { is_active: Some(false), ..UserPatch::default() };
    for patch in [&demoted, &off] {
        let refused = repository.update(first, patch.clone(), &author(1)).await.unwrap();
        assert_eq!(refused, UserChange::LastAdministrator);
    }
    assert_eq!(repository.by_id(first).await.unwrap().unwrap().0.meta.version, 1);
    let second = repository.create(admin(), &author(0)).await.unwrap().unwrap();
    assert_eq!(repository.update(second, off.clone(), &author(2)).await.unwrap(), UserChange::Made);
    let refused = repository.update(first, off.clone(), &author(3)).await.unwrap();
    assert_eq!(refused, UserChange::LastAdministrator, "who is switched off does not administer");
    let on = UserPatch { is_active: Some(true), ..UserPatch::default() };
    repository.update(second, on, &author(4)).await.unwrap();
    assert_eq!(repository.update(first, demoted.clone(), &author(5)).await.unwrap(), UserChange::Made);
    assert_eq!(repository.update(second, demoted, &author(6)).await.unwrap(), UserChange::LastAdministrator);
}

fn hash_of(text: &str) -> SecretHash {
    let mut hash = [0; 32];
    for (slot, byte) in hash.iter_mut().zip(format!("{text} {} {}", std::process::id(), unique()).bytes()) {
        *slot = byte;
    }
    SecretHash(hash)
}

fn link(purpose: LinkPurpose) -> OneTimeLink {
    OneTimeLink { hash: hash_of("link"), purpose, expires_at: Timestamp(AT.0 + 1000) }
}

async fn a_link_opens_once_and_in_time(repository: &dyn UserRepository) {
    let id = make(repository).await;
    let (old, new) = (link(LinkPurpose::Reset(id)), link(LinkPurpose::Reset(id)));
    let others = link(LinkPurpose::Reset(make(repository).await));
    for link in [old, others, new] {
        repository.put_link(link, &author(0)).await.unwrap();
    }
    let now = Timestamp(AT.0 + 999);
    assert_eq!(repository.link(old.hash, now).await.unwrap(), None, "a new link ends the one before");
    assert_eq!(repository.link(new.hash, now).await.unwrap(), Some(new));
    assert_eq!(repository.link(others.hash, now).await.unwrap(), Some(others));
    assert_eq!(repository.link(new.hash, new.expires_at).await.unwrap(), None);
    let password = || PasswordHash("set by link".to_owned());
    assert_eq!(
        repository.reset_password(new.hash, password(), &author(1000)).await.unwrap(),
        None,
        "too late"
    );
    assert_eq!(repository.reset_password(hash_of("none"), password(), &author(1)).await.unwrap(), None);
    let as_setup = repository.set_up(new.hash, new_user("wrong"), &author(1)).await.unwrap();
    assert_eq!(as_setup, None, "a link is for what it was made for");
    assert_eq!(repository.reset_password(new.hash, password(), &author(1)).await.unwrap(), Some(id));
    assert_eq!(repository.by_id(id).await.unwrap().unwrap().1, password());
    assert_eq!(repository.reset_password(new.hash, password(), &author(2)).await.unwrap(), None, "once");
}

async fn a_link_goes_with_what_it_was_made_for(repository: &dyn UserRepository) {
    let id = make(repository).await;
    let now = Timestamp(AT.0 + 1);
    let lasts = async |change: UserPatch| {
        let made = link(LinkPurpose::Reset(id));
        repository.put_link(made, &author(0)).await.unwrap();
        repository.update(id, change, &author(1)).await.unwrap();
        repository.link(made.hash, now).await.unwrap().is_some()
    };
    let limits = full_limits();
    assert!(lasts(UserPatch { limits: Some(limits), ..UserPatch::default() }).await);
    assert!(!lasts(UserPatch { role: Some(Role::Auditor), ..UserPatch::default() }).await);
    assert!(!lasts(UserPatch { is_active: Some(false), ..UserPatch::default() }).await);
    let (made, others) = (link(LinkPurpose::Reset(id)), link(LinkPurpose::Reset(make(repository).await)));
    for link in [made, others] {
        repository.put_link(link, &author(2)).await.unwrap();
    }
    repository.set_password(id, PasswordHash("their own".to_owned()), None, &author(3)).await.unwrap();
    assert_eq!(repository.link(made.hash, now).await.unwrap(), None, "they set one themselves");
    assert_eq!(repository.link(others.hash, now).await.unwrap(), Some(others));
}

async fn a_link_sets_up_the_first_administrator_only(repository: &dyn UserRepository) {
    let setup = link(LinkPurpose::Setup);
    repository.put_link(setup, &author(0)).await.unwrap();
    assert!(repository.has_administrator().await.unwrap(), "the suite before left one");
    let admin = NewUser { role: Role::Admin, ..new_user("late") };
    assert_eq!(repository.set_up(setup.hash, admin, &author(1)).await.unwrap(), None);
    let reset = repository.reset_password(setup.hash, PasswordHash(String::new()), &author(1)).await.unwrap();
    assert_eq!(reset, None);
}

async fn a_link_lands_its_entry_in_the_audit_log(repository: &dyn UserRepository, log: &dyn AuditLog) {
    let id = make(repository).await;
    for (purpose, object) in
        [(LinkPurpose::Setup, "link:setup".to_owned()), (LinkPurpose::Reset(id), format!("link:user:{id}"))]
    {
        let before = log.head().await.unwrap().sequence;
        repository.put_link(link(purpose), &author(3)).await.unwrap();
        let entry = log.page(AuditFilter::default(), None, 1).await.unwrap().pop().unwrap();
        assert_eq!((entry.sequence, entry.at, entry.actor.as_str()), (before + 1, author(3).at, "ana"));
        assert_eq!((entry.action.as_str(), entry.object, entry.outcome.as_str()), ("create", object, "done"));
    }
}

async fn a_write_is_one_change_of_this_person(
    repository: &dyn UserRepository,
    configuration: &dyn ConfigurationRepository,
) {
    let before = configuration.revision().await.unwrap();
    let id = make(repository).await;
    let patch = UserPatch { role: Some(Role::Auditor), ..UserPatch::default() };
    repository.update(id, patch, &author(1)).await.unwrap();
    repository.rehash(id, PasswordHash("hash one".to_owned()), PasswordHash("x".to_owned())).await.unwrap();
    repository.set_password(id, PasswordHash("y".to_owned()), None, &author(2)).await.unwrap();
    let taken =
        NewUser { username: repository.by_id(id).await.unwrap().unwrap().0.username, ..new_user("x") };
    assert!(repository.create(taken, &author(3)).await.unwrap().is_err());
    let change = |step| Change { revision: Revision(before.0 + step), kind: ChangeKind::User, id: id.0 };
    let changes = configuration.changes_since(before).await.unwrap().unwrap();
    assert_eq!(changes, [change(1), change(2), change(3)]);
}
