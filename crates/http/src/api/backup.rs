//! The backup of providers and routes: written, and restored.

use super::ApiError;
use super::configuration::PlanShape;
use super::shapes::EnvelopeAnswer;
use crate::extract::Administrator;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use serde::{Deserialize, Serialize};
use switchyard_orchestrator::backup::{Backups, RestoreError, Restored, WrittenBackup};
use switchyard_orchestrator::error::AdminError;
use utoipa::ToSchema;

/// A backup that was written.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BackupShape {
    /// The file, on the machine of the server that answered.
    path: String,
    /// When.
    generated_at: String,
    /// Providers in it.
    providers: usize,
    /// Routes in it.
    routes: usize,
    /// Keys that are not in it, since no encryption key at hand opens them.
    lost_keys: usize,
}

impl From<WrittenBackup> for BackupShape {
    fn from(written: WrittenBackup) -> Self {
        let WrittenBackup { place, at, providers, routes, lost_keys } = written;
        Self { path: place, generated_at: at.to_string(), providers, routes, lost_keys }
    }
}

/// Writes the backup now. It is rewritten after every change by itself.
#[utoipa::path(
    post,
    path = "/api/v1/backup",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    responses(
        (status = 200, body = BackupShape),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, description = "No backup is kept here", body = EnvelopeAnswer),
        (status = 409, description = "The `Idempotency-Key` belongs to another request", body = EnvelopeAnswer),
        (status = 503, description = "It can't be written; what was there stays", body = EnvelopeAnswer),
    )
)]
pub(crate) async fn back_up(
    _: Administrator,
    backups: web::Data<Backups>,
) -> Result<web::Json<BackupShape>, ApiError> {
    Ok(web::Json(backups.write().await?.into()))
}

/// Whether it is only asked what would be done.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RestoreQuery {
    /// Tell what would be done, and do nothing.
    #[serde(default)]
    dry_run: bool,
}

/// What restoring did, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RestoredShape {
    /// Providers and routes in the backup.
    restored: usize,
    /// The same in words.
    detail: String,
    /// Whether nothing was done.
    dry_run: bool,
    plan: PlanShape,
}

impl RestoredShape {
    fn of(restored: &Restored, dry_run: bool) -> Self {
        let (count, detail) = counted(restored);
        let detail = if dry_run { detail.replacen("Restored", "Would restore", 1) } else { detail };
        Self { restored: count, detail, dry_run, plan: (&restored.plan).into() }
    }
}

/// How many objects the backup held, and that in words.
pub(crate) fn counted(restored: &Restored) -> (usize, String) {
    let Restored { providers, routes, .. } = restored;
    (providers + routes, format!("Restored {providers} providers and {routes} routes"))
}

/// Restores providers and routes from the backup file, in one transaction: by their names, each as it was, with its key. What is not
/// in the backup stays.
#[utoipa::path(
    post,
    path = "/api/v1/restore",
    tag = "configuration",
    params(RestoreQuery),
    security(("bearer_token" = []), ("session_cookie" = [])),
    responses(
        (status = 200, body = RestoredShape),
        (status = 400, description = "The backup can't be read, or was changed; nothing was done", body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, description = "There is no backup", body = EnvelopeAnswer),
        (status = 409, description = "It is of another encryption key or a newer version, or can't be written here; nothing was done", body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn restore(
    administrator: Administrator,
    request: HttpRequest,
    backups: web::Data<Backups>,
) -> Result<web::Json<RestoredShape>, ApiError> {
    let query = web::Query::<RestoreQuery>::from_query(request.query_string())
        .map_err(|_| ApiError::invalid_field("query", "there is `dry_run` (true or false), once"))?;
    if query.dry_run {
        return Ok(web::Json(RestoredShape::of(&backups.preview().await?, true)));
    }
    let person = administrator.0;
    let by = person.client.writer(&person.who.entry.user);
    Ok(web::Json(RestoredShape::of(&backups.restore(&by).await?, false)))
}

impl From<RestoreError> for ApiError {
    fn from(error: RestoreError) -> Self {
        let said = error.to_string();
        match error {
            RestoreError::NotKept | RestoreError::NotFound(_) => Self::not_found(said),
            RestoreError::Unreadable(_) | RestoreError::Tampered => Self::bad_request(said),
            RestoreError::NotWritten(_) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "storage_unavailable", said)
            }
            RestoreError::ForeignKey(_) | RestoreError::Newer(_) => {
                Self::new(StatusCode::CONFLICT, "conflict", said)
            }
            // What is wrong is the backup for this server, not what was asked.
            RestoreError::Admin(AdminError::Invalid { message, param }) => {
                let place = param.unwrap_or_default();
                let said = format!("The backup can't be restored here: {place}: {message}");
                Self::new(StatusCode::CONFLICT, "conflict", said)
            }
            RestoreError::Admin(error) => error.into(),
        }
    }
}
