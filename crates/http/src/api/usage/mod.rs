//! What was used: sums by group and by stretches of time.

mod csv;
mod query;

use super::ApiError;
use super::shapes::EnvelopeAnswer;
use crate::extract::Member;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use query::UsageQuery;
use serde::Serialize;
use std::sync::Arc;
use switchyard_domain::usage::UsageSums;
use switchyard_orchestrator::usage::{TableLine, UsageReports, UsageTable};
use switchyard_ports::clock::Clock;
use utoipa::ToSchema;

/// What was used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsageSums)]
struct SumsShape {
    /// Calls.
    calls: u64,
    /// Attempts at providers, of which a call may have several.
    attempts: u64,
    /// Input tokens.
    input_tokens: u64,
    /// Output tokens.
    output_tokens: u64,
    /// US dollars, of what has a known price.
    cost_usd: String,
    /// Attempts that used something at an unknown price.
    unpriced: u64,
}

/// What was used of a group.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsageLine)]
struct LineShape {
    /// The group's value, such as a day, `<provider>/<model>` or a key's name.
    key: String,
    /// The beginning of the stretch of time, where `interval` is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    #[serde(flatten)]
    sums: SumsShape,
}

/// Sums, and the lines that they are of. A line that nothing was used in is left out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsageTable)]
pub(crate) struct TableShape {
    total: SumsShape,
    items: Vec<LineShape>,
}

impl From<UsageSums> for SumsShape {
    fn from(sums: UsageSums) -> Self {
        let UsageSums { calls, attempts, input_tokens, output_tokens, cost, unpriced } = sums;
        Self { calls, attempts, input_tokens, output_tokens, cost_usd: cost.to_string(), unpriced }
    }
}

impl From<TableLine> for LineShape {
    fn from(TableLine { start, group, sums }: TableLine) -> Self {
        Self { key: group, start: start.map(|start| start.to_string()), sums: sums.into() }
    }
}

async fn table(
    member: &Member,
    request: &HttpRequest,
    reports: &UsageReports,
    clock: &Arc<dyn Clock>,
) -> Result<UsageTable, ApiError> {
    let query = UsageQuery::of(request)?.read()?;
    Ok(reports.table(&member.0.who.entry.user, query, clock.now()).await?)
}

/// What was used: one's own; to administrators and auditors, everybody's.
#[utoipa::path(
    get,
    path = "/api/v1/usage",
    tag = "usage",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(UsageQuery),
    responses(
        (status = 200, body = TableShape),
        (status = 401, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn show_usage(
    member: Member,
    request: HttpRequest,
    reports: web::Data<UsageReports>,
    clock: web::Data<dyn Clock>,
) -> Result<web::Json<TableShape>, ApiError> {
    let UsageTable { total, lines } = table(&member, &request, &reports, &clock).await?;
    Ok(web::Json(TableShape { total: total.into(), items: lines.into_iter().map(LineShape::from).collect() }))
}

/// The same as a table for spreadsheets, without the sum of all lines. A text that a spreadsheet would take for a formula has an
/// apostrophe before it.
#[utoipa::path(
    get,
    path = "/api/v1/usage.csv",
    tag = "usage",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(UsageQuery),
    responses(
        (status = 200, description = "A header and a line for each group", body = String, content_type = "text/csv"),
        (status = 401, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn show_usage_csv(
    member: Member,
    request: HttpRequest,
    reports: web::Data<UsageReports>,
    clock: web::Data<dyn Clock>,
) -> Result<HttpResponse, ApiError> {
    let table = table(&member, &request, &reports, &clock).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8; header=present"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"usage.csv\""))
        .body(csv::written(&table.lines)))
}
