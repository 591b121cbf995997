//! The keys that a provider's calls share, one by one. No answer holds one.

use super::id_of;
use super::shapes::TestShape;
use super::testing::{TestQuery, asked_time};
use crate::api::shapes::{EnvelopeAnswer, Secret};
use crate::api::{ApiBody, ApiError, ApiJson};
use crate::extract::Administrator;
use crate::version::expected_version;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use switchyard_domain::provider::SharedPlace;
use switchyard_orchestrator::accounts::AccountError;
use switchyard_orchestrator::admin::{
    ProviderRef, ProviderTest, SharedCredentialAdmin, SharedCredentialEntry,
};
use switchyard_orchestrator::snapshot::CredentialState;
use utoipa::ToSchema;
use validator::Validate;

/// A key that is to be stored.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewProviderCredential)]
pub(crate) struct CredentialBody {
    /// The key. It is sealed, and never shown again.
    #[schema(value_type = String, format = Password, write_only)]
    api_key: Secret,
}

impl ApiBody for CredentialBody {}

/// The keys that a provider's calls share.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProviderCredentialList)]
pub(crate) struct CredentialList {
    /// By their places.
    items: Vec<CredentialShape>,
    /// `null`: these are all.
    next: Option<String>,
}

/// A key that a provider's calls share.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProviderCredential)]
pub(crate) struct CredentialShape {
    /// Its place, from 1 to 16: calls take turns in their order.
    place: u8,
    /// Its last characters, or that it can't be opened.
    hint: String,
    /// When it was stored.
    set_at: String,
    /// `usable`; `throttled`, or `benched` until it is replaced or a call finds that it is taken again; `null` where the provider is
    /// switched off, or the key can't be opened.
    state: Option<&'static str>,
    /// Why it is not used: `throttled`, `refused` or `quota_exhausted`.
    reason: Option<&'static str>,
    /// Since when.
    since: Option<String>,
    /// When calls use it again, or one call tries it.
    until: Option<String>,
}

impl From<SharedCredentialEntry> for CredentialShape {
    fn from(SharedCredentialEntry { place, hint, set_at, state }: SharedCredentialEntry) -> Self {
        let setback = match state {
            Some(CredentialState::SetBack { why, since, until }) => Some((why, since, until)),
            Some(CredentialState::Usable) | None => None,
        };
        Self {
            place: place.number(),
            hint,
            set_at: set_at.to_string(),
            state: state.map(CredentialState::as_str),
            reason: setback.map(|(why, ..)| why.as_str()),
            since: setback.map(|(_, since, _)| since.to_string()),
            until: setback.map(|(.., until)| until.to_string()),
        }
    }
}

/// The place of a path.
fn place_of(path: &str) -> Result<SharedPlace, AccountError> {
    path.parse().ok().and_then(SharedPlace::new).ok_or(AccountError::NotFound("key"))
}

/// The keys that a provider's calls share, by their places.
#[utoipa::path(
    get,
    path = "/api/v1/providers/{id}/credentials",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("id" = i64, Path, description = "The provider's id")),
    responses(
        (status = 200, body = CredentialList),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn list_credentials(
    _: Administrator,
    id: web::Path<String>,
    admin: web::Data<SharedCredentialAdmin>,
) -> Result<web::Json<CredentialList>, ApiError> {
    let items = admin.list(id_of(&id)?).await?.into_iter().map(CredentialShape::from).collect();
    Ok(web::Json(CredentialList { items, next: None }))
}

/// Stores another key at the first free place. Nobody is called.
#[utoipa::path(
    post,
    path = "/api/v1/providers/{id}/credentials",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("id" = i64, Path, description = "The provider's id")),
    request_body = CredentialBody,
    responses(
        (status = 201, body = CredentialShape),
        (status = 400, body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 409, description = "Others changed the provider again and again meanwhile, the configuration file gives it several keys, or the `Idempotency-Key` belongs to another request", body = EnvelopeAnswer),
        (status = 413, body = EnvelopeAnswer),
        (status = 415, body = EnvelopeAnswer),
        (status = 422, description = "It can be no key, stands there already, or every place is taken", body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn add_credential(
    administrator: Administrator,
    id: web::Path<String>,
    body: ApiJson<CredentialBody>,
    admin: web::Data<SharedCredentialAdmin>,
) -> Result<HttpResponse, ApiError> {
    let id = id_of(&id)?;
    let place = admin.add(id, &body.0.api_key, &administrator.writer()).await?;
    Ok(HttpResponse::Created().json(CredentialShape::from(admin.show(id, place).await?)))
}

/// Puts another key in the place of one.
#[utoipa::path(
    put,
    path = "/api/v1/providers/{id}/credentials/{place}",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(
        ("id" = i64, Path, description = "The provider's id"),
        ("place" = u8, Path, description = "The key's place"),
        ("If-Match" = Option<String>, Header, description = "The provider's version"),
    ),
    request_body = CredentialBody,
    responses(
        (status = 200, body = CredentialShape),
        (status = 400, body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 409, description = "Another version of the provider, or the configuration file gives this key", body = EnvelopeAnswer),
        (status = 413, body = EnvelopeAnswer),
        (status = 415, body = EnvelopeAnswer),
        (status = 422, description = "It can be no key, or stands at another place already", body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn replace_credential(
    administrator: Administrator,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    body: ApiJson<CredentialBody>,
    admin: web::Data<SharedCredentialAdmin>,
) -> Result<web::Json<CredentialShape>, ApiError> {
    let (id, place) = (id_of(&path.0)?, place_of(&path.1)?);
    let provider = ProviderRef::from(id).at_version(expected_version(request.headers())?);
    admin.replace(provider, place, &body.0.api_key, &administrator.writer()).await?;
    Ok(web::Json(admin.show(id, place).await?.into()))
}

/// Forgets a key. Those at other places stay where they are.
#[utoipa::path(
    delete,
    path = "/api/v1/providers/{id}/credentials/{place}",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(
        ("id" = i64, Path, description = "The provider's id"),
        ("place" = u8, Path, description = "The key's place"),
        ("If-Match" = Option<String>, Header, description = "The provider's version"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 400, description = "`If-Match` is no version", body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 409, description = "Another version of the provider, or the configuration file gives this key", body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn remove_credential(
    administrator: Administrator,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    admin: web::Data<SharedCredentialAdmin>,
) -> Result<HttpResponse, ApiError> {
    let provider = ProviderRef::from(id_of(&path.0)?).at_version(expected_version(request.headers())?);
    admin.remove(provider, place_of(&path.1)?, &administrator.writer()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Asks the provider for its models with this key. That it fails is an answer, not an error. That the key was used is written down.
#[utoipa::path(
    post,
    path = "/api/v1/providers/{id}/credentials/{place}/test",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(
        ("id" = i64, Path, description = "The provider's id"),
        ("place" = u8, Path, description = "The key's place"),
        TestQuery,
    ),
    responses(
        (status = 200, body = TestShape),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 409, description = "The `Idempotency-Key` belongs to another request", body = EnvelopeAnswer),
        (status = 422, description = "It can't be called as it is set up, or `timeout` is out of range", body = EnvelopeAnswer),
        (status = 503, description = "The database does not answer, or the key can't be opened", body = EnvelopeAnswer),
    )
)]
pub(crate) async fn test_credential(
    administrator: Administrator,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    admin: web::Data<SharedCredentialAdmin>,
) -> Result<web::Json<TestShape>, ApiError> {
    let timeout = asked_time(&request, "timeout")?;
    let (id, place) = (id_of(&path.0)?, place_of(&path.1)?);
    let report = admin.test(id, place, timeout, &administrator.writer()).await?;
    Ok(web::Json(ProviderTest::from(report).into()))
}
