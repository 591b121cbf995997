//! Sealing anew what is stored.

use crate::world::{SECOND, World, buffered, named, poll_once};
use secrecy::SecretString;
use std::sync::Arc;
use std::task::Poll;
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::provider::CredentialOwner;
use switchyard_domain::time::Timestamp;
use switchyard_orchestrator::admin::EmptySecret;
use switchyard_orchestrator::rekey::{Rekey, RekeyError, RekeyPorts, RekeyReport};
use switchyard_ports::repositories::{
    Author, ConfigurationRepository as _, KeyringEntry, KeyringRepository as _, ProviderPatch,
    RepositoryError, SealedSecret,
};
use switchyard_ports::vault::{Binding, KeyRotation as _, Vault as _};
use switchyard_testkit::fakes::store::Fate;

fn rekey(world: &World) -> Rekey {
    Rekey::new(RekeyPorts {
        clock: Arc::clone(&world.clock) as _,
        keyring: Arc::clone(&world.store) as _,
        credentials: Arc::clone(&world.store) as _,
        audit: Arc::clone(&world.store) as _,
        vault: Arc::clone(&world.vault) as _,
        rotation: Arc::clone(&world.vault) as _,
        backup: None,
    })
}

/// Runs it to its end, letting time pass where it waits.
async fn run(world: &World, new: bool) -> Result<RekeyReport, RekeyError> {
    let rekey = rekey(world);
    let mut running: std::pin::Pin<Box<dyn Future<Output = _> + Send>> =
        Box::pin(async move { rekey.run(new, &Writer::API).await });
    for _ in 0..10_000 {
        if let Poll::Ready(report) = poll_once(&mut running).await {
            return report;
        }
        world.clock.advance(SECOND);
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    panic!("it does not end");
}

/// A provider with a shared credential, and one of each of so many users.
async fn sealed(users: i64) -> World {
    let world = World::usual().await;
    world.provider_of("locked", "p", &["m"]).await;
    let stored = world.providers.find(&named("p")).await.unwrap();
    let secret = SecretString::from("sk-shared-0123456789");
    world.providers.update(&stored, ProviderPatch::default(), Some(&secret), &Writer::API).await.unwrap();
    for user in 0..users {
        let secret = SecretString::from(format!("sk-user-{user}"));
        let (owner, empty) = (CredentialOwner::User(user), EmptySecret::Clears);
        world.credentials.set(&owner, &named("p"), &secret, empty, &Writer::API).await.unwrap();
    }
    world
}

async fn counts(world: &World) -> Vec<(String, u64)> {
    world.store.sealed_counts().await.unwrap()
}

fn count(key: &str, rows: u64) -> (String, u64) {
    (key.to_owned(), rows)
}

#[tokio::test]
async fn everything_is_sealed_under_a_new_key_and_the_old_one_is_retired_with_nothing_under_it() {
    let world = sealed(5).await;
    assert_eq!(counts(&world).await, [count("k1", 6)]);
    let report = run(&world, true).await.unwrap();
    let expected = RekeyReport {
        active: "k2".to_owned(),
        is_new: true,
        resealed: 6,
        unreadable: 0,
        counts: vec![count("k1", 0), count("k2", 6)],
        retired: vec!["k1".to_owned()],
    };
    assert_eq!(report, expected);
    assert_eq!(counts(&world).await, [count("k2", 6)]);
    assert_eq!(world.vault.key_ids().unwrap(), ["k2"]);
    let known: Vec<String> =
        world.store.entries().await.unwrap().into_iter().map(|entry| entry.key_id).collect();
    assert!(known.contains(&"k2".to_owned()), "{known:?}");
    for user in 0..5 {
        let listed = world.credentials.list(&CredentialOwner::User(user)).await.unwrap();
        assert!(listed[0].hint.starts_with('…'), "{listed:?}");
    }
    let told: Vec<String> = world.store.audit_entries().into_iter().map(|entry| entry.action).collect();
    assert_eq!(told.iter().filter(|action| *action == "rekey").count(), 2);
}

#[tokio::test]
async fn a_run_that_was_broken_off_is_taken_up_again_under_the_same_key() {
    let world = sealed(5).await;
    // The key's registration, the entry, and three rows.
    world.store.next_writes([Fate::Made, Fate::Made, Fate::Made, Fate::Made, Fate::Made, Fate::Refused]);
    run(&world, true).await.unwrap_err();
    assert_eq!(counts(&world).await, [count("k1", 3), count("k2", 3)]);
    let report = run(&world, true).await.unwrap();
    assert_eq!((report.active.as_str(), report.is_new, report.resealed), ("k2", false, 3));
    assert_eq!(counts(&world).await, [count("k2", 6)]);
    let again = run(&world, false).await.unwrap();
    assert_eq!((again.resealed, again.retired.len(), again.counts), (0, 0, vec![count("k2", 6)]));
}

#[tokio::test]
async fn calls_go_on_with_what_they_have_while_and_after_it_is_sealed_anew() {
    let world = sealed(0).await;
    let mine = world.key("mine", Limits::NONE, None).await;
    let shared = |world: &World| world.factory.calls().last().unwrap().credential.clone();
    world.finish(world.call_as(mine.clone(), buffered("p/m"))).await.unwrap();
    run(&world, true).await.unwrap();
    // Another setting of the provider makes its client anew, from what is stored now.
    let stored = world.providers.find(&named("p")).await.unwrap();
    let patch = ProviderPatch { models: Some(Vec::new()), ..ProviderPatch::default() };
    world.providers.update(&stored, patch, None, &Writer::API).await.unwrap();
    let stored = world.providers.find(&named("p")).await.unwrap();
    let patch = ProviderPatch {
        models: Some(vec![switchyard_domain::declared::DeclaredModel {
            model: "m".to_owned(),
            ..Default::default()
        }]),
        ..ProviderPatch::default()
    };
    world.providers.update(&stored, patch, None, &Writer::API).await.unwrap();
    world.finish(world.call_as(mine, buffered("p/m"))).await.unwrap();
    assert_eq!(shared(&world).as_deref(), Some("sk-shared-0123456789"));
    assert_eq!(world.vault.active_key_id(), "k2");
}

#[tokio::test]
async fn every_shared_credential_is_sealed_anew_under_its_own_place() {
    let world = sealed(1).await;
    for number in 2..=5 {
        let secret = SecretString::from(format!("sk-shared-{number}-0123456789"));
        world.shared.add(&named("p"), &secret, &Writer::API).await.unwrap();
    }
    assert_eq!(counts(&world).await, [count("k1", 6)]);
    let report = run(&world, true).await.unwrap();
    assert_eq!((report.resealed, report.unreadable, report.retired), (6, 0, vec!["k1".to_owned()]));
    assert_eq!(counts(&world).await, [count("k2", 6)]);
    let listed = world.shared.list(&named("p")).await.unwrap();
    assert!(listed.len() == 5 && listed.iter().all(|entry| entry.hint == "…6789"), "{listed:?}");
    // A server that reads them anew opens each.
    world.keeper.reload().await.unwrap();
    for _ in 0..5 {
        world.ask("p/m").await.unwrap();
    }
    let used: std::collections::HashSet<_> = world.factory.credentials().into_iter().flatten().collect();
    assert_eq!(used.len(), 5, "{used:?}");
}

#[tokio::test]
async fn what_no_key_at_hand_opens_is_counted_and_left_as_it_is() {
    let world = sealed(2).await;
    let before = counts(&world).await;
    world.vault.lose_key();
    let report = run(&world, false).await.unwrap();
    assert_eq!((report.resealed, report.unreadable), (0, 0), "it is under the key that seals");
    let report = run(&world, true).await.unwrap();
    assert_eq!((report.resealed, report.unreadable, report.retired.len()), (0, 3, 0));
    assert_eq!(counts(&world).await, before);
}

#[tokio::test]
async fn one_process_changes_its_key_again_and_again() {
    let world = sealed(2).await;
    for (before, after) in [("k1", "k2"), ("k2", "k3"), ("k3", "k4")] {
        let report = run(&world, true).await.unwrap();
        assert_eq!((report.active.as_str(), report.is_new, report.resealed), (after, true, 3));
        assert_eq!(report.retired, [before]);
        assert_eq!(report.counts, [count(before, 0), count(after, 3)]);
        assert_eq!(counts(&world).await, [count(after, 3)]);
    }
    let report = run(&world, false).await.unwrap();
    assert_eq!((report.active.as_str(), report.is_new, report.resealed), ("k4", false, 0));
}

#[tokio::test]
async fn what_was_sealed_long_before_a_key_was_retired_is_not_stored_under_it() {
    let world = sealed(1).await;
    let binding = Binding { table: "credentials", row: 1, owner: "shared".to_owned(), column: "sealed" };
    let slow = world.vault.seal(&SecretString::from("sk-late"), &binding).unwrap();
    world
        .store
        .register(KeyringEntry {
            key_id: "k1".to_owned(),
            check_value: "check of k1".to_owned(),
            created_at: Timestamp(0),
        })
        .await
        .unwrap();
    assert_eq!(run(&world, true).await.unwrap().retired, ["k1"]);
    let provider = world.providers.find(&named("p")).await.unwrap().id;
    let late = SealedSecret { sealed: slow, hint: "late".to_owned() };
    let author = Author { by: Writer::API, at: Timestamp(0) };
    let refused =
        world.store.put_credential(provider, &CredentialOwner::User(0), Some(late), None, &author).await;
    assert!(matches!(refused, Err(RepositoryError::Conflict { .. })), "{refused:?}");
    assert_eq!(counts(&world).await, [count("k2", 2)]);
}
