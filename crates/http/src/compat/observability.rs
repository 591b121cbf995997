//! How the server does, as the document of the provider management has it.

use crate::api::ApiError;
use crate::extract::Administrator;
use crate::metrics::{OfRoute, RequestStats, Seen, Sums};
use crate::recent_log::{KEPT, RecentLog};
use actix_web::{HttpRequest, web};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Duration;
use utoipa::ToSchema;

const USUAL_LINES: usize = 100;

/// What the server has answered since its start.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ServerStats)]
pub(crate) struct StatsAnswer {
    uptime_seconds: f64,
    total_requests: u64,
    /// Answers with a status of 400 or more
    total_errors: u64,
    /// Their share of all, from 0 to 1
    error_rate: f64,
    average_duration_ms: f64,
    /// How many answers had each status
    status_codes: BTreeMap<String, u64>,
    /// By method and route, such as `GET /api/providers/{id}`; what no route answered is `unmatched`
    endpoints: BTreeMap<String, EndpointStats>,
    /// The ten latest, the newest first
    recent_requests: Vec<RecentRequest>,
}

/// The requests of a route.
#[derive(Debug, Serialize, ToSchema)]
struct EndpointStats {
    count: u64,
    total_duration_ms: f64,
    error_count: u64,
    avg_duration_ms: f64,
}

/// A request that was answered.
#[derive(Debug, Serialize, ToSchema)]
struct RecentRequest {
    timestamp: String,
    method: &'static str,
    path: String,
    status_code: u16,
    duration_ms: f64,
}

impl StatsAnswer {
    fn of(uptime: Duration, sums: Sums) -> Self {
        let all = sums.routes.values().fold(OfRoute::default(), |all, of| OfRoute {
            count: all.count + of.count,
            errors: all.errors + of.errors,
            elapsed: all.elapsed.saturating_add(of.elapsed),
        });
        let endpoint = |((method, route), of): ((&str, &str), OfRoute)| {
            let stats = EndpointStats {
                count: of.count,
                total_duration_ms: millis(of.elapsed),
                error_count: of.errors,
                avg_duration_ms: share(millis(of.elapsed), of.count),
            };
            (format!("{method} {route}"), stats)
        };
        Self {
            uptime_seconds: uptime.as_secs_f64(),
            total_requests: all.count,
            total_errors: all.errors,
            error_rate: share(all.errors as f64, all.count),
            average_duration_ms: share(millis(all.elapsed), all.count),
            status_codes: sums.statuses.into_iter().map(|(status, n)| (status.to_string(), n)).collect(),
            endpoints: sums.routes.into_iter().map(endpoint).collect(),
            recent_requests: sums.recent.into_iter().rev().map(RecentRequest::from).collect(),
        }
    }
}

impl From<Seen> for RecentRequest {
    fn from(seen: Seen) -> Self {
        Self {
            timestamp: seen.at.to_string(),
            method: seen.method,
            path: seen.path,
            status_code: seen.status,
            duration_ms: millis(seen.elapsed),
        }
    }
}

fn millis(elapsed: Duration) -> f64 {
    elapsed.as_secs_f64() * 1e3
}

fn share(of: f64, count: u64) -> f64 {
    if count == 0 { 0.0 } else { of / count as f64 }
}

/// What the server has answered since its start: each process its own.
#[utoipa::path(
    get,
    path = "/api/admin/stats",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    responses(
        (status = 200, body = StatsAnswer),
        (status = 401, body = super::DetailError),
        (status = 403, body = super::DetailError),
    )
)]
pub(crate) async fn server_stats(_: Administrator, stats: web::Data<RequestStats>) -> web::Json<StatsAnswer> {
    let (uptime, sums) = stats.now();
    web::Json(StatsAnswer::of(uptime, sums))
}

/// How much of the log.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LinesQuery {
    /// So many lines: 100 if absent, from 1 to 1000
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// The last lines of the log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ServerLog)]
pub(crate) struct LinesAnswer {
    /// The last lines, oldest first; what may be a secret is taken out
    #[schema(value_type = Vec<std::collections::BTreeMap<String, serde_json::Value>>)]
    logs: Vec<Map<String, Value>>,
    /// How many are kept
    total: usize,
}

/// The last lines that the server logged: each process its own, since its start.
#[utoipa::path(
    get,
    path = "/api/admin/logs",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(LinesQuery),
    responses(
        (status = 200, body = LinesAnswer),
        (status = 401, body = super::DetailError),
        (status = 403, body = super::DetailError),
        (status = 422, body = super::DetailError),
    )
)]
pub(crate) async fn server_log(
    _: Administrator,
    request: HttpRequest,
    log: web::Data<RecentLog>,
) -> Result<web::Json<LinesAnswer>, ApiError> {
    let wrong = || ApiError::invalid_field("query.limit", format!("a whole number from 1 to {KEPT}"));
    let query = web::Query::<LinesQuery>::from_query(request.query_string()).map_err(|_| wrong())?;
    let limit = query.limit.unwrap_or(USUAL_LINES);
    if !(1..=KEPT).contains(&limit) {
        return Err(wrong());
    }
    let (logs, total) = log.last(limit);
    Ok(web::Json(LinesAnswer { logs, total }))
}
