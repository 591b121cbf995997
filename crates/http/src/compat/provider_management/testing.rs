//! Tests of providers, and what is said of their health.

use super::shapes::{DirectTestBody, HealthBody, ManagedProvider, ManagedProviderTest};
use super::{needed, vendor};
use crate::api::providers::{asked_time, id_of};
use crate::api::{ApiError, ApiJson};
use crate::compat::DetailError;
use crate::extract::Administrator;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use switchyard_domain::provider_health::{HealthFinding, HealthStatus};
use switchyard_orchestrator::admin::{ProviderAdmin, UnsavedProvider};

/// A parameter of the query, as errors name its place.
const TIMEOUT: &str = "query.timeout";

/// What was found, where there is an answer to tell of.
fn told(finding: HealthFinding) -> Result<web::Json<ManagedProviderTest>, ApiError> {
    let said = match finding.status {
        HealthStatus::Timeout => "The provider does not answer in time",
        HealthStatus::Unreachable => "The provider can't be reached",
        _ => return Ok(web::Json(finding.into())),
    };
    let detail = finding.detail.unwrap_or_default();
    Err(ApiError::new(StatusCode::BAD_GATEWAY, "provider_error", format!("{said}: {detail}.")))
}

/// Asks a provider for its models with its credential, and keeps what that showed. Nothing is billed.
#[utoipa::path(
    post,
    path = "/api/providers/{id}/test",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(
        ("id" = i64, Path, description = "The provider's id"),
        ("timeout" = Option<f64>, Query, description = "How long to wait for it, in seconds: from 0.1 to 600"),
    ),
    responses(
        (status = 200, description = "It answered", body = ManagedProviderTest),
        (status = 401, body = DetailError),
        (status = 403, body = DetailError),
        (status = 404, body = DetailError),
        (status = 409, description = "The `Idempotency-Key` belongs to another request", body = DetailError),
        (status = 422, body = DetailError),
        (status = 502, description = "It can't be reached, or does not answer in time", body = DetailError),
        (status = 503, body = DetailError),
    )
)]
pub(crate) async fn test_managed_provider(
    administrator: Administrator,
    id: web::Path<String>,
    request: HttpRequest,
    admin: web::Data<ProviderAdmin>,
) -> Result<web::Json<ManagedProviderTest>, ApiError> {
    let timeout = asked_time(&request, TIMEOUT)?;
    told(admin.test_by_id(id_of(&id)?, timeout, &administrator.writer()).await?.finding)
}

/// The same of a provider that nobody saved. Nothing is stored.
#[utoipa::path(
    post,
    path = "/api/providers/test-direct",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("timeout" = Option<f64>, Query, description = "How long to wait for it, in seconds: from 0.1 to 600")),
    request_body = DirectTestBody,
    responses(
        (status = 200, description = "It answered", body = ManagedProviderTest),
        (status = 400, body = DetailError),
        (status = 401, body = DetailError),
        (status = 403, body = DetailError),
        (status = 409, description = "The `Idempotency-Key` belongs to another request", body = DetailError),
        (status = 413, body = DetailError),
        (status = 415, body = DetailError),
        (status = 422, body = DetailError),
        (status = 502, description = "It can't be reached, or does not answer in time", body = DetailError),
        (status = 503, body = DetailError),
    )
)]
pub(crate) async fn test_direct(
    _: Administrator,
    request: HttpRequest,
    body: ApiJson<DirectTestBody>,
    admin: web::Data<ProviderAdmin>,
) -> Result<web::Json<ManagedProviderTest>, ApiError> {
    let timeout = asked_time(&request, TIMEOUT)?;
    let DirectTestBody { base_url, api_key, models } = body.0;
    let base_url = needed(&base_url)?;
    let vendor = vendor::known_by(&admin.vendors(), "", &base_url).to_owned();
    let wanted = UnsavedProvider { vendor, base_url: Some(base_url), api_key: Some(api_key), models };
    told(admin.test_unsaved(wanted, timeout).await?.finding)
}

/// Says whether a provider is healthy. It holds until a check finds otherwise.
#[utoipa::path(
    patch,
    path = "/api/providers/{id}/health",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("id" = i64, Path, description = "The provider's id")),
    request_body = HealthBody,
    responses(
        (status = 200, body = ManagedProvider),
        (status = 400, body = DetailError),
        (status = 401, body = DetailError),
        (status = 403, body = DetailError),
        (status = 404, body = DetailError),
        (status = 413, body = DetailError),
        (status = 415, body = DetailError),
        (status = 422, body = DetailError),
        (status = 503, body = DetailError),
    )
)]
pub(crate) async fn state_managed_health(
    administrator: Administrator,
    id: web::Path<String>,
    body: ApiJson<HealthBody>,
    admin: web::Data<ProviderAdmin>,
) -> Result<web::Json<ManagedProvider>, ApiError> {
    let state = admin.state_health(id_of(&id)?, body.0.is_healthy, &administrator.writer()).await?;
    Ok(web::Json(ManagedProvider::of(&admin, state)))
}
