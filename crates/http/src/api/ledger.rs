//! The proof of the books, to those who administer or audit.

use super::ApiError;
use super::shapes::EnvelopeAnswer;
use crate::extract::Reader;
use actix_web::web;
use serde::Serialize;
use switchyard_domain::usage::{LedgerCheck, LedgerProblem};
use switchyard_orchestrator::usage::BooksProof;
use utoipa::ToSchema;

/// What the proof of the books found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LedgerCheck)]
pub(crate) struct CheckShape {
    /// Whether the books agree.
    agrees: bool,
    /// Usage events that were read.
    events: u64,
    /// Ledger entries that were read.
    entries: u64,
    /// Counters of budgets that were compared with their entries.
    counters: u64,
    /// The sum of all entries, in US dollars.
    total_usd: String,
    /// Every difference.
    problems: Vec<ProblemShape>,
}

/// One difference.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LedgerProblem)]
struct ProblemShape {
    /// Where.
    place: String,
    /// What differs, with both values.
    difference: String,
}

/// Proves that the sums of the days and the counters of the budgets are those of the ledger's entries. It reads everything, which may
/// take a while: one proof is made at a time, and whoever asks meanwhile is given what that one finds.
#[utoipa::path(
    get,
    path = "/api/v1/ledger/verify",
    tag = "usage",
    security(("bearer_token" = []), ("session_cookie" = [])),
    responses(
        (status = 200, body = CheckShape),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn verify_ledger(
    _: Reader,
    proof: web::Data<BooksProof>,
) -> Result<web::Json<CheckShape>, ApiError> {
    let LedgerCheck { entries, events, counters, total, problems } = proof.run().await?;
    let shape = |LedgerProblem { place, difference }| ProblemShape { place, difference };
    Ok(web::Json(CheckShape {
        agrees: problems.is_empty(),
        events,
        entries,
        counters,
        total_usd: total.to_string(),
        problems: problems.into_iter().map(shape).collect(),
    }))
}
