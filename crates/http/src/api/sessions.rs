//! One's sessions.

use super::ApiError;
use super::shapes::{EnvelopeAnswer, SessionList, SessionShape};
use crate::extract::Member;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use switchyard_domain::ids::SessionId;
use switchyard_domain::user::Session;
use switchyard_orchestrator::accounts::{AccountError, OwnAccount};

const USUAL_PAGE: usize = 50;
const LONGEST_PAGE: usize = 100;

/// Which page of one's sessions.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SessionQuery {
    /// The most items: 50 if absent, 100 at most.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// Where the page that is asked for begins, and its most items.
fn page_of(request: &HttpRequest) -> Result<(Option<SessionId>, usize), ApiError> {
    let query = web::Query::<SessionQuery>::from_query(request.query_string()).map_err(|_| {
        ApiError::invalid_field(
            "query",
            "`limit` is a number, `after` a page's `next`, and each stands there once",
        )
    })?;
    let SessionQuery { limit, after } = query.into_inner();
    let after = after.map(|text| text.parse().map(SessionId)).transpose();
    let after = after.map_err(|_| ApiError::invalid_field("after", "this is no `next` of a page"))?;
    let limit = limit.map_or(USUAL_PAGE, |limit| usize::try_from(limit).unwrap_or(LONGEST_PAGE));
    Ok((after, limit.clamp(1, LONGEST_PAGE)))
}

/// One's running sessions, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/sessions",
    tag = "accounts",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(SessionQuery),
    responses(
        (status = 200, body = SessionList),
        (status = 401, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn list_sessions(
    member: Member,
    request: HttpRequest,
    own: web::Data<OwnAccount>,
) -> Result<web::Json<SessionList>, ApiError> {
    let who = &member.0.who;
    let (after, limit) = page_of(&request)?;
    // Nobody has more than a few pages of them, so that they are read at once. Their ids grow with time.
    let mut sessions = own.sessions(who).await?;
    sessions.retain(|session| after.is_none_or(|after| session.id < after));
    sessions.sort_by_key(|session| std::cmp::Reverse(session.id));
    let goes_on = sessions.len() > limit;
    sessions.truncate(limit);
    let next = sessions.last().filter(|_| goes_on).map(|last| last.id.to_string());
    let shape = |session: Session| {
        let is_current = session.id == who.session;
        SessionShape::of(session, is_current)
    };
    Ok(web::Json(SessionList { items: sessions.into_iter().map(shape).collect(), next }))
}

/// Ends one of one's sessions with all its tokens.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/{id}",
    tag = "accounts",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("id" = String, Path, description = "The session's id")),
    responses(
        (status = 204, description = "It has ended"),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, description = "`csrf_failed`", body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn end_session(
    member: Member,
    id: web::Path<String>,
    own: web::Data<OwnAccount>,
) -> Result<HttpResponse, ApiError> {
    let id = id.parse().map(SessionId).map_err(|_| AccountError::NotFound("session"))?;
    own.end_session(&member.0.who, id, &member.0.client).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ends all of one's sessions but the one that asks.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions",
    tag = "accounts",
    security(("bearer_token" = []), ("session_cookie" = [])),
    responses(
        (status = 204, description = "They have ended"),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, description = "`csrf_failed`", body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn end_others(member: Member, own: web::Data<OwnAccount>) -> Result<HttpResponse, ApiError> {
    own.end_other_sessions(&member.0.who, &member.0.client).await?;
    Ok(HttpResponse::NoContent().finish())
}
