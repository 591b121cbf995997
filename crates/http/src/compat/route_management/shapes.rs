use crate::api::{ApiBody, ApiError, present};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::HashMap;
use switchyard_domain::declared::{DeclaredRoute, DeclaredTarget};
use switchyard_domain::fault::FailoverOn;
use switchyard_domain::ids::ProviderId;
use switchyard_domain::name::Name;
use switchyard_domain::notes::Notes;
use switchyard_domain::route::{RouteMode, Strategy, Target, TargetModels};
use switchyard_orchestrator::admin::{RouteChange, RouteState};
use utoipa::ToSchema;
use validator::Validate;

/// The names of providers by their ids.
pub(super) type Names = HashMap<ProviderId, Name>;

/// The most nodes of a route.
const MOST_NODES: usize = 100;

/// A strategy in this document's spelling: `round-robin`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct StrategyWord(Strategy);

impl TryFrom<String> for StrategyWord {
    type Error = &'static str;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        Strategy::parse(&word.replace('-', "_")).map(Self).ok_or("this is no strategy")
    }
}

/// A node that is wanted.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ManagedNodeInput)]
pub(crate) struct NodeBody {
    /// The provider's id.
    api_id: i64,
    /// Its models that the node serves; none means all.
    #[serde(default)]
    models: Vec<String>,
    /// `round-robin` if absent, or `failover`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    strategy: Option<StrategyWord>,
    /// Lower is tried first.
    #[serde(default)]
    priority: u32,
    /// What you keep with it.
    #[serde(default, alias = "node_metadata")]
    #[schema(value_type = Object)]
    metadata: Notes,
}

impl NodeBody {
    fn read(self, place: usize, names: &Names) -> Result<DeclaredTarget, ApiError> {
        if self.api_id < 1 {
            let field = format!("nodes[{place}].api_id");
            return Err(ApiError::invalid_field(&field, "this is the id of a provider, from 1"));
        }
        let known = names.get(&ProviderId(self.api_id));
        let unknown = || ApiError::bad_request(format!("There is no provider with the id {}.", self.api_id));
        let provider = known.cloned().ok_or_else(unknown)?;
        Ok(DeclaredTarget {
            priority: self.priority,
            strategy: Some(self.strategy.map_or(Strategy::RoundRobin, |word| word.0)),
            metadata: self.metadata,
            ..DeclaredTarget::new(provider, TargetModels::of(self.models))
        })
    }
}

fn nodes(bodies: Vec<NodeBody>, names: &Names) -> Result<Vec<DeclaredTarget>, ApiError> {
    if bodies.len() > MOST_NODES {
        return Err(ApiError::invalid_field("nodes", format!("a route has at most {MOST_NODES} nodes")));
    }
    bodies.into_iter().enumerate().map(|(place, body)| body.read(place, names)).collect()
}

/// How all of a route share: as the first of its nodes says.
fn strategy(targets: &[DeclaredTarget]) -> Strategy {
    targets.first().and_then(|target| target.strategy).unwrap_or(Strategy::RoundRobin)
}

fn named(name: String) -> Result<Name, ApiError> {
    Name::new(name).map_err(|fault| ApiError::invalid_field("name", fault.to_string()))
}

/// The name of the route to fall back to: one that is none is nobody's.
fn fallback(name: String) -> Result<Name, ApiError> {
    Name::new(name).map_err(|fault| ApiError::bad_request(format!("The fallback: {fault}.")))
}

/// A route that is wanted.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ManagedRouteInput)]
pub(crate) struct CreateBody {
    /// Its unique name: 1 to 100 characters, without `/`.
    name: String,
    /// `auto`, `specific` or `multi`.
    #[schema(value_type = String)]
    mode: RouteMode,
    /// Whether calls may use it.
    #[serde(default = "yes")]
    is_active: bool,
    /// What you keep with it.
    #[serde(default)]
    #[schema(value_type = Object)]
    config: Notes,
    /// Where its calls go.
    #[serde(default)]
    nodes: Vec<NodeBody>,
    /// The name of the route whose nodes are tried after its own.
    #[serde(default)]
    fallback: Option<String>,
    /// Which faults move on: `server_errors` if absent, `availability` or `any`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    failover_on: Option<FailoverOn>,
}

fn yes() -> bool {
    true
}

impl ApiBody for CreateBody {}

impl CreateBody {
    pub(super) fn read(self, names: &Names) -> Result<DeclaredRoute, ApiError> {
        let name = named(self.name)?;
        let targets = nodes(self.nodes, names)?;
        Ok(DeclaredRoute {
            mode: self.mode,
            strategy: strategy(&targets),
            failover_on: self.failover_on.unwrap_or(FailoverOn::ServerErrors),
            fallback: self.fallback.map(fallback).transpose()?,
            config: self.config,
            targets,
            enabled: self.is_active,
            ..DeclaredRoute::new(name)
        })
    }
}

/// What is to be changed of a route; what is absent stays.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ManagedRouteChange)]
pub(crate) struct ChangeBody {
    /// Its unique name.
    #[serde(default)]
    name: Option<String>,
    /// `auto`, `specific` or `multi`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    mode: Option<RouteMode>,
    /// Whether calls may use it.
    #[serde(default)]
    is_active: Option<bool>,
    /// What you keep with it, replaced whole.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    config: Option<Notes>,
    /// Where its calls go, replaced whole. A node of the same provider and models keeps what a node has no member for.
    #[serde(default)]
    nodes: Option<Vec<NodeBody>>,
    /// The name of the route whose nodes are tried after its own; `null` for none.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    fallback: Option<Option<String>>,
    /// Which faults move on.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    failover_on: Option<FailoverOn>,
}

impl ApiBody for ChangeBody {}

impl ChangeBody {
    pub(super) fn read(self, names: &Names) -> Result<RouteChange, ApiError> {
        let targets = self.nodes.map(|bodies| nodes(bodies, names)).transpose()?;
        let wanted = self.fallback.map(|wanted| wanted.map(fallback).transpose()).transpose()?;
        Ok(RouteChange {
            name: self.name.map(named).transpose()?,
            mode: self.mode,
            strategy: targets.as_deref().filter(|targets| !targets.is_empty()).map(strategy),
            failover_on: self.failover_on,
            fallback: wanted,
            config: self.config,
            is_active: self.is_active,
            targets,
            keeps_unsaid: true,
            ..RouteChange::default()
        })
    }
}

/// A node of a route.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ManagedNode)]
pub(crate) struct NodeShape {
    /// Its id.
    id: i64,
    /// Its route's id.
    route_id: i64,
    /// The provider's id.
    api_id: i64,
    /// The provider's name.
    api_name: String,
    /// Its models that the node serves; none means all.
    models: Vec<String>,
    /// How it shares with its equals.
    strategy: String,
    /// Lower is tried first.
    priority: u32,
    /// What is kept with it.
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
    /// When its route was made.
    created_at: String,
    /// When its route was last changed.
    updated_at: String,
}

/// A route.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ManagedRoute)]
pub(crate) struct RouteShape {
    /// Its id.
    id: i64,
    /// Its name.
    name: String,
    /// `auto`, `specific` or `multi`.
    mode: &'static str,
    /// Whether calls may use it.
    is_active: bool,
    /// What is kept with it.
    #[schema(value_type = Object)]
    config: Map<String, Value>,
    /// Where its calls go, in order.
    nodes: Vec<NodeShape>,
    /// The name of the route whose nodes are tried after its own.
    fallback: Option<String>,
    /// Which faults move on.
    failover_on: &'static str,
    /// When it was made.
    created_at: String,
    /// When it was last changed.
    updated_at: String,
}

impl From<RouteState> for RouteShape {
    fn from(RouteState { route, providers, fallback }: RouteState) -> Self {
        let (created_at, updated_at) = (route.meta.created_at.to_string(), route.meta.updated_at.to_string());
        let node = |(target, api_name): (Target, String)| NodeShape {
            id: target.id.0,
            route_id: route.id.0,
            api_id: target.provider.0,
            api_name,
            models: target.models.named().to_vec(),
            strategy: target.strategy.unwrap_or(route.strategy).as_str().replace('_', "-"),
            priority: target.priority,
            metadata: target.metadata.object().clone(),
            created_at: created_at.clone(),
            updated_at: updated_at.clone(),
        };
        Self {
            id: route.id.0,
            name: route.name.to_string(),
            mode: route.mode.as_str(),
            is_active: route.is_active,
            config: route.config.object().clone(),
            nodes: route.targets.into_iter().zip(providers).map(node).collect(),
            fallback: fallback.map(|name| name.to_string()),
            failover_on: route.failover_on.as_str(),
            created_at: created_at.clone(),
            updated_at: updated_at.clone(),
        }
    }
}
