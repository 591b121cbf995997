use super::{DetailError, id_of};
use crate::api::{ApiError, SelectQuery};
use crate::extract::Administrator;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use serde::Serialize;
use std::collections::BTreeMap;
use switchyard_orchestrator::routing::{Among, Routing, RoutingError, Selection};
use utoipa::ToSchema;

/// The target that comes next.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ManagedSelection)]
pub(crate) struct SelectedNode {
    provider_id: i64,
    provider_name: String,
    model: String,
}

impl From<Selection> for SelectedNode {
    fn from(selection: Selection) -> Self {
        Self {
            provider_id: selection.provider.0,
            provider_name: selection.provider_name,
            model: selection.model,
        }
    }
}

/// An error as this document has it: what can't be selected is a bad request.
fn documented(error: RoutingError) -> ApiError {
    match error {
        RoutingError::NoSuchRoute => error.into(),
        other => ApiError::new(StatusCode::BAD_REQUEST, "bad_request", other.to_string()),
    }
}

/// Chooses the node that a call would go to, of the route or of those behind it, and takes the turn. Nobody is called.
#[utoipa::path(
    post,
    path = "/api/model-routes/{id}/select",
    tag = "routes",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("id" = i64, Path, description = "The route's id"), SelectQuery),
    responses(
        (status = 200, body = SelectedNode),
        (status = 400, description = "It is switched off, no node is usable, or the model is missing where it is needed, or not served", body = DetailError),
        (status = 401, body = DetailError),
        (status = 403, body = DetailError),
        (status = 404, body = DetailError),
        (status = 409, description = "The `Idempotency-Key` belongs to another request", body = DetailError),
        (status = 422, body = DetailError),
        (status = 503, body = DetailError),
    )
)]
pub(crate) async fn select_node(
    _: Administrator,
    id: web::Path<String>,
    request: HttpRequest,
    routing: web::Data<Routing>,
) -> Result<web::Json<SelectedNode>, ApiError> {
    let query = SelectQuery::of(&request)?;
    // A node is usable here while its provider is healthy.
    let selection =
        routing.select(id_of(&id)?, query.model.as_deref(), Among::Healthy).map_err(documented)?;
    Ok(web::Json(selection.into()))
}

/// How far a route has turned.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ManagedRouteState)]
pub(crate) struct TurnedRoute {
    route_id: i64,
    route_name: String,
    state: Turned,
}

/// See [`TurnedRoute`].
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ManagedRouteTurns)]
pub(crate) struct Turned {
    /// How many turns were taken, by the route's id; nothing before the first.
    round_robin_indices: BTreeMap<String, u64>,
}

/// How far a route has turned.
#[utoipa::path(
    get,
    path = "/api/model-routes/{id}/state",
    tag = "routes",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("id" = i64, Path, description = "The route's id")),
    responses(
        (status = 200, body = TurnedRoute),
        (status = 401, body = DetailError),
        (status = 403, body = DetailError),
        (status = 404, body = DetailError),
        (status = 503, body = DetailError),
    )
)]
pub(crate) async fn show_turns(
    _: Administrator,
    id: web::Path<String>,
    routing: web::Data<Routing>,
) -> Result<web::Json<TurnedRoute>, ApiError> {
    let state = routing.state(id_of(&id)?)?;
    let turns = state.turns.map(|turns| (state.id.0.to_string(), turns));
    let state_of = Turned { round_robin_indices: turns.into_iter().collect() };
    Ok(web::Json(TurnedRoute { route_id: state.id.0, route_name: state.name, state: state_of }))
}
