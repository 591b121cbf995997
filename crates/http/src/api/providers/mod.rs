//! Providers, to administrators: accounts at vendors, with models, prices, capabilities, and credentials that are never shown.

mod credentials;
mod models;
mod price;
mod shapes;
mod testing;

pub(crate) use credentials::{
    __path_add_credential, __path_list_credentials, __path_remove_credential, __path_replace_credential,
    __path_test_credential, add_credential, list_credentials, remove_credential, replace_credential,
    test_credential,
};
pub(crate) use models::{
    __path_one_model, __path_put_model, __path_remove_model, one_model, put_model, remove_model,
};
pub(crate) use shapes::ProviderTestTime;
pub(crate) use testing::{
    __path_discover_models, __path_list_vendors, __path_test_provider, __path_test_unsaved, asked_time,
    discover_models, list_vendors, test_provider, test_unsaved,
};

use super::shapes::EnvelopeAnswer;
use super::users::{PageQuery, page_of};
use super::{ApiError, ApiJson};
use crate::extract::Administrator;
use crate::version::{etag, expected_version};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use serde::Deserialize;
use shapes::{ChangeBody, CreateBody, ProviderPage, ProviderShape, read_models};
use switchyard_domain::ids::ProviderId;
use switchyard_domain::name::Name;
use switchyard_orchestrator::accounts::AccountError;
use switchyard_orchestrator::admin::{
    ProviderAdmin, ProviderChange, ProviderRequest, ProviderState, Removal,
};

/// How something is removed.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RemovalQuery {
    /// Whether it goes though routes lead to it.
    #[serde(default)]
    force: bool,
}

/// The provider of a path.
pub(crate) fn id_of(path: &str) -> Result<ProviderId, AccountError> {
    path.parse().map(ProviderId).map_err(|_| AccountError::NotFound("provider"))
}

fn removal_of(request: &HttpRequest) -> Result<Removal, ApiError> {
    let query = web::Query::<RemovalQuery>::from_query(request.query_string())
        .map_err(|_| ApiError::invalid_field("query", "`force` is true or false, and stands there once"))?;
    Ok(Removal { forced: query.force, expected_version: expected_version(request.headers())? })
}

pub(crate) fn named(name: String) -> Result<Name, ApiError> {
    Name::new(name).map_err(|fault| ApiError::invalid_field("name", fault.to_string()))
}

pub(crate) use switchyard_domain::provider::kept_address as address;

fn shown(mut answer: HttpResponseBuilder, state: ProviderState) -> HttpResponse {
    let shape = ProviderShape::from(state);
    answer.insert_header(etag(shape.version)).json(shape)
}

/// Providers, by id.
#[utoipa::path(
    get,
    path = "/api/v1/providers",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(PageQuery),
    responses(
        (status = 200, body = ProviderPage),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn list_providers(
    _: Administrator,
    request: HttpRequest,
    admin: web::Data<ProviderAdmin>,
) -> Result<web::Json<ProviderPage>, ApiError> {
    let (after, limit) = page_of(&request)?;
    let (states, next) = admin.page(after.map(ProviderId), limit).await?;
    let items = states.into_iter().map(ProviderShape::from).collect();
    Ok(web::Json(ProviderPage { items, next: next.map(|id| id.to_string()) }))
}

/// Makes a provider. Nobody is called: POST /api/v1/providers/test tries one before.
#[utoipa::path(
    post,
    path = "/api/v1/providers",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    request_body = CreateBody,
    responses(
        (status = 201, body = ProviderShape),
        (status = 400, body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 409, description = "The name is taken, routes of the configuration file name models that it lacks, or the `Idempotency-Key` belongs to another request", body = EnvelopeAnswer),
        (status = 413, body = EnvelopeAnswer),
        (status = 415, body = EnvelopeAnswer),
        (status = 422, description = "A member is wrong: the vendor is not known, the address may not be called, a model stands twice", body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn create_provider(
    administrator: Administrator,
    body: ApiJson<CreateBody>,
    admin: web::Data<ProviderAdmin>,
) -> Result<HttpResponse, ApiError> {
    let CreateBody { name, vendor, base_url, api_key, models, is_enabled } = body.0;
    let request = ProviderRequest {
        name: named(name)?,
        vendor,
        base_url: base_url.as_deref().and_then(address),
        api_key,
        models: read_models(models)?,
        is_enabled: is_enabled.unwrap_or(true),
    };
    let id = admin.add(request, &administrator.writer()).await?;
    Ok(shown(HttpResponse::Created(), admin.show(id).await?))
}

/// A provider.
#[utoipa::path(
    get,
    path = "/api/v1/providers/{id}",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("id" = i64, Path, description = "The provider's id")),
    responses(
        (status = 200, body = ProviderShape),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn one_provider(
    _: Administrator,
    id: web::Path<String>,
    admin: web::Data<ProviderAdmin>,
) -> Result<HttpResponse, ApiError> {
    Ok(shown(HttpResponse::Ok(), admin.show(id_of(&id)?).await?))
}

/// Changes a provider.
#[utoipa::path(
    patch,
    path = "/api/v1/providers/{id}",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(
        ("id" = i64, Path, description = "The provider's id"),
        ("If-Match" = Option<String>, Header, description = "The version that is to be changed"),
    ),
    request_body = ChangeBody,
    responses(
        (status = 200, body = ProviderShape),
        (status = 400, body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 409, description = "Another version; the name is taken; routes, which are named, lead to a model that would go or are the configuration file's; or the file declares it", body = EnvelopeAnswer),
        (status = 413, body = EnvelopeAnswer),
        (status = 415, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn change_provider(
    administrator: Administrator,
    id: web::Path<String>,
    request: HttpRequest,
    body: ApiJson<ChangeBody>,
    admin: web::Data<ProviderAdmin>,
) -> Result<HttpResponse, ApiError> {
    let ChangeBody { name, vendor, base_url, api_key, models, is_enabled } = body.0;
    let change = ProviderChange {
        name: name.map(named).transpose()?,
        vendor,
        base_url: base_url.map(|text| text.as_deref().and_then(address)),
        api_key,
        models: models.map(read_models).transpose()?,
        is_enabled,
        expected_version: expected_version(request.headers())?,
        ..ProviderChange::default()
    };
    let state = admin.change(id_of(&id)?, change, &administrator.writer()).await?;
    Ok(shown(HttpResponse::Ok(), state))
}

/// Removes a provider with its models and credentials. What it was used for stays on record.
#[utoipa::path(
    delete,
    path = "/api/v1/providers/{id}",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(
        ("id" = i64, Path, description = "The provider's id"),
        RemovalQuery,
        ("If-Match" = Option<String>, Header, description = "The version that is to be removed"),
    ),
    responses(
        (status = 204, description = "It is gone; forced, the targets that led to it are too"),
        (status = 400, description = "`If-Match` is no version", body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 409, description = "Routes use it, or, forced, routes of the configuration file do, which are named; another version; or the file declares it", body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn remove_provider(
    administrator: Administrator,
    id: web::Path<String>,
    request: HttpRequest,
    admin: web::Data<ProviderAdmin>,
) -> Result<HttpResponse, ApiError> {
    let removal = removal_of(&request)?;
    admin.remove_by_id(id_of(&id)?, removal, &administrator.writer()).await?;
    Ok(HttpResponse::NoContent().finish())
}
