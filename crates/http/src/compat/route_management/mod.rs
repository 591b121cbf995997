//! Routes as the document of the provider management has them: the same routes, whose targets are nodes that name a provider by its id.
//! Errors are a `detail`.

mod look;
mod shapes;

pub(crate) use look::{__path_select_node, __path_show_turns, select_node, show_turns};

use super::DetailError;
use crate::api::{ApiError, ApiJson};
use crate::extract::Administrator;
use crate::version::{etag, expected_version};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use shapes::{ChangeBody, CreateBody, RouteShape};
use switchyard_domain::ids::RouteId;
use switchyard_orchestrator::admin::{RouteAdmin, RouteState};
use switchyard_orchestrator::error::AdminError;
use switchyard_ports::repositories::RepositoryError;

fn id_of(path: &str) -> Result<RouteId, ApiError> {
    path.parse().map(RouteId).map_err(|_| ApiError::not_found("There is no such route."))
}

/// An error as this document has it: a name that is taken, a provider or a model that there is not, and a fallback that can't be are bad
/// requests.
fn documented(error: AdminError) -> ApiError {
    match error {
        AdminError::Repository(RepositoryError::Conflict { reason }) => bad_request(reason),
        AdminError::Invalid { message, param } => match param.as_deref() {
            Some(param) if param.starts_with("targets[") || param == "fallback" => bad_request(message),
            _ => AdminError::Invalid { message, param }.into(),
        },
        other => other.into(),
    }
}

fn bad_request(reason: String) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "bad_request", reason)
}

fn shown(mut answer: HttpResponseBuilder, state: RouteState) -> HttpResponse {
    answer.insert_header(etag(state.route.meta.version)).json(RouteShape::from(state))
}

/// All routes, by id.
#[utoipa::path(
    get,
    path = "/api/model-routes",
    tag = "routes",
    security(("bearer_token" = []), ("session_cookie" = [])),
    responses(
        (status = 200, body = [RouteShape]),
        (status = 401, body = DetailError),
        (status = 403, body = DetailError),
        (status = 503, body = DetailError),
    )
)]
pub(crate) async fn list_managed_routes(
    _: Administrator,
    admin: web::Data<RouteAdmin>,
) -> Result<web::Json<Vec<RouteShape>>, ApiError> {
    let states = admin.states().await?;
    Ok(web::Json(states.into_iter().map(RouteShape::from).collect()))
}

/// Makes a route.
#[utoipa::path(
    post,
    path = "/api/model-routes",
    tag = "routes",
    security(("bearer_token" = []), ("session_cookie" = [])),
    request_body = CreateBody,
    responses(
        (status = 201, body = RouteShape),
        (status = 400, description = "The name is taken, or a node names a provider or a model that there is not", body = DetailError),
        (status = 401, body = DetailError),
        (status = 403, body = DetailError),
        (status = 409, description = "The `Idempotency-Key` belongs to another request", body = DetailError),
        (status = 413, body = DetailError),
        (status = 415, body = DetailError),
        (status = 422, body = DetailError),
        (status = 503, body = DetailError),
    )
)]
pub(crate) async fn create_managed_route(
    administrator: Administrator,
    body: ApiJson<CreateBody>,
    admin: web::Data<RouteAdmin>,
) -> Result<HttpResponse, ApiError> {
    let wanted = body.0.read(&admin.provider_names().await?)?;
    let id = admin.add(&wanted, &administrator.writer()).await.map_err(documented)?;
    Ok(shown(HttpResponse::Created(), admin.state(id).await?))
}

/// A route.
#[utoipa::path(
    get,
    path = "/api/model-routes/{id}",
    tag = "routes",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("id" = i64, Path, description = "The route's id")),
    responses(
        (status = 200, body = RouteShape),
        (status = 401, body = DetailError),
        (status = 403, body = DetailError),
        (status = 404, body = DetailError),
        (status = 503, body = DetailError),
    )
)]
pub(crate) async fn one_managed_route(
    _: Administrator,
    id: web::Path<String>,
    admin: web::Data<RouteAdmin>,
) -> Result<HttpResponse, ApiError> {
    Ok(shown(HttpResponse::Ok(), admin.state(id_of(&id)?).await?))
}

/// Changes a route; `nodes` replaces the whole list.
#[utoipa::path(
    patch,
    path = "/api/model-routes/{id}",
    tag = "routes",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(
        ("id" = i64, Path, description = "The route's id"),
        ("If-Match" = Option<String>, Header, description = "The version that is meant"),
    ),
    request_body = ChangeBody,
    responses(
        (status = 200, body = RouteShape),
        (status = 400, description = "The name is taken, or a node names a provider or a model that there is not", body = DetailError),
        (status = 401, body = DetailError),
        (status = 403, body = DetailError),
        (status = 404, body = DetailError),
        (status = 409, description = "The configuration file declares it, or somebody else changed it: at the same moment, or since the version that `If-Match` names", body = DetailError),
        (status = 413, body = DetailError),
        (status = 415, body = DetailError),
        (status = 422, body = DetailError),
        (status = 503, body = DetailError),
    )
)]
pub(crate) async fn change_managed_route(
    administrator: Administrator,
    id: web::Path<String>,
    request: HttpRequest,
    body: ApiJson<ChangeBody>,
    admin: web::Data<RouteAdmin>,
) -> Result<HttpResponse, ApiError> {
    let id = id_of(&id)?;
    // Whoever asks for a route that is not there hears so first.
    admin.state(id).await?;
    let change = body.0.read(&admin.provider_names().await?)?;
    let version = expected_version(request.headers())?;
    let state = admin.change(id, change, version, &administrator.writer()).await.map_err(documented)?;
    Ok(shown(HttpResponse::Ok(), state))
}

/// Removes a route with its nodes.
#[utoipa::path(
    delete,
    path = "/api/model-routes/{id}",
    tag = "routes",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(
        ("id" = i64, Path, description = "The route's id"),
        ("If-Match" = Option<String>, Header, description = "The version that is meant"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 400, description = "Other routes fall back to it", body = DetailError),
        (status = 401, body = DetailError),
        (status = 403, body = DetailError),
        (status = 404, body = DetailError),
        (status = 409, description = "The configuration file declares it, or it is at another version than `If-Match` names", body = DetailError),
        (status = 503, body = DetailError),
    )
)]
pub(crate) async fn remove_managed_route(
    administrator: Administrator,
    id: web::Path<String>,
    request: HttpRequest,
    admin: web::Data<RouteAdmin>,
) -> Result<HttpResponse, ApiError> {
    let version = expected_version(request.headers())?;
    admin.delete(id_of(&id)?, version, &administrator.writer()).await.map_err(documented)?;
    Ok(HttpResponse::NoContent().finish())
}
