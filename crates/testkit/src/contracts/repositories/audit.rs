//! The log of what people did.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a suite fails by panicking")]

use super::samples::{AT, author, declared, new_provider, new_route, new_target, unique, unique_name};
use futures_util::future::join_all;
use std::collections::BTreeMap;
use switchyard_domain::audit::{AuditAction, AuditEntry, AuditFilter, AuditOutcome, AuditRecord};
use switchyard_domain::limits::Limits;
use switchyard_domain::provider::CredentialOwner;
use switchyard_domain::time::Timestamp;
use switchyard_domain::virtual_key::KeyHash;
use switchyard_ports::repositories::{
    AuditLog, Author, ConfigurationRepository, KeyPatch, NewVirtualKey, ProviderPatch, ProviderRemoval,
    SealedSecret, VirtualKeyRepository,
};

/// What every audit log does. `configuration` and `keys` work on the same database.
pub async fn audit_contract(
    log: &dyn AuditLog,
    configuration: &dyn ConfigurationRepository,
    keys: &dyn VirtualKeyRepository,
) {
    every_write_of_configuration_lands_one_entry(log, configuration, keys).await;
    a_write_that_is_refused_or_changes_nothing_lands_none(log, configuration).await;
    what_is_recorded_is_found_by_each_filter_and_page_by_page(log).await;
    entries_that_are_added_at_once_stand_one_behind_the_other(log).await;
    the_log_is_whole_and_its_end_is_known(log).await;
}

async fn newest(log: &dyn AuditLog) -> AuditEntry {
    log.page(AuditFilter::default(), None, 1).await.unwrap().pop().unwrap()
}

async fn last_place(log: &dyn AuditLog) -> i64 {
    log.head().await.unwrap().sequence
}

/// What the newest entry says: action, object, details.
async fn said(log: &dyn AuditLog) -> (String, String, BTreeMap<String, String>) {
    let entry = newest(log).await;
    (entry.action, entry.object, serde_json::from_str(&entry.details).unwrap())
}

fn details<const N: usize>(details: [(&str, &str); N]) -> BTreeMap<String, String> {
    details.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
}

async fn every_write_of_configuration_lands_one_entry(
    log: &dyn AuditLog,
    configuration: &dyn ConfigurationRepository,
    keys: &dyn VirtualKeyRepository,
) {
    let mut by = author(0);
    by.by.address = Some("2001:db8::1".parse().unwrap());
    by.by.request_id = Some("request-9".to_owned());
    let (name, before) = (unique_name("audited"), last_place(log).await);
    let shown = name.as_str();

    let provider = configuration.create_provider(new_provider(name.clone(), &["m"]), &by).await.unwrap();
    let entry = newest(log).await;
    assert_eq!((entry.sequence, entry.at, entry.actor.as_str()), (before + 1, by.at, "ana"));
    assert_eq!((entry.address.as_deref(), entry.outcome.as_str()), (Some("2001:db8::1"), "done"));
    assert_eq!(entry.request_id.as_deref(), Some("request-9"));
    let object = format!("provider:{provider}");
    assert_eq!(said(log).await, ("create".to_owned(), object.clone(), details([("name", shown)])));

    let patch = ProviderPatch {
        base_url: Some(Some("https://elsewhere.test/v1".to_owned())),
        models: Some(vec![declared("n")]),
        ..ProviderPatch::default()
    };
    configuration.update_provider(provider, patch, &by).await.unwrap();
    let expected = details([("name", shown), ("fields", "base_url, models")]);
    assert_eq!(said(log).await, ("update".to_owned(), object.clone(), expected));

    let secret = SealedSecret { sealed: "v1.k1.nonce.sealed-text".to_owned(), hint: "…text".to_owned() };
    configuration.put_credential(provider, &CredentialOwner::SHARED, Some(secret), None, &by).await.unwrap();
    let (action, _, told) = said(log).await;
    assert_eq!((action.as_str(), told.get("fields").map(String::as_str)), ("update", Some("credential")));
    let line = format!("{:?}", newest(log).await);
    assert!(!line.contains("sealed-text") && !line.contains("…text"), "{line}");
    configuration.put_credential(provider, &CredentialOwner::SHARED, None, None, &by).await.unwrap();
    assert_eq!(said(log).await.2.get("credential").map(String::as_str), Some("forgotten"));

    let (first, second) = (unique_name("way"), unique_name("way"));
    let route = new_route(first.clone(), vec![new_target(provider, "n")]);
    let id = configuration.create_route(route.clone(), &by).await.unwrap();
    let object_of_route = format!("route:{id}");
    let expected = details([("name", first.as_str())]);
    assert_eq!(said(log).await, ("create".to_owned(), object_of_route.clone(), expected));
    let renamed = switchyard_ports::repositories::NewRoute { name: second.clone(), ..route };
    configuration.replace_route(id, renamed, None, &by).await.unwrap();
    let expected = details([("name", second.as_str()), ("name_before", first.as_str())]);
    assert_eq!(said(log).await, ("update".to_owned(), object_of_route.clone(), expected));
    configuration.delete_route(id, None, &by).await.unwrap();
    let expected = details([("name", second.as_str())]);
    assert_eq!(said(log).await, ("delete".to_owned(), object_of_route, expected));
    configuration.delete_provider(provider, ProviderRemoval::default(), &by).await.unwrap();
    assert_eq!(said(log).await, ("delete".to_owned(), object, details([("name", shown)])));

    a_keys_life_is_told(log, keys, &by).await;
    assert_eq!(last_place(log).await, before + 11);
}

async fn a_keys_life_is_told(log: &dyn AuditLog, keys: &dyn VirtualKeyRepository, by: &Author) {
    let name = unique_name("key");
    let mut hash = [7; 32];
    hash.split_at_mut(8).0.copy_from_slice(&unique().to_be_bytes());
    let new = NewVirtualKey {
        name: name.clone(),
        prefix: "sy-audit".to_owned(),
        hash: KeyHash(hash),
        models: None,
        limits: Limits::NONE,
        user: None,
        tags: Vec::new(),
        at_most: None,
        is_lent: false,
        budget: None,
        expires_at: None,
    };
    let id = keys.create(new, by).await.unwrap();
    let (object, named) = (format!("key:{id}"), details([("name", name.as_str())]));
    assert_eq!(said(log).await, ("create".to_owned(), object.clone(), named.clone()));
    let patch = KeyPatch { is_active: Some(false), ..KeyPatch::default() };
    keys.update(id, patch, by).await.unwrap();
    let expected = details([("name", name.as_str()), ("fields", "is_active")]);
    assert_eq!(said(log).await, ("update".to_owned(), object.clone(), expected));
    keys.delete(id, None, by).await.unwrap();
    assert_eq!(said(log).await, ("delete".to_owned(), object, named));
}

async fn a_write_that_is_refused_or_changes_nothing_lands_none(
    log: &dyn AuditLog,
    configuration: &dyn ConfigurationRepository,
) {
    let name = unique_name("refused");
    let provider = configuration.create_provider(new_provider(name.clone(), &[]), &author(0)).await.unwrap();
    let before = last_place(log).await;
    configuration.create_provider(new_provider(name, &[]), &author(1)).await.unwrap_err();
    configuration.update_provider(provider, ProviderPatch::default(), &author(1)).await.unwrap();
    let stale =
        ProviderPatch { is_enabled: Some(false), expected_version: Some(99), ..ProviderPatch::default() };
    configuration.update_provider(provider, stale, &author(1)).await.unwrap_err();
    configuration.put_credential(provider, &CredentialOwner::SHARED, None, None, &author(1)).await.unwrap();
    assert_eq!(last_place(log).await, before);
}

fn record(actor: &str, action: AuditAction, object: &str, at: i64) -> AuditRecord {
    AuditRecord {
        at: Timestamp(at),
        actor: actor.to_owned(),
        action,
        object: object.to_owned(),
        outcome: AuditOutcome::Refused,
        address: None,
        request_id: None,
        details: details([("why", "\"quoted\" \u{1F511}\n")]),
    }
}

async fn what_is_recorded_is_found_by_each_filter_and_page_by_page(log: &dyn AuditLog) {
    let (ana, bob) = (format!("ana-{}", unique()), format!("bob-{}", unique()));
    let thing = format!("user:{}", unique());
    let start = AT.0 + 1_000_000;
    for (actor, action, at) in [
        (&ana, AuditAction::SignIn, 0),
        (&bob, AuditAction::Access, 10),
        (&ana, AuditAction::Access, 20),
        (&ana, AuditAction::Access, 30),
    ] {
        log.record(record(actor, action, &thing, start + at)).await.unwrap();
    }
    let of = |filter: AuditFilter| async move {
        let found = log.page(filter, None, 100).await.unwrap();
        found.iter().map(|entry| entry.at.0 - start).collect::<Vec<_>>()
    };
    let object = Some(thing.clone());
    let all = AuditFilter { object: object.clone(), ..AuditFilter::default() };
    assert_eq!(of(all.clone()).await, [30, 20, 10, 0]);
    assert_eq!(of(AuditFilter { actor: Some(bob), ..all.clone() }).await, [10]);
    assert_eq!(of(AuditFilter { actor: Some(ana.clone()), ..AuditFilter::default() }).await, [30, 20, 0]);
    assert_eq!(of(AuditFilter { action: Some(AuditAction::Access), ..all.clone() }).await, [30, 20, 10]);
    let span =
        AuditFilter { from: Some(Timestamp(start + 10)), to: Some(Timestamp(start + 30)), ..all.clone() };
    assert_eq!(of(span).await, [20, 10]);
    let first = log.page(all.clone(), None, 3).await.unwrap();
    let [.., last] = first.as_slice() else { panic!("no page") };
    assert_eq!(first.len(), 3);
    let second = log.page(all, Some(last.sequence), 3).await.unwrap();
    let [oldest] = second.as_slice() else { panic!("{second:?}") };
    assert_eq!((oldest.at.0, oldest.outcome.as_str()), (start, "refused"));
    let told: BTreeMap<String, String> = serde_json::from_str(&oldest.details).unwrap();
    assert_eq!(told, details([("why", "\"quoted\" \u{1F511}\n")]));
}

async fn entries_that_are_added_at_once_stand_one_behind_the_other(log: &dyn AuditLog) {
    let before = last_place(log).await;
    let add = |number: i64| log.record(record("ana", AuditAction::SignOut, "session:1", AT.0 + number));
    for added in join_all((0..20).map(add)).await {
        added.unwrap();
    }
    let page = log.page(AuditFilter::default(), None, 20).await.unwrap();
    let places: Vec<i64> = page.iter().rev().map(|entry| entry.sequence).collect();
    assert_eq!(places, (before + 1..=before + 20).collect::<Vec<_>>());
}

async fn the_log_is_whole_and_its_end_is_known(log: &dyn AuditLog) {
    let end = log.head().await.unwrap();
    assert_eq!(log.take_over(AT).await.unwrap(), None, "it ends under the key that seals");
    assert_eq!(log.head().await.unwrap(), end);
    let (check, head, last) = (log.verify().await.unwrap(), log.head().await.unwrap(), newest(log).await);
    assert_eq!((&check.problem, check.unproven.len(), check.unproven_to), (&None, 0, None));
    assert!(check.is_whole(None));
    assert_eq!(Ok(check.entries), u64::try_from(last.sequence));
    assert_eq!((head.sequence, &head.hash, &head.key_id), (last.sequence, &last.hash, &last.key_id));
    let hashes = log.hashes_at(&[last.sequence, last.sequence + 1]).await.unwrap();
    assert_eq!(hashes, [Some(last.hash), None]);
}
