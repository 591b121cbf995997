//! Where calls would go.

use super::{Looked, Routing, RoutingError};
use crate::chat::{Foreseeing, Foreseen, PassedRoute, Step};
use crate::explain::SkippedTarget;
use crate::snapshot::RouteEntry;
use switchyard_domain::health::AnswerForm;
use switchyard_domain::ids::{RouteId, TargetId};
use switchyard_domain::route::{Avoidance, Needs, PlannedCall, Rule};
use switchyard_ports::limiter::Scope;

/// The most calls of a dry run.
pub const MOST_RUNS: u32 = 10_000;

/// A call as a dry run sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DryCall {
    /// The model that it names behind the route, if any.
    pub model: Option<String>,
    /// Its prompt's tokens.
    pub prompt_tokens: u64,
    /// The most tokens that it wants of an answer.
    pub output_tokens: Option<u64>,
    /// What it needs of the model.
    pub needs: Needs,
    /// Its tags.
    pub tags: Vec<String>,
    /// Whether its answer is streamed: how quick targets are is measured apart.
    pub stream: bool,
}

/// Where calls would go, were all targets as they are now for as long as they come: only the turns go on, and the draws.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DryRun {
    /// How many calls.
    pub calls: u32,
    /// Whether the route is switched on. One that is not is shown as it would be.
    pub is_active: bool,
    /// The targets in the order in which the first call would try them, those of the routes behind too. Those that no call goes to first
    /// have none.
    pub shares: Vec<RunShare>,
    /// The targets that such a call can't go to, and why.
    pub skipped: Vec<SkippedTarget>,
    /// The routes of the chain that add no target.
    pub passed: Vec<PassedRoute>,
}

/// What a target would get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunShare {
    /// Which one, where several are of one provider and model.
    pub id: Option<TargetId>,
    /// `<provider>/<model>`.
    pub target: String,
    /// The route that it stands in: the one that was asked, or one behind it.
    pub route: String,
    /// How many calls would go to it first.
    pub calls: u32,
    /// The rule that decided: for the first of them, or, where there are none, for its place in the first call's order.
    pub rule: Rule,
    /// Why it is better not tried now, where that is so.
    pub avoided: Option<Avoidance>,
}

impl Routing {
    /// Where `calls` such calls would go, at most [`MOST_RUNS`]. Nobody is called, and no turn is taken.
    ///
    /// # Errors
    /// [`RoutingError`].
    pub fn dry_run(&self, id: RouteId, call: &DryCall, calls: u32) -> Result<DryRun, RoutingError> {
        let (route, snapshot) = self.found(id)?;
        let credentials = Self::credentials(&snapshot);
        let planned = PlannedCall {
            prompt_tokens: call.prompt_tokens,
            output_tokens: call.output_tokens,
            needs: call.needs,
            tags: &call.tags,
        };
        let form = if call.stream { AnswerForm::Streamed } else { AnswerForm::Whole };
        let outlook = self.outlook(&snapshot, &credentials, planned, form);
        let looked = Looked { route: &route, snapshot: &snapshot, outlook: &outlook };
        let course = |ahead: u32| {
            let lots = Foreseeing { entropy: self.ports.entropy.as_ref(), ahead: u64::from(ahead) };
            looked.course(call.model.as_deref(), lots)
        };
        let calls = calls.clamp(1, MOST_RUNS);
        let Foreseen { steps, left_out, passed } = course(0)?.foreseen(&outlook);
        let mut run = DryRun {
            calls,
            is_active: route.is_active,
            shares: steps.iter().map(|step| share(step, &route)).collect(),
            skipped: left_out.iter().map(SkippedTarget::from).collect(),
            passed,
        };
        // Targets that look alike have scopes of their own.
        let scopes: Vec<&Scope> = steps.iter().map(|step| &step.target.scope).collect();
        if let Some(first) = run.shares.first_mut() {
            first.calls = 1;
        }
        for ahead in 1..calls {
            let Some(step) = course(ahead)?.next_with_room(&outlook, true) else { continue };
            let at = scopes.iter().position(|scope| **scope == step.target.scope);
            if let Some(share) = at.and_then(|at| run.shares.get_mut(at)) {
                if share.calls == 0 {
                    share.rule = step.rule;
                }
                share.calls += 1;
            }
        }
        Ok(run)
    }
}

fn share(step: &Step, asked: &RouteEntry) -> RunShare {
    RunShare {
        id: step.target.id,
        target: step.target.model.public_name.clone(),
        route: step.route.as_deref().unwrap_or(asked).name.clone(),
        calls: 0,
        rule: step.rule,
        avoided: step.avoided,
    }
}
