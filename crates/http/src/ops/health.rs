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
    /// Only where processes share limits through Redis.
    #[serde(skip_serializing_if = "Option::is_none")]
    redis: Option<RedisHealth>,
}

/// Redis as it was last seen.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RedisHealth {
    /// Whether it answered last. While it does not, each process holds the limits by its share.
    connected: bool,
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

/// The server's state, and whether the database and Redis answered last. Calls go on without them.
#[utoipa::path(get, path = "/health", tag = "operations", responses((status = 200, body = Health)))]
pub(crate) async fn health(
    _: Public,
    status: web::Data<Status>,
    clock: web::Data<dyn Clock>,
    environment: web::Data<Environment>,
) -> web::Json<Health> {
    let facts = status.facts();
    web::Json(Health {
        status: "ok",
        timestamp: clock.now().to_string(),
        environment: environment.0.clone(),
        database: DatabaseHealth { connected: facts.database_connected },
        redis: facts.shared_store_connected.map(|connected| RedisHealth { connected }),
    })
}

/// That the server answers.
#[utoipa::path(get, path = "/api/health", tag = "operations", responses((status = 200, body = ApiHealth)))]
pub(crate) async fn api_health(_: Public) -> web::Json<ApiHealth> {
    web::Json(ApiHealth { status: "healthy", message: "Switchyard is running" })
}
