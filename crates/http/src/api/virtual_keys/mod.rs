//! Virtual keys: one's own, and to administrators everybody's.

mod shapes;

use super::shapes::EnvelopeAnswer;
use super::users::{PageQuery, page_of};
use super::{ApiError, ApiJson, ApiJsonOrNothing};
use crate::extract::{KeyHolder, Member};
use crate::idempotency::ShownOnce;
use crate::version::{etag, expected_version};
use actix_web::{HttpRequest, HttpResponse, web};
use secrecy::ExposeSecret;
use shapes::{ChangeBody, CreateBody, KeyPage, KeyShape, OwnKeyShape, RotateBody, ShownKey, expiry};
use std::time::Duration;
use switchyard_domain::ids::{UserId, VirtualKeyId};
use switchyard_domain::name::Name;
use switchyard_orchestrator::accounts::{AccountError, Throttles};
use switchyard_orchestrator::admin::{CreatedKey, KeyAdmin, KeyChange, KeyRequest, KeyState};

fn id_of(path: &str) -> Result<VirtualKeyId, AccountError> {
    path.parse().map(VirtualKeyId).map_err(|_| AccountError::NotFound("virtual key"))
}

fn shown(state: KeyState) -> HttpResponse {
    let shape = KeyShape::from(state);
    HttpResponse::Ok().insert_header(etag(shape.version)).json(shape)
}

fn with_key(mut answer: actix_web::HttpResponseBuilder, created: CreatedKey) -> HttpResponse {
    let (key, state) = (created.key.expose_secret().to_owned(), KeyShape::from(created.state));
    ShownOnce::mark(&mut answer);
    answer.insert_header(etag(state.version)).json(ShownKey { key, state })
}

/// One's keys; to administrators and auditors, everybody's.
#[utoipa::path(
    get,
    path = "/api/v1/virtual-keys",
    tag = "virtual keys",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(PageQuery),
    responses(
        (status = 200, body = KeyPage),
        (status = 401, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn list_keys(
    member: Member,
    request: HttpRequest,
    admin: web::Data<KeyAdmin>,
) -> Result<web::Json<KeyPage>, ApiError> {
    let (after, limit) = page_of(&request)?;
    let person = &member.0.who.entry.user;
    let (keys, next) = admin.page(person, after.map(VirtualKeyId), limit).await?;
    let items = keys.into_iter().map(KeyShape::from).collect();
    Ok(web::Json(KeyPage { items, next: next.map(|id| id.to_string()) }))
}

/// Makes a key. It is shown in this answer and never again.
#[utoipa::path(
    post,
    path = "/api/v1/virtual-keys",
    tag = "virtual keys",
    security(("bearer_token" = []), ("session_cookie" = [])),
    request_body = CreateBody,
    responses(
        (status = 201, body = ShownKey),
        (status = 400, body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 409, body = EnvelopeAnswer),
        (status = 413, body = EnvelopeAnswer),
        (status = 415, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 429, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn create_key(
    member: Member,
    body: ApiJson<CreateBody>,
    admin: web::Data<KeyAdmin>,
    throttles: web::Data<Throttles>,
) -> Result<HttpResponse, ApiError> {
    throttles.change(&member.0.who.entry.user).await?;
    let CreateBody { name, models, limits, budget, expires_at, tags, user } = body.0;
    let person = &member.0.who.entry.user;
    let request = KeyRequest {
        name: Name::new(name).map_err(|fault| ApiError::invalid_field("name", fault.to_string()))?,
        models,
        limits: limits.map(Into::into).unwrap_or_default(),
        expires_at: expires_at.as_deref().map(expiry).transpose()?,
        // A key that nobody owns outlives whoever made it, so that has to be said.
        user: user.map_or(Some(person.id), |user| user.map(UserId)),
        tags,
        budget: budget.map(|budget| budget.read()).transpose()?,
    };
    let created = admin.create_for(person, request, &member.0.client.writer(person)).await?;
    Ok(with_key(HttpResponse::Created(), created))
}

/// The key that asks.
#[utoipa::path(
    get,
    path = "/api/v1/virtual-keys/self",
    tag = "virtual keys",
    security(("virtual_key" = [])),
    responses(
        (status = 200, body = OwnKeyShape),
        (status = 401, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn own_key(
    holder: KeyHolder,
    admin: web::Data<KeyAdmin>,
) -> Result<web::Json<OwnKeyShape>, ApiError> {
    let (state, total) = admin.itself(holder.0.id).await?;
    Ok(web::Json(OwnKeyShape { total_cost: total.to_string(), state: KeyShape::from(state) }))
}

/// A key.
#[utoipa::path(
    get,
    path = "/api/v1/virtual-keys/{id}",
    tag = "virtual keys",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("id" = i64, Path, description = "The key's id")),
    responses(
        (status = 200, body = KeyShape),
        (status = 401, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn one_key(
    member: Member,
    id: web::Path<String>,
    admin: web::Data<KeyAdmin>,
) -> Result<HttpResponse, ApiError> {
    let id = id_of(&id)?;
    let state = admin.find(&member.0.who.entry.user, id).await?;
    let total = admin.total(id).await?;
    let mut shape = KeyShape::from(state);
    shape.total_cost_usd = Some(total.to_string());
    Ok(HttpResponse::Ok().insert_header(etag(shape.version)).json(shape))
}

/// Changes a key, or switches it off.
#[utoipa::path(
    patch,
    path = "/api/v1/virtual-keys/{id}",
    tag = "virtual keys",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("id" = i64, Path, description = "The key's id"), ("If-Match" = Option<String>, Header, description = "The version that is to be changed")),
    request_body = ChangeBody,
    responses(
        (status = 200, body = KeyShape),
        (status = 400, body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 409, body = EnvelopeAnswer),
        (status = 413, body = EnvelopeAnswer),
        (status = 415, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 429, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn change_key(
    member: Member,
    id: web::Path<String>,
    request: HttpRequest,
    body: ApiJson<ChangeBody>,
    admin: web::Data<KeyAdmin>,
    throttles: web::Data<Throttles>,
) -> Result<HttpResponse, ApiError> {
    throttles.change(&member.0.who.entry.user).await?;
    let ChangeBody { name, user, is_active, models, limits, budget, expires_at, tags } = body.0;
    let name = name.map(Name::new).transpose();
    let change = KeyChange {
        name: name.map_err(|fault| ApiError::invalid_field("name", fault.to_string()))?,
        user: user.map(|user| user.map(UserId)),
        is_active,
        models,
        limits: limits.map(Into::into),
        budget: budget.map(|budget| budget.map(|budget| budget.read()).transpose()).transpose()?,
        expires_at: expires_at.map(|at| at.as_deref().map(expiry).transpose()).transpose()?,
        tags,
        expected_version: expected_version(request.headers())?,
    };
    let person = &member.0.who.entry.user;
    Ok(shown(admin.change(person, id_of(&id)?, change, &member.0.client.writer(person)).await?))
}

/// Puts a new key in the place of this one. It is shown in this answer and never again.
#[utoipa::path(
    post,
    path = "/api/v1/virtual-keys/{id}/rotate",
    tag = "virtual keys",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("id" = i64, Path, description = "The key's id"), ("If-Match" = Option<String>, Header, description = "The version that is to be changed")),
    request_body = Option<RotateBody>,
    responses(
        (status = 200, body = ShownKey),
        (status = 400, body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 409, body = EnvelopeAnswer),
        (status = 413, body = EnvelopeAnswer),
        (status = 415, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 429, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn rotate_key(
    member: Member,
    id: web::Path<String>,
    request: HttpRequest,
    body: ApiJsonOrNothing<RotateBody>,
    admin: web::Data<KeyAdmin>,
    throttles: web::Data<Throttles>,
) -> Result<HttpResponse, ApiError> {
    throttles.change(&member.0.who.entry.user).await?;
    let overlap = Duration::from_secs(body.0.overlap_seconds.into());
    let version = expected_version(request.headers())?;
    let person = &member.0.who.entry.user;
    let by = member.0.client.writer(person);
    let created = admin.rotate(person, id_of(&id)?, overlap, version, &by).await?;
    Ok(with_key(HttpResponse::Ok(), created))
}

/// Removes a key. What it used stays on record.
#[utoipa::path(
    delete,
    path = "/api/v1/virtual-keys/{id}",
    tag = "virtual keys",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("id" = i64, Path, description = "The key's id"), ("If-Match" = Option<String>, Header, description = "The version that is to be changed")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 400, description = "`If-Match` is no version", body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 409, body = EnvelopeAnswer),
        (status = 429, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn remove_key(
    member: Member,
    id: web::Path<String>,
    request: HttpRequest,
    admin: web::Data<KeyAdmin>,
    throttles: web::Data<Throttles>,
) -> Result<HttpResponse, ApiError> {
    throttles.change(&member.0.who.entry.user).await?;
    let version = expected_version(request.headers())?;
    let person = &member.0.who.entry.user;
    admin.remove(person, id_of(&id)?, version, &member.0.client.writer(person)).await?;
    Ok(HttpResponse::NoContent().finish())
}
