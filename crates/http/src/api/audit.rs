//! What people did, to those who administer or audit.

use super::ApiError;
use super::shapes::EnvelopeAnswer;
use crate::extract::Reader;
use actix_web::{HttpRequest, web};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use switchyard_domain::audit::{AuditAction, AuditEntry, AuditFilter};
use switchyard_domain::time::Timestamp;
use switchyard_orchestrator::audit::AuditTrail;
use utoipa::ToSchema;

const USUAL_PAGE: u32 = 50;
const MOST: u32 = 100;

/// Which entries, and which page of them.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// The most items: 50 if absent, 100 at most.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<i64>,
    /// Who, exactly: a user's name, `cli:<user>`, `file`, `seed`, `system` or `anonymous`.
    actor: Option<String>,
    /// What: `create`, `update`, `delete`, `rotate`, `sign_in`, `sign_out`, `token_reused`, `access`, `test_secret`, `export`,
    /// `restore`, `rekey` or `continue`.
    action: Option<String>,
    /// To which object, exactly, such as `provider:3`.
    object: Option<String>,
    /// From this moment on (RFC 3339).
    from: Option<String>,
    /// Before this moment (RFC 3339).
    to: Option<String>,
}

impl AuditQuery {
    fn filter(&self) -> Result<AuditFilter, ApiError> {
        let action = |word: &String| {
            AuditAction::parse(word)
                .ok_or_else(|| ApiError::invalid_field("action", "there is no such action"))
        };
        let named = |field: &str, text: &Option<String>| match text {
            Some(text) if text.contains('\0') => Err(ApiError::invalid_field(field, "there is no such name")),
            text => Ok(text.clone()),
        };
        let moment = |field: &str, text: Option<&String>| {
            let parsed = text.map(|text| Timestamp::parse(text)).transpose();
            parsed.map_err(|_| ApiError::invalid_field(field, "this is no time such as 2026-11-20T08:00:00Z"))
        };
        Ok(AuditFilter {
            actor: named("actor", &self.actor)?,
            action: self.action.as_ref().map(action).transpose()?,
            object: named("object", &self.object)?,
            from: moment("from", self.from.as_ref())?,
            to: moment("to", self.to.as_ref())?,
        })
    }
}

/// Something that somebody did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditShape {
    /// Its place in the log: the first entry's is 1, and no place is left out.
    id: i64,
    /// When.
    at: String,
    /// Who.
    actor: String,
    /// What.
    action: String,
    /// To which object.
    object: String,
    /// `done` or `refused`.
    outcome: String,
    /// From which address.
    address: Option<String>,
    /// The request that asked for it.
    request_id: Option<String>,
    /// What else matters, by name. No secret, and no content of a call.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    details: Map<String, Value>,
}

impl From<AuditEntry> for AuditShape {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.sequence,
            at: entry.at.to_string(),
            actor: entry.actor,
            action: entry.action,
            object: entry.object,
            outcome: entry.outcome,
            address: entry.address,
            request_id: entry.request_id,
            // Only a hand in the tables writes anything else, which `switchyard audit verify` tells.
            details: serde_json::from_str(&entry.details).unwrap_or_default(),
        }
    }
}

/// Some of all entries, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditPage {
    items: Vec<AuditShape>,
    /// What `after` takes to go on; absent at the end.
    next: Option<String>,
}

/// What people did, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/audit",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(AuditQuery),
    responses(
        (status = 200, body = AuditPage),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn list_audit(
    _: Reader,
    request: HttpRequest,
    trail: web::Data<AuditTrail>,
) -> Result<web::Json<AuditPage>, ApiError> {
    let query = web::Query::<AuditQuery>::from_query(request.query_string()).map_err(|_| {
        let said = "`limit` and `after` are numbers; the filters are `actor`, `action`, `object`, `from` and `to`, each once";
        ApiError::invalid_field("query", said)
    })?;
    let limit = query.limit.unwrap_or(USUAL_PAGE).clamp(1, MOST);
    let mut entries = trail.page(query.filter()?, query.after, limit + 1).await?;
    let is_more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    let next = entries.last().filter(|_| is_more).map(|entry| entry.sequence.to_string());
    Ok(web::Json(AuditPage { items: entries.into_iter().map(AuditShape::from).collect(), next }))
}
