use crate::access::Public;
use actix_web::web;
use serde::Serialize;
use switchyard_orchestrator::status::Status;
use switchyard_ports::clock::Clock;
use utoipa::ToSchema;

/// What the installation is for.
#[derive(Clone, Debug)]
pub(crate) struct Environment(pub(crate) String);

/// The server's state in a few words.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`
    status: &'static str,
    /// Now, RFC 3339 in UTC.
    timestamp: String,
    /// What the installation is for.
    environment: String,
    database: DatabaseHealth,
}

/// The database as it was last seen.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DatabaseHealth {
    /// Whether it answered last.
    connected: bool,
}

/// That the server answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiHealth {
    /// `healthy`
    status: &'static str,
    message: &'static str,
}

/// The server's state, and whether the database answered last. Calls go on without it.
#[utoipa::path(get, path = "/health", tag = "operations", responses((status = 200, body = Health)))]
pub(crate) async fn health(
    _: Public,
    status: web::Data<Status>,
    clock: web::Data<dyn Clock>,
    environment: web::Data<Environment>,
) -> web::Json<Health> {
    web::Json(Health {
        status: "ok",
        timestamp: clock.now().to_string(),
        environment: environment.0.clone(),
        database: DatabaseHealth { connected: status.facts().database_connected },
    })
}

/// That the server answers.
#[utoipa::path(get, path = "/api/health", tag = "operations", responses((status = 200, body = ApiHealth)))]
pub(crate) async fn api_health(_: Public) -> web::Json<ApiHealth> {
    web::Json(ApiHealth { status: "healthy", message: "Switchyard is running" })
}
