//! Usage, summed by what it was for.

#![expect(clippy::unwrap_used, reason = "a suite fails by panicking")]

use super::samples::{AT, author, sample_event, unique_name};
use super::usage::{DAY_MS, lone_key, rows, sums_of};
use super::virtual_keys::new_key;
use switchyard_domain::ids::UserId;
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::{GroupBy, UsageEvent, UsageFilter, UsageRow};
use switchyard_ports::repositories::{NewVirtualKey, UsageRepository, VirtualKeyRepository};

pub(super) async fn sums_group_by_everything(
    repository: &dyn UsageRepository,
    keys: &dyn VirtualKeyRepository,
) {
    let name = unique_name("spender");
    let new = new_key(name.clone());
    let key = keys.create(new.clone(), &author(0)).await.unwrap();
    two_keys_of_one_name_are_told_apart(repository, keys, new).await;
    let event = |provider: &str, model: &str, route: Option<&str>, at: i64| UsageEvent {
        provider_name: provider.to_owned(),
        model: model.to_owned(),
        route: route.map(str::to_owned),
        ..sample_event(Some(key), Timestamp(at))
    };
    let midnight = AT.day().start().0;
    let events = [
        event("acme", "org/b", Some("fast"), midnight),
        event("acme", "a", None, midnight + DAY_MS - 1),
        event("zeta", "a", Some("Fast"), midnight + DAY_MS),
        event("acme", "a", Some("fast"), midnight - 1),
    ];
    repository.record(&events).await.unwrap();
    let groups = [
        (GroupBy::Day, vec![("2026-11-19", 1), ("2026-11-20", 2), ("2026-11-21", 1)]),
        (GroupBy::Model, vec![("acme/a", 2), ("acme/org/b", 1), ("zeta/a", 1)]),
        (GroupBy::Provider, vec![("acme", 3), ("zeta", 1)]),
        (GroupBy::Route, vec![("(no route)", 1), ("Fast", 1), ("fast", 2)]),
        (GroupBy::Key, vec![(name.as_str(), 4)]),
        (GroupBy::Status, vec![("complete", 4)]),
    ];
    for (group_by, expected) in groups {
        let expected: Vec<UsageRow> = expected
            .into_iter()
            .map(|(group, count)| UsageRow { group: group.to_owned(), sums: sums_of(count) })
            .collect();
        assert_eq!(rows(repository, key, group_by).await, expected, "{group_by:?}");
    }
    keys.delete(key, None, &author(1)).await.unwrap();
    let named = rows(repository, key, GroupBy::Key).await;
    assert_eq!(named.first().unwrap().group, format!("#{key}"), "a key's usage outlives it");
}

async fn two_keys_of_one_name_are_told_apart(
    repository: &dyn UsageRepository,
    keys: &dyn VirtualKeyRepository,
    new: NewVirtualKey,
) {
    let (name, user) = (unique_name("shared"), UserId(lone_key().0));
    let mut made = Vec::new();
    for (place, user) in [(1, None), (2, Some(user))] {
        let mut hash = new.hash;
        hash.0.rotate_right(place);
        let new = NewVirtualKey { user, hash, name: name.clone(), ..new.clone() };
        made.push(keys.create(new, &author(0)).await.unwrap());
    }
    for key in made.iter().copied() {
        let at = Timestamp(AT.0 - 30_000 * DAY_MS);
        let event = UsageEvent { user: Some(user), ..sample_event(Some(key), at) };
        repository.record(&[event]).await.unwrap();
    }
    let filter = UsageFilter { user: Some(user), include_simulated: true, ..UsageFilter::default() };
    let rows = repository.report(filter, GroupBy::Key).await.unwrap();
    let mut groups: Vec<String> = rows.into_iter().map(|row| row.group).collect();
    groups.sort();
    let mut expected: Vec<String> = made.iter().map(|key| format!("{name}#{key}")).collect();
    expected.sort();
    assert_eq!(groups, expected);
}
