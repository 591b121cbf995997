//! Objects for the suites.

#![expect(clippy::unwrap_used, reason = "a suite fails by panicking")]

use std::sync::atomic::{AtomicU64, Ordering};
use switchyard_domain::chat::{TokenUsage, UsageSource};
use switchyard_domain::declared::DeclaredModel;
use switchyard_domain::ids::{AttemptId, CallId, ProviderId, RouteId, VirtualKeyId};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::money::{NanoUsd, PricePerMillion};
use switchyard_domain::name::Name;
use switchyard_domain::price::Rates;
use switchyard_domain::provider::{Capabilities, Provider};
use switchyard_domain::route::Route;
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::{Outcome, PassedTarget, UsageEvent};
use switchyard_ports::repositories::{Author, ConfigurationRepository, NewProvider, NewRoute, NewTarget};
use uuid::Uuid;

/// 2026-11-20T08:00:00Z.
pub(super) const AT: Timestamp = crate::clock::START;

/// A number that no other call of this process gets.
pub(super) fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A name that no other call of this process gets.
pub(super) fn unique_name(stem: &str) -> Name {
    Name::new(format!("{stem} {}", unique())).unwrap()
}

/// `ana`, through the API, `later` milliseconds after the suites' beginning.
#[must_use]
pub fn author(later: i64) -> Author {
    Author { by: Writer { name: "ana".into(), ..Writer::API }, at: Timestamp(AT.0 + later) }
}

/// An enabled provider of vendor `acme` with models of these names.
#[must_use]
pub fn new_provider(name: Name, models: &[&str]) -> NewProvider {
    NewProvider {
        name,
        vendor: "acme".to_owned(),
        base_url: None,
        called_at: None,
        is_enabled: true,
        models: models.iter().map(|model| declared(model)).collect(),
        credential: None,
    }
}

/// A model of which nothing but the name is said.
pub(super) fn declared(model: &str) -> DeclaredModel {
    DeclaredModel { model: model.to_owned(), ..DeclaredModel::default() }
}

/// A model of which everything is said.
pub(super) fn declared_in_full(model: &str) -> DeclaredModel {
    DeclaredModel {
        model: model.to_owned(),
        rates: Some(Rates {
            input: Some(PricePerMillion(2_500_000_000)),
            output: Some(PricePerMillion(i64::MAX)),
            per_request: Some(NanoUsd(7)),
            ..Rates::default()
        }),
        limits: full_limits(),
        context_window: Some(128_000),
        max_output_tokens: Some(16_384),
        capabilities: Capabilities { tools: Some(true), vision: Some(false), ..Capabilities::UNKNOWN },
        enabled: false,
    }
}

/// Limits of every kind.
pub(super) fn full_limits() -> Limits {
    Limits { rpm: Some(u32::MAX), tpm: Some(1 << 53), rpd: Some(0), concurrency: Some(8) }
}

/// An active route over these targets.
#[must_use]
pub fn new_route(name: Name, targets: Vec<NewTarget>) -> NewRoute {
    NewRoute { targets, ..NewRoute::new(name) }
}

/// A target without limits.
#[must_use]
pub fn new_target(provider: ProviderId, model: &str) -> NewTarget {
    NewTarget::new(provider, model)
}

/// The provider, as stored.
pub(super) async fn provider(repository: &dyn ConfigurationRepository, id: ProviderId) -> Option<Provider> {
    repository.load().await.unwrap().providers.into_iter().find(|provider| provider.id == id)
}

/// The route, as stored.
pub(super) async fn route(repository: &dyn ConfigurationRepository, id: RouteId) -> Option<Route> {
    repository.load().await.unwrap().routes.into_iter().find(|route| route.id == id)
}

/// A completed and priced call of a key through the route `fast` to `acme/large`: 100 tokens in, 10 out, 1,000 nano-USD.
#[must_use]
pub fn sample_event(key: Option<VirtualKeyId>, at: Timestamp) -> UsageEvent {
    let id = u128::from(unique()) | u128::from(std::process::id()) << 64;
    UsageEvent {
        id: AttemptId(Uuid::from_u128(id)),
        call: CallId(Uuid::from_u128(id | 1 << 127)),
        attempt: 1,
        is_final: true,
        request_id: format!("request-{id:x}"),
        at,
        key,
        dialect: "openai-chat".to_owned(),
        requested_model: "fast".to_owned(),
        route: Some("fast".to_owned()),
        provider: ProviderId(1),
        provider_name: "acme".to_owned(),
        model: "large".to_owned(),
        stream: false,
        simulated: false,
        outcome: Outcome::Complete,
        status: Some(200),
        fault: None,
        usage: TokenUsage { input: 100, output: 10, ..TokenUsage::default() },
        usage_source: UsageSource::Provider,
        service_tier: None,
        user: None,
        credential: None,
        address: None,
        target: None,
        rule: Some("priority".into()),
        passed_over: vec![PassedTarget { target: "acme/small".to_owned(), reason: "lacks_tools".into() }],
        cost: Some(NanoUsd(1_000)),
        price_version: Some("2026-11-01".to_owned()),
        lines: Vec::new(),
        dropped: None,
        first_content_ms: Some(120),
        duration_ms: 480,
    }
}
