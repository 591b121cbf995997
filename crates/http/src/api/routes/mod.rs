//! Routes, to those who administer.

mod look;
mod shapes;

pub(crate) use look::{
    __path_dry_run, __path_select_target, __path_show_state, dry_run, select_target, show_state,
};

pub(super) use shapes::ChangedField;
pub(crate) use shapes::SelectQuery;

use super::shapes::EnvelopeAnswer;
use super::users::{PageQuery, page_of};
use super::{ApiError, ApiJson};
use crate::extract::Administrator;
use crate::version::{etag, expected_version};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use shapes::{ChangeBody, CreateBody, RollbackBody, RoutePage, RouteShape, VersionPage, VersionShape};
use switchyard_domain::ids::RouteId;
use switchyard_orchestrator::admin::{RouteAdmin, RouteState};
use switchyard_orchestrator::routing::Routing;

/// The most items of a page.
const LONGEST_PAGE: u32 = 100;

fn id_of(path: &str) -> Result<RouteId, ApiError> {
    path.parse().map(RouteId).map_err(|_| ApiError::not_found("There is no such route."))
}

fn shown(mut answer: HttpResponseBuilder, state: RouteState, routing: &Routing) -> HttpResponse {
    let shape = RouteShape::of(state, routing);
    answer.insert_header(etag(shape.version)).json(shape)
}

/// Routes, by id.
#[utoipa::path(
    get,
    path = "/api/v1/routes",
    tag = "routes",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(PageQuery),
    responses(
        (status = 200, body = RoutePage),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn list_routes(
    _: Administrator,
    request: HttpRequest,
    (admin, routing): (web::Data<RouteAdmin>, web::Data<Routing>),
) -> Result<web::Json<RoutePage>, ApiError> {
    let (after, limit) = page_of(&request)?;
    let (routes, next) = admin.page(after.map(RouteId), limit.clamp(1, LONGEST_PAGE)).await?;
    let items = routes.into_iter().map(|route| RouteShape::of(route, &routing)).collect();
    Ok(web::Json(RoutePage { items, next: next.map(|id| id.to_string()) }))
}

/// Makes a route.
#[utoipa::path(
    post,
    path = "/api/v1/routes",
    tag = "routes",
    security(("bearer_token" = []), ("session_cookie" = [])),
    request_body = CreateBody,
    responses(
        (status = 201, body = RouteShape),
        (status = 400, body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 409, body = EnvelopeAnswer),
        (status = 413, body = EnvelopeAnswer),
        (status = 415, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn create_route(
    administrator: Administrator,
    body: ApiJson<CreateBody>,
    (admin, routing): (web::Data<RouteAdmin>, web::Data<Routing>),
) -> Result<HttpResponse, ApiError> {
    let by = administrator.writer();
    let id = admin.add(&body.0.read()?, &by).await?;
    Ok(shown(HttpResponse::Created(), admin.state(id).await?, &routing))
}

/// A route.
#[utoipa::path(
    get,
    path = "/api/v1/routes/{id}",
    tag = "routes",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("id" = i64, Path, description = "The route's id")),
    responses(
        (status = 200, body = RouteShape),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn one_route(
    _: Administrator,
    id: web::Path<String>,
    (admin, routing): (web::Data<RouteAdmin>, web::Data<Routing>),
) -> Result<HttpResponse, ApiError> {
    Ok(shown(HttpResponse::Ok(), admin.state(id_of(&id)?).await?, &routing))
}

/// Changes a route. Calls that run go on as they began; new ones see it on every replica within a second.
#[utoipa::path(
    patch,
    path = "/api/v1/routes/{id}",
    tag = "routes",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("id" = i64, Path, description = "The route's id"), ("If-Match" = Option<String>, Header, description = "The version that is to be changed")),
    request_body = ChangeBody,
    responses(
        (status = 200, body = RouteShape),
        (status = 400, body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 409, body = EnvelopeAnswer),
        (status = 413, body = EnvelopeAnswer),
        (status = 415, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn change_route(
    administrator: Administrator,
    id: web::Path<String>,
    request: HttpRequest,
    body: ApiJson<ChangeBody>,
    (admin, routing): (web::Data<RouteAdmin>, web::Data<Routing>),
) -> Result<HttpResponse, ApiError> {
    let by = administrator.writer();
    let version = expected_version(request.headers())?;
    Ok(shown(HttpResponse::Ok(), admin.change(id_of(&id)?, body.0.read()?, version, &by).await?, &routing))
}

/// Removes a route. While others fall back to it, it stays, and the answer names them.
#[utoipa::path(
    delete,
    path = "/api/v1/routes/{id}",
    tag = "routes",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("id" = i64, Path, description = "The route's id"), ("If-Match" = Option<String>, Header, description = "The version that is to be removed")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 400, description = "`If-Match` is no version", body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 409, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn remove_route(
    administrator: Administrator,
    id: web::Path<String>,
    request: HttpRequest,
    admin: web::Data<RouteAdmin>,
) -> Result<HttpResponse, ApiError> {
    let by = administrator.writer();
    admin.delete(id_of(&id)?, expected_version(request.headers())?, &by).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What a route was, the newest version first, and what each made different. The newest hundred are kept.
#[utoipa::path(
    get,
    path = "/api/v1/routes/{id}/versions",
    tag = "routes",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("id" = i64, Path, description = "The route's id"), PageQuery),
    responses(
        (status = 200, body = VersionPage),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn list_versions(
    _: Administrator,
    id: web::Path<String>,
    request: HttpRequest,
    admin: web::Data<RouteAdmin>,
) -> Result<web::Json<VersionPage>, ApiError> {
    let (before, limit) = page_of(&request)?;
    let most = limit.clamp(1, LONGEST_PAGE);
    let (versions, more) = admin.versions(id_of(&id)?, before, most).await?;
    let items: Vec<VersionShape> = versions.into_iter().map(VersionShape::from).collect();
    let next = items.last().filter(|_| more).map(|last| last.version.to_string());
    Ok(web::Json(VersionPage { items, next }))
}

/// Makes a route what it was at a version. That is a new version of it.
#[utoipa::path(
    post,
    path = "/api/v1/routes/{id}/rollback",
    tag = "routes",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("id" = i64, Path, description = "The route's id"), ("If-Match" = Option<String>, Header, description = "The version that is to be changed")),
    request_body = RollbackBody,
    responses(
        (status = 200, body = RouteShape),
        (status = 400, body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 409, body = EnvelopeAnswer),
        (status = 413, body = EnvelopeAnswer),
        (status = 415, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn roll_back_route(
    administrator: Administrator,
    id: web::Path<String>,
    request: HttpRequest,
    body: ApiJson<RollbackBody>,
    (admin, routing): (web::Data<RouteAdmin>, web::Data<Routing>),
) -> Result<HttpResponse, ApiError> {
    let by = administrator.writer();
    let version = expected_version(request.headers())?;
    Ok(shown(HttpResponse::Ok(), admin.roll_back(id_of(&id)?, body.0.version, version, &by).await?, &routing))
}
