//! What becomes of targets when their provider no longer lists the models that they name.

#![expect(clippy::unwrap_used, reason = "a suite fails by panicking")]

use super::samples::{author, declared, new_provider, new_route, new_target, route, unique_name};
use std::collections::BTreeMap;
use switchyard_domain::declaration::Declaration;
use switchyard_domain::declared::{DeclaredRoute, DeclaredTarget};
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::meta::{Owner, Writer};
use switchyard_domain::name::Name;
use switchyard_domain::route::{Route, TargetModels};
use switchyard_ports::repositories::{
    Author, ChangeKind, ConfigurationRepository, ConfigurationSet, NewTarget, ProviderPatch, ProviderStep,
    ProviderWrite, RouteWrite,
};

pub(super) async fn contract(repository: &dyn ConfigurationRepository) {
    models_that_go_leave_the_targets_that_name_them(repository).await;
    a_successor_is_named_in_the_place_of_what_goes(repository).await;
    what_a_set_says_of_a_route_is_written_and_all_others_lose_what_goes(repository).await;
    whoever_takes_the_place_of_the_product_takes_what_it_does_not_list(repository).await;
}

fn several(models: &[&str]) -> TargetModels {
    TargetModels::of(models.iter().map(|model| (*model).to_owned()).collect())
}

fn naming(provider: ProviderId, models: &[&str]) -> NewTarget {
    NewTarget { models: several(models), ..new_target(provider, "") }
}

/// What a route leads to, in order.
async fn led_to(repository: &dyn ConfigurationRepository, id: RouteId) -> Vec<TargetModels> {
    let route = route(repository, id).await.unwrap();
    route.targets.into_iter().map(|target| target.models).collect()
}

fn listing(models: &[&str]) -> ProviderPatch {
    let models = models.iter().map(|model| declared(model)).collect();
    ProviderPatch { models: Some(models), drops_used_models: true, ..ProviderPatch::default() }
}

/// A provider of the models `a`, `b` and `c`, and a route to `a` and `b`, to `a`, to all of them, and to `a` at another provider.
async fn scene(repository: &dyn ConfigurationRepository) -> (ProviderId, ProviderId, RouteId) {
    let new = |stem| new_provider(unique_name(stem), &["a", "b", "c"]);
    let id = repository.create_provider(new("losing"), &author(0)).await.unwrap();
    let other = repository.create_provider(new("other"), &author(0)).await.unwrap();
    let targets = vec![naming(id, &["a", "b"]), naming(id, &["a"]), naming(id, &[]), naming(other, &["a"])];
    let over = repository.create_route(new_route(unique_name("over"), targets), &author(0)).await.unwrap();
    (id, other, over)
}

async fn models_that_go_leave_the_targets_that_name_them(repository: &dyn ConfigurationRepository) {
    let (id, other, over) = scene(repository).await;
    let beside = new_route(unique_name("beside"), vec![naming(id, &["b"])]);
    let beside = repository.create_route(beside, &author(0)).await.unwrap();
    let before = route(repository, over).await.unwrap();
    let untouched = route(repository, beside).await.unwrap();
    let revision = repository.revision().await.unwrap();
    repository.update_provider(id, listing(&["b", "c"]), &author(1)).await.unwrap();
    let after = route(repository, over).await.unwrap();
    let led_to = |route: &Route| -> Vec<(ProviderId, TargetModels)> {
        route.targets.iter().map(|target| (target.provider, target.models.clone())).collect()
    };
    let left = [(id, several(&["b"])), (id, TargetModels::ALL), (other, several(&["a"]))];
    assert_eq!(led_to(&after), left, "what named nothing else went, and never stands for all");
    let ids = |route: &Route| route.targets.iter().map(|target| target.id).collect::<Vec<_>>();
    let [first, _, third, last] = ids(&before).try_into().unwrap();
    assert_eq!(ids(&after), [first, third, last], "what is left is the same to limits and turns");
    assert_eq!(after.meta.version, before.meta.version + 1);
    assert_eq!((after.meta.owner, after.meta.updated_at), (before.meta.owner, author(1).at));
    assert_eq!(route(repository, beside).await.unwrap(), untouched);
    let versions = repository.route_versions(over, None, 9).await.unwrap();
    let kept: Vec<(i64, usize)> =
        versions.iter().map(|version| (version.version, version.route.targets.len())).collect();
    assert_eq!(kept, [(2, 3), (1, 4)]);
    let changes = repository.changes_since(revision).await.unwrap().unwrap();
    let changed = |kind, id| changes.iter().any(|change| (change.kind, change.id) == (kind, id));
    assert!(changed(ChangeKind::Provider, id.0) && changed(ChangeKind::Route, over.0), "{changes:?}");
}

async fn a_successor_is_named_in_the_place_of_what_goes(repository: &dyn ConfigurationRepository) {
    let (id, _, over) = scene(repository).await;
    let successors = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(of, to)| ((*of).to_owned(), (*to).to_owned())).collect()
    };
    let model_successors = successors(&[("a", "d"), ("b", "nowhere"), ("c", "d")]);
    let patch = ProviderPatch { model_successors, ..listing(&["d", "c"]) };
    repository.update_provider(id, patch, &author(1)).await.unwrap();
    let expected = [several(&["d"]), several(&["d"]), TargetModels::ALL, several(&["a"])];
    assert_eq!(led_to(repository, over).await, expected, "what is not listed succeeds nobody");
}

fn written(id: ProviderId, patch: ProviderPatch) -> ProviderWrite {
    let step = ProviderStep::Update(id, patch);
    ProviderWrite {
        step,
        credentials: Vec::new(),
        health: None,
        declaration: Declaration::default(),
        owner: Owner::File,
    }
}

async fn name_of(repository: &dyn ConfigurationRepository, id: ProviderId) -> Name {
    let stored = repository.load().await.unwrap();
    stored.providers.into_iter().find(|provider| provider.id == id).unwrap().name
}

async fn what_a_set_says_of_a_route_is_written_and_all_others_lose_what_goes(
    repository: &dyn ConfigurationRepository,
) {
    let (id, _, over) = scene(repository).await;
    let told = route(repository, over).await.unwrap();
    let other = new_route(unique_name("untold"), vec![naming(id, &["a", "c"])]);
    let other = repository.create_route(other, &author(0)).await.unwrap();
    let target = DeclaredTarget::new(name_of(repository, id).await, "b");
    let wanted = DeclaredRoute { targets: vec![target], ..DeclaredRoute::new(told.name.clone()) };
    let set = ConfigurationSet {
        providers: vec![written(id, listing(&["b", "c"]))],
        routes: vec![RouteWrite {
            current: Some((over, told.meta.version)),
            route: wanted,
            is_withdrawn: false,
            owner: Owner::File,
        }],
    };
    repository.write_all(set, &author(1)).await.unwrap();
    let now = route(repository, over).await.unwrap();
    assert_eq!(
        (now.meta.version, now.meta.owner),
        (told.meta.version + 1, Owner::File),
        "it was written once"
    );
    assert_eq!(led_to(repository, over).await, [several(&["b"])]);
    let now = route(repository, other).await.unwrap();
    assert_eq!((now.meta.version, now.meta.owner), (2, Owner::Api), "it stays whose it is");
    assert_eq!(led_to(repository, other).await, [several(&["c"])]);
}

async fn whoever_takes_the_place_of_the_product_takes_what_it_does_not_list(
    repository: &dyn ConfigurationRepository,
) {
    let product = Author { by: Writer::SEED, ..author(0) };
    for address in [None, Some("https://other.example".to_owned())] {
        let name = unique_name("seeded");
        let seeded = new_provider(name.clone(), &["a", "b"]);
        let seeded = repository.create_provider(seeded, &product).await.unwrap();
        let over = new_route(unique_name("over"), vec![naming(seeded, &["a", "b"]), naming(seeded, &["a"])]);
        let over = repository.create_route(over, &author(0)).await.unwrap();
        let mut new = new_provider(name, &["b"]);
        new.base_url = address;
        let id = repository.create_provider(new, &author(1)).await.unwrap();
        let now = route(repository, over).await.unwrap();
        let led_to: Vec<_> =
            now.targets.iter().map(|target| (target.provider, target.models.clone())).collect();
        assert_eq!(led_to, [(id, several(&["b"]))]);
        assert_eq!((now.meta.version, now.meta.owner), (2, Owner::Api));
    }
}
