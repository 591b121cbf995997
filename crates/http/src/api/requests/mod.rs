//! Calls one by one.

mod query;
mod shapes;

use super::ApiError;
use super::shapes::EnvelopeAnswer;
use crate::extract::Member;
use actix_web::{HttpRequest, web};
use query::{RequestQuery, cursor};
use shapes::{RequestPage, RequestShape, WholeRequest};
use switchyard_orchestrator::usage::{CallHistory, Sight};

const USUAL_PAGE: u32 = 50;
const MOST: u32 = 100;

/// Calls that have ended, the newest first: one's own; to administrators and auditors, everybody's.
#[utoipa::path(
    get,
    path = "/api/v1/requests",
    tag = "usage",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(RequestQuery),
    responses(
        (status = 200, body = RequestPage),
        (status = 401, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn list_requests(
    member: Member,
    request: HttpRequest,
    history: web::Data<CallHistory>,
) -> Result<web::Json<RequestPage>, ApiError> {
    let query = RequestQuery::of(&request)?;
    let limit = query.limit.unwrap_or(USUAL_PAGE).clamp(1, MOST);
    let (filter, after) = query.read()?;
    let sight = Sight::of(&member.0.who.entry.user);
    let mut calls = history.page(sight, filter, after, limit + 1).await?;
    let is_more = calls.len() > limit as usize;
    calls.truncate(limit as usize);
    let next = calls.last().filter(|_| is_more).map(|last| cursor::written(last.cursor()));
    Ok(web::Json(RequestPage { items: calls.iter().map(RequestShape::from).collect(), next }))
}

/// A call: its attempts, and what each used and cost at which price. The contents of calls are not kept.
#[utoipa::path(
    get,
    path = "/api/v1/requests/{id}",
    tag = "usage",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("id" = String, Path, description = "Its `id`; or the `X-Request-ID` of its answer: of several calls, the newest")),
    responses(
        (status = 200, body = WholeRequest),
        (status = 401, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn one_request(
    member: Member,
    id: web::Path<String>,
    history: web::Data<CallHistory>,
) -> Result<web::Json<WholeRequest>, ApiError> {
    let call = history.find(Sight::of(&member.0.who.entry.user), &id).await?;
    Ok(web::Json(WholeRequest::from(&call)))
}
