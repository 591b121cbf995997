//! Where many calls would go, as JSON.

use super::{PassedRouteShape, SkippedShape};
use serde::Serialize;
use switchyard_orchestrator::routing::{DryRun, RunShare};
use utoipa::ToSchema;

/// Where calls would go.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DryRunResult)]
pub struct DryRunShape {
    calls: u32,
    /// Whether the route is switched on. One that is not takes no calls, and is shown as it would be.
    is_active: bool,
    /// The targets in the order in which the first call would try them, those of the routes behind too.
    targets: Vec<ShareShape>,
    /// The targets that such calls can't go to.
    skipped: Vec<SkippedShape>,
    /// The routes of the chain that add no target.
    passed_routes: Vec<PassedRouteShape>,
}

/// What a target would get.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DryRunShare)]
pub struct ShareShape {
    /// The target's id in its route: of one provider and model there may be several.
    target_id: Option<i64>,
    /// `<provider>/<model>`.
    target: String,
    /// The route that it stands in: the one that was asked, or one behind it.
    route: String,
    /// How many of the calls would go to it first.
    calls: u32,
    /// The rule that decided, in a word: for the first of these calls, or, where there are none, for its place in the first call's order.
    decided_by: &'static str,
    /// The same in a sentence.
    reason: String,
    /// Why it is better not tried now, so that it comes after all others.
    avoided: Option<String>,
}

impl From<&RunShare> for ShareShape {
    fn from(share: &RunShare) -> Self {
        Self {
            target_id: share.id.map(|id| id.0),
            target: share.target.clone(),
            route: share.route.clone(),
            calls: share.calls,
            decided_by: share.rule.as_str(),
            reason: share.rule.to_string(),
            avoided: share.avoided.map(|avoided| avoided.to_string()),
        }
    }
}

impl From<&DryRun> for DryRunShape {
    fn from(run: &DryRun) -> Self {
        Self {
            calls: run.calls,
            is_active: run.is_active,
            targets: run.shares.iter().map(ShareShape::from).collect(),
            skipped: run.skipped.iter().map(SkippedShape::from).collect(),
            passed_routes: run.passed.iter().map(PassedRouteShape::from).collect(),
        }
    }
}
