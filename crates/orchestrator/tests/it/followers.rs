//! What comes with the product and follows the settings, while others start too.

use crate::world::{World, declared_provider, listed, route, wanted};
use futures_util::FutureExt;
use std::collections::HashSet;
use std::sync::Arc;
use switchyard_domain::declared::Declared;
use switchyard_domain::meta::{Owner, Writer};
use switchyard_domain::time::Timestamp;
use switchyard_orchestrator::admin::{AdminPorts, Followers, ProviderRequest};
use switchyard_ports::repositories::{Author, ConfigurationRepository as _, NewRoute, ProviderPatch};

fn followers(world: &World, declared: Declared) -> Followers {
    let ports = AdminPorts {
        clock: Arc::clone(&world.clock) as _,
        configuration: Arc::clone(&world.store) as _,
        audit: Arc::clone(&world.store) as _,
        keeper: None,
        backup: None,
    };
    let (providers, routes) = (Arc::clone(&world.providers), Arc::clone(&world.routes));
    Followers::new(ports, providers, routes, declared, HashSet::new())
}

/// A world with the seeded provider `p` of the models `old` and `new`, and the seeded route `auto` to the old one.
async fn seeded() -> World {
    let world = World::empty().await;
    let request = ProviderRequest { models: vec![listed("old"), listed("new")], ..wanted("p") };
    world.providers.add(request, &Writer::SEED).await.unwrap();
    world.routes.add(&route("auto", &["p/old"]), &Writer::SEED).await.unwrap();
    world
}

#[tokio::test]
async fn of_two_that_follow_at_once_the_later_one_finds_it_done() {
    let world = seeded().await;
    let declared = Declared { whole: false, providers: Vec::new(), routes: vec![route("auto", &["p/new"])] };
    let stored = world.store.load().await.unwrap().routes.remove(0);
    let mut done = NewRoute::from(&stored);
    done.targets[0].models = "new".into();
    // The other one writes once this one has looked.
    world.store.before_next_load(move |store| {
        store.before_next_load(move |store| {
            let author = Author { by: Writer::SEED, at: Timestamp(0) };
            store.replace_route(stored.id, done, None, &author).now_or_never().unwrap().unwrap();
        });
    });
    followers(&world, declared).follow().await.unwrap();
    let now = world.store.load().await.unwrap().routes.remove(0);
    assert_eq!(now.targets[0].models.named(), ["new"]);
    assert_eq!((now.meta.version, now.meta.owner), (2, Owner::Seed), "it was written once");
}

#[tokio::test]
async fn a_model_that_the_settings_no_longer_name_goes_though_the_route_still_names_it() {
    let world = seeded().await;
    let provider = declared_provider("p", &["new"]);
    let declared =
        Declared { whole: false, providers: vec![provider], routes: vec![route("auto", &["p/new"])] };
    followers(&world, declared).follow().await.unwrap();
    let stored = world.store.load().await.unwrap();
    assert_eq!(stored.providers[0].models.len(), 1);
    assert_eq!(stored.routes[0].targets[0].models.named(), ["new"]);
}

#[tokio::test]
async fn a_route_that_somebody_touched_names_the_model_that_a_setting_puts_in_the_place_of_the_old_one() {
    let world = World::empty().await;
    let request = ProviderRequest { models: vec![listed("old"), listed("second")], ..wanted("p") };
    world.providers.add(request, &Writer::SEED).await.unwrap();
    world.routes.add(&route("auto", &["p/old", "p/second"]), &Writer::API).await.unwrap();
    let provider = |model: &str| declared_provider("p", &[model, "second"]);
    let before = world.store.load().await.unwrap().routes.remove(0);
    for (times, model) in [(1, "new"), (1, "new"), (2, "newer")] {
        let routes = vec![route("auto", &[&format!("p/{model}"), "p/second"])];
        let declared = Declared { whole: false, providers: vec![provider(model)], routes };
        followers(&world, declared).follow().await.unwrap();
        let now = world.store.load().await.unwrap().routes.remove(0);
        let named: Vec<&[String]> = now.targets.iter().map(|target| target.models.named()).collect();
        assert_eq!(named, [&[model.to_owned()][..], &["second".to_owned()]]);
        assert_eq!((now.meta.owner, now.meta.version), (Owner::Api, before.meta.version + times));
        assert_eq!(now.targets[0].id, before.targets[0].id, "its limits and turns go on");
    }
}

#[tokio::test]
async fn a_target_stays_in_the_route_when_its_provider_became_somebodys_and_a_setting_names_another_model() {
    let world = seeded().await;
    let stored = world.store.load().await.unwrap();
    let theirs = ProviderPatch { is_enabled: Some(false), ..ProviderPatch::default() };
    let api = Author { by: Writer::API, at: Timestamp(0) };
    world.store.update_provider(stored.providers[0].id, theirs, &api).await.unwrap();
    let provider = declared_provider("p", &["newest"]);
    let declared =
        Declared { whole: false, providers: vec![provider], routes: vec![route("auto", &["p/newest"])] };
    for _ in 0..2 {
        followers(&world, declared.clone()).follow().await.unwrap();
        let now = world.store.load().await.unwrap();
        assert_eq!((&now.providers[0].meta.owner, now.providers[0].models.len()), (&Owner::Api, 2));
        assert_eq!(now.routes[0].targets[0].models.named(), ["old"], "it leads where it led");
    }
}

#[tokio::test]
async fn a_servers_own_file_is_never_all_that_there_is() {
    let world = seeded().await;
    let nothing = Declared { whole: true, ..Declared::default() };
    world.declared().apply_file(nothing, false, &Writer::FILE).await.unwrap();
    let stored = world.store.load().await.unwrap();
    assert!(stored.providers[0].is_enabled && stored.routes[0].is_active);
}
