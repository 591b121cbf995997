//! Routes and targets.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a suite fails by panicking")]

use super::samples::{author, full_limits, new_provider, new_route, new_target, route, unique_name};
use switchyard_domain::fault::FailoverOn;
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::meta::{Owner, Writer};
use switchyard_domain::route::{RouteMode, Strategy};
use switchyard_ports::repositories::{Author, ConfigurationRepository, NewRoute, NewTarget, RepositoryError};

pub(super) async fn contract(repository: &dyn ConfigurationRepository) {
    let provider = new_provider(unique_name("routed"), &["a", "b"]);
    let provider = repository.create_provider(provider, &author(0)).await.unwrap();
    a_route_reads_back_as_it_was_written(repository, provider).await;
    every_word_of_a_route_reads_back(repository).await;
    a_taken_name_is_a_conflict_that_names_it(repository).await;
    a_target_without_provider_is_not_found(repository, provider).await;
    a_route_is_replaced_whole(repository, provider).await;
    a_target_that_stays_keeps_its_id(repository, provider).await;
    a_stale_version_is_refused(repository, provider).await;
    a_removed_route_is_gone(repository, provider).await;
    what_is_not_there_is_not_found(repository).await;
}

async fn a_route_reads_back_as_it_was_written(
    repository: &dyn ConfigurationRepository,
    provider: ProviderId,
) {
    let name = unique_name("route");
    let new = NewRoute {
        name: name.clone(),
        mode: RouteMode::Specific,
        strategy: Strategy::RoundRobin,
        failover_on: FailoverOn::Any,
        strict: true,
        is_active: false,
        targets: vec![
            NewTarget {
                provider,
                model: "b".to_owned(),
                weight: u32::MAX,
                priority: u32::MAX,
                limits: full_limits(),
            },
            new_target(provider, "a"),
        ],
    };
    let id = repository.create_route(new, &author(0)).await.unwrap();
    let stored = route(repository, id).await.unwrap();
    assert_eq!((stored.id, stored.name), (id, name));
    assert_eq!((stored.mode, stored.strategy), (RouteMode::Specific, Strategy::RoundRobin));
    assert_eq!((stored.failover_on, stored.strict, stored.is_active), (FailoverOn::Any, true, false));
    assert_eq!((stored.meta.version, stored.meta.owner), (1, Owner::Api));
    let [first, second] = stored.targets.as_slice() else { panic!("{:?}", stored.targets) };
    assert_eq!((first.provider, first.model.as_str()), (provider, "b"));
    assert_eq!((first.weight, first.priority, first.limits), (u32::MAX, u32::MAX, full_limits()));
    assert_eq!((second.model.as_str(), second.weight, second.priority), ("a", 1, 0));
    assert!(first.is_enabled && second.is_enabled && second.limits.is_none());
}

async fn every_word_of_a_route_reads_back(repository: &dyn ConfigurationRepository) {
    let modes = [RouteMode::Auto, RouteMode::Specific, RouteMode::Multi];
    let faults = [FailoverOn::ServerErrors, FailoverOn::Availability, FailoverOn::Any];
    for (mode, failover_on) in modes.into_iter().zip(faults) {
        let new = NewRoute { mode, failover_on, ..new_route(unique_name("words"), Vec::new()) };
        let id = repository.create_route(new, &author(0)).await.unwrap();
        let stored = route(repository, id).await.unwrap();
        assert_eq!((stored.mode, stored.failover_on), (mode, failover_on));
        assert!(stored.targets.is_empty());
    }
}

async fn a_taken_name_is_a_conflict_that_names_it(repository: &dyn ConfigurationRepository) {
    let (name, other) = (unique_name("taken"), unique_name("free"));
    repository.create_route(new_route(name.clone(), Vec::new()), &author(0)).await.unwrap();
    let second = repository.create_route(new_route(other.clone(), Vec::new()), &author(0)).await.unwrap();
    let created = repository.create_route(new_route(name.clone(), Vec::new()), &author(0)).await.map(drop);
    let renamed =
        repository.replace_route(second, new_route(name.clone(), Vec::new()), None, &author(0)).await;
    for outcome in [created, renamed] {
        let Err(RepositoryError::Conflict { reason }) = outcome else { panic!("{outcome:?}") };
        assert!(reason.contains(name.as_str()), "{reason}");
    }
    assert_eq!(route(repository, second).await.unwrap().name, other);
}

async fn a_target_without_provider_is_not_found(
    repository: &dyn ConfigurationRepository,
    provider: ProviderId,
) {
    let before = repository.load().await.unwrap();
    let targets = vec![new_target(provider, "a"), new_target(ProviderId(i64::MAX), "a")];
    let new = new_route(unique_name("nowhere"), targets);
    let error = repository.create_route(new, &author(0)).await.unwrap_err();
    assert!(matches!(error, RepositoryError::NotFound { .. }), "{error:?}");
    assert_eq!(repository.load().await.unwrap(), before, "a refused write leaves no trace");
}

async fn a_route_is_replaced_whole(repository: &dyn ConfigurationRepository, provider: ProviderId) {
    let targets = vec![new_target(provider, "a"), new_target(provider, "b")];
    let id = repository.create_route(new_route(unique_name("old"), targets), &author(0)).await.unwrap();
    let name = unique_name("new");
    let new = NewRoute { strict: true, ..new_route(name.clone(), vec![new_target(provider, "c")]) };
    let file = Author { by: Writer::FILE, at: author(7).at };
    repository.replace_route(id, new, Some(1), &file).await.unwrap();
    let stored = route(repository, id).await.unwrap();
    assert_eq!((stored.name, stored.strict), (name, true));
    assert_eq!(stored.targets.iter().map(|target| target.model.as_str()).collect::<Vec<_>>(), ["c"]);
    assert_eq!((stored.meta.version, stored.meta.owner), (2, Owner::File));
    assert_eq!((stored.meta.created_at, stored.meta.updated_at), (author(0).at, author(7).at));
}

async fn a_target_that_stays_keeps_its_id(repository: &dyn ConfigurationRepository, provider: ProviderId) {
    let name = unique_name("steady");
    let targets = vec![new_target(provider, "a"), new_target(provider, "b"), new_target(provider, "a")];
    let id = repository.create_route(new_route(name.clone(), targets), &author(0)).await.unwrap();
    let before = route(repository, id).await.unwrap().targets;
    let targets = vec![new_target(provider, "b"), new_target(provider, "c"), new_target(provider, "a")];
    repository.replace_route(id, new_route(name, targets), None, &author(1)).await.unwrap();
    let after = route(repository, id).await.unwrap().targets;
    let ids = |list: &[switchyard_domain::route::Target]| list.iter().map(|one| one.id).collect::<Vec<_>>();
    let (before, after) = (ids(&before), ids(&after));
    let [first_a, b, second_a] = before.as_slice() else { panic!("{before:?}") };
    let [kept_b, new, kept_a] = after.as_slice() else { panic!("{after:?}") };
    assert_eq!((kept_b, kept_a), (b, first_a));
    assert!(!before.contains(new) && !after.contains(second_a));
}

async fn a_stale_version_is_refused(repository: &dyn ConfigurationRepository, provider: ProviderId) {
    let name = unique_name("contested");
    let new = || new_route(name.clone(), vec![new_target(provider, "a")]);
    let id = repository.create_route(new(), &author(0)).await.unwrap();
    repository.replace_route(id, new(), Some(1), &author(1)).await.unwrap();
    let error = repository.replace_route(id, new(), Some(1), &author(2)).await.unwrap_err();
    assert_eq!(error, RepositoryError::Stale { current: 2 });
}

async fn a_removed_route_is_gone(repository: &dyn ConfigurationRepository, provider: ProviderId) {
    let new = new_route(unique_name("short-lived"), vec![new_target(provider, "a")]);
    let id = repository.create_route(new, &author(0)).await.unwrap();
    repository.delete_route(id, &author(1)).await.unwrap();
    assert_eq!(route(repository, id).await, None);
}

async fn what_is_not_there_is_not_found(repository: &dyn ConfigurationRepository) {
    let id = RouteId(i64::MAX);
    let new = new_route(unique_name("nothing"), Vec::new());
    let author = author(0);
    let outcomes =
        [repository.replace_route(id, new, None, &author).await, repository.delete_route(id, &author).await];
    for outcome in outcomes {
        assert!(matches!(outcome, Err(RepositoryError::NotFound { .. })), "{outcome:?}");
    }
}
