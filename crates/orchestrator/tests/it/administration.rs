//! What people administer.

use crate::people::person;
use crate::world::{SECOND, World, listed, named, route, routing, wanted};
use secrecy::ExposeSecret;
use switchyard_domain::budget::{Budget, BudgetWindow, Zone};
use switchyard_domain::declared::DeclaredModel;
use switchyard_domain::fault::FaultKind;
use switchyard_domain::ids::UserId;
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::money::{NanoUsd, PricePerMillion};
use switchyard_domain::price::Rates;
use switchyard_domain::role::Role;
use switchyard_domain::virtual_key::VirtualKey;
use switchyard_orchestrator::admin::{KeyRequest, ProviderRequest};
use switchyard_orchestrator::error::AdminError;
use switchyard_orchestrator::routing::{DryCall, RoutingError};
use switchyard_ports::probe::{ProbeStage, StageOutcome};
use switchyard_ports::provider::DiscoveredModel;
use switchyard_ports::repositories::{
    Author, ConfigurationRepository, KeyPatch, ProviderPatch, RepositoryError, VirtualKeyRepository,
};
use switchyard_testkit::clock::START;
use switchyard_testkit::fakes::store::Fate;

fn key(name: &str) -> KeyRequest {
    KeyRequest {
        name: named(name),
        models: None,
        limits: Limits::NONE,
        expires_at: None,
        user: None,
        tags: Vec::new(),
        budget: None,
    }
}

fn param_of(error: &AdminError) -> &str {
    let AdminError::Invalid { param, .. } = error else { panic!("{error:?}") };
    param.as_deref().unwrap()
}

#[tokio::test]
async fn an_invalid_provider_is_refused_by_the_member_that_is_wrong_and_nothing_is_written() {
    let world = World::empty().await;
    let model = |change: fn(&mut DeclaredModel)| {
        let mut model = listed("m");
        change(&mut model);
        ProviderRequest { models: vec![model], ..wanted("p") }
    };
    let before = world.store.load().await.unwrap();
    for (request, param) in [
        (ProviderRequest { vendor: "nobody".to_owned(), ..wanted("p") }, "vendor"),
        (ProviderRequest { base_url: Some("broken".to_owned()), ..wanted("p") }, "base_url"),
        (ProviderRequest { api_key: Some("sk-1\nx-evil: 1".into()), ..wanted("p") }, "api_key"),
        (ProviderRequest { api_key: Some("ключ".into()), ..wanted("p") }, "api_key"),
        (ProviderRequest { api_key: Some("x".repeat(9_000).into()), ..wanted("p") }, "api_key"),
        (ProviderRequest { models: vec![listed("")], ..wanted("p") }, "models"),
        (ProviderRequest { models: vec![listed(" m")], ..wanted("p") }, "models"),
        (ProviderRequest { models: vec![listed("m\u{0}")], ..wanted("p") }, "models"),
        (ProviderRequest { models: vec![listed(&"m".repeat(257))], ..wanted("p") }, "models"),
        (ProviderRequest { models: vec![listed("m"), listed("m")], ..wanted("p") }, "models"),
        (
            ProviderRequest { models: (0..10_001).map(|n| listed(&n.to_string())).collect(), ..wanted("p") },
            "models",
        ),
        (model(|model| model.limits.rpm = Some(0)), "models[m].limits"),
        (model(|model| model.limits.tpm = Some(0)), "models[m].limits"),
        (model(|model| model.max_output_tokens = Some(0)), "models"),
        (
            model(|model| {
                model.rates = Some(Rates { output: Some(PricePerMillion(-1)), ..Rates::default() });
            }),
            "models",
        ),
        (
            model(|model| {
                model.rates = Some(Rates { per_request: Some(NanoUsd(-1)), ..Rates::default() });
            }),
            "models",
        ),
    ] {
        let error = world.providers.add(request, &Writer::API).await.unwrap_err();
        assert_eq!(param_of(&error), param, "{error}");
        assert!(!format!("{error:?}").contains("sk-1"), "{error:?}");
    }
    assert_eq!(world.store.load().await.unwrap(), before);
}

#[tokio::test]
async fn an_invalid_route_is_refused_by_the_target_that_is_wrong() {
    let world = World::usual().await;
    let mut weightless = route("r", &["a/m", "b/m"]);
    weightless.targets[1].weight = 0;
    let mut closed = route("r", &["a/m"]);
    closed.targets[0].limits.concurrency = Some(0);
    let many = vec!["a/m"; 101];
    for (route, param) in [
        (weightless, "targets[1]"),
        (closed, "targets[0]"),
        (route("r", &["a/m", "z/m"]), "targets[1]"),
        (route("r", &["a/none"]), "targets[0]"),
        (route("r", &many), "targets"),
    ] {
        let error = world.routes.add(&route, &Writer::API).await.unwrap_err();
        assert_eq!(param_of(&error), param, "{error}");
    }
    assert!(world.routes.states().await.unwrap().iter().all(|state| state.route.name.as_str() != "r"));
}

#[tokio::test]
async fn an_invalid_key_is_refused_by_the_member_that_is_wrong() {
    let world = World::usual().await;
    for (request, param) in [
        (KeyRequest { limits: Limits { rpm: Some(0), ..Limits::NONE }, ..key("k") }, "limits"),
        (KeyRequest { limits: Limits { rpd: Some(0), ..Limits::NONE }, ..key("k") }, "limits"),
        (KeyRequest { expires_at: Some(START), ..key("k") }, "expires_at"),
        (KeyRequest { models: Some(Vec::new()), ..key("k") }, "models"),
        (KeyRequest { models: Some(vec![" ".to_owned()]), ..key("k") }, "models"),
        (KeyRequest { models: Some(vec!["m".to_owned(); 1_001]), ..key("k") }, "models"),
    ] {
        let error = world.keys.create(request, &Writer::API).await.unwrap_err();
        assert_eq!(param_of(&error), param, "{error}");
    }
    assert!(world.keys.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_provider_and_its_credential_are_written_at_once_or_not_at_all() {
    let world = World::empty().await;
    let request =
        || ProviderRequest { api_key: Some("sk-1".into()), models: vec![listed("m")], ..wanted("p") };
    world.store.next_writes([Fate::Refused]);
    let error = world.providers.add(request(), &Writer::API).await.unwrap_err();
    assert!(matches!(error, AdminError::Repository(RepositoryError::Unavailable(_))), "{error:?}");
    assert!(world.providers.list().await.unwrap().is_empty());
    let before = world.store.revision().await.unwrap();
    world.providers.add(request(), &Writer::API).await.unwrap();
    let written = world.providers.find(&named("p")).await.unwrap();
    assert!(written.credential().is_some());
    assert_eq!(
        (written.meta.version, world.store.revision().await.unwrap().0),
        (1, before.0 + 1),
        "one write"
    );
    world.ask("p/m").await.unwrap();
    assert_eq!(world.factory.calls()[0].credential.as_deref(), Some("sk-1"), "it opens for its row");
}

#[tokio::test]
async fn a_key_that_was_made_is_told_also_when_it_can_not_be_read_back_yet() {
    let world = World::usual().await;
    world.store.next_writes([Fate::Last]);
    let created = world.keys.create(key("ci"), &Writer::API).await.unwrap();
    assert!(created.key.expose_secret().starts_with("sy-test-"));
    world.store.set_away(false);
    world.keeper.refresh().await.unwrap();
    assert!(world.authenticator.virtual_key(created.key.expose_secret()).is_some());
}

#[tokio::test]
async fn names_are_unique_and_the_loser_is_told() {
    let world = World::usual().await;
    for error in [
        world.providers.add(wanted("a"), &Writer::API).await.map(drop).unwrap_err(),
        world.routes.add(&route("all", &["a/m"]), &Writer::API).await.map(drop).unwrap_err(),
    ] {
        assert!(matches!(error, AdminError::Repository(RepositoryError::Conflict { .. })), "{error:?}");
    }
    world.keys.create(key("ci"), &Writer::API).await.unwrap();
    let error = world.keys.create(key("ci"), &Writer::API).await.unwrap_err();
    assert!(error.to_string().contains("ci"), "{error}");
}

#[tokio::test]
async fn where_several_people_have_a_key_of_one_name_its_id_says_which_is_meant() {
    let world = World::usual().await;
    let nobodys = world.keys.create(key("ci"), &Writer::API).await.unwrap().id;
    let anns = world.keys.create(key("other"), &Writer::API).await.unwrap().id;
    let given = KeyPatch { name: Some(named("ci")), user: Some(Some(UserId(7))), ..KeyPatch::default() };
    let author = Author { by: Writer::API, at: START };
    VirtualKeyRepository::update(&*world.store, anns, given, &author).await.unwrap();
    let error = world.keys.revoke(&named("ci"), &Writer::API).await.unwrap_err();
    assert_eq!(param_of(&error), "name");
    assert!(error.to_string().contains(&format!("ci#{nobodys}, ci#{anns}")), "{error}");
    assert_eq!(world.keys.revoke(&named(&format!("ci#{anns}")), &Writer::API).await.unwrap(), anns);
    for other in [format!("cd#{anns}"), "ci#999".to_owned(), "ci#".to_owned()] {
        let error = world.keys.named(&named(&other)).await.unwrap_err();
        assert!(
            matches!(error, AdminError::Repository(RepositoryError::NotFound { .. })),
            "{other}: {error:?}"
        );
    }
    let is_active = |keys: Vec<VirtualKey>| keys.iter().map(|key| key.is_active).collect::<Vec<_>>();
    assert_eq!(is_active(world.keys.list().await.unwrap()), [true, false]);
}

#[tokio::test]
async fn a_page_of_keys_asks_the_ledger_once_for_each_window_and_not_for_each_key() {
    let world = World::usual().await;
    let budget = |window| Some(Budget { amount: NanoUsd(5), window, zone: Zone::utc() });
    for number in 0..40 {
        let window = if number % 2 == 0 { BudgetWindow::Day } else { BudgetWindow::Month };
        let budget = if number < 20 { None } else { budget(window) };
        let request = KeyRequest { budget, ..key(&format!("k{number}")) };
        world.keys.create(request, &Writer::API).await.unwrap();
    }
    let admin = person(1, "ada.admin", Role::Admin);
    let reads = world.store.reads();
    let (keys, _) = world.keys.page(&admin, None, 100).await.unwrap();
    assert_eq!(keys.len(), 40);
    assert!(keys.iter().all(|state| state.budget.is_some() == (state.key.id >= keys[20].key.id)));
    assert_eq!(world.store.reads() - reads, 5, "the page, the quotas, and three windows");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let world = World::usual().await;
    let nobody = named("nobody");
    for error in [
        world.providers.find(&nobody).await.map(drop).unwrap_err(),
        world.providers.remove(&nobody, &Writer::API).await.unwrap_err(),
        world.providers.test(&nobody, SECOND, &Writer::API).await.map(drop).unwrap_err(),
        world.routes.remove(&nobody, &Writer::API).await.unwrap_err(),
        world.routes.named(&nobody).await.map(drop).unwrap_err(),
        world.keys.revoke(&nobody, &Writer::API).await.map(drop).unwrap_err(),
    ] {
        assert!(matches!(error, AdminError::Repository(RepositoryError::NotFound { .. })), "{error:?}");
        assert!(error.to_string().contains("nobody"), "{error}");
    }
}

#[tokio::test]
async fn discovered_models_are_added_once_and_odd_ones_are_left_out() {
    let world = World::empty().await;
    let limits = Limits { rpm: Some(5), ..Limits::NONE };
    let models = vec![DeclaredModel { limits, ..listed("known") }];
    world.providers.add(ProviderRequest { models, ..wanted("p") }, &Writer::API).await.unwrap();
    let long = "x".repeat(257);
    world.factory.list(["new", "known", "new", "", " padded", "tab\there", long.as_str(), "org/other"]);
    let fresh = world.providers.discover(&named("p"), SECOND, &Writer::API).await.unwrap();
    assert_eq!(fresh, ["new", "org/other"]);
    let stored = world.providers.find(&named("p")).await.unwrap();
    let names: Vec<_> = stored.models.iter().map(|model| model.model.as_str()).collect();
    assert_eq!(names, ["known", "new", "org/other"]);
    assert_eq!(stored.models[0].limits, limits, "what was known keeps its settings");
    assert!(world.providers.discover(&named("p"), SECOND, &Writer::API).await.unwrap().is_empty());
    assert_eq!(world.providers.find(&named("p")).await.unwrap().meta.version, stored.meta.version);
    assert!(world.ask("p/org/other").await.is_ok());
}

#[tokio::test]
async fn what_a_provider_lists_is_added_to_what_others_wrote_meanwhile_unless_they_do_not_stop() {
    let world = World::empty().await;
    world.provider("p", &["known"]).await;
    world.factory.list(["new"]);
    world.store.next_writes([Fate::Overtaken; 3]);
    let fresh = world.providers.discover(&named("p"), SECOND, &Writer::API).await.unwrap();
    assert_eq!(fresh, ["new"]);
    assert_eq!(world.providers.find(&named("p")).await.unwrap().models.len(), 2);
    world.factory.list(["newer"]);
    world.store.next_writes([Fate::Overtaken; 9]);
    let error = world.providers.discover(&named("p"), SECOND, &Writer::API).await.unwrap_err();
    assert!(matches!(error, AdminError::Repository(RepositoryError::Stale { .. })), "{error}");
    assert_eq!(world.providers.find(&named("p")).await.unwrap().models.len(), 2);
}

#[tokio::test]
async fn a_test_of_a_provider_uses_its_stored_credential_and_says_what_is_missing() {
    let world = World::empty().await;
    world.factory.list(["m"]);
    world.provider_of("locked", "p", &[]).await;
    let probe = world.providers.test(&named("p"), SECOND, &Writer::API).await.unwrap();
    let fault = probe.fault.clone().unwrap();
    assert_eq!(fault.kind, FaultKind::NoCredential, "{fault}");
    assert_eq!(probe.outcome(ProbeStage::Auth).reason(), Some(fault.message.as_str()));
    let error = world.providers.discover(&named("p"), SECOND, &Writer::API).await.unwrap_err();
    assert!(matches!(error, AdminError::Provider(_)) && error.to_string().contains("credential"), "{error}");
    let stored = world.providers.find(&named("p")).await.unwrap();
    let secret = "sk-0123456789ab".into();
    world.providers.update(&stored, ProviderPatch::default(), Some(&secret), &Writer::API).await.unwrap();
    let probe = world.providers.test(&named("p"), SECOND, &Writer::API).await.unwrap();
    assert_eq!(probe.models, [DiscoveredModel { id: "m".to_owned() }]);
    assert_eq!((probe.outcome(ProbeStage::Models), probe.fault.is_none()), (&StageOutcome::Done, true));
}

#[tokio::test]
async fn of_a_credential_its_last_four_characters_are_shown_if_enough_stay_hidden() {
    let world = World::empty().await;
    for (number, (secret, hint)) in
        [("sk-0123456789ab", "…89ab"), ("0123456789ab", "…89ab"), ("0123456789a", "…"), ("k", "…")]
            .into_iter()
            .enumerate()
    {
        let name = format!("p{number}");
        let request = ProviderRequest { api_key: Some(secret.into()), ..wanted(&name) };
        world.providers.add(request, &Writer::API).await.unwrap();
        let stored = world.providers.find(&named(&name)).await.unwrap();
        assert_eq!(stored.credential().unwrap().hint, hint, "{secret}");
    }
}

#[tokio::test]
async fn a_route_can_be_tried_without_a_call() {
    let world = World::usual().await;
    world.route("mixed", &["a/m", "a/n", "b/m"]).await;
    let id = world.routes.named(&named("mixed")).await.unwrap().route.id;
    let order = |model: Option<&str>| {
        let call = DryCall { model: model.map(str::to_owned), ..DryCall::default() };
        let run = routing(&world).dry_run(id, &call, 1)?;
        Ok::<_, RoutingError>(run.shares.into_iter().map(|share| share.target).collect::<Vec<_>>())
    };
    assert_eq!(order(None).unwrap(), ["a/m", "b/m", "a/n"], "as a call would go");
    assert_eq!(order(Some("n")).unwrap(), ["a/n"]);
    assert!(order(Some("none")).is_err());
    let a = world.providers.find(&named("a")).await.unwrap();
    let models = Some(vec![listed("n")]);
    let less = ProviderPatch { models, drops_used_models: true, ..ProviderPatch::default() };
    world.providers.update(&a, less, None, &Writer::API).await.unwrap();
    assert_eq!(order(None).unwrap(), ["a/n", "b/m"], "a model that is gone is not tried");
    assert!(world.factory.targets().is_empty());
}

#[tokio::test]
async fn a_provider_in_use_is_not_removed() {
    let world = World::usual().await;
    let error = world.providers.remove(&named("a"), &Writer::API).await.unwrap_err();
    assert!(error.to_string().contains("`all`"), "{error}");
    world.routes.remove(&named("all"), &Writer::API).await.unwrap();
    world.providers.remove(&named("a"), &Writer::API).await.unwrap();
    assert!(world.ask("a/m").await.is_err());
}
