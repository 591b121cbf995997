//! Where calls would go.

use super::{Routing, RoutingError, unplanned};
use crate::chat::Foreseeing;
use crate::explain::SkippedTarget;
use switchyard_domain::ids::RouteId;
use switchyard_domain::route::{Needs, PlannedCall};

/// The most calls of a dry run.
pub const MOST_RUNS: u32 = 10_000;

/// The output that a call without a limit is taken to have.
const OUTPUT_ESTIMATE: u64 = 1_000;

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
}

/// Where calls would go, were all targets as they are now for as long as they come: only the turns go on, and the draws.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DryRun {
    /// How many calls.
    pub calls: u32,
    /// The targets in the order in which the first call would try them. Those that no call goes to first have none.
    pub shares: Vec<RunShare>,
    /// The targets that such a call can't go to, and why.
    pub skipped: Vec<SkippedTarget>,
}

/// What a target would get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunShare {
    /// `<provider>/<model>`.
    pub target: String,
    /// How many calls would go to it first.
    pub calls: u32,
    /// The rule that decided for the first of them.
    pub rule: Option<String>,
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
        let output = call.output_tokens.unwrap_or(OUTPUT_ESTIMATE);
        let outlook = self.outlook(&credentials, planned, output);
        let calls = calls.clamp(1, MOST_RUNS);
        let mut run = DryRun { calls, shares: Vec::new(), skipped: Vec::new() };
        for ahead in 0..calls {
            let draw = self.ports.entropy.random();
            let mut lots = Foreseeing { turns: &route.turns, draw, ahead: u64::from(ahead) };
            let plan = outlook.plan(&route, call.model.as_deref(), &mut lots);
            let plan = plan.map_err(|error| unplanned(error, &route))?;
            if ahead == 0 {
                let unused = |name: String| RunShare { target: name, calls: 0, rule: None };
                let names = plan.targets.iter().map(|target| target.entry.model.public_name.clone());
                run.shares = names.map(unused).collect();
                let skipped = plan.skipped.into_iter();
                run.skipped = skipped
                    .map(|(target, reason)| SkippedTarget {
                        target: target.model.public_name.clone(),
                        reason,
                    })
                    .collect();
            }
            let first = plan.targets.first().map(|target| &target.entry.model.public_name);
            if let Some(share) = run.shares.iter_mut().find(|share| Some(&share.target) == first) {
                share.calls += 1;
                share.rule.get_or_insert_with(|| plan.decision.to_string());
            }
        }
        Ok(run)
    }
}
