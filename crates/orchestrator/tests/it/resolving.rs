//! What a `model` names, and for whom.

use crate::world::{World, buffered, listed, named, route, wanted};
use switchyard_domain::declared::DeclaredRoute;
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_orchestrator::admin::ProviderRequest;
use switchyard_orchestrator::chat::resolve;
use switchyard_orchestrator::error::{CallError, CallErrorKind as Kind};
use switchyard_orchestrator::principal::Principal;

/// Why nothing answers to a name, in resolving or behind it.
async fn refused(world: &World, principal: &Principal, model: &str) -> CallError {
    if let Err(error) = resolve(&world.keeper.snapshot(), principal, model) {
        return error;
    }
    world.finish(world.call_as(principal.clone(), buffered(model))).await.err().unwrap()
}

async fn target(world: &World, principal: &Principal, model: &str) -> String {
    let reply = world.finish(world.call_as(principal.clone(), buffered(model))).await;
    reply.unwrap_or_else(|error| panic!("{model}: {error}")).head.target
}

#[tokio::test]
async fn a_name_is_a_route_then_a_route_and_model_then_a_provider_and_model_then_a_bare_model() {
    let world = World::empty().await;
    world.provider("p", &["m", "only-p", "org/x", "shared"]).await;
    world.provider("q", &["m", "fast", "shared"]).await;
    world.route("fast", &["p/m", "q/m", "q/shared"]).await;
    world.route("q", &["p/only-p"]).await;
    let anyone = Principal::Program;
    for (model, answers) in [
        ("fast", "p/m"),
        ("fast/shared", "q/shared"),
        ("p/m", "p/m"),
        ("p/org/x", "p/org/x"),
        ("org/x", "p/org/x"),
        ("only-p", "p/only-p"),
        // A route of a provider's name stands before the provider, as far as it serves the model.
        ("q/only-p", "p/only-p"),
        ("q/m", "q/m"),
        ("q/fast", "q/fast"),
    ] {
        assert_eq!(target(&world, &anyone, model).await, answers, "{model}");
    }
    let event =
        world.journal.events().into_iter().find(|event| event.requested_model == "fast/shared").unwrap();
    assert_eq!(event.route.as_deref(), Some("fast"));
    for nothing in ["", "/", "m/", "p", "p/", "p/none", "fast/none", "FAST", "only", "none/m"] {
        let error = refused(&world, &anyone, nothing).await;
        assert_eq!((error.kind, error.param.as_deref()), (Kind::ModelNotFound, Some("model")), "{nothing}");
    }
}

#[tokio::test]
async fn a_bare_model_of_several_providers_is_ambiguous_and_the_choices_are_named() {
    let world = World::usual().await;
    let error = refused(&world, &Principal::Program, "m").await;
    assert_eq!(error.kind, Kind::ModelAmbiguous);
    assert_eq!(error.message, "Several providers serve `m`. Name one of `a/m`, `b/m`, `c/m`.");
    let narrow = world.key("narrow", Limits::NONE, Some(&["b/*"])).await;
    let error = refused(&world, &narrow, "m").await;
    assert_eq!(
        error.message, "Several providers serve `m`. Name one of `b/m`.",
        "others are not its business"
    );
    let other = world.key("other", Limits::NONE, Some(&["all"])).await;
    assert_eq!(refused(&world, &other, "m").await.kind, Kind::ModelNotAllowed);
}

#[tokio::test]
async fn a_provider_that_can_not_serve_makes_nothing_ambiguous() {
    let world = World::empty().await;
    world.provider("p", &["m"]).await;
    world.provider_of("locked", "q", &["m", "lone"]).await;
    assert_eq!(target(&world, &Principal::Program, "m").await, "p/m");
    assert_eq!(refused(&world, &Principal::Program, "lone").await.kind, Kind::UpstreamUnavailable);
}

#[tokio::test]
async fn a_key_calls_what_its_list_names_and_nothing_else() {
    let world = World::usual().await;
    let key = world.key("ci", Limits::NONE, Some(&["all", "b/m", "c/*"])).await;
    for (model, answers) in [("all", "a/m"), ("b/m", "b/m"), ("c/m", "c/m"), ("c/n", "c/n")] {
        assert_eq!(target(&world, &key, model).await, answers);
    }
    for model in ["a/m", "b/n", "a/n"] {
        let error = refused(&world, &key, model).await;
        assert_eq!(error.kind, Kind::ModelNotAllowed, "{model}");
        assert!(error.message.ends_with("It may use: all, b/m, c/*."), "{}", error.message);
    }
}

#[tokio::test]
async fn a_list_of_one_providers_models_opens_no_other_that_resells_them() {
    let world = World::empty().await;
    world.provider("reseller", &["openai/gpt-4o", "openai/o1", "fast"]).await;
    world.provider("openai", &["gpt-4o"]).await;
    world.route("fast", &["openai/gpt-4o"]).await;
    let key = world.key("ci", Limits::NONE, Some(&["openai/*", "fast"])).await;
    assert_eq!(target(&world, &key, "openai/gpt-4o").await, "openai/gpt-4o");
    assert_eq!(target(&world, &key, "fast").await, "openai/gpt-4o");
    for model in ["reseller/openai/gpt-4o", "reseller/openai/o1", "openai/o1", "reseller/fast"] {
        assert_eq!(refused(&world, &key, model).await.kind, Kind::ModelNotAllowed, "{model}");
    }
}

#[tokio::test]
async fn the_demo_calls_simulated_models_only() {
    let world = World::usual().await;
    world.provider_of("sim", "sim", &["swift"]).await;
    world.route("show", &["sim/swift"]).await;
    world.route("mixed", &["sim/swift", "a/m"]).await;
    for model in ["sim/swift", "swift", "show"] {
        assert_eq!(target(&world, &Principal::Demo, model).await, "sim/swift");
    }
    let behind = DeclaredRoute { fallback: Some(named("all")), ..route("behind", &["sim/swift"]) };
    world.routes.add(&behind, &Writer::API).await.unwrap();
    let further = DeclaredRoute { fallback: Some(named("behind")), ..route("further", &["sim/swift"]) };
    world.routes.add(&further, &Writer::API).await.unwrap();
    for model in ["a/m", "mixed", "all", "behind", "further"] {
        let error = refused(&world, &Principal::Demo, model).await;
        assert_eq!(error.kind, Kind::ModelNotAllowed, "{model}");
        assert!(error.message.contains("Create a virtual key"), "{}", error.message);
    }
    assert_eq!(target(&world, &Principal::Anonymous, "a/m").await, "a/m");
}

#[tokio::test]
async fn a_route_that_is_switched_off_says_so() {
    let world = World::usual().await;
    let mut off = route("off", &["a/m"]);
    off.enabled = false;
    world.routes.add(&off, &Writer::API).await.unwrap();
    let error = refused(&world, &Principal::Program, "off").await;
    assert_eq!((error.kind, error.param.as_deref()), (Kind::InvalidRequest, Some("model")));
    assert!(error.message.contains("switched off"), "{}", error.message);
}

#[tokio::test]
async fn a_route_without_a_usable_target_is_503() {
    let world = World::usual().await;
    world.routes.add(&route("empty", &[]), &Writer::API).await.unwrap();
    let error = refused(&world, &Principal::Program, "empty").await;
    assert_eq!(error.kind, Kind::UpstreamUnavailable);
    assert!(error.retry_after.is_some());
}

#[tokio::test]
async fn an_unknown_name_is_answered_with_the_nearest_that_the_caller_may_use() {
    let world = World::empty().await;
    world.provider("openai", &["gpt-4o", "gpt-4o-mini"]).await;
    world.provider("mistral", &["mistral-large"]).await;
    world.route("fast", &["openai/gpt-4o"]).await;
    let anyone = Principal::Program;
    for (model, meant) in [
        ("gpt-4p", "Did you mean `openai/gpt-4o`?"),
        ("gtp-4o-mini", "Did you mean `openai/gpt-4o-mini`?"),
        ("openai/gpt4o", "Did you mean `openai/gpt-4o`?"),
        ("fasr", "Did you mean `fast`?"),
    ] {
        let error = refused(&world, &anyone, model).await;
        assert!(error.message.contains(meant), "{model}: {}", error.message);
    }
    let narrow = world.key("narrow", Limits::NONE, Some(&["mistral/*"])).await;
    let error = refused(&world, &narrow, "gpt-4p").await;
    assert!(!error.message.contains("gpt-4o"), "another's names are not told: {}", error.message);
}

#[tokio::test]
async fn a_name_of_any_length_is_said_back_in_part_only() {
    let world = World::usual().await;
    let error = refused(&world, &Principal::Program, &"x".repeat(100_000)).await;
    assert_eq!(error.kind, Kind::ModelNotFound);
    assert!(error.message.len() < 300, "{}", error.message.len());
}

#[tokio::test]
async fn a_provider_that_is_switched_off_is_as_if_it_were_not_there() {
    let world = World::usual().await;
    let request = ProviderRequest { is_enabled: false, models: vec![listed("z")], ..wanted("off") };
    world.providers.add(request, &Writer::API).await.unwrap();
    for model in ["off/z", "z"] {
        assert_eq!(refused(&world, &Principal::Program, model).await.kind, Kind::ModelNotFound);
    }
}

#[tokio::test]
async fn a_route_that_came_with_the_product_stands_aside_until_it_can_answer() {
    let world = World::empty().await;
    world.provider_of("locked", "vendor", &["gpt"]).await;
    world.routes.add(&route("gpt", &["vendor/gpt"]), &Writer::SEED).await.unwrap();
    world.keeper.refresh().await.unwrap();
    let anyone = Principal::Program;
    assert_eq!(
        refused(&world, &anyone, "gpt").await.kind,
        Kind::UpstreamUnavailable,
        "it is a model that is known"
    );
    world.provider("own", &["gpt"]).await;
    assert_eq!(target(&world, &anyone, "gpt").await, "own/gpt");
    world.routes.add(&route("gpt", &["vendor/gpt"]), &Writer::API).await.unwrap();
    assert_eq!(
        refused(&world, &anyone, "gpt").await.kind,
        Kind::UpstreamUnavailable,
        "what somebody wrote stands"
    );
}
