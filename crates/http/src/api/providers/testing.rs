//! Providers, tried, and asked for their models. Nothing of it is billed.

use super::shapes::{DiscoveredShape, ProviderTestTime, TestBody, TestShape, VendorList, VendorShape};
use super::{address, id_of};
use crate::api::shapes::EnvelopeAnswer;
use crate::api::{ApiError, ApiJson};
use crate::extract::Administrator;
use actix_web::{HttpRequest, web};
use serde::Deserialize;
use std::time::Duration;
use switchyard_orchestrator::admin::{ProviderAdmin, UnsavedProvider};

/// The shortest and the longest that a test may take, in seconds.
const SHORTEST: f64 = 0.1;
const LONGEST: f64 = 600.0;

/// How a provider is tested.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TestQuery {
    /// How long to wait for it, in seconds: from 0.1 to 600; the setting `REQUEST_TIMEOUT_SECONDS` if absent.
    timeout: Option<f64>,
}

/// How long a test is to wait; `field` is what the parameter is called where it is wrong.
pub(crate) fn asked_time(request: &HttpRequest, field: &str) -> Result<Duration, ApiError> {
    let wrong = || {
        let said = format!("the time to wait is a number of seconds from {SHORTEST} to {LONGEST}");
        ApiError::invalid_field(field, said)
    };
    let query = web::Query::<TestQuery>::from_query(request.query_string()).map_err(|_| wrong())?;
    let usual = request.app_data::<web::Data<ProviderTestTime>>().ok_or_else(ApiError::defect)?;
    match query.timeout {
        None => Ok(usual.0),
        Some(seconds) if (SHORTEST..=LONGEST).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        Some(_) => Err(wrong()),
    }
}

/// Asks a provider for its models with its stored credential. That it fails is an answer, not an error. What it showed is kept, and that
/// its credential was used is written down.
#[utoipa::path(
    post,
    path = "/api/v1/providers/{id}/test",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("id" = i64, Path, description = "The provider's id"), TestQuery),
    responses(
        (status = 200, body = TestShape),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 409, description = "The `Idempotency-Key` belongs to another request", body = EnvelopeAnswer),
        (status = 422, description = "It can't be called as it is set up, or `timeout` is out of range", body = EnvelopeAnswer),
        (status = 503, description = "The database does not answer, or its stored credential can't be opened", body = EnvelopeAnswer),
    )
)]
pub(crate) async fn test_provider(
    administrator: Administrator,
    id: web::Path<String>,
    request: HttpRequest,
    admin: web::Data<ProviderAdmin>,
) -> Result<web::Json<TestShape>, ApiError> {
    let timeout = asked_time(&request, "timeout")?;
    let test = admin.test_by_id(id_of(&id)?, timeout, &administrator.writer()).await?;
    Ok(web::Json(test.into()))
}

/// Tries a provider that nobody saved. Nothing is stored.
#[utoipa::path(
    post,
    path = "/api/v1/providers/test",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(TestQuery),
    request_body = TestBody,
    responses(
        (status = 200, body = TestShape),
        (status = 400, body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 409, description = "The `Idempotency-Key` belongs to another request", body = EnvelopeAnswer),
        (status = 413, body = EnvelopeAnswer),
        (status = 415, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn test_unsaved(
    _: Administrator,
    request: HttpRequest,
    body: ApiJson<TestBody>,
    admin: web::Data<ProviderAdmin>,
) -> Result<web::Json<TestShape>, ApiError> {
    let TestBody { vendor, base_url, api_key, .. } = body.0;
    let timeout = asked_time(&request, "timeout")?;
    let wanted = UnsavedProvider {
        vendor,
        base_url: base_url.as_deref().and_then(address),
        api_key,
        models: Vec::new(),
    };
    Ok(web::Json(admin.test_unsaved(wanted, timeout).await?.into()))
}

/// Adds the models that a provider lists to its own; those that it has keep their settings.
#[utoipa::path(
    post,
    path = "/api/v1/providers/{id}/discover",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("id" = i64, Path, description = "The provider's id"), TestQuery),
    responses(
        (status = 200, body = DiscoveredShape),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 409, description = "It was changed meanwhile, the configuration file declares it, or the `Idempotency-Key` belongs to another request", body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 502, description = "The provider can't be reached, or does not tell its models", body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
        (status = 504, description = "The provider does not answer in time", body = EnvelopeAnswer),
    )
)]
pub(crate) async fn discover_models(
    administrator: Administrator,
    id: web::Path<String>,
    request: HttpRequest,
    admin: web::Data<ProviderAdmin>,
) -> Result<web::Json<DiscoveredShape>, ApiError> {
    let timeout = asked_time(&request, "timeout")?;
    let discovered = admin.discover_by_id(id_of(&id)?, timeout, &administrator.writer()).await?;
    Ok(web::Json(discovered.into()))
}

/// The vendors that providers can be of.
#[utoipa::path(
    get,
    path = "/api/v1/vendors",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    responses(
        (status = 200, body = VendorList),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn list_vendors(_: Administrator, admin: web::Data<ProviderAdmin>) -> web::Json<VendorList> {
    let items = admin.vendors().into_iter().map(VendorShape::from).collect();
    web::Json(VendorList { items, next: None })
}
