//! The list of models is exactly what a call would accept.

use crate::world::{World, buffered, route};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_orchestrator::principal::Principal;

async fn world() -> World {
    let world = World::empty().await;
    world.provider("p", &["m", "org/x"]).await;
    world.provider_of("locked", "q", &["m"]).await;
    world.provider_of("sim", "sim", &["swift"]).await;
    world.route("fast", &["p/m"]).await;
    world.route("dead", &["q/m"]).await;
    let mut off = route("off", &["p/m"]);
    off.enabled = false;
    world.routes.add(&off, &Writer::API).await.unwrap();
    world
}

fn ids(world: &World, principal: &Principal) -> Vec<String> {
    world.models.for_principal(principal).into_iter().map(|model| model.id).collect()
}

#[tokio::test]
async fn routes_come_first_and_what_can_not_be_called_is_left_out() {
    let world = world().await;
    assert_eq!(ids(&world, &Principal::Program), ["fast", "p/m", "p/org/x", "sim/swift"]);
    assert_eq!(ids(&world, &Principal::Demo), ["sim/swift"]);
    let key = world.key("ci", Limits::NONE, Some(&["fast", "sim/*"])).await;
    assert_eq!(ids(&world, &key), ["fast", "sim/swift"]);
}

#[tokio::test]
async fn every_model_of_the_list_can_be_called_and_found() {
    let world = world().await;
    let key = world.key("ci", Limits::NONE, Some(&["fast", "p/*"])).await;
    for principal in [key, Principal::Program, Principal::Demo] {
        let listed = world.models.for_principal(&principal);
        assert!(!listed.is_empty());
        for model in listed {
            assert_eq!(world.models.find(&principal, &model.id), Some(model.clone()));
            let reply = world.finish(world.call_as(principal.clone(), buffered(&model.id))).await;
            assert!(reply.is_ok(), "{}", model.id);
        }
    }
}

#[tokio::test]
async fn what_is_not_in_the_list_is_not_found() {
    let world = world().await;
    for id in ["dead", "off", "q/m", "nothing", ""] {
        assert_eq!(world.models.find(&Principal::Program, id), None, "{id}");
    }
    assert_eq!(world.models.find(&Principal::Demo, "p/m"), None);
    let owner = |id: &str| world.models.find(&Principal::Program, id).unwrap().owned_by;
    assert_eq!((owner("fast").as_str(), owner("p/m").as_str()), ("switchyard", "p"));
}
