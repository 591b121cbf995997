use crate::access::Public;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Serialize;
use switchyard_orchestrator::status::{Status, StatusFacts};
use utoipa::ToSchema;

/// That the process answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Probe {
    /// `ok`
    status: &'static str,
}

/// Whether calls should be sent here.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// `ready`, `draining`, or `unrecordable` while usage can't be written and calls are refused.
    status: &'static str,
}

/// That the process answers.
#[utoipa::path(get, path = "/ping", tag = "operations", responses((status = 200, body = Probe)))]
pub(crate) async fn ping(_: Public) -> web::Json<Probe> {
    web::Json(Probe { status: "ok" })
}

/// That the process lives: if not, restart it. Nothing that the process depends on is looked at.
#[utoipa::path(get, path = "/health/live", tag = "operations", responses((status = 200, body = Probe)))]
pub(crate) async fn live(_: Public) -> web::Json<Probe> {
    web::Json(Probe { status: "ok" })
}

/// Whether calls should be sent here. The database's absence does not count: calls go on without it.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "operations",
    responses(
        (status = 200, body = Readiness),
        (status = 503, description = "Ending, or unable to record usage", body = Readiness),
    )
)]
pub(crate) async fn ready(_: Public, status: web::Data<Status>) -> HttpResponse {
    let (code, readiness) = readiness(&status.facts());
    HttpResponse::build(code).json(readiness)
}

fn readiness(facts: &StatusFacts) -> (StatusCode, Readiness) {
    let refused = |status| (StatusCode::SERVICE_UNAVAILABLE, Readiness { status });
    match facts {
        StatusFacts { draining: true, .. } => refused("draining"),
        StatusFacts { journal_writable: false, .. } => refused("unrecordable"),
        _ => (StatusCode::OK, Readiness { status: "ready" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: StatusFacts = StatusFacts {
        database_connected: true,
        shared_store_connected: None,
        processes: 1,
        journal_writable: true,
        journal_backlog: 0,
        journal_damaged: 0,
        events_written: 0,
        revision: 1,
        calls_in_flight: 0,
        draining: false,
    };

    fn status_of(facts: StatusFacts) -> (u16, &'static str) {
        let (code, readiness) = readiness(&facts);
        (code.as_u16(), readiness.status)
    }

    #[test]
    fn a_server_that_ends_or_can_not_record_takes_no_calls() {
        assert_eq!(status_of(READY), (200, "ready"));
        assert_eq!(status_of(StatusFacts { draining: true, ..READY }), (503, "draining"));
        assert_eq!(status_of(StatusFacts { journal_writable: false, ..READY }), (503, "unrecordable"));
    }

    #[test]
    fn a_server_without_its_database_takes_calls() {
        assert_eq!(status_of(StatusFacts { database_connected: false, ..READY }), (200, "ready"));
    }
}
