//! Routes and targets.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a suite fails by panicking"
)]

use super::samples::{author, full_limits, new_provider, new_route, new_target, route, unique_name};
use switchyard_domain::fault::FailoverOn;
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::meta::{Owner, Writer};
use switchyard_domain::name::Name;
use switchyard_domain::route::{
    Need, OnDisconnect, RouteMode, Strategy, TargetModels, Timeouts, TokenRange, When,
};
use switchyard_ports::repositories::{
    Author, ConfigurationRepository, LedTo, NewRoute, NewTarget, ProviderPatch, RepositoryError, RouteVersion,
};

pub(super) async fn contract(repository: &dyn ConfigurationRepository) {
    let provider = new_provider(unique_name("routed"), &["a", "b"]);
    let provider = repository.create_provider(provider, &author(0)).await.unwrap();
    a_route_reads_back_as_it_was_written(repository, provider).await;
    every_word_of_a_route_reads_back(repository).await;
    a_route_falls_back_to_one_that_is_there_and_never_to_itself(repository).await;
    a_chain_of_fallbacks_has_an_end(repository).await;
    what_a_route_was_is_kept_by_its_versions(repository, provider).await;
    a_version_knows_what_it_led_to_whatever_that_is_called_by_now(repository).await;
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
    let fallback =
        repository.create_route(new_route(unique_name("f"), Vec::new()), &author(0)).await.unwrap();
    let name = unique_name("route");
    let new = in_full(name.clone(), fallback, provider);
    let id = repository.create_route(new.clone(), &author(0)).await.unwrap();
    let stored = route(repository, id).await.unwrap();
    assert_eq!((stored.id, stored.name), (id, name));
    assert_eq!((stored.mode, stored.strategy), (RouteMode::Specific, Strategy::RoundRobin));
    assert_eq!((stored.failover_on, stored.strict, stored.is_active), (FailoverOn::Any, true, false));
    assert_eq!((stored.timeouts, stored.on_disconnect), (new.timeouts, OnDisconnect::Drain));
    assert_eq!((stored.fallback, stored.config), (Some(fallback), new.config));
    assert_eq!((stored.meta.version, stored.meta.owner), (1, Owner::Api));
    let ids: Vec<_> = stored.targets.iter().map(|target| target.id).collect();
    let as_new = |target: switchyard_domain::route::Target| NewTarget {
        weight: target.weight,
        priority: target.priority,
        strategy: target.strategy,
        limits: target.limits,
        when: target.when,
        timeouts: target.timeouts,
        metadata: target.metadata,
        is_enabled: target.is_enabled,
        ..NewTarget::new(target.provider, target.models)
    };
    assert_eq!(stored.targets.into_iter().map(as_new).collect::<Vec<_>>(), new.targets);
    repository
        .replace_route(id, in_full(unique_name("route"), fallback, provider), None, &author(1))
        .await
        .unwrap();
    let kept = route(repository, id).await.unwrap().targets;
    assert_eq!(kept.iter().map(|target| target.id).collect::<Vec<_>>(), ids, "all stay the same targets");
}

/// A route of which everything is said.
fn in_full(name: Name, fallback: RouteId, provider: ProviderId) -> NewRoute {
    let notes = |text: &str| serde_json::from_str(text).unwrap();
    let timeouts = Timeouts { first_content_ms: Some(1_500), total_ms: Some(9), ..Timeouts::DEFAULT };
    let full = NewTarget {
        weight: u32::MAX,
        priority: u32::MAX,
        strategy: Some(Strategy::RoundRobin),
        limits: full_limits(),
        when: When {
            prompt_tokens: TokenRange { min: Some(1), max: Some(u64::MAX) },
            needs: [Need::Vision, Need::Tools].into(),
            tags: ["team:a".to_owned()].into(),
        },
        timeouts: Timeouts { idle_ms: Some(3), connect_ms: Some(4), ..Timeouts::DEFAULT },
        metadata: notes(r#"{"note":["a",null]}"#),
        is_enabled: false,
        ..NewTarget::new(provider, TargetModels::of(vec!["b".to_owned(), "a".to_owned()]))
    };
    NewRoute {
        mode: RouteMode::Specific,
        strategy: Strategy::RoundRobin,
        failover_on: FailoverOn::Any,
        strict: true,
        timeouts,
        on_disconnect: OnDisconnect::Drain,
        fallback: Some(fallback),
        config: notes(r#"{"k":{"v":1}}"#),
        is_active: false,
        targets: vec![full, NewTarget::new(provider, TargetModels::ALL), new_target(provider, "a")],
        ..NewRoute::new(name)
    }
}

async fn a_route_falls_back_to_one_that_is_there_and_never_to_itself(
    repository: &dyn ConfigurationRepository,
) {
    let with = |name: &Name, fallback| NewRoute { fallback, ..new_route(name.clone(), Vec::new()) };
    let names: Vec<Name> = (0..3).map(|_| unique_name("chain")).collect();
    let [first, second, third] = names.as_slice() else { panic!("three") };
    let nowhere = repository.create_route(with(first, Some(RouteId(i64::MAX))), &author(0)).await;
    assert!(matches!(nowhere, Err(RepositoryError::NotFound { .. })), "{nowhere:?}");
    let one = repository.create_route(with(first, None), &author(0)).await.unwrap();
    let two = repository.create_route(with(second, Some(one)), &author(0)).await.unwrap();
    let three = repository.create_route(with(third, Some(two)), &author(0)).await.unwrap();
    for back in [one, two, three] {
        let outcome = repository.replace_route(one, with(first, Some(back)), None, &author(1)).await;
        let Err(RepositoryError::Conflict { reason }) = outcome else { panic!("{outcome:?}") };
        assert!(reason.contains(first.as_str()), "{reason}");
    }
    let outcome = repository.delete_route(one, None, &author(1)).await;
    let Err(RepositoryError::Conflict { reason }) = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains(second.as_str()) && !reason.contains(third.as_str()), "{reason}");
    for id in [three, two, one] {
        repository.delete_route(id, None, &author(2)).await.unwrap();
    }
}

async fn a_chain_of_fallbacks_has_an_end(repository: &dyn ConfigurationRepository) {
    let mut fallback = None;
    for step in 0..=8 {
        let new = NewRoute { fallback, ..new_route(unique_name("long"), Vec::new()) };
        fallback = Some(
            repository.create_route(new, &author(0)).await.unwrap_or_else(|error| panic!("{step}: {error}")),
        );
        if step == 8 {
            let new = NewRoute { fallback, ..new_route(unique_name("long"), Vec::new()) };
            let outcome = repository.create_route(new, &author(0)).await;
            assert!(matches!(outcome, Err(RepositoryError::Conflict { .. })), "{outcome:?}");
        }
    }
}

async fn what_a_route_was_is_kept_by_its_versions(
    repository: &dyn ConfigurationRepository,
    provider: ProviderId,
) {
    let (old, new) = (unique_name("before"), unique_name("after"));
    let targets = vec![new_target(provider, "a")];
    let id = repository.create_route(new_route(old.clone(), targets), &author(3)).await.unwrap();
    let renamed = NewRoute {
        strict: true,
        ..new_route(new.clone(), vec![NewTarget::new(provider, TargetModels::ALL)])
    };
    repository.replace_route(id, renamed, None, &author(9)).await.unwrap();
    let versions = repository.route_versions(id, None, 10).await.unwrap();
    let [after, before] = versions.as_slice() else { panic!("{versions:?}") };
    assert_eq!((after.version, &after.route.name, after.route.strict), (2, &new, true));
    assert_eq!((after.written_at, after.written_by.as_str()), (author(9).at, "ana"));
    assert_eq!((before.version, &before.route.name, before.written_at), (1, &old, author(3).at));
    let provider = super::samples::provider(repository, provider).await.unwrap().name;
    let led = |version: &RouteVersion| {
        version
            .route
            .targets
            .iter()
            .map(|target| (target.provider.clone(), target.models.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(led(before), [(provider.clone(), "a".into())]);
    assert_eq!(led(after), [(provider, TargetModels::ALL)]);
    assert_eq!(repository.route_versions(id, Some(2), 10).await.unwrap(), std::slice::from_ref(before));
    assert_eq!(repository.route_versions(id, None, 1).await.unwrap(), std::slice::from_ref(after));
    repository.delete_route(id, Some(2), &author(10)).await.unwrap();
    assert_eq!(repository.route_versions(id, None, 10).await.unwrap(), []);
}

async fn a_version_knows_what_it_led_to_whatever_that_is_called_by_now(
    repository: &dyn ConfigurationRepository,
) {
    let (name, fallback_name) = (unique_name("led"), unique_name("fell"));
    let provider = repository.create_provider(new_provider(name.clone(), &["a"]), &author(0)).await.unwrap();
    let fallback =
        repository.create_route(new_route(fallback_name.clone(), vec![]), &author(0)).await.unwrap();
    let targets = vec![new_target(provider, "a"), NewTarget::new(provider, TargetModels::ALL)];
    let led = NewRoute { fallback: Some(fallback), ..new_route(unique_name("leading"), targets) };
    let id = repository.create_route(led, &author(0)).await.unwrap();
    let patch = ProviderPatch { name: Some(unique_name("renamed")), ..ProviderPatch::default() };
    repository.update_provider(provider, patch, &author(1)).await.unwrap();
    repository
        .replace_route(fallback, new_route(unique_name("renamed"), vec![]), None, &author(1))
        .await
        .unwrap();
    let versions = repository.route_versions(id, None, 10).await.unwrap();
    let [version] = versions.as_slice() else { panic!("{versions:?}") };
    assert_eq!(version.route.targets[0].provider, name, "the name of then");
    assert_eq!(version.route.fallback, Some(fallback_name));
    let led_to = LedTo { providers: vec![provider, provider], fallback: Some(fallback) };
    assert_eq!(version.led_to, Some(led_to));
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
    assert_eq!(stored.targets.iter().map(|target| target.models.first()).collect::<Vec<_>>(), [Some("c")]);
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
    let error = repository.delete_route(id, Some(1), &author(2)).await.unwrap_err();
    assert_eq!(error, RepositoryError::Stale { current: 2 });
}

async fn a_removed_route_is_gone(repository: &dyn ConfigurationRepository, provider: ProviderId) {
    let new = new_route(unique_name("short-lived"), vec![new_target(provider, "a")]);
    let id = repository.create_route(new, &author(0)).await.unwrap();
    repository.delete_route(id, None, &author(1)).await.unwrap();
    assert_eq!(route(repository, id).await, None);
}

async fn what_is_not_there_is_not_found(repository: &dyn ConfigurationRepository) {
    let id = RouteId(i64::MAX);
    let new = new_route(unique_name("nothing"), Vec::new());
    let author = author(0);
    let outcomes = [
        repository.replace_route(id, new, None, &author).await,
        repository.delete_route(id, None, &author).await,
    ];
    for outcome in outcomes {
        assert!(matches!(outcome, Err(RepositoryError::NotFound { .. })), "{outcome:?}");
    }
}
