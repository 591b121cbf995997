//! Virtual keys.

#![expect(clippy::unwrap_used, reason = "a suite fails by panicking")]

use super::quotas_of_keys::{
    a_budget_is_written_with_its_key_and_removed_with_it, a_key_whose_quota_is_written_is_lent,
};
use super::samples::{AT, author, full_limits, new_provider, unique, unique_name};
use futures_util::future::join_all;
use switchyard_domain::ids::{UserId, VirtualKeyId};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::name::Name;
use switchyard_domain::provider::CredentialOwner;
use switchyard_domain::time::Timestamp;
use switchyard_domain::virtual_key::{KeyHash, PreviousHash};
use switchyard_ports::repositories::{
    Author, Change, ChangeKind, ConfigurationRepository, KeyPatch, KeyRotation, KeyringRepository,
    NewVirtualKey, QuotaRepository, RepositoryError, Revision, SealedSecret, VirtualKeyRepository,
    enough_keys, enough_unused_keys,
};

/// What every repository of virtual keys does. The others work on the same database.
pub async fn virtual_key_contract(
    repository: &dyn VirtualKeyRepository,
    configuration: &dyn ConfigurationRepository,
    keyring: &dyn KeyringRepository,
    quotas: &dyn QuotaRepository,
) {
    a_key_reads_back_as_it_was_written(repository).await;
    a_taken_name_is_a_conflict_that_names_it(repository).await;
    people_have_names_of_their_own(repository).await;
    a_removal_of_another_version_is_refused(repository).await;
    the_same_hash_twice_is_a_conflict(repository).await;
    a_name_is_found_exactly(repository).await;
    a_patch_changes_what_it_names_and_nothing_else(repository).await;
    a_stale_version_is_refused(repository).await;
    pages_go_through_all_keys_by_id(repository).await;
    pages_of_a_person_hold_their_keys_alone(repository).await;
    a_key_is_renamed_where_the_name_is_free(repository).await;
    a_budget_is_written_with_its_key_and_removed_with_it(repository, configuration, quotas).await;
    a_key_whose_quota_is_written_is_lent(repository, configuration, quotas).await;
    keys_that_are_gone_are_absent(repository).await;
    of_many_keys_at_once_a_person_gets_as_many_as_they_may_have(repository).await;
    of_keys_of_nobodys_so_many_may_lie_there_unused(repository).await;
    many_ids_are_found_at_once(repository).await;
    a_removed_key_takes_its_credentials_along(repository, configuration, keyring).await;
    every_write_is_one_revision_and_one_change(repository, configuration).await;
    a_use_is_noted_and_never_set_back(repository, configuration).await;
    what_is_not_there_is_not_found(repository).await;
}

pub(super) fn new_key(name: Name) -> NewVirtualKey {
    let mut hash = [7; 32];
    let (head, _) = hash.split_at_mut(8);
    head.copy_from_slice(&unique().to_be_bytes());
    NewVirtualKey {
        name,
        prefix: "sy-abc".to_owned(),
        hash: KeyHash(hash),
        models: None,
        limits: Limits::NONE,
        expires_at: None,
        user: None,
        tags: Vec::new(),
        at_most: None,
        is_lent: false,
        budget: None,
    }
}

pub(super) async fn make(repository: &dyn VirtualKeyRepository) -> VirtualKeyId {
    repository.create(new_key(unique_name("key")), &author(0)).await.unwrap()
}

async fn a_key_reads_back_as_it_was_written(repository: &dyn VirtualKeyRepository) {
    let new = NewVirtualKey {
        models: Some(vec!["fast".to_owned(), "openai/*".to_owned(), "\"quoted\"".to_owned()]),
        limits: full_limits(),
        expires_at: Some(Timestamp(AT.0 + 1)),
        user: Some(UserId(i64::MAX)),
        tags: vec!["team \"a\"".to_owned(), String::new()],
        ..new_key(unique_name("full"))
    };
    let id = repository.create(new.clone(), &author(0)).await.unwrap();
    let key = repository.by_name(&new.name).await.unwrap().pop().unwrap();
    assert_eq!((key.id, &key.name, &key.prefix, key.hash), (id, &new.name, &new.prefix, new.hash));
    assert_eq!((&key.models, key.limits, key.expires_at), (&new.models, new.limits, new.expires_at));
    assert_eq!((key.is_active, key.last_used_at, key.meta.version), (true, None, 1));
    assert_eq!((key.meta.created_at, key.meta.updated_by.as_str()), (AT, "ana"));
    assert_eq!(repository.by_ids(&[id]).await.unwrap(), [key]);

    let none = repository.create(new_key(unique_name("empty list")), &author(0)).await.unwrap();
    let patch = KeyPatch { models: Some(Some(Vec::new())), ..KeyPatch::default() };
    repository.update(none, patch, &author(1)).await.unwrap();
    let stored = repository.by_ids(&[none]).await.unwrap();
    assert_eq!(stored.first().unwrap().models, Some(Vec::new()), "nothing allowed is not everything allowed");
}

async fn a_taken_name_is_a_conflict_that_names_it(repository: &dyn VirtualKeyRepository) {
    let name = unique_name("taken");
    repository.create(new_key(name.clone()), &author(0)).await.unwrap();
    let error = repository.create(new_key(name.clone()), &author(0)).await.unwrap_err();
    assert!(
        matches!(&error, RepositoryError::Conflict { reason } if reason.contains(name.as_str())),
        "{error:?}"
    );
}

async fn people_have_names_of_their_own(repository: &dyn VirtualKeyRepository) {
    let name = unique_name("everybody's");
    let (ann, bob) = (UserId(i64::try_from(unique() >> 1).unwrap()), UserId(i64::MAX - 11));
    let of = |user| NewVirtualKey { user, ..new_key(name.clone()) };
    let mut made = Vec::new();
    for user in [None, Some(ann), Some(bob)] {
        made.push(repository.create(of(user), &author(0)).await.unwrap());
        let error = repository.create(of(user), &author(0)).await.unwrap_err();
        assert!(
            matches!(&error, RepositoryError::Conflict { reason } if reason.contains(name.as_str())),
            "{user:?}: {error:?}"
        );
    }
    let ids = |keys: Vec<switchyard_domain::virtual_key::VirtualKey>| {
        keys.into_iter().map(|key| key.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(repository.by_name(&name).await.unwrap()), made);
    // Whose it is from now on has a key of that name.
    let of_bob = KeyPatch { user: Some(Some(bob)), ..KeyPatch::default() };
    let (nobodys, anns) = (made.first().copied().unwrap(), made.get(1).copied().unwrap());
    let error = repository.update(anns, of_bob.clone(), &author(1)).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Conflict { .. }), "{error:?}");
    let renamed = KeyPatch { name: Some(unique_name("other")), ..of_bob };
    repository.update(anns, renamed, &author(1)).await.unwrap();
    let of_ann = KeyPatch { user: Some(Some(ann)), ..KeyPatch::default() };
    repository.update(nobodys, of_ann, &author(1)).await.unwrap();
}

async fn a_removal_of_another_version_is_refused(repository: &dyn VirtualKeyRepository) {
    let id = make(repository).await;
    let off = KeyPatch { is_active: Some(false), ..KeyPatch::default() };
    repository.update(id, off, &author(1)).await.unwrap();
    let error = repository.delete(id, Some(1), &author(1)).await.unwrap_err();
    assert_eq!(error, RepositoryError::Stale { current: 2 });
    assert_eq!(repository.by_ids(&[id]).await.unwrap().len(), 1);
    repository.delete(id, Some(2), &author(1)).await.unwrap();
}

async fn the_same_hash_twice_is_a_conflict(repository: &dyn VirtualKeyRepository) {
    let first = new_key(unique_name("hash"));
    let second = NewVirtualKey { hash: first.hash, ..new_key(unique_name("hash")) };
    repository.create(first, &author(0)).await.unwrap();
    let name = second.name.clone();
    let error = repository.create(second, &author(0)).await.unwrap_err();
    assert!(
        matches!(&error, RepositoryError::Conflict { reason } if !reason.contains(name.as_str())),
        "{error:?}"
    );
}

async fn a_name_is_found_exactly(repository: &dyn VirtualKeyRepository) {
    let name = unique_name("exact");
    repository.create(new_key(name.clone()), &author(0)).await.unwrap();
    for other in [name.as_str().to_uppercase(), format!("{name}x"), "%".to_owned()] {
        assert_eq!(repository.by_name(&Name::new(other).unwrap()).await.unwrap(), []);
    }
}

async fn a_patch_changes_what_it_names_and_nothing_else(repository: &dyn VirtualKeyRepository) {
    let new = NewVirtualKey {
        models: Some(vec!["fast".to_owned()]),
        limits: full_limits(),
        expires_at: Some(AT),
        ..new_key(unique_name("patched"))
    };
    let id = repository.create(new, &author(0)).await.unwrap();
    let mut expected = repository.by_ids(&[id]).await.unwrap().pop().unwrap();
    let limits = Limits { rpm: Some(3), ..Limits::NONE };
    let rotation = KeyRotation {
        prefix: "sy-new".to_owned(),
        hash: new_key(unique_name("hash")).hash,
        previous: Some(PreviousHash { hash: expected.hash, until: AT }),
    };
    let patches = [
        KeyPatch { is_active: Some(false), expected_version: Some(1), ..KeyPatch::default() },
        KeyPatch { models: Some(None), ..KeyPatch::default() },
        KeyPatch { limits: Some(limits), ..KeyPatch::default() },
        KeyPatch { expires_at: Some(None), ..KeyPatch::default() },
        KeyPatch { user: Some(Some(UserId(3))), ..KeyPatch::default() },
        KeyPatch { tags: Some(vec!["a".to_owned()]), ..KeyPatch::default() },
        KeyPatch { rotation: Some(rotation.clone()), ..KeyPatch::default() },
    ];
    for (number, patch) in (1..).zip(patches) {
        repository.update(id, patch, &author(number)).await.unwrap();
        match number {
            1 => expected.is_active = false,
            2 => expected.models = None,
            3 => expected.limits = limits,
            4 => expected.expires_at = None,
            5 => expected.user = Some(UserId(3)),
            6 => expected.tags = vec!["a".to_owned()],
            _ => {
                (expected.prefix, expected.hash) = (rotation.prefix.clone(), rotation.hash);
                expected.previous = rotation.previous;
            }
        }
        expected.meta.version += 1;
        expected.meta.updated_at = author(number).at;
        assert_eq!(repository.by_ids(&[id]).await.unwrap(), [expected.clone()]);
    }
    repository.update(id, KeyPatch::default(), &author(99)).await.unwrap();
    assert_eq!(repository.by_ids(&[id]).await.unwrap(), [expected], "a patch of nothing changes nothing");
}

async fn a_stale_version_is_refused(repository: &dyn VirtualKeyRepository) {
    let id = make(repository).await;
    let patch = KeyPatch { is_active: Some(false), expected_version: Some(1), ..KeyPatch::default() };
    repository.update(id, patch.clone(), &author(1)).await.unwrap();
    let error = repository.update(id, patch, &author(1)).await.unwrap_err();
    assert_eq!(error, RepositoryError::Stale { current: 2 });
}

async fn pages_go_through_all_keys_by_id(repository: &dyn VirtualKeyRepository) {
    let mut made = Vec::new();
    for _ in 0..7 {
        made.push(make(repository).await);
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = repository.page(after, 3).await.unwrap();
        assert!(page.len() <= 3);
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        seen.extend(page.iter().map(|key| key.id));
    }
    assert!(seen.is_sorted() && made.iter().all(|id| seen.contains(id)), "{seen:?}");
    assert_eq!(seen.len(), repository.page(None, 1_000).await.unwrap().len());
}

async fn pages_of_a_person_hold_their_keys_alone(repository: &dyn VirtualKeyRepository) {
    let (ann, bob) = (UserId(i64::try_from(unique() >> 1).unwrap()), UserId(i64::MAX - 7));
    let mut theirs = Vec::new();
    for number in 0..5 {
        let user = Some(if number % 2 == 0 { ann } else { bob });
        let new = NewVirtualKey { user, ..new_key(unique_name("of somebody")) };
        theirs.push(repository.create(new, &author(0)).await.unwrap());
        make(repository).await;
    }
    let ids = |keys: Vec<switchyard_domain::virtual_key::VirtualKey>| {
        keys.into_iter().map(|key| key.id).collect::<Vec<_>>()
    };
    let of_ann: Vec<_> = theirs.iter().copied().step_by(2).collect();
    let first = ids(repository.page_of(ann, None, 2).await.unwrap());
    assert_eq!(first, of_ann.iter().copied().take(2).collect::<Vec<_>>());
    let rest = ids(repository.page_of(ann, first.last().copied(), 2).await.unwrap());
    assert_eq!(rest, of_ann.iter().copied().skip(2).collect::<Vec<_>>());
    assert_eq!(repository.page_of(UserId(i64::MAX - 8), None, 10).await.unwrap(), []);
}

async fn a_key_is_renamed_where_the_name_is_free(repository: &dyn VirtualKeyRepository) {
    let (id, taken, free) = (make(repository).await, unique_name("taken"), unique_name("free"));
    repository.create(new_key(taken.clone()), &author(0)).await.unwrap();
    let renamed = |name: &Name| KeyPatch { name: Some(name.clone()), ..KeyPatch::default() };
    let error = repository.update(id, renamed(&taken), &author(1)).await.unwrap_err();
    assert!(
        matches!(&error, RepositoryError::Conflict { reason } if reason.contains(taken.as_str())),
        "{error:?}"
    );
    repository.update(id, renamed(&free), &author(1)).await.unwrap();
    repository.update(id, renamed(&free), &author(2)).await.unwrap();
    let found = repository.by_name(&free).await.unwrap();
    assert_eq!(found.first().unwrap().id, id, "its own name is not taken");
}

async fn of_many_keys_at_once_a_person_gets_as_many_as_they_may_have(repository: &dyn VirtualKeyRepository) {
    let (ann, bob) = (UserId(i64::try_from(unique() >> 1).unwrap()), UserId(i64::MAX - 9));
    let new = |user| NewVirtualKey { user: Some(user), at_most: Some(3), ..new_key(unique_name("enough")) };
    let by = author(0);
    let made = join_all((0..8).map(|_| repository.create(new(ann), &by))).await;
    let made: Vec<_> = made.into_iter().filter_map(Result::ok).collect();
    assert_eq!(made.len(), 3);
    let error = repository.create(new(ann), &by).await.unwrap_err();
    assert_eq!(error, RepositoryError::Conflict { reason: enough_keys(3) });
    repository.create(new(bob), &by).await.unwrap();
    repository.create(NewVirtualKey { at_most: None, ..new(ann) }, &by).await.unwrap();
    for id in made.into_iter().take(2) {
        repository.delete(id, None, &by).await.unwrap();
    }
    repository.create(new(ann), &by).await.unwrap();
}

async fn of_keys_of_nobodys_so_many_may_lie_there_unused(repository: &dyn VirtualKeyRepository) {
    let maker = |name: &Name| Author { by: Writer { name: name.to_string().into(), ..author(0).by }, at: AT };
    let (ann, bob) = (maker(&unique_name("maker")), maker(&unique_name("maker")));
    let new = || NewVirtualKey { at_most: Some(2), ..new_key(unique_name("unused")) };
    let owned = NewVirtualKey { user: Some(UserId(i64::MAX - 10)), at_most: None, ..new() };
    repository.create(owned, &ann).await.unwrap();
    let first = repository.create(new(), &ann).await.unwrap();
    let made = join_all((0..4).map(|_| repository.create(new(), &ann))).await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1);
    let error = repository.create(new(), &ann).await.unwrap_err();
    assert_eq!(error, RepositoryError::Conflict { reason: enough_unused_keys(2) });
    repository.create(new(), &bob).await.unwrap();
    repository.create(NewVirtualKey { at_most: None, ..new() }, &ann).await.unwrap();
    repository.delete(first, None, &ann).await.unwrap();
    repository.create(new(), &ann).await.unwrap_err();
    let used: Vec<_> = made.into_iter().filter_map(Result::ok).map(|id| (id, AT)).collect();
    repository.touch(&used).await.unwrap();
    repository.create(new(), &ann).await.unwrap();
}

async fn keys_that_are_gone_are_absent(repository: &dyn VirtualKeyRepository) {
    let (gone, kept) = (make(repository).await, make(repository).await);
    repository.delete(gone, None, &author(1)).await.unwrap();
    let found = repository.by_ids(&[gone, kept, VirtualKeyId(i64::MAX)]).await.unwrap();
    assert_eq!(found.iter().map(|key| key.id).collect::<Vec<_>>(), [kept]);
    assert_eq!(repository.by_ids(&[]).await.unwrap(), []);
}

async fn many_ids_are_found_at_once(repository: &dyn VirtualKeyRepository) {
    let id = make(repository).await;
    let mut ids: Vec<_> = (0..70_000).map(|number| VirtualKeyId(i64::MAX - number)).collect();
    ids.push(id);
    assert_eq!(repository.by_ids(&ids).await.unwrap().len(), 1);
}

async fn a_removed_key_takes_its_credentials_along(
    repository: &dyn VirtualKeyRepository,
    configuration: &dyn ConfigurationRepository,
    keyring: &dyn KeyringRepository,
) {
    let sealed_under = format!("k{}", unique());
    let provider = new_provider(unique_name("own secrets"), &[]);
    let provider = configuration.create_provider(provider, &author(0)).await.unwrap();
    let (gone, kept) = (make(repository).await, make(repository).await);
    for id in [gone, kept] {
        let secret = SealedSecret { sealed: format!("v1.{sealed_under}.n.c"), hint: "x".to_owned() };
        let owner = CredentialOwner::VirtualKey(id.0);
        configuration.put_credential(provider, &owner, Some(secret), None, &author(0)).await.unwrap();
    }
    repository.delete(gone, None, &author(1)).await.unwrap();
    let counts = keyring.sealed_counts().await.unwrap();
    assert!(counts.contains(&(sealed_under, 1)), "{counts:?}");
}

async fn every_write_is_one_revision_and_one_change(
    repository: &dyn VirtualKeyRepository,
    configuration: &dyn ConfigurationRepository,
) {
    let start = configuration.revision().await.unwrap();
    let id = make(repository).await;
    let off = KeyPatch { is_active: Some(false), ..KeyPatch::default() };
    repository.update(id, off, &author(1)).await.unwrap();
    repository.delete(id, None, &author(2)).await.unwrap();
    let change = |by| Change { revision: Revision(start.0 + by), kind: ChangeKind::VirtualKey, id: id.0 };
    let changes = configuration.changes_since(start).await.unwrap().unwrap();
    assert_eq!(changes, [change(1), change(2), change(3)]);
}

async fn a_use_is_noted_and_never_set_back(
    repository: &dyn VirtualKeyRepository,
    configuration: &dyn ConfigurationRepository,
) {
    let (one, other, unused) = (make(repository).await, make(repository).await, make(repository).await);
    let start = configuration.revision().await.unwrap();
    let gone = VirtualKeyId(i64::MAX);
    repository.touch(&[(one, Timestamp(60_000)), (other, Timestamp(60_000)), (gone, AT)]).await.unwrap();
    repository.touch(&[(one, Timestamp(120_000)), (other, Timestamp(59_999))]).await.unwrap();
    repository.touch(&[(one, Timestamp(1)), (one, Timestamp(119_999))]).await.unwrap();
    repository.touch(&[]).await.unwrap();
    let keys = repository.by_ids(&[one, other, unused]).await.unwrap();
    let used = |id| keys.iter().find(|key| key.id == id).unwrap().last_used_at;
    assert_eq!(used(one), Some(Timestamp(120_000)));
    assert_eq!(used(other), Some(Timestamp(60_000)));
    assert_eq!(used(unused), None);
    assert!(keys.iter().all(|key| key.meta.version == 1));
    assert_eq!(configuration.revision().await.unwrap(), start, "a use is no change of configuration");
}

async fn what_is_not_there_is_not_found(repository: &dyn VirtualKeyRepository) {
    let id = VirtualKeyId(i64::MAX);
    let author = author(0);
    let off = KeyPatch { is_active: Some(false), ..KeyPatch::default() };
    for outcome in [repository.update(id, off, &author).await, repository.delete(id, None, &author).await] {
        assert!(matches!(outcome, Err(RepositoryError::NotFound { .. })), "{outcome:?}");
    }
}
