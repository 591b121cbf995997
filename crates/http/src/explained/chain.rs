//! What a chain of routes leaves out, as JSON.

use serde::Serialize;
use switchyard_orchestrator::explain::{PassedRoute, SkippedTarget};
use utoipa::ToSchema;

/// A target that a call can't go to.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SkippedTarget)]
pub struct SkippedShape {
    /// The target's id in its route.
    target_id: Option<i64>,
    /// `<provider>/<model>`.
    target: String,
    /// The route that it stands in.
    route: String,
    /// `switched_off`, `model_not_served`, `context_too_small`, `lacks_tools`, `lacks_vision`, `lacks_json_schema` or
    /// `condition_not_met`; `limit_spent`; of a route behind, `asked_before` or `set_apart` too.
    reason: &'static str,
    /// The same in a sentence.
    message: String,
}

impl From<&SkippedTarget> for SkippedShape {
    fn from(skipped: &SkippedTarget) -> Self {
        Self {
            target_id: skipped.id.map(|id| id.0),
            target: skipped.target.clone(),
            route: skipped.route.clone(),
            reason: skipped.reason.as_str(),
            message: skipped.reason.to_string(),
        }
    }
}

/// A route of the chain that adds no target.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PassedRoute)]
pub struct PassedRouteShape {
    /// Its name; `#<id>` where there is no such route any more.
    route: String,
    /// `switched_off`, `gone`, `loop`, `no_target` or `nothing_new`.
    reason: &'static str,
    /// The same in a sentence.
    message: String,
}

impl From<&PassedRoute> for PassedRouteShape {
    fn from(passed: &PassedRoute) -> Self {
        Self { route: passed.route.clone(), reason: passed.why.as_str(), message: passed.why.to_string() }
    }
}
