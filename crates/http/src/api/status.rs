//! How the server is, to those who administer.

use super::shapes::EnvelopeAnswer;
use crate::extract::Administrator;
use crate::ops::Environment;
use actix_web::web;
use serde::Serialize;
use switchyard_domain::health::BreakerState;
use switchyard_orchestrator::backup::BackupState;
use switchyard_orchestrator::overview::{Overview, RestingCredential, ServerState};
use switchyard_orchestrator::snapshot::CredentialState;
use switchyard_orchestrator::status::StatusFacts;
use utoipa::ToSchema;

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServerStatus {
    /// `ok`; `degraded` while the database or Redis does not answer, usage waits for long, or a provider can't be called;
    /// `unrecordable` while calls are refused, as their usage can't be written down; `draining` while it ends.
    status: &'static str,
    versions: Versions,
    /// The processes that tell of themselves: this one. How many there are, `redis` says.
    replicas: Vec<Replica>,
    database: DatabaseStatus,
    /// The Redis that processes share limits through; `null` where this one serves alone.
    redis: Option<RedisStatus>,
    journal: JournalStatus,
    /// The backup of providers and routes; `null` where none is kept.
    backup: Option<BackupStatus>,
    /// The revision of the configuration that calls are served by.
    revision: i64,
    /// Calls in flight.
    calls_in_flight: u64,
    /// Targets that are tried only when nothing better is left, since they fail, throttle or refuse the credential, or by one call alone.
    breakers: Vec<Breaker>,
    /// Shared keys of providers that calls do not use now: the provider refused them, or told them to wait.
    resting_credentials: Vec<RestingKey>,
    /// Providers that can't be called as they are configured.
    broken_providers: Vec<BrokenShape>,
}

/// What runs.
#[derive(Debug, Serialize, ToSchema)]
struct Versions {
    /// Of the server.
    switchyard: &'static str,
    /// Of the API.
    api: &'static str,
}

/// A process that serves.
#[derive(Debug, Serialize, ToSchema)]
struct Replica {
    /// When it started.
    started_at: String,
    /// For how long it runs.
    uptime_seconds: u64,
    /// The setting `ENVIRONMENT`.
    environment: String,
}

/// The database.
#[derive(Debug, Serialize, ToSchema)]
struct DatabaseStatus {
    /// Whether it answered when it was last used.
    connected: bool,
    pools: Vec<PoolShape>,
}

/// Its connections for one purpose.
#[derive(Debug, Serialize, ToSchema)]
struct PoolShape {
    /// `reading`, `writing` or `both`.
    purpose: &'static str,
    /// The most that work at one time.
    size: u32,
    /// How many work now.
    busy: u32,
}

/// The Redis that processes share limits through.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
struct RedisStatus {
    /// Whether it answered last.
    connected: bool,
    /// How limits are held: `together` by all processes, or `by_share`, where each admits its part of them and no call under a budget.
    limits: &'static str,
    /// How many processes were seen there last, this one among them; 0 where none ever was.
    processes: u32,
}

impl RedisStatus {
    fn of(facts: &StatusFacts) -> Option<Self> {
        let connected = facts.shared_store_connected?;
        let limits = if connected { "together" } else { "by_share" };
        Some(Self { connected, limits, processes: facts.processes })
    }
}

/// The usage journal.
#[derive(Debug, Serialize, ToSchema)]
struct JournalStatus {
    /// Whether it can be written: calls are refused while it can't.
    writable: bool,
    /// Records that wait to reach the ledger.
    backlog: u64,
    /// Records that were found damaged since the start.
    damaged: u64,
    /// Records that reached the ledger since the start.
    written: u64,
}

/// The backup of providers and routes.
#[derive(Debug, Serialize, ToSchema)]
struct BackupStatus {
    /// The file.
    path: String,
    /// When this process wrote it last; `null` where it has not yet.
    written_at: Option<String>,
    /// Keys that are not in it, since no encryption key at hand opens them.
    lost_keys: usize,
    /// Why it could not be written the last time.
    error: Option<String>,
}

impl From<BackupState> for BackupStatus {
    fn from(BackupState { place, written, error }: BackupState) -> Self {
        Self {
            path: place,
            written_at: written.as_ref().map(|written| written.at.to_string()),
            lost_keys: written.map_or(0, |written| written.lost_keys),
            error,
        }
    }
}

/// A target that rests.
#[derive(Debug, Serialize, ToSchema)]
struct Breaker {
    /// The provider.
    provider: String,
    /// The model.
    model: String,
    /// `open` after failures in a row, and then `half_open`: one call tries it; `resting` where it throttles or refuses the credential.
    state: &'static str,
    /// For how long yet.
    seconds_left: u64,
}

/// A shared key that calls do not use now.
#[derive(Debug, Serialize, ToSchema)]
struct RestingKey {
    /// The provider.
    provider: String,
    /// The key's place among the provider's shared keys, from 1.
    place: u8,
    /// `throttled`, or `benched` until it is replaced or a call finds that it is taken again.
    state: &'static str,
    /// `throttled`, `refused` or `quota_exhausted`.
    reason: &'static str,
    /// Since when.
    since: String,
    /// When calls use it again, or one call tries it.
    until: String,
}

impl RestingKey {
    fn of(resting: RestingCredential) -> Option<Self> {
        let RestingCredential { provider, place, state } = resting;
        let CredentialState::SetBack { why, since, until } = state else { return None };
        Some(Self {
            provider,
            place: place.number(),
            state: state.as_str(),
            reason: why.as_str(),
            since: since.to_string(),
            until: until.to_string(),
        })
    }
}

/// A provider that can't be called.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BrokenProvider)]
struct BrokenShape {
    /// The provider.
    provider: String,
    /// Why.
    reason: String,
}

/// The most records that wait where all is well: the ledger is twice a second behind.
const MUCH_BACKLOG: u64 = 10_000;

fn word(state: &ServerState) -> &'static str {
    let facts = &state.facts;
    let is_degraded = !facts.database_connected
        || facts.shared_store_connected == Some(false)
        || facts.journal_backlog > MUCH_BACKLOG
        || !state.broken.is_empty();
    match facts {
        facts if facts.draining => "draining",
        facts if !facts.journal_writable => "unrecordable",
        _ if is_degraded => "degraded",
        _ => "ok",
    }
}

/// How the server is: what rests, what waits, what is broken.
#[utoipa::path(
    get,
    path = "/api/v1/status",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    responses(
        (status = 200, body = ServerStatus),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn show_status(
    _: Administrator,
    overview: web::Data<Overview>,
    environment: web::Data<Environment>,
) -> web::Json<ServerStatus> {
    let state = overview.state();
    let facts = state.facts;
    let status = word(&state);
    let pools = state.pools.into_iter();
    let breaker = |target: switchyard_orchestrator::overview::RestingTarget| Breaker {
        provider: target.provider,
        model: target.model,
        state: match target.breaker {
            BreakerState::Open { .. } => "open",
            BreakerState::HalfOpen { .. } => "half_open",
            BreakerState::Closed => "resting",
        },
        seconds_left: target.rest.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX),
    };
    let broken = state.broken.into_iter();
    web::Json(ServerStatus {
        status,
        versions: Versions { switchyard: env!("CARGO_PKG_VERSION"), api: "v1" },
        replicas: vec![Replica {
            started_at: state.started_at.to_string(),
            uptime_seconds: state.uptime.as_secs(),
            environment: environment.0.clone(),
        }],
        database: DatabaseStatus {
            connected: facts.database_connected,
            pools: pools
                .map(|pool| PoolShape { purpose: pool.purpose, size: pool.size, busy: pool.busy })
                .collect(),
        },
        redis: RedisStatus::of(&facts),
        journal: JournalStatus {
            writable: facts.journal_writable,
            backlog: facts.journal_backlog,
            damaged: facts.journal_damaged,
            written: facts.events_written,
        },
        backup: state.backup.map(Into::into),
        revision: facts.revision,
        calls_in_flight: facts.calls_in_flight,
        breakers: state.resting.into_iter().map(breaker).collect(),
        resting_credentials: state.credentials.into_iter().filter_map(RestingKey::of).collect(),
        broken_providers: broken
            .map(|broken| BrokenShape { provider: broken.provider, reason: broken.reason })
            .collect(),
    })
}
