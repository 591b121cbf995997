//! Restoring the backup, as the document of the management of providers has it.

use super::DetailError;
use crate::api::{ApiError, counted};
use crate::extract::Administrator;
use actix_web::web;
use serde::Serialize;
use switchyard_orchestrator::backup::Backups;
use utoipa::ToSchema;

/// What was restored.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RestoredProviders {
    /// Providers and routes together.
    restored: usize,
    /// The same in words.
    detail: String,
}

/// Restores providers and routes from the server's backup file, all of them or nothing. Which file that is, only the settings say: no
/// query and no body is looked at.
#[utoipa::path(
    post,
    path = "/api/admin/providers/restore",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    responses(
        (status = 200, body = RestoredProviders),
        (status = 400, description = "The backup can't be read, or was changed; nothing was done", body = DetailError),
        (status = 401, body = DetailError),
        (status = 403, body = DetailError),
        (status = 404, description = "There is no backup", body = DetailError),
        (status = 409, description = "It is of another encryption key or a newer version, or can't be written here; nothing was done", body = DetailError),
        (status = 503, body = DetailError),
    )
)]
pub(crate) async fn restore_providers(
    administrator: Administrator,
    backups: web::Data<Backups>,
) -> Result<web::Json<RestoredProviders>, ApiError> {
    let person = administrator.0;
    let restored = backups.restore(&person.client.writer(&person.who.entry.user)).await?;
    let (restored, detail) = counted(&restored);
    Ok(web::Json(RestoredProviders { restored, detail }))
}
