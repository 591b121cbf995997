//! Virtual keys and their quotas: written together, removed together.

#![expect(clippy::unwrap_used, reason = "a suite fails by panicking")]

use super::samples::{author, unique_name};
use super::virtual_keys::{make, new_key};
use switchyard_domain::budget::{Budget, BudgetWindow, Zone};
use switchyard_domain::limits::Limits;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::quota::QuotaScope;
use switchyard_ports::repositories::{
    Change, ChangeKind, ConfigurationRepository, KeyPatch, NewQuota, NewVirtualKey, QuotaRepository,
    RepositoryError, VirtualKeyRepository,
};

pub(super) async fn a_budget_is_written_with_its_key_and_removed_with_it(
    repository: &dyn VirtualKeyRepository,
    configuration: &dyn ConfigurationRepository,
    quotas: &dyn QuotaRepository,
) {
    let start = configuration.revision().await.unwrap();
    let budget = |amount| Budget { amount: NanoUsd(amount), window: BudgetWindow::Month, zone: Zone::utc() };
    let new = NewVirtualKey { budget: Some(budget(1)), ..new_key(unique_name("budgeted")) };
    let id = repository.create(new, &author(0)).await.unwrap();
    let stored = async || {
        let all = quotas.quotas().await.unwrap();
        all.into_iter().find(|quota| quota.scope == QuotaScope::Key(id)).and_then(|quota| quota.budget)
    };
    assert_eq!(stored().await, Some(budget(1)));
    let changes = configuration.changes_since(start).await.unwrap().unwrap();
    let is_told = |kind| changes.iter().any(|change| change.kind == kind);
    assert!(
        is_told(ChangeKind::VirtualKey) && is_told(ChangeKind::Quota),
        "readers look at both: {changes:?}"
    );

    let patch = |amount: Option<i64>, version| KeyPatch {
        budget: Some(amount.map(budget)),
        expected_version: Some(version),
        ..KeyPatch::default()
    };
    repository.update(id, patch(Some(2), 1), &author(1)).await.unwrap();
    assert_eq!(stored().await, Some(budget(2)));
    let stale = repository.update(id, patch(Some(3), 1), &author(1)).await.unwrap_err();
    assert_eq!(stale, RepositoryError::Stale { current: 2 }, "a budget is a version of its key");
    let taken = repository.by_ids(&[make(repository).await]).await.unwrap().pop().unwrap().name;
    let both = KeyPatch { name: Some(taken), ..patch(Some(4), 2) };
    assert!(repository.update(id, both, &author(1)).await.is_err());
    assert_eq!(stored().await, Some(budget(2)), "a key that is not written leaves its budget");
    for _ in 0..2 {
        let version = repository.by_ids(&[id]).await.unwrap().pop().unwrap().meta.version;
        repository.update(id, patch(None, version), &author(2)).await.unwrap();
        assert_eq!(stored().await, None, "a budget that is not there is removed again");
    }
    let again = KeyPatch { budget: Some(Some(budget(5))), ..KeyPatch::default() };
    repository.update(id, again, &author(3)).await.unwrap();
    repository.delete(id, None, &author(4)).await.unwrap();
    assert_eq!(stored().await, None, "it goes with its key");
}

pub(super) async fn a_key_whose_quota_is_written_is_lent(
    repository: &dyn VirtualKeyRepository,
    configuration: &dyn ConfigurationRepository,
    quotas: &dyn QuotaRepository,
) {
    let (id, other) = (make(repository).await, make(repository).await);
    let grant = async |id| {
        let key = repository.by_ids(&[id]).await.unwrap().pop().unwrap();
        (key.grant.is_lent, key.meta.version)
    };
    let budget = Budget { amount: NanoUsd(1), window: BudgetWindow::Month, zone: Zone::utc() };
    let quota = NewQuota { scope: QuotaScope::Key(id), limits: Limits::NONE, budget: Some(budget) };
    let start = configuration.revision().await.unwrap();
    quotas.put(quota.clone(), Some(7), &author(1)).await.unwrap_err();
    assert_eq!(grant(id).await, (false, 1), "nothing was written");
    quotas.put(quota.clone(), None, &author(1)).await.unwrap();
    assert_eq!(grant(id).await, (true, 2));
    let changes = configuration.changes_since(start).await.unwrap().unwrap();
    let is_told = |change: &Change| change.kind == ChangeKind::VirtualKey && change.id == id.0;
    assert!(changes.iter().any(is_told), "{changes:?}");
    quotas.put(quota.clone(), None, &author(2)).await.unwrap();
    assert_eq!(grant(id).await, (true, 3), "whoever judged the version before does not write over it");
    quotas.remove(quota.scope, &author(3)).await.unwrap();
    assert_eq!((grant(id).await, grant(other).await), ((true, 3), (false, 1)));
}
