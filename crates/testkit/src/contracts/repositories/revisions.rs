//! Revisions and changes.

#![expect(clippy::unwrap_used, reason = "a suite fails by panicking")]

use super::samples::{author, new_provider, new_route, unique_name};
use futures_util::future::join_all;
use switchyard_domain::provider::CredentialOwner;
use switchyard_ports::repositories::{
    Change, ChangeKind, ConfigurationRepository, ProviderPatch, ProviderRemoval, RepositoryError, Revision,
    SealedSecret,
};

pub(super) async fn contract(repository: &dyn ConfigurationRepository, kept_changes: i64) {
    every_write_is_one_revision_and_one_change(repository).await;
    a_reader_of_the_newest_revision_has_no_changes(repository).await;
    a_reader_ahead_of_the_database_must_load_whole(repository).await;
    writers_at_once_lose_nothing_and_leave_no_gap(repository).await;
    of_many_who_want_one_name_one_gets_it(repository).await;
    a_reader_too_far_behind_must_load_whole(repository, kept_changes).await;
}

async fn changes(repository: &dyn ConfigurationRepository, since: Revision) -> Vec<Change> {
    repository.changes_since(since).await.unwrap().unwrap()
}

async fn every_write_is_one_revision_and_one_change(repository: &dyn ConfigurationRepository) {
    let start = repository.revision().await.unwrap();
    let author = author(0);
    let new = new_provider(unique_name("counted"), &["a"]);
    let provider = repository.create_provider(new, &author).await.unwrap();
    let patch = ProviderPatch { is_enabled: Some(false), ..ProviderPatch::default() };
    repository.update_provider(provider, patch, &author).await.unwrap();
    let secret = SealedSecret { sealed: "v1.k1.n.c".to_owned(), hint: "x".to_owned() };
    repository.put_credential(provider, &CredentialOwner::SHARED, Some(secret), None, &author).await.unwrap();
    let route = new_route(unique_name("counted"), Vec::new());
    let id = repository.create_route(route.clone(), &author).await.unwrap();
    repository.replace_route(id, route, None, &author).await.unwrap();
    repository.delete_route(id, None, &author).await.unwrap();
    repository.delete_provider(provider, ProviderRemoval::default(), &author).await.unwrap();

    let expected = [
        (ChangeKind::Provider, provider.0),
        (ChangeKind::Provider, provider.0),
        (ChangeKind::Provider, provider.0),
        (ChangeKind::Route, id.0),
        (ChangeKind::Route, id.0),
        (ChangeKind::Route, id.0),
        (ChangeKind::Provider, provider.0),
    ];
    let expected: Vec<Change> = (start.0 + 1..)
        .zip(expected)
        .map(|(revision, (kind, id))| Change { revision: Revision(revision), kind, id })
        .collect();
    assert_eq!(changes(repository, start).await, expected);
    assert_eq!(changes(repository, Revision(start.0 + 5)).await, expected.split_at(5).1);
    assert_eq!(repository.revision().await.unwrap(), Revision(start.0 + 7));
    assert_eq!(repository.load().await.unwrap().revision, Revision(start.0 + 7));
}

async fn a_reader_of_the_newest_revision_has_no_changes(repository: &dyn ConfigurationRepository) {
    let newest = repository.revision().await.unwrap();
    assert_eq!(repository.changes_since(newest).await.unwrap(), Some(Vec::new()));
}

async fn a_reader_ahead_of_the_database_must_load_whole(repository: &dyn ConfigurationRepository) {
    let newest = repository.revision().await.unwrap();
    let ahead = repository.changes_since(Revision(newest.0 + 1)).await.unwrap();
    assert_eq!(ahead, None, "the database was set back, so that the reader knows what never was");
}

async fn writers_at_once_lose_nothing_and_leave_no_gap(repository: &dyn ConfigurationRepository) {
    let start = repository.revision().await.unwrap();
    let author = author(0);
    let writes =
        (0..24).map(|_| repository.create_provider(new_provider(unique_name("crowd"), &["a"]), &author));
    let mut made: Vec<i64> = join_all(writes).await.into_iter().map(|outcome| outcome.unwrap().0).collect();
    let seen = changes(repository, start).await;
    let revisions: Vec<i64> = seen.iter().map(|change| change.revision.0).collect();
    assert_eq!(revisions, (start.0 + 1..=start.0 + 24).collect::<Vec<_>>());
    let mut changed: Vec<i64> = seen.iter().map(|change| change.id).collect();
    made.sort_unstable();
    changed.sort_unstable();
    assert_eq!(changed, made);
}

async fn of_many_who_want_one_name_one_gets_it(repository: &dyn ConfigurationRepository) {
    let name = unique_name("wanted");
    let author = author(0);
    let writes = (0..64).map(|_| repository.create_provider(new_provider(name.clone(), &[]), &author));
    let outcomes = join_all(writes).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let refused = |outcome: &&Result<_, _>| matches!(outcome, Err(RepositoryError::Conflict { .. }));
    assert_eq!(outcomes.iter().filter(refused).count(), 63, "{outcomes:?}");
}

async fn a_reader_too_far_behind_must_load_whole(repository: &dyn ConfigurationRepository, kept: i64) {
    assert!(kept <= 1_000, "give the suite a repository that keeps few changes");
    let start = repository.revision().await.unwrap();
    for _ in 0..kept {
        let new = new_provider(unique_name("later"), &[]);
        repository.create_provider(new, &author(0)).await.unwrap();
    }
    let known = repository.changes_since(start).await.unwrap().unwrap();
    assert_eq!(known.len(), usize::try_from(kept).unwrap(), "all of them are still kept");
    repository.create_provider(new_provider(unique_name("latest"), &[]), &author(0)).await.unwrap();
    assert_eq!(repository.changes_since(start).await.unwrap(), None);
    let next = changes(repository, Revision(start.0 + 1)).await;
    assert_eq!(next.len(), usize::try_from(kept).unwrap());
}
