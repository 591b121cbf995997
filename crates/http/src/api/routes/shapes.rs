//! What routes look like in requests and answers.

use super::super::shapes::LimitsShape;
use crate::api::{ApiBody, ApiError, present};
use actix_web::{HttpRequest, web};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use switchyard_domain::declared::{DeclaredRoute, DeclaredTarget};
use switchyard_domain::difference::FieldChange;
use switchyard_domain::fault::FailoverOn;
use switchyard_domain::name::Name;
use switchyard_domain::notes::Notes;
use switchyard_domain::route::{OnDisconnect, RouteMode, Strategy, Target, TargetModels, Timeouts, When};
use switchyard_orchestrator::admin::{RouteChange, RouteState, VersionState};
use switchyard_orchestrator::routing::Routing;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

/// A target that is wanted.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTarget)]
pub(crate) struct TargetBody {
    /// The provider's name.
    provider: String,
    /// The model that it serves there, by the provider's id. Without it and `models`: all of the provider's.
    #[serde(default)]
    model: Option<String>,
    /// Several models; calls that name none go to the first.
    #[serde(default)]
    models: Option<Vec<String>>,
    /// Its share among equals: 1 if absent.
    #[serde(default)]
    weight: Option<u32>,
    /// Lower is tried first: 0 if absent.
    #[serde(default)]
    priority: Option<u32>,
    /// How it shares with its equals, where that is not as in the route.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    strategy: Option<Strategy>,
    /// Limits on calls through it.
    #[serde(default)]
    limits: Option<LimitsShape>,
    /// Which calls it takes: `prompt_tokens` (`min`, `max`), `needs` (`tools`, `vision`, `json_schema`), `tags`.
    #[serde(default)]
    #[schema(value_type = Object)]
    when: When,
    /// Milliseconds: `connect_ms`, `first_content_ms`, `idle_ms`, `total_ms`.
    #[serde(default)]
    #[schema(value_type = Object)]
    timeouts: Timeouts,
    /// What you keep with it; it means nothing here.
    #[serde(default)]
    #[schema(value_type = Object)]
    metadata: Notes,
    /// Whether calls may use it: they may if absent.
    #[serde(default)]
    is_enabled: Option<bool>,
}

impl TargetBody {
    fn read(self, place: usize) -> Result<DeclaredTarget, ApiError> {
        let field = || format!("targets[{place}]");
        let provider = Name::new(self.provider);
        let provider = provider.map_err(|fault| ApiError::invalid_field(&field(), fault.to_string()))?;
        let models = match (self.model, self.models) {
            (Some(_), Some(_)) => {
                return Err(ApiError::invalid_field(&field(), "name `model` or `models`, not both"));
            }
            (Some(model), None) => TargetModels::from(model),
            (None, models) => TargetModels::of(models.unwrap_or_default()),
        };
        let plain = DeclaredTarget::new(provider, models);
        Ok(DeclaredTarget {
            weight: self.weight.unwrap_or(plain.weight),
            priority: self.priority.unwrap_or(plain.priority),
            strategy: self.strategy,
            limits: self.limits.map(Into::into).unwrap_or(plain.limits),
            when: self.when,
            timeouts: self.timeouts,
            metadata: self.metadata,
            enabled: self.is_enabled.unwrap_or(plain.enabled),
            ..plain
        })
    }
}

fn targets(bodies: Vec<TargetBody>) -> Result<Vec<DeclaredTarget>, ApiError> {
    bodies.into_iter().enumerate().map(|(place, body)| body.read(place)).collect()
}

fn named(field: &str, name: String) -> Result<Name, ApiError> {
    Name::new(name).map_err(|fault| ApiError::invalid_field(field, fault.to_string()))
}

/// A route that is wanted.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRoute)]
pub(crate) struct CreateBody {
    /// Its unique name, which clients put in `model`: 1 to 100 characters, without `/`.
    name: String,
    /// `multi` if absent, `auto` or `specific`.
    #[serde(default)]
    #[schema(value_type = String)]
    mode: RouteMode,
    /// How equals share: `failover` if absent; GET /docs lists the others.
    #[serde(default)]
    #[schema(value_type = String)]
    strategy: Strategy,
    /// Which faults move on: `availability` if absent, `server_errors` or `any`.
    #[serde(default)]
    #[schema(value_type = String)]
    failover_on: FailoverOn,
    /// Whether a call is refused rather than sent without what a target can't express.
    #[serde(default)]
    strict: bool,
    /// Milliseconds: `connect_ms`, `first_content_ms`, `idle_ms`, `total_ms`.
    #[serde(default)]
    #[schema(value_type = Object)]
    timeouts: Timeouts,
    /// What becomes of a call whose client has gone: `cancel` if absent, or `drain`.
    #[serde(default)]
    #[schema(value_type = String)]
    on_disconnect: OnDisconnect,
    /// The name of the route whose targets are tried after its own.
    #[serde(default)]
    fallback: Option<String>,
    /// What you keep with it; it means nothing here.
    #[serde(default)]
    #[schema(value_type = Object)]
    config: Notes,
    /// Whether calls may use it: they may if absent.
    #[serde(default)]
    is_active: Option<bool>,
    /// Where its calls go, in order.
    #[serde(default)]
    targets: Vec<TargetBody>,
}

impl ApiBody for CreateBody {}

impl CreateBody {
    pub(super) fn read(self) -> Result<DeclaredRoute, ApiError> {
        Ok(DeclaredRoute {
            mode: self.mode,
            strategy: self.strategy,
            failover_on: self.failover_on,
            strict: self.strict,
            timeouts: self.timeouts,
            on_disconnect: self.on_disconnect,
            fallback: self.fallback.map(|name| named("fallback", name)).transpose()?,
            config: self.config,
            targets: targets(self.targets)?,
            enabled: self.is_active.unwrap_or(true),
            ..DeclaredRoute::new(named("name", self.name)?)
        })
    }
}

/// What is to be changed of a route; what is absent stays.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RouteChange)]
pub(crate) struct ChangeBody {
    /// Its unique name.
    #[serde(default)]
    name: Option<String>,
    /// `multi`, `auto` or `specific`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    mode: Option<RouteMode>,
    /// How equals share.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    strategy: Option<Strategy>,
    /// Which faults move on.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    failover_on: Option<FailoverOn>,
    /// Whether a call is refused rather than sent without what a target can't express.
    #[serde(default)]
    strict: Option<bool>,
    /// Milliseconds, replaced whole.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    timeouts: Option<Timeouts>,
    /// `cancel` or `drain`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    on_disconnect: Option<OnDisconnect>,
    /// The name of the route whose targets are tried after its own; `null` for none.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    fallback: Option<Option<String>>,
    /// What you keep with it, replaced whole.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    config: Option<Notes>,
    /// Whether calls may use it.
    #[serde(default)]
    is_active: Option<bool>,
    /// Its targets, replaced whole. One of the same provider and models stays what it was to limits and turns.
    #[serde(default)]
    targets: Option<Vec<TargetBody>>,
}

impl ApiBody for ChangeBody {}

impl ChangeBody {
    pub(super) fn read(self) -> Result<RouteChange, ApiError> {
        let fallback = self.fallback.map(|wanted| wanted.map(|name| named("fallback", name)).transpose());
        Ok(RouteChange {
            name: self.name.map(|name| named("name", name)).transpose()?,
            mode: self.mode,
            strategy: self.strategy,
            failover_on: self.failover_on,
            strict: self.strict,
            timeouts: self.timeouts,
            on_disconnect: self.on_disconnect,
            fallback: fallback.transpose()?,
            config: self.config,
            is_active: self.is_active,
            targets: self.targets.map(targets).transpose()?,
            keeps_unsaid: false,
        })
    }
}

/// A target of a route.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Target)]
pub(crate) struct TargetShape {
    /// Its id.
    id: i64,
    /// The provider's name.
    provider: String,
    /// The model that calls go to which name none; absent where all of the provider's are meant.
    model: Option<String>,
    /// The models that it serves; empty where all of the provider's are meant.
    models: Vec<String>,
    /// Its share among equals.
    weight: u32,
    /// Lower is tried first.
    priority: u32,
    /// How it shares with its equals, where that is not as in the route.
    strategy: Option<&'static str>,
    /// Limits on calls through it.
    limits: LimitsShape,
    /// Which calls it takes.
    #[schema(value_type = Object)]
    when: When,
    /// Milliseconds of its own.
    #[schema(value_type = Object)]
    timeouts: Timeouts,
    /// What is kept with it.
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
    /// Whether calls may use it.
    is_enabled: bool,
    /// Requests of the UTC day that count for its limit.
    used_today: u64,
}

impl TargetShape {
    fn of(target: Target, provider: String, routing: &Routing) -> Self {
        Self {
            used_today: routing.used_today(target.id),
            id: target.id.0,
            provider,
            model: target.models.first().map(str::to_owned),
            models: target.models.named().to_vec(),
            weight: target.weight,
            priority: target.priority,
            strategy: target.strategy.map(Strategy::as_str),
            limits: target.limits.into(),
            when: target.when,
            timeouts: target.timeouts,
            metadata: target.metadata.object().clone(),
            is_enabled: target.is_enabled,
        }
    }
}

/// A route.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Route)]
pub(crate) struct RouteShape {
    /// Its id.
    id: i64,
    /// Its name.
    name: String,
    /// `multi`, `auto` or `specific`.
    mode: &'static str,
    /// How equals share.
    strategy: &'static str,
    /// Which faults move on.
    failover_on: &'static str,
    /// Whether a call is refused rather than sent without what a target can't express.
    strict: bool,
    /// Milliseconds of its own.
    #[schema(value_type = Object)]
    timeouts: Timeouts,
    /// `cancel` or `drain`.
    on_disconnect: &'static str,
    /// The name of the route whose targets are tried after its own.
    fallback: Option<String>,
    /// What is kept with it.
    #[schema(value_type = Object)]
    config: Map<String, Value>,
    /// Whether calls may use it.
    is_active: bool,
    /// Where its calls go, in order.
    targets: Vec<TargetShape>,
    /// Where it comes from: `api`, `file`, `seed` or `cli:<user>`.
    owner: String,
    /// For `If-Match`.
    pub(super) version: i64,
    /// When it was made.
    created_at: String,
    /// When it was last changed.
    updated_at: String,
    /// By whom.
    updated_by: String,
}

impl RouteShape {
    pub(super) fn of(RouteState { route, providers, fallback }: RouteState, routing: &Routing) -> Self {
        let targets = route.targets.into_iter().zip(providers);
        Self {
            id: route.id.0,
            name: route.name.to_string(),
            mode: route.mode.as_str(),
            strategy: route.strategy.as_str(),
            failover_on: route.failover_on.as_str(),
            strict: route.strict,
            timeouts: route.timeouts,
            on_disconnect: route.on_disconnect.as_str(),
            fallback: fallback.map(|name| name.to_string()),
            config: route.config.object().clone(),
            is_active: route.is_active,
            targets: targets.map(|(target, provider)| TargetShape::of(target, provider, routing)).collect(),
            owner: route.meta.owner.to_string(),
            version: route.meta.version,
            created_at: route.meta.created_at.to_string(),
            updated_at: route.meta.updated_at.to_string(),
            updated_by: route.meta.updated_by,
        }
    }
}

/// A page of routes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RoutePage {
    pub(super) items: Vec<RouteShape>,
    /// What to ask for next; absent at the end.
    pub(super) next: Option<String>,
}

/// A member that is different.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangedField {
    /// Where it stands, such as `targets[1].weight` or `models[gpt-4o].rates.input`.
    field: String,
    /// What it was; absent where it was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Value>,
    /// What it is; absent where it is not there any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Value>,
}

impl From<FieldChange> for ChangedField {
    fn from(FieldChange { field, before, after }: FieldChange) -> Self {
        Self { field, before, after }
    }
}

/// A version of a route.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RouteVersion)]
pub(crate) struct VersionShape {
    /// Its number.
    pub(super) version: i64,
    /// The route as it was, in the form of the configuration file.
    #[schema(value_type = Object)]
    route: DeclaredRoute,
    /// What it made different; absent where the version before it is not kept.
    changes: Option<Vec<ChangedField>>,
    /// When it was written.
    written_at: String,
    /// By whom.
    written_by: String,
}

impl From<VersionState> for VersionShape {
    fn from(VersionState { version, changes }: VersionState) -> Self {
        Self {
            version: version.version,
            route: version.route,
            changes: changes.map(|changes| changes.into_iter().map(Into::into).collect()),
            written_at: version.written_at.to_string(),
            written_by: version.written_by,
        }
    }
}

/// Versions of a route, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionPage {
    pub(super) items: Vec<VersionShape>,
    /// What to ask for next; absent at the end.
    pub(super) next: Option<String>,
}

/// Which version a route is to be again.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RouteRollback)]
pub(crate) struct RollbackBody {
    /// Its number.
    pub(super) version: i64,
}

impl ApiBody for RollbackBody {}

/// Which model is wanted of a route, in the query.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SelectQuery {
    /// One that the route serves; `specific` routes need it.
    pub(crate) model: Option<String>,
}

impl SelectQuery {
    /// That of this request.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let query = web::Query::<Self>::from_query(request.query_string());
        query.map(web::Query::into_inner).map_err(|_| {
            ApiError::invalid_field("query.model", "`model` stands there once, and nothing else")
        })
    }
}
