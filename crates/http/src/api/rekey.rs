//! Sealing anew what is stored.

use super::shapes::EnvelopeAnswer;
use super::{ApiBody, ApiError, ApiJsonOrNothing};
use crate::extract::Administrator;
use actix_web::http::StatusCode;
use actix_web::web;
use serde::{Deserialize, Serialize};
use switchyard_orchestrator::rekey::{Rekey, RekeyError, RekeyReport};
use switchyard_ports::vault::RotationError;
use utoipa::ToSchema;
use validator::Validate;

/// Under which key.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RekeyBody {
    /// Whether a new key is made for it. Else everything is sealed under the one that seals now.
    new: bool,
}

impl ApiBody for RekeyBody {}

/// How much stands under a key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SealedUnder {
    /// The key's id.
    key: String,
    /// How many stored secrets.
    sealed: u64,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RekeyShape {
    /// The key that seals.
    active: String,
    /// Whether it was made by this request. Not where an earlier change of keys was not done yet: this one ended it.
    new: bool,
    /// Secrets that were sealed anew.
    resealed: u64,
    /// Secrets that no key at hand opens: give theirs, or store them again.
    unreadable: u64,
    /// Keys that were taken out of the key file.
    retired: Vec<String>,
    keys: Vec<SealedUnder>,
}

impl From<RekeyReport> for RekeyShape {
    fn from(report: RekeyReport) -> Self {
        let RekeyReport { active, is_new, resealed, unreadable, counts, retired } = report;
        let keys = counts.into_iter().map(|(key, sealed)| SealedUnder { key, sealed }).collect();
        Self { active, new: is_new, resealed, unreadable, retired, keys }
    }
}

/// Seals every stored secret anew while calls go on. It takes some seconds where older keys are in use. Where the client leaves before
/// its end, what was done stays, and the next request goes on from there.
#[utoipa::path(
    post,
    path = "/api/v1/rekey",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    request_body = Option<RekeyBody>,
    responses(
        (status = 200, body = RekeyShape),
        (status = 400, body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 409, description = "The key is given as a setting, so that it can't be replaced here", body = EnvelopeAnswer),
        (status = 413, body = EnvelopeAnswer),
        (status = 415, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 500, description = "The key file can't be written; the log tells why", body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn seal_anew(
    administrator: Administrator,
    body: ApiJsonOrNothing<RekeyBody>,
    rekey: web::Data<Rekey>,
) -> Result<web::Json<RekeyShape>, ApiError> {
    let person = administrator.0;
    let by = person.client.writer(&person.who.entry.user);
    match rekey.run(body.0.new, &by).await {
        Ok(report) => Ok(web::Json(report.into())),
        Err(error) => Err(refused(error)),
    }
}

fn refused(error: RekeyError) -> ApiError {
    match error {
        RekeyError::Admin(error) => error.into(),
        RekeyError::Rotation(RotationError::File(reason)) => {
            tracing::error!(error = %reason, "the file of the encryption keys can't be used");
            ApiError::defect()
        }
        RekeyError::Rotation(error) => ApiError::new(StatusCode::CONFLICT, "conflict", error.to_string()),
    }
}
