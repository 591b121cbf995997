//! Models that their providers list no more, and the routes that named them: whatever is stored can be declared and restored elsewhere.

use crate::backups::Kept;
use crate::world::{World, declared_provider, named, route};
use sha2::{Digest, Sha256};
use switchyard_domain::declared::{Declared, DeclaredProvider, DeclaredRoute};
use switchyard_domain::meta::{Owner, Writer};
use switchyard_domain::route::TargetModels;
use switchyard_orchestrator::admin::{Applied, Plan, PlannedObject, Removal, Step};
use switchyard_orchestrator::error::AdminError;
use switchyard_ports::repositories::{Author, ConfigurationRepository, NewRoute, NewTarget, RepositoryError};
use switchyard_ports::vault::{Binding, Vault};
use switchyard_testkit::fakes::backup_file::MemoryBackupFile;

fn file(providers: Vec<DeclaredProvider>, routes: Vec<DeclaredRoute>) -> Declared {
    Declared { whole: false, providers, routes }
}

/// A file that declares `p` of the models `old` and `new` with a route, and an administrator's route `mine` to each and to both.
async fn scene() -> World {
    let world = World::empty().await;
    let declared = file(vec![declared_provider("p", &["old", "new"])], vec![route("files", &["p/old"])]);
    world.declared().apply(&declared, &Writer::FILE).await.unwrap();
    let mut mine = route("mine", &["p/old", "p/new", "p/new"]);
    mine.targets[1].models = TargetModels::of(vec!["old".into(), "new".into()]);
    world.routes.add(&mine, &Writer::API).await.unwrap();
    world
}

async fn led_to(world: &World, name: &str) -> Vec<Vec<String>> {
    let stored = world.store.load().await.unwrap();
    let route = stored.routes.into_iter().find(|route| route.name == named(name)).unwrap();
    route.targets.into_iter().map(|target| target.models.named().to_vec()).collect()
}

fn told<'p>(plan: &'p Plan, label: &str) -> &'p PlannedObject {
    plan.objects.iter().find(|object| object.label() == label).unwrap()
}

/// What is stored comes back from its export and from its backup, in databases that are empty.
async fn is_whole(world: World) {
    let kept = Kept::over(world, &MemoryBackupFile::default());
    kept.writer.wake_and_begin().await;
    let (export, backup) = (kept.export().await, kept.file.text().unwrap());
    let document: Declared = serde_json::from_str(&export).unwrap();
    let plan = kept.declared.plan(&document).await.unwrap();
    assert!(plan.is_settled(), "it is what is stored: {plan:?}");
    let declared = Kept::over(World::empty().await, &MemoryBackupFile::default());
    declared.declared.apply(&document, &Writer::FILE).await.unwrap();
    assert_eq!(declared.export().await, export);
    let restored = Kept::over(World::empty().await, &MemoryBackupFile::default());
    restored.file.set_text(Some(backup));
    restored.backups.restore(&Writer::API).await.unwrap();
    assert_eq!(restored.export().await, export);
    assert!(restored.backups.preview().await.unwrap().plan.is_settled());
    kept.backups.restore(&Writer::API).await.unwrap();
    assert_eq!(kept.export().await, export, "nor does it harm where it comes from");
}

#[tokio::test]
async fn a_plan_and_what_is_applied_name_the_routes_of_others_that_lose_a_model() {
    let world = scene().await;
    let less = file(vec![declared_provider("p", &["new"])], vec![route("files", &["p/new"])]);
    let plan = world.declared().plan(&less).await.unwrap();
    let mine = told(&plan, "route mine");
    assert_eq!((mine.step, &mine.owner), (Step::Change, &Owner::Api));
    let reason = "the provider `p` no longer lists `old`";
    assert_eq!(mine.reason.as_deref(), Some(reason));
    assert!(!mine.differences.is_empty(), "{mine:?}");
    assert_eq!(told(&plan, "route files").reason, None, "the document says so itself");
    let applied = world.declared().apply(&less, &Writer::FILE).await.unwrap();
    assert_eq!(applied.losses, [format!("route mine: {reason}")]);
    assert_eq!(applied.changed, ["provider p", "route files", "route mine"]);
    assert_eq!(led_to(&world, "mine").await, [["new"], ["new"]]);
    assert_eq!(world.declared().apply(&less, &Writer::FILE).await.unwrap(), Applied::default());
    assert_eq!(world.ask("mine").await.unwrap().head.target, "p/new");
    is_whole(world).await;
}

#[tokio::test]
async fn a_route_that_a_document_leaves_out_is_switched_off_without_the_models_that_go() {
    let world = scene().await;
    let less = file(vec![declared_provider("p", &["new"])], Vec::new());
    let plan = world.declared().carry_out(&less, &Writer::FILE).await.unwrap();
    let off = told(&plan, "route files");
    let fields: Vec<&str> = off.differences.iter().map(|difference| difference.field.as_str()).collect();
    assert_eq!(off.step, Step::Disable);
    assert!(fields.contains(&"enabled") && fields.len() > 1, "{fields:?}");
    assert_eq!(led_to(&world, "files").await, Vec::<Vec<String>>::new());
    is_whole(world).await;
}

#[tokio::test]
async fn a_document_that_names_what_it_does_not_list_is_still_refused() {
    let world = scene().await;
    let wrong = file(vec![declared_provider("p", &["new"])], vec![route("files", &["p/old"])]);
    let before = world.store.load().await.unwrap();
    let error = world.declared().apply(&wrong, &Writer::FILE).await.unwrap_err();
    assert!(
        matches!(&error, AdminError::Invalid { param: Some(param), .. } if param.starts_with("routes.files"))
    );
    assert_eq!(world.store.load().await.unwrap(), before);
}

#[tokio::test]
async fn a_model_that_is_removed_by_force_leaves_the_targets_with_it() {
    let world = World::usual().await;
    world.provider("p", &["old", "new"]).await;
    let mut mine = route("mine", &["p/old", "p/old"]);
    mine.targets[0].models = TargetModels::of(vec!["old".into(), "new".into()]);
    world.routes.add(&mine, &Writer::API).await.unwrap();
    let id = world.providers.find(&named("p")).await.unwrap().id;
    let remove = async |forced| {
        let removal = Removal { forced, expected_version: None };
        world.providers.remove_model(id, "old", removal, &Writer::API).await
    };
    let refused = remove(false).await.unwrap_err();
    assert!(matches!(refused, AdminError::Repository(RepositoryError::Conflict { .. })));
    remove(true).await.unwrap();
    assert_eq!(led_to(&world, "mine").await, [["new"]]);
    assert_eq!(world.ask("mine").await.unwrap().head.target, "p/new");
    is_whole(world).await;
}

/// A route whose targets name what its provider does not list, as databases of before have them.
async fn of_before(world: &World) {
    world.provider("p", &["new"]).await;
    let provider = world.providers.find(&named("p")).await.unwrap().id;
    let target = |models: &[&str]| {
        let models = TargetModels::of(models.iter().map(|model| (*model).to_owned()).collect());
        let declared = route("mine", &["p/new"]).targets.remove(0);
        NewTarget { models, ..NewTarget::of(&declared, provider) }
    };
    let targets = vec![target(&["old"]), target(&["old", "new"]), target(&[])];
    let author = Author { by: Writer::API, at: switchyard_domain::time::Timestamp(0) };
    let new = NewRoute::of(&DeclaredRoute::new(named("mine")), None, targets);
    world.store.create_route(new, &author).await.unwrap();
}

#[tokio::test]
async fn what_a_database_of_before_has_of_models_that_nobody_lists_stands_in_no_document() {
    let world = World::usual().await;
    of_before(&world).await;
    let export = world.declared().export().await.unwrap();
    let mine = export.routes.iter().find(|route| route.name == named("mine")).unwrap();
    let named: Vec<&[String]> = mine.targets.iter().map(|target| target.models.named()).collect();
    assert_eq!(named, [&["new".to_owned()][..], &[]]);
    is_whole(world).await;
}

#[tokio::test]
async fn a_backup_of_before_that_names_what_its_provider_does_not_list_is_restored_without_it() {
    let world = World::usual().await;
    world.provider("p", &["old", "new"]).await;
    world.routes.add(&route("mine", &["p/old", "p/new"]), &Writer::API).await.unwrap();
    let kept = Kept::over(world, &MemoryBackupFile::default());
    kept.writer.wake_and_begin().await;
    let mut written: serde_json::Value = serde_json::from_str(&kept.file.text().unwrap()).unwrap();
    let members = written.as_object_mut().unwrap();
    members.remove("seal");
    for provider in members.get_mut("providers").unwrap().as_array_mut().unwrap() {
        let models = provider["declared"]["models"].as_array_mut().unwrap();
        models.retain(|model| model["model"] != "old");
    }
    let other = Kept::over(World::empty().await, &MemoryBackupFile::default());
    other.file.set_text(Some(sealed(&written, other.world.vault.as_ref())));
    other.backups.preview().await.unwrap();
    other.backups.restore(&Writer::API).await.unwrap();
    assert_eq!(led_to(&other.world, "mine").await, [["new"]]);
    assert!(other.backups.preview().await.unwrap().plan.is_settled());
}

/// A backup with its seal.
fn sealed(written: &serde_json::Value, vault: &dyn Vault) -> String {
    let text = serde_json::to_string_pretty(written).unwrap();
    let body = text.strip_suffix("\n}").unwrap();
    let binding = Binding { table: "backup", row: 1, owner: String::new(), column: "seal" };
    let digest = hex::encode(Sha256::digest(body.as_bytes()));
    let seal = vault.seal(&digest.into(), &binding).unwrap();
    format!("{body},\n  \"seal\": \"{seal}\"\n}}\n")
}

#[tokio::test]
async fn a_word_that_no_vendor_has_is_refused_also_where_the_provider_would_be_left_alone() {
    let world = scene().await;
    world.provider("others", &["m"]).await;
    let before = world.store.load().await.unwrap();
    for name in ["p", "others"] {
        let mut wrong = declared_provider(name, &["old", "new"]);
        wrong.vendor = "nobody".to_owned();
        let wanted = file(vec![wrong], Vec::new());
        let error = world.declared().apply(&wanted, &Writer::FILE).await.unwrap_err();
        let place = format!("providers.{name}.vendor");
        assert!(
            matches!(&error, AdminError::Invalid { param: Some(param), .. } if *param == place),
            "{error:?}"
        );
        assert_eq!(world.store.load().await.unwrap(), before);
    }
    let mut moved = declared_provider("p", &["old", "new"]);
    moved.vendor = "locked".to_owned();
    let wanted = file(vec![moved], vec![route("files", &["p/old"])]);
    let plan = world.declared().plan(&wanted).await.unwrap();
    assert_eq!(
        told(&plan, "provider p").step,
        Step::Conflict,
        "another vendor's word is a conflict as before"
    );
}

#[tokio::test]
async fn a_file_that_says_nothing_is_refused_while_the_file_owns_what_is_on_and_one_that_says_none_is_not() {
    let world = scene().await;
    let declared = world.declared();
    let apply =
        async |says_nothing| declared.apply_file(Declared::default(), says_nothing, &Writer::FILE).await;
    let before = world.store.load().await.unwrap();
    let error = apply(true).await.unwrap_err();
    assert!(error.to_string().contains("1 providers and 1 routes"), "{error}");
    assert_eq!(world.store.load().await.unwrap(), before);
    assert_eq!(apply(false).await.unwrap().disabled, ["route files", "provider p"]);
    assert_eq!(apply(true).await.unwrap(), Applied::default(), "there is nothing left to lose");
}

#[tokio::test]
async fn a_document_takes_nothing_by_others_providers_from_routes_that_the_file_declares() {
    let world = World::empty().await;
    let of = |owner: Owner, models: &[&str]| DeclaredProvider {
        owner: Some(owner),
        ..declared_provider("p", models)
    };
    let api = file(vec![of(Owner::Api, &["m", "n"])], Vec::new());
    world.declared().apply(&api, &Writer::API).await.unwrap();
    world.declared().apply(&file(Vec::new(), vec![route("fr", &["p/n"])]), &Writer::FILE).await.unwrap();
    let before = world.store.load().await.unwrap();
    let less = |routes| file(vec![of(Owner::Api, &["m"])], routes);
    for planned in [world.declared().plan(&less(Vec::new())).await.map(drop), {
        world.declared().carry_out(&less(Vec::new()), &Writer::API).await.map(drop)
    }] {
        let Err(AdminError::Repository(RepositoryError::Conflict { reason })) = planned else {
            panic!("{planned:?}")
        };
        assert!(reason.contains("`fr`"), "{reason}");
    }
    assert_eq!(world.store.load().await.unwrap(), before, "nothing was written");
    // A document that carries the route says itself what becomes of it.
    world.declared().carry_out(&less(vec![route("fr", &["p/m"])]), &Writer::FILE).await.unwrap();
}
