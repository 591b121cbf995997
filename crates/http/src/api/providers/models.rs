//! The models of a provider, one by one.

use super::shapes::{ModelBody, ModelShape};
use super::{RemovalQuery, id_of, removal_of};
use crate::api::shapes::EnvelopeAnswer;
use crate::api::{ApiError, ApiJson};
use crate::extract::Administrator;
use crate::version::{etag, expected_version};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use switchyard_orchestrator::admin::{ModelState, ProviderAdmin};

/// A model, with the provider's version, which is what a change of it names.
fn shown(mut answer: HttpResponseBuilder, state: ModelState, version: i64) -> HttpResponse {
    answer.insert_header(etag(version)).json(ModelShape::from(state))
}

/// A model of a provider.
#[utoipa::path(
    get,
    path = "/api/v1/providers/{id}/models/{model}",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(
        ("id" = i64, Path, description = "The provider's id"),
        ("model" = String, Path, description = "The model's id at the provider, which may hold slashes"),
    ),
    responses(
        (status = 200, body = ModelShape),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn one_model(
    _: Administrator,
    path: web::Path<(String, String)>,
    admin: web::Data<ProviderAdmin>,
) -> Result<HttpResponse, ApiError> {
    let (id, model) = path.into_inner();
    let (state, version) = admin.show_model(id_of(&id)?, &model).await?;
    Ok(shown(HttpResponse::Ok(), state, version))
}

/// Writes a model of a provider, whole: what the body leaves out is as the catalogue knows it.
#[utoipa::path(
    put,
    path = "/api/v1/providers/{id}/models/{model}",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(
        ("id" = i64, Path, description = "The provider's id"),
        ("model" = String, Path, description = "The model's id at the provider, which may hold slashes"),
        ("If-Match" = Option<String>, Header, description = "The provider's version"),
    ),
    request_body = ModelBody,
    responses(
        (status = 200, description = "It is changed", body = ModelShape),
        (status = 201, description = "The provider did not have it", body = ModelShape),
        (status = 400, body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 409, description = "Another version, or the configuration file declares the provider", body = EnvelopeAnswer),
        (status = 413, body = EnvelopeAnswer),
        (status = 415, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn put_model(
    administrator: Administrator,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    body: ApiJson<ModelBody>,
    admin: web::Data<ProviderAdmin>,
) -> Result<HttpResponse, ApiError> {
    let (id, model) = path.into_inner();
    let wanted = body.0.read(model)?;
    let version = expected_version(request.headers())?;
    let (state, version, is_new) =
        admin.put_model(id_of(&id)?, wanted, version, &administrator.writer()).await?;
    let answer = if is_new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(shown(answer, state, version))
}

/// Removes a model from a provider's list.
#[utoipa::path(
    delete,
    path = "/api/v1/providers/{id}/models/{model}",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(
        ("id" = i64, Path, description = "The provider's id"),
        ("model" = String, Path, description = "The model's id at the provider, which may hold slashes"),
        RemovalQuery,
        ("If-Match" = Option<String>, Header, description = "The provider's version"),
    ),
    responses(
        (status = 204, description = "It is gone; forced, the targets that named it lost it, and those that named no other are gone too"),
        (status = 400, description = "`If-Match` is no version", body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 409, description = "Routes name it, or, forced, routes of the configuration file do, which are named; another version; or the configuration file declares the provider", body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn remove_model(
    administrator: Administrator,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    admin: web::Data<ProviderAdmin>,
) -> Result<HttpResponse, ApiError> {
    let (id, model) = path.into_inner();
    let removal = removal_of(&request)?;
    admin.remove_model(id_of(&id)?, &model, removal, &administrator.writer()).await?;
    Ok(HttpResponse::NoContent().finish())
}
