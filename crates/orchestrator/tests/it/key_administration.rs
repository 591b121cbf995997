//! How the shared credentials of a provider are administered.

use crate::shared_credentials::{key, place, with_keys};
use crate::world::{SECOND, World, listed, named};
use secrecy::SecretString;
use switchyard_domain::declared::{Declared, DeclaredProvider};
use switchyard_domain::meta::Writer;
use switchyard_domain::provider::CredentialOwner;
use switchyard_domain::time::Timestamp;
use switchyard_orchestrator::admin::Applied;
use switchyard_orchestrator::error::{AdminError, CallErrorKind};
use switchyard_ports::provider::DiscoveredModel;
use switchyard_ports::repositories::{
    Author, ConfigurationRepository as _, ProviderPatch, RepositoryError, SealedSecret,
};

#[tokio::test]
async fn keys_are_added_at_the_first_free_place_replaced_and_removed() {
    let world = with_keys(3).await;
    let by = Writer::API;
    world.shared.remove(&named("p"), place(2), &by).await.unwrap();
    assert_eq!(world.add(&key(7)).await.unwrap(), place(2), "the free place is taken");
    let listed = world.shared.list(&named("p")).await.unwrap();
    let shown: Vec<_> = listed.iter().map(|entry| (entry.place.number(), entry.hint.as_str())).collect();
    assert_eq!(shown, [(1, "…6789"), (2, "…6789"), (3, "…6789")]);
    assert!(!format!("{listed:?}").contains("sk-key"), "{listed:?}");

    let twin = world.add(&format!(" {}\n", key(3))).await.unwrap_err();
    assert!(twin.to_string().contains("place 3"), "{twin}");
    let twin = world.shared.replace(&named("p"), place(1), &SecretString::from(key(3)), &by).await;
    assert!(matches!(twin, Err(AdminError::Invalid { .. })), "{twin:?}");
    world.shared.replace(&named("p"), place(3), &SecretString::from(key(3)), &by).await.unwrap();
    for number in [4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 2] {
        world.add(&key(number)).await.unwrap();
    }
    let full = world.add("sk-one-too-many-0123").await.unwrap_err();
    assert!(full.to_string().contains("at most 16"), "{full}");
    for wrong in ["", "  ", "white space", "sk-\u{e9}"] {
        let error = world.add(wrong).await.unwrap_err();
        assert!(matches!(error, AdminError::Invalid { .. }), "{wrong:?}: {error:?}");
    }
    world.shared.remove(&named("p"), place(9), &by).await.unwrap();
    let absent = world.shared.remove(&named("p"), place(9), &by).await.unwrap_err();
    assert!(matches!(absent, AdminError::Repository(RepositoryError::NotFound { .. })), "{absent:?}");
    let absent = world.shared.list(&named("nobody")).await.unwrap_err();
    assert!(matches!(absent, AdminError::Repository(RepositoryError::NotFound { .. })), "{absent:?}");
    let told = format!("{:?}", world.store.audit_entries());
    assert!(told.contains("shared:16") && told.contains("forgotten") && !told.contains("sk-"), "{told}");
}

#[tokio::test]
async fn of_two_who_add_a_key_at_once_each_has_a_place() {
    let world = with_keys(1).await;
    // Both look before either writes: the one who comes late looks again.
    let (one, other) = (key(2), key(3));
    let (one, other) = tokio::join!(world.add(&one), world.add(&other));
    let mut places = [one.unwrap().number(), other.unwrap().number()];
    places.sort_unstable();
    assert_eq!(places, [2, 3]);
}

#[tokio::test]
async fn one_key_that_does_not_open_leaves_the_others_and_is_told() {
    let (world, mut seen) = (with_keys(2).await, 0);
    let stored = world.providers.find(&named("p")).await.unwrap();
    let author = Author { by: Writer::API, at: Timestamp(0) };
    // The text of another place: it is bound to that one.
    let moved = SealedSecret { sealed: stored.credentials[1].sealed.clone(), hint: "moved".to_owned() };
    world
        .store
        .put_credential(stored.id, &CredentialOwner::SHARED, Some(moved), None, &author)
        .await
        .unwrap();
    world.keeper.refresh().await.unwrap();
    for _ in 0..3 {
        world.ask("p/m").await.unwrap();
    }
    assert_eq!(world.keys_of(&mut seen), [2, 2, 2]);
    let listed = world.shared.list(&named("p")).await.unwrap();
    assert_eq!((listed[0].hint.as_str(), listed[1].hint.as_str()), ("***...***", "…6789"));
}

#[tokio::test]
async fn a_provider_that_moves_forgets_all_its_keys() {
    let world = with_keys(3).await;
    let stored = world.providers.find(&named("p")).await.unwrap();
    let moved = ProviderPatch {
        base_url: Some(Some("https://elsewhere.example".to_owned())),
        ..ProviderPatch::default()
    };
    world.providers.update(&stored, moved, None, &Writer::API).await.unwrap();
    assert!(world.shared.list(&named("p")).await.unwrap().is_empty());
    assert_eq!(world.ask("p/m").await.err().unwrap().kind, CallErrorKind::UpstreamUnavailable);
    assert!(world.factory.calls().is_empty());
}

#[tokio::test]
async fn each_key_can_be_tried() {
    let world = with_keys(2).await;
    world.factory.list(["m"]);
    let report = world.shared.test(&named("p"), place(2), SECOND, &Writer::API).await.unwrap();
    assert_eq!(report.models, [DiscoveredModel { id: "m".to_owned() }]);
    let told = world.store.audit_entries();
    assert!(format!("{:?}", told.last()).contains("shared:2"), "{told:?}");
    let absent = world.shared.test(&named("p"), place(3), SECOND, &Writer::API).await.unwrap_err();
    assert!(matches!(absent, AdminError::Repository(RepositoryError::NotFound { .. })), "{absent:?}");
}

fn declared(keys: &[u8]) -> Declared {
    let provider = DeclaredProvider {
        owner: None,
        name: named("p"),
        vendor: "locked".to_owned(),
        base_url: None,
        api_key: None,
        api_keys: keys.iter().map(|number| key(*number).into()).collect(),
        models: vec![listed("m")],
        enabled: true,
    };
    Declared { whole: false, providers: vec![provider], routes: Vec::new() }
}

#[tokio::test]
async fn a_file_declares_the_whole_list_of_keys() {
    let (world, mut seen) = (World::empty().await, 0);
    let apply = async |keys: &[u8]| world.declared().apply(&declared(keys), &Writer::FILE).await.unwrap();
    assert_eq!(apply(&[1, 2, 3]).await.created, ["provider p"]);
    assert_eq!(apply(&[1, 2, 3]).await, Applied::default(), "nothing is written twice");
    let before = world.providers.find(&named("p")).await.unwrap();
    assert_eq!(apply(&[1, 4]).await.changed, ["provider p"]);
    let after = world.providers.find(&named("p")).await.unwrap();
    assert_eq!(after.credentials[0], before.credentials[0], "what stays is not written again");
    for _ in 0..4 {
        world.ask("p/m").await.unwrap();
    }
    assert_eq!(world.keys_of(&mut seen), [1, 4, 1, 4]);
    assert_eq!(apply(&[]).await.changed, ["provider p"], "they are the file's no more");
    assert_eq!(apply(&[]).await, Applied::default(), "no list leaves them alone");
    assert_eq!(world.providers.find(&named("p")).await.unwrap().credentials.len(), 2);

    let wrong = declared(&[1, 1]);
    let error = world.declared().apply(&wrong, &Writer::FILE).await.unwrap_err();
    assert!(error.to_string().contains("twice"), "{error}");
    let mut both = declared(&[1]);
    both.providers[0].api_key = Some(key(2).into());
    let error = world.declared().apply(&both, &Writer::FILE).await.unwrap_err();
    assert!(error.to_string().contains("only one of them"), "{error}");
}
