//! One's sessions.

use super::ApiError;
use super::shapes::{EnvelopeAnswer, SessionList, SessionShape};
use crate::extract::Member;
use actix_web::{HttpResponse, web};
use switchyard_domain::ids::SessionId;
use switchyard_domain::user::Session;
use switchyard_orchestrator::accounts::{AccountError, OwnAccount};

/// One's running sessions, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/sessions",
    tag = "accounts",
    security(("bearer_token" = []), ("session_cookie" = [])),
    responses(
        (status = 200, body = SessionList),
        (status = 401, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn list_sessions(
    member: Member,
    own: web::Data<OwnAccount>,
) -> Result<web::Json<SessionList>, ApiError> {
    let who = &member.0.who;
    let sessions = own.sessions(who).await?;
    let shape = |session: Session| {
        let is_current = session.id == who.session;
        SessionShape::of(session, is_current)
    };
    Ok(web::Json(SessionList { items: sessions.into_iter().map(shape).collect(), next: None }))
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
