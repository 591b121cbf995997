//! Quotas.

#![expect(clippy::unwrap_used, reason = "a suite fails by panicking")]

use super::samples::{AT, author, full_limits, new_provider, sample_event, unique, unique_name};
use switchyard_domain::budget::{Budget, BudgetWindow, Span, Zone};
use switchyard_domain::ids::{ProviderId, UserId, VirtualKeyId};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::quota::{Quota, QuotaScope};
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::UsageEvent;
use switchyard_ports::repositories::{
    Author, ChangeKind, ConfigurationRepository, NewProvider, NewQuota, ProviderRemoval, QuotaRepository,
    RepositoryError, Revision, UsageRepository,
};

/// What every repository of quotas does, and the sums of the ledger that budgets begin with. All work on the same database.
pub async fn quota_contract(
    repository: &dyn QuotaRepository,
    configuration: &dyn ConfigurationRepository,
    usage: &dyn UsageRepository,
) {
    a_quota_reads_back_as_it_was_written(repository, configuration).await;
    a_scope_has_one_quota_which_is_replaced_whole(repository).await;
    a_stale_version_is_refused(repository).await;
    what_is_not_there_is_not_found(repository).await;
    every_write_is_one_revision_and_one_change(repository, configuration).await;
    the_quota_of_a_provider_goes_with_it(repository, configuration).await;
    what_was_spent_is_summed_by_scope_and_time(usage).await;
    whole_days_and_parts_of_days_sum_to_what_was_spent(usage).await;
    quotas_are_found_by_scope(repository).await;
}

fn lone() -> i64 {
    i64::try_from(unique()).unwrap() + (1 << 40)
}

fn budget(window: BudgetWindow) -> Budget {
    Budget { amount: NanoUsd(i64::MAX), window, zone: Zone::new("America/St_Johns").unwrap() }
}

async fn find(repository: &dyn QuotaRepository, scope: QuotaScope) -> Option<Quota> {
    repository.quotas().await.unwrap().into_iter().find(|quota| quota.scope == scope)
}

async fn a_quota_reads_back_as_it_was_written(
    repository: &dyn QuotaRepository,
    configuration: &dyn ConfigurationRepository,
) {
    let scopes = [
        QuotaScope::Global,
        QuotaScope::User(UserId(lone())),
        QuotaScope::Provider(ProviderId(lone())),
        QuotaScope::Key(VirtualKeyId(lone())),
    ];
    for (scope, window) in scopes.into_iter().zip(BudgetWindow::ALL) {
        let new = NewQuota { scope, limits: full_limits(), budget: Some(budget(window)) };
        repository.put(new, None, &author(5)).await.unwrap();
        let quota = find(repository, scope).await.unwrap();
        assert_eq!((quota.limits, quota.budget.clone()), (full_limits(), Some(budget(window))));
        assert_eq!((quota.meta.version, quota.meta.created_at.0), (1, AT.0 + 5));
        assert!(configuration.load().await.unwrap().quotas.contains(&quota));
        repository.remove(scope, &author(6)).await.unwrap();
        assert_eq!(find(repository, scope).await, None);
    }
}

async fn a_scope_has_one_quota_which_is_replaced_whole(repository: &dyn QuotaRepository) {
    let scope = QuotaScope::User(UserId(lone()));
    let full = NewQuota { scope, limits: full_limits(), budget: Some(budget(BudgetWindow::Day)) };
    repository.put(full, None, &author(0)).await.unwrap();
    let first = find(repository, scope).await.unwrap();
    let bare = NewQuota { scope, limits: Limits::NONE, budget: None };
    repository.put(bare, Some(1), &author(9)).await.unwrap();
    let second = find(repository, scope).await.unwrap();
    assert_eq!((second.id, second.limits, second.budget), (first.id, Limits::NONE, None));
    assert_eq!((second.meta.version, second.meta.created_at), (2, first.meta.created_at));
    assert_eq!(second.meta.updated_at.0, AT.0 + 9);
    // A budget that begins has an id of its own: it was not counted until then.
    let anew = NewQuota { scope, limits: Limits::NONE, budget: Some(budget(BudgetWindow::Day)) };
    repository.put(anew, Some(2), &author(10)).await.unwrap();
    let third = find(repository, scope).await.unwrap();
    assert_ne!(third.id, first.id);
    assert_eq!((third.meta.version, third.meta.created_at), (3, first.meta.created_at));
    // So has one that is counted in other windows; another amount is the same budget.
    let day = budget(BudgetWindow::Day);
    let vienna = Budget { zone: Zone::new("Europe/Vienna").unwrap(), ..day.clone() };
    let mut ids = vec![third.id];
    for next in [Budget { amount: NanoUsd(1), ..day }, budget(BudgetWindow::Month), vienna] {
        let new = NewQuota { scope, limits: Limits::NONE, budget: Some(next) };
        repository.put(new, None, &author(11)).await.unwrap();
        ids.push(find(repository, scope).await.unwrap().id);
    }
    let is_new: Vec<bool> =
        ids.iter().zip(ids.iter().skip(1)).map(|(before, after)| before != after).collect();
    assert_eq!(is_new, [false, true, true], "{ids:?}");
}

async fn a_stale_version_is_refused(repository: &dyn QuotaRepository) {
    let scope = QuotaScope::Provider(ProviderId(lone()));
    let new = NewQuota { scope, limits: Limits::NONE, budget: None };
    let absent = repository.put(new.clone(), Some(1), &author(0)).await.unwrap_err();
    assert!(matches!(absent, RepositoryError::NotFound { .. }), "{absent:?}");
    repository.put(new.clone(), None, &author(0)).await.unwrap();
    let stale = repository.put(new, Some(2), &author(0)).await.unwrap_err();
    assert_eq!(stale, RepositoryError::Stale { current: 1 });
}

async fn what_is_not_there_is_not_found(repository: &dyn QuotaRepository) {
    let gone = repository.remove(QuotaScope::Key(VirtualKeyId(lone())), &author(0)).await.unwrap_err();
    assert!(matches!(gone, RepositoryError::NotFound { .. }), "{gone:?}");
}

async fn every_write_is_one_revision_and_one_change(
    repository: &dyn QuotaRepository,
    configuration: &dyn ConfigurationRepository,
) {
    let start = configuration.revision().await.unwrap();
    let scope = QuotaScope::User(UserId(lone()));
    let new = NewQuota { scope, limits: Limits::NONE, budget: None };
    repository.put(new.clone(), None, &author(0)).await.unwrap();
    let id = find(repository, scope).await.unwrap().id;
    repository.put(new, None, &author(0)).await.unwrap();
    repository.remove(scope, &author(0)).await.unwrap();
    let changes = configuration.changes_since(start).await.unwrap().unwrap();
    assert_eq!(changes.len(), 3);
    assert!(changes.iter().all(|change| change.kind == ChangeKind::Quota && change.id == id));
    assert_eq!(configuration.revision().await.unwrap(), Revision(start.0 + 3));
}

async fn the_quota_of_a_provider_goes_with_it(
    repository: &dyn QuotaRepository,
    configuration: &dyn ConfigurationRepository,
) {
    let (name, product) = (unique_name("capped"), Author { by: Writer::SEED, at: AT });
    let seeded = configuration.create_provider(new_provider(name.clone(), &[]), &product).await.unwrap();
    let cap = Some(budget(BudgetWindow::Month));
    let new = NewQuota { scope: QuotaScope::Provider(seeded), limits: Limits::NONE, budget: cap.clone() };
    repository.put(new, None, &author(0)).await.unwrap();
    let before = find(repository, QuotaScope::Provider(seeded)).await.unwrap();
    // Somebody writes one of that name at another address: routes go on with it, and so does the cap.
    let elsewhere =
        NewProvider { base_url: Some("https://proxy.example/v1".to_owned()), ..new_provider(name, &[]) };
    let id = configuration.create_provider(elsewhere, &author(1)).await.unwrap();
    assert_ne!(id, seeded);
    let after = find(repository, QuotaScope::Provider(id)).await.unwrap();
    assert_eq!((after.id, &after.budget), (before.id, &cap));
    assert_eq!(find(repository, QuotaScope::Provider(seeded)).await, None);
    configuration.delete_provider(id, ProviderRemoval::default(), &author(2)).await.unwrap();
    assert_eq!(find(repository, QuotaScope::Provider(id)).await, None);
}

async fn what_was_spent_is_summed_by_scope_and_time(usage: &dyn UsageRepository) {
    let (key, user, provider) = (VirtualKeyId(lone()), UserId(lone()), ProviderId(lone()));
    let span = Span { start: AT, end: Timestamp(AT.0 + 1_000) };
    let spent = |scope| usage.spent(scope, span);
    let all_before = spent(QuotaScope::Global).await.unwrap().0;
    let event = |later: i64, cost| UsageEvent {
        user: Some(user),
        provider,
        cost,
        ..sample_event(Some(key), Timestamp(AT.0 + later))
    };
    let (first, last) = (event(0, Some(NanoUsd(5))), event(999, Some(NanoUsd(70))));
    let elsewhere = [event(-1, Some(NanoUsd(600))), event(1_000, Some(NanoUsd(7_000)))];
    let others = UsageEvent { user: None, ..event(1, Some(NanoUsd(80_000))) };
    let unknown = event(2, None);
    let events = [vec![first.clone(), last, others, unknown], elsewhere.to_vec()].concat();
    usage.record(&events).await.unwrap();
    usage.record(&[first]).await.unwrap();
    assert_eq!(spent(QuotaScope::User(user)).await.unwrap(), NanoUsd(75));
    assert_eq!(spent(QuotaScope::Key(key)).await.unwrap(), NanoUsd(80_075));
    assert_eq!(spent(QuotaScope::Provider(provider)).await.unwrap(), NanoUsd(80_075));
    assert_eq!(spent(QuotaScope::Global).await.unwrap().0 - all_before, 80_075);
    let ever = usage.spent(QuotaScope::User(user), Span::ENDLESS).await.unwrap();
    assert_eq!(ever, NanoUsd(7_675));
    assert_eq!(usage.spent(QuotaScope::User(UserId(-1)), Span::ENDLESS).await.unwrap(), NanoUsd::ZERO);
}

async fn whole_days_and_parts_of_days_sum_to_what_was_spent(usage: &dyn UsageRepository) {
    const HOUR: i64 = 3_600_000;
    let (key, user) = (VirtualKeyId(lone()), UserId(lone()));
    let (other, unused) = (VirtualKeyId(lone()), VirtualKeyId(lone()));
    let midnight = AT.day().start().0;
    let moments: Vec<i64> =
        [-25, -24, -1, 0, 1, 23, 24, 25, 47, 48, 71].map(|hour| midnight + hour * HOUR).to_vec();
    let within = [7, 15, 22].map(|minute| midnight + 12 * HOUR + minute * 60_000);
    let moments = [moments, within.to_vec()].concat();
    let events: Vec<UsageEvent> = moments
        .iter()
        .enumerate()
        .map(|(bit, at)| UsageEvent {
            user: Some(user),
            cost: Some(NanoUsd(1 << bit)),
            ..sample_event(Some(key), Timestamp(*at))
        })
        .collect();
    usage.record(&events).await.unwrap();
    usage.record(&[sample_event(Some(other), Timestamp(midnight))]).await.unwrap();
    let ends = moments.iter().flat_map(|at| [*at, *at + 1, *at + HOUR / 2]);
    let ends: Vec<i64> = ends.chain([i64::MIN, i64::MAX]).collect();
    for start in &ends {
        for end in ends.iter().filter(|end| *end > start) {
            let span = Span { start: Timestamp(*start), end: Timestamp(*end) };
            let within = events.iter().filter(|event| span.start <= event.at && event.at < span.end);
            let expected: i64 = within.map(|event| event.cost.unwrap().0).sum();
            for scope in [QuotaScope::Key(key), QuotaScope::User(user)] {
                assert_eq!(usage.spent(scope, span).await.unwrap(), NanoUsd(expected), "{scope} in {span:?}");
            }
            let sums = usage.spent_by_keys(&[unused, key], span).await.unwrap();
            let sum = |key| sums.get(&key).copied().unwrap_or_default();
            assert_eq!((sum(key), sum(unused)), (NanoUsd(expected), NanoUsd::ZERO), "{span:?}");
            assert!(!sums.contains_key(&other), "nobody asked for it");
        }
    }
}

async fn quotas_are_found_by_scope(repository: &dyn QuotaRepository) {
    let scopes = [QuotaScope::Key(VirtualKeyId(lone())), QuotaScope::User(UserId(lone()))];
    for scope in scopes {
        let new = NewQuota { scope, limits: full_limits(), budget: Some(budget(BudgetWindow::Day)) };
        repository.put(new, None, &author(0)).await.unwrap();
    }
    let [key, user] = scopes;
    let absent = QuotaScope::Key(VirtualKeyId(lone()));
    let found = repository.quotas_of(&[absent, user, key]).await.unwrap();
    assert_eq!(found, [find(repository, key).await.unwrap(), find(repository, user).await.unwrap()]);
    assert_eq!(repository.quotas_of(&[]).await.unwrap(), []);
    let many: Vec<QuotaScope> =
        (0..20_000).map(|id| QuotaScope::User(UserId(-1 - id))).chain([key]).collect();
    assert_eq!(repository.quotas_of(&many).await.unwrap().len(), 1);
}
