//! What tests and checks of providers found.

#![expect(clippy::unwrap_used, reason = "a suite fails by panicking")]

use super::samples::{author, new_provider, provider, unique_name};
use switchyard_domain::audit::AuditFilter;
use switchyard_domain::ids::ProviderId;
use switchyard_domain::provider_health::{HealthEvent, HealthFinding, HealthStatus, ProviderHealth};
use switchyard_domain::time::Timestamp;
use switchyard_ports::repositories::{
    AuditLog, ChangeKind, ConfigurationRepository, NewProvider, ProviderHealthRepository, ProviderPatch,
    RepositoryError,
};

/// What every repository of health does. All work on the same database.
pub async fn provider_health_contract(
    configuration: &dyn ConfigurationRepository,
    health: &dyn ProviderHealthRepository,
    audit: &dyn AuditLog,
) {
    what_is_noted_is_read_with_the_provider_and_raises_no_version(configuration, health).await;
    only_a_flip_is_a_change_of_configuration(configuration, health, audit).await;
    another_address_has_no_health_yet(configuration, health).await;
    each_check_has_one_claimant(configuration, health).await;
    what_is_not_there_has_no_health(health).await;
    what_an_old_version_showed_is_not_noted(configuration, health).await;
    a_check_that_lies_ahead_is_due(configuration, health).await;
}

async fn what_an_old_version_showed_is_not_noted(
    configuration: &dyn ConfigurationRepository,
    health: &dyn ProviderHealthRepository,
) {
    let id = make(configuration).await;
    let moved = ProviderPatch {
        base_url: Some(Some("https://two.example/v1".to_owned())),
        ..ProviderPatch::default()
    };
    configuration.update_provider(id, moved, &author(1)).await.unwrap();
    let late = health.note_health(id, Some(1), HealthEvent::Tested(dead()), &author(2)).await;
    assert_eq!(late.unwrap_err(), RepositoryError::Stale { current: 2 });
    assert_eq!(provider(configuration, id).await.unwrap().health, ProviderHealth::default());
    health.note_health(id, Some(2), HealthEvent::Tested(dead()), &author(2)).await.unwrap();
}

async fn a_check_that_lies_ahead_is_due(
    configuration: &dyn ConfigurationRepository,
    health: &dyn ProviderHealthRepository,
) {
    let id = make(configuration).await;
    let only = [id];
    let claim = |before: i64, now: i64| health.claim_checks(&only, Timestamp(before), Timestamp(now));
    assert_eq!(claim(0, 100_000).await.unwrap(), [id]);
    assert!(claim(85_000, 95_000).await.unwrap().is_empty(), "two clocks are never quite the same");
    // The clock was set back by far more than the time between two checks.
    assert_eq!(claim(40_000, 50_000).await.unwrap(), [id]);
    assert!(claim(40_000, 50_000).await.unwrap().is_empty());
}

async fn make(configuration: &dyn ConfigurationRepository) -> ProviderId {
    let new = NewProvider {
        base_url: Some("https://one.example/v1".to_owned()),
        ..new_provider(unique_name("ill"), &["a"])
    };
    configuration.create_provider(new, &author(0)).await.unwrap()
}

fn dead() -> HealthFinding {
    HealthFinding {
        status: HealthStatus::Unreachable,
        status_code: None,
        latency_ms: None,
        detail: Some("there is no 'way'".to_owned()),
    }
}

fn checked(finding: HealthFinding) -> HealthEvent {
    HealthEvent::Checked { finding, threshold: 2 }
}

async fn what_is_noted_is_read_with_the_provider_and_raises_no_version(
    configuration: &dyn ConfigurationRepository,
    health: &dyn ProviderHealthRepository,
) {
    let id = make(configuration).await;
    let before = (provider(configuration, id).await.unwrap(), configuration.revision().await.unwrap());
    assert_eq!(before.0.health, ProviderHealth::default());
    let found = HealthFinding {
        status: HealthStatus::Degraded,
        status_code: Some(503),
        latency_ms: Some(u64::from(u32::MAX) + 1),
        detail: Some("it fails".to_owned()),
    };
    for finding in [found, HealthFinding::online(12)] {
        let noted =
            health.note_health(id, None, HealthEvent::Tested(finding.clone()), &author(7)).await.unwrap();
        let expected =
            ProviderHealth { last: finding, last_tested_at: Some(author(7).at), ..ProviderHealth::default() };
        assert_eq!(noted, expected);
        let stored = provider(configuration, id).await.unwrap();
        assert_eq!((stored.health, stored.meta), (expected, before.0.meta.clone()));
    }
    assert_eq!(configuration.revision().await.unwrap(), before.1);
}

async fn only_a_flip_is_a_change_of_configuration(
    configuration: &dyn ConfigurationRepository,
    health: &dyn ProviderHealthRepository,
    audit: &dyn AuditLog,
) {
    let id = make(configuration).await;
    let version = provider(configuration, id).await.unwrap().meta.version;
    let events = [
        (checked(dead()), true, 1, None),
        (checked(dead()), false, 2, Some("unhealthy")),
        (checked(dead()), false, 3, None),
        (checked(HealthFinding::online(3)), true, 0, Some("healthy")),
        (HealthEvent::Stated(true), true, 0, None),
        (HealthEvent::Stated(false), false, 0, Some("unhealthy")),
        (HealthEvent::Tested(HealthFinding::online(3)), false, 0, None),
    ];
    for (event, is_healthy, failures, told) in events {
        let before = configuration.revision().await.unwrap();
        let noted = health.note_health(id, None, event.clone(), &author(9)).await.unwrap();
        assert_eq!((noted.is_healthy, noted.consecutive_failures), (is_healthy, failures), "{event:?}");
        assert_eq!(provider(configuration, id).await.unwrap().health, noted);
        let changes = configuration.changes_since(before).await.unwrap().unwrap();
        let kinds: Vec<_> = changes.iter().map(|change| (change.kind, change.id)).collect();
        assert_eq!(kinds, told.map(|_| (ChangeKind::Provider, id.0)).into_iter().collect::<Vec<_>>());
        if let Some(state) = told {
            let entry = audit.page(AuditFilter::default(), None, 1).await.unwrap().remove(0);
            assert_eq!(entry.object, format!("provider:{id}"));
            assert!(entry.details.contains(&format!("\"health\":\"{state}\"")), "{entry:?}");
        }
    }
    assert_eq!(provider(configuration, id).await.unwrap().meta.version, version);
}

async fn another_address_has_no_health_yet(
    configuration: &dyn ConfigurationRepository,
    health: &dyn ProviderHealthRepository,
) {
    let id = make(configuration).await;
    health.note_health(id, None, HealthEvent::Stated(false), &author(1)).await.unwrap();
    let patch = ProviderPatch { is_enabled: Some(false), ..ProviderPatch::default() };
    configuration.update_provider(id, patch, &author(2)).await.unwrap();
    assert!(!provider(configuration, id).await.unwrap().health.is_healthy);
    let elsewhere = Some(Some("https://other.example/v1".to_owned()));
    let patch = ProviderPatch { base_url: elsewhere, ..ProviderPatch::default() };
    configuration.update_provider(id, patch, &author(3)).await.unwrap();
    assert_eq!(provider(configuration, id).await.unwrap().health, ProviderHealth::default());
}

async fn each_check_has_one_claimant(
    configuration: &dyn ConfigurationRepository,
    health: &dyn ProviderHealthRepository,
) {
    let ids = [make(configuration).await, make(configuration).await];
    let asked = [ids[0], ids[1], ProviderId(i64::MAX)];
    let claim = |before, now| health.claim_checks(&asked, Timestamp(before), Timestamp(now));
    let claims = futures_util::future::join_all((0..6).map(|_| claim(1_000, 2_000))).await;
    let mut won: Vec<ProviderId> = claims.into_iter().flat_map(Result::unwrap).collect();
    won.sort_unstable();
    assert_eq!(won, ids, "each of them once");
    assert_eq!(provider(configuration, ids[0]).await.unwrap().health.checked_at, Some(Timestamp(2_000)));
    assert!(claim(1_999, 3_000).await.unwrap().is_empty(), "they were checked meanwhile");
    health.note_health(ids[0], None, checked(dead()), &author(0)).await.unwrap();
    assert_eq!(
        claim(2_000, author(0).at.0).await.unwrap(),
        [ids[1]],
        "what was found counts from when it was found"
    );
    assert!(health.claim_checks(&[], Timestamp(9_000), Timestamp(9_000)).await.unwrap().is_empty());
}

async fn what_is_not_there_has_no_health(health: &dyn ProviderHealthRepository) {
    let nobody = ProviderId(i64::MAX);
    let outcome = health.note_health(nobody, None, HealthEvent::Stated(false), &author(0)).await;
    assert!(matches!(outcome, Err(RepositoryError::NotFound { .. })), "{outcome:?}");
}
