//! What a route does: which target comes next, how all of them are, and where calls would go.

use super::super::shapes::EnvelopeAnswer;
use super::id_of;
use super::shapes::SelectQuery;
use crate::api::{ApiBody, ApiError, ApiJson, ApiJsonOrNothing};
use crate::explained::DryRunShape;
use crate::extract::Administrator;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use switchyard_domain::health::BreakerState;
use switchyard_domain::route::{Need, Needs, PlanError, When};
use switchyard_orchestrator::routing::{
    Among, DryCall, MOST_RUNS, RouteState, Routing, RoutingError, Selection, TargetStanding,
};
use utoipa::ToSchema;
use validator::Validate;

impl From<RoutingError> for ApiError {
    fn from(error: RoutingError) -> Self {
        let said = error.to_string();
        match error {
            RoutingError::NoSuchRoute => Self::not_found("There is no such route."),
            RoutingError::SwitchedOff(_) => Self::bad_request(format!("It can't be asked: {said}.")),
            RoutingError::NoPlan { why: PlanError::HintMissing | PlanError::HintNotServed, .. } => {
                Self::invalid_field("model", said)
            }
            RoutingError::NoPlan { .. } | RoutingError::NoneReady(_) => {
                Self::new(StatusCode::BAD_REQUEST, "bad_request", said)
            }
        }
    }
}

/// Which model is wanted of a route.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RouteSelection)]
pub(crate) struct SelectBody {
    /// One that it serves; `specific` routes need it.
    #[serde(default)]
    model: Option<String>,
}

impl ApiBody for SelectBody {}

/// The target that comes next.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SelectedTarget)]
pub(crate) struct SelectedShape {
    provider_id: i64,
    provider_name: String,
    model: String,
    /// The route that the target stands in: the one that was asked, or one behind it.
    route: String,
    /// The rule that decided, in a word: a strategy's, or `only`, `priority`, `provider_again` or `avoided`.
    decided_by: &'static str,
    /// The same in a sentence, with the figures that decided.
    reason: String,
}

impl From<Selection> for SelectedShape {
    fn from(selection: Selection) -> Self {
        Self {
            provider_id: selection.provider.0,
            provider_name: selection.provider_name,
            model: selection.model,
            route: selection.route,
            decided_by: selection.rule.as_str(),
            reason: selection.rule.to_string(),
        }
    }
}

/// Chooses the target that a call would go to, of the route or of those behind it, and takes the turn: who asks twice gets the next one.
/// Nobody is called.
#[utoipa::path(
    post,
    path = "/api/v1/routes/{id}/select",
    tag = "routes",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("id" = i64, Path, description = "The route's id"), SelectQuery),
    request_body = Option<SelectBody>,
    responses(
        (status = 200, body = SelectedShape),
        (status = 400, description = "It is switched off, or none of its targets can be tried", body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 409, description = "The `Idempotency-Key` belongs to another request", body = EnvelopeAnswer),
        (status = 413, body = EnvelopeAnswer),
        (status = 415, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn select_target(
    _: Administrator,
    id: web::Path<String>,
    request: HttpRequest,
    body: ApiJsonOrNothing<SelectBody>,
    routing: web::Data<Routing>,
) -> Result<web::Json<SelectedShape>, ApiError> {
    let asked = SelectQuery::of(&request)?.model;
    let model = match (asked, body.0.model) {
        (Some(asked), Some(wanted)) if asked != wanted => {
            return Err(ApiError::invalid_field("model", "the query and the body name different models"));
        }
        (asked, wanted) => asked.or(wanted),
    };
    Ok(web::Json(routing.select(id_of(&id)?, model.as_deref(), Among::All)?.into()))
}

/// How a route and its targets are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RouteState)]
pub(crate) struct StateShape {
    route_id: i64,
    route_name: String,
    /// How many turns it gave since this process began.
    turns: u64,
    targets: Vec<StandingShape>,
}

/// How a target is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TargetState)]
pub(crate) struct StandingShape {
    provider: String,
    model: String,
    priority: u32,
    weight: u32,
    /// Whether calls could go to it at all: it is switched on, and its provider can be called.
    is_usable: bool,
    /// Whether the next plain call would go to it; none is where it would go to a route behind.
    is_next: bool,
    /// `closed` (calls pass), `open` (it is left alone), or `half_open` (one call tries it).
    breaker: &'static str,
    /// For how many milliseconds it is left alone yet, for its failures or since it throttles.
    rests_ms: Option<u64>,
    /// Milliseconds to the first content of its last answers.
    latency_p50_ms: Option<u64>,
    latency_p95_ms: Option<u64>,
    /// Attempts in flight.
    in_flight: u32,
    /// Requests of the UTC day that count for its limit.
    used_today: u64,
    /// The smallest share that its limits have left, in percent.
    headroom_percent: f64,
}

fn milliseconds(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl From<TargetStanding> for StandingShape {
    fn from(standing: TargetStanding) -> Self {
        let (breaker, open) = match standing.breaker {
            BreakerState::Closed => ("closed", None),
            BreakerState::Open { left } => ("open", Some(left)),
            BreakerState::HalfOpen { .. } => ("half_open", None),
        };
        Self {
            provider: standing.provider_name,
            model: standing.model,
            priority: standing.priority,
            weight: standing.weight,
            is_usable: standing.is_usable,
            is_next: standing.is_next,
            breaker,
            rests_ms: open.max(standing.rest).map(milliseconds),
            latency_p50_ms: standing.latency.map(|latency| milliseconds(latency.p50)),
            latency_p95_ms: standing.latency.map(|latency| milliseconds(latency.p95)),
            in_flight: standing.in_flight,
            used_today: standing.used.today,
            headroom_percent: f64::from(standing.headroom.per_mille()) / 10.0,
        }
    }
}

impl From<RouteState> for StateShape {
    fn from(state: RouteState) -> Self {
        Self {
            route_id: state.id.0,
            route_name: state.name,
            turns: state.turns.unwrap_or_default(),
            targets: state.targets.into_iter().map(StandingShape::from).collect(),
        }
    }
}

/// How a route and its targets are, as this process sees them.
#[utoipa::path(
    get,
    path = "/api/v1/routes/{id}/state",
    tag = "routes",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("id" = i64, Path, description = "The route's id")),
    responses(
        (status = 200, body = StateShape),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn show_state(
    _: Administrator,
    id: web::Path<String>,
    routing: web::Data<Routing>,
) -> Result<web::Json<StateShape>, ApiError> {
    Ok(web::Json(routing.state(id_of(&id)?)?.into()))
}

/// Calls of which it is asked where they would go.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RouteDryRun)]
pub(crate) struct DryRunBody {
    /// How many: 10000 at most.
    #[validate(range(min = 1, max = "MOST_RUNS", message = "a dry run is of 1 to 10000 calls"))]
    calls: u32,
    /// The model that they name behind the route.
    #[serde(default)]
    model: Option<String>,
    /// Their prompts' tokens.
    #[serde(default)]
    prompt_tokens: u64,
    /// The most tokens that they want of an answer.
    #[serde(default)]
    output_tokens: Option<u64>,
    /// What they need: `tools`, `vision`, `json_schema`.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    needs: BTreeSet<Need>,
    /// The tags that they carry.
    #[serde(default)]
    tags: Vec<String>,
    /// Whether they want streams: how quick targets are is measured apart.
    #[serde(default)]
    stream: bool,
}

impl ApiBody for DryRunBody {}

impl DryRunBody {
    fn read(self) -> Result<(DryCall, u32), ApiError> {
        if let Some(tag) = self.tags.iter().find(|tag| !When::is_tag(tag)) {
            let tag: String = tag.chars().take(64).collect();
            return Err(ApiError::invalid_field("tags", format!("`{tag}` is no tag that a call can carry")));
        }
        let needs = self.needs.into_iter().fold(Needs::NONE, |needs, need| needs.and(need, true));
        let Self { model, prompt_tokens, output_tokens, tags, calls, stream, .. } = self;
        Ok((DryCall { model, prompt_tokens, output_tokens, needs, tags, stream }, calls))
    }
}

/// Where so many calls would go, were all targets as they are now for as long as they come, and which rule decides; with the targets of
/// the routes behind. Nobody is called, and no turn is taken.
#[utoipa::path(
    post,
    path = "/api/v1/routes/{id}/dry-run",
    tag = "routes",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("id" = i64, Path, description = "The route's id")),
    request_body = DryRunBody,
    responses(
        (status = 200, body = DryRunShape),
        (status = 400, description = "None of its targets can take such calls", body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 409, description = "The `Idempotency-Key` belongs to another request", body = EnvelopeAnswer),
        (status = 413, body = EnvelopeAnswer),
        (status = 415, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn dry_run(
    _: Administrator,
    id: web::Path<String>,
    body: ApiJson<DryRunBody>,
    routing: web::Data<Routing>,
) -> Result<web::Json<DryRunShape>, ApiError> {
    let id = id_of(&id)?;
    let (call, calls) = body.0.read()?;
    // Ten thousand plans are no work for a thread that answers others.
    let run = web::block(move || routing.dry_run(id, &call, calls)).await.map_err(|_| ApiError::defect())?;
    Ok(web::Json(DryRunShape::from(&run?)))
}
