//! What would become of a call, without one: its route, the order of its targets, the exact request that each would be sent,
//! what could not be carried, and what it could cost at most. No upstream is called and nothing is recorded.

use crate::chat::{
    Course, Foreseeing, Foreseen, LeftOutTarget, Outlook, OutlookCall, Step, asking, bound, resolve,
};
pub use crate::chat::{LeftOut, PassedOver, PassedRoute, PriceBound};
use crate::error::CallError;
use crate::places::{Place, Places, PlacesTaken};
use crate::principal::Principal;
use crate::routing::RoutingPorts;
use crate::snapshot::{CallerCredentials, ConfigurationKeeper, Snapshot, credentials_of};
use std::sync::Arc;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::LossReport;
use switchyard_domain::ids::{TargetId, UserId};
use switchyard_domain::money::NanoUsd;
use switchyard_domain::provider::CredentialSource;
use switchyard_domain::route::{Avoidance, Rule};
use switchyard_ports::client_call::ClientCall;
use switchyard_ports::limiter::Demand;
use switchyard_ports::provider::Prepared;

/// Most explanations at once of everybody together, and of one person: each holds its call once for every target.
const AT_ONCE: usize = 8;
const AT_ONCE_EACH: usize = 1;

/// What would become of a call.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The route that the name stands for, where it stands for one.
    pub route: Option<String>,
    /// What was found in the body: dialect, name, stream, limits.
    pub facts: CallFacts,
    /// The prompt's tokens, estimated: what is reserved, never what is billed.
    pub estimated_prompt_tokens: u64,
    /// The tokens that it would reserve of each limit.
    pub reserved_tokens: u64,
    /// The limits and budgets of the caller that it would be held to.
    pub limits: Arc<[Demand]>,
    /// What every budget of the caller would have to have left: the most that the call is held to cost at any target that it may reach
    /// without the routes behind. `None` where it is known for none, and a call under a budget is refused.
    pub held: Option<NanoUsd>,
    /// The targets in the order in which they would be tried, those of the routes behind too.
    pub targets: Vec<ExplainedTarget>,
    /// The targets that this call can't go to, and why.
    pub skipped: Vec<SkippedTarget>,
    /// The routes of the chain that add no target, and why.
    pub passed: Vec<PassedRoute>,
}

impl Explanation {
    /// The rule that puts the first target first.
    #[must_use]
    pub fn rule(&self) -> Option<Rule> {
        self.targets.first().map(|target| target.rule)
    }
}

/// A target that a call can't go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedTarget {
    /// Which one, where several are of one provider and model.
    pub id: Option<TargetId>,
    /// `<provider>/<model>`.
    pub target: String,
    /// The route that it stands in.
    pub route: String,
    /// Why.
    pub reason: LeftOut,
}

impl From<&LeftOutTarget> for SkippedTarget {
    fn from(LeftOutTarget { id, target, route, why }: &LeftOutTarget) -> Self {
        Self { id: *id, target: target.clone(), route: route.name.clone(), reason: *why }
    }
}

/// What a target would be sent.
#[derive(Clone, Debug)]
pub struct ExplainedTarget {
    /// Which one, where several are of one provider and model.
    pub id: Option<TargetId>,
    /// `<provider>/<model>`.
    pub target: String,
    /// The route that it stands in: the one that was called, or one behind it. `None` where a model was called.
    pub route: Option<String>,
    /// The rule that puts it where it stands.
    pub rule: Rule,
    /// Whose credential would be used; `None` where none would. Or why the one that would be used can't be.
    pub credential: Result<Option<CredentialSource>, String>,
    /// The exact request, without the credential; or why none can be made.
    pub request: Result<Box<Prepared>, String>,
    /// Whether the call would be refused for what could not be carried, as the caller or the route is strict.
    pub is_refused: bool,
    /// The most that the call is expected to cost here.
    pub price_bound: PriceBound,
    /// What every budget of the target would have to have left for an attempt: no vendor's count of the prompt may outgrow it, so that it
    /// is often more than is expected. `None` where that is not known, and a call under a budget passes the target over.
    pub held: Option<NanoUsd>,
    /// The limits and budgets that it would be held to here besides the caller's.
    pub limits: Arc<[Demand]>,
    /// Why it is better not tried now, where that is so: it comes after all others then.
    pub avoided: Option<Avoidance>,
}

impl ExplainedTarget {
    /// What could not be carried.
    #[must_use]
    pub fn losses(&self) -> LossReport {
        self.request.as_ref().map(|prepared| prepared.losses.clone()).unwrap_or_default()
    }
}

/// Explains calls.
pub struct Explainer {
    keeper: Arc<ConfigurationKeeper>,
    ports: RoutingPorts,
    places: Places,
    holding: Holding,
}

/// What decides beside prices how much money is held for a call.
#[derive(Clone, Copy, Debug)]
pub struct Holding {
    /// For a call without a price, see [`BudgetTerms`](crate::chat::BudgetTerms).
    pub unpriced_ceiling: Option<NanoUsd>,
    /// The most attempts of a call.
    pub max_attempts: u32,
}

impl Explainer {
    /// Over the given configuration and ports.
    #[must_use]
    pub fn new(keeper: Arc<ConfigurationKeeper>, ports: RoutingPorts, holding: Holding) -> Self {
        Self { keeper, ports, places: Places::new(AT_ONCE, AT_ONCE_EACH), holding }
    }

    /// A place for an explanation that somebody asked for from afar, to be held until it has gone.
    ///
    /// # Errors
    /// Where this person, or everybody, has as many made as may be.
    pub fn place(&self, person: UserId) -> Result<Place, PlacesTaken> {
        self.places.take(person)
    }

    /// What would become of a call if `principal` made it now.
    ///
    /// # Errors
    /// What the call itself would be refused with before anything is sent: an unknown name, one that the principal may not use, a
    /// route without a usable target.
    pub fn explain(&self, principal: &Principal, call: &dyn ClientCall) -> Result<Explanation, CallError> {
        let snapshot = self.keeper.snapshot();
        let facts = call.facts();
        let resolved = resolve(&snapshot, principal, &facts.model)?;
        let credentials = credentials_of(&snapshot, principal);
        let outlook = Outlook {
            health: self.ports.health.as_ref(),
            limiter: self.ports.limiter.as_ref(),
            quotas: &snapshot.quotas,
            credentials: &credentials,
            call: OutlookCall::of(facts),
            now: self.ports.clock.now(),
            monotonic: self.ports.clock.monotonic(),
        };
        let lots = Foreseeing { entropy: self.ports.entropy.as_ref(), ahead: 0 };
        let course = Course::of(&resolved, &snapshot, &outlook, lots)?;
        let Foreseen { steps, left_out, passed } = course.foreseen(&outlook);
        let targets: Vec<_> =
            steps.iter().map(|step| self.target(&snapshot, step, call, &credentials)).collect();
        let limits = asking::of_caller(&snapshot.quotas, &self.keeper.users(), principal);
        Ok(Explanation {
            route: resolved.route_name().map(str::to_owned),
            estimated_prompt_tokens: facts.estimated_prompt_tokens(),
            reserved_tokens: asking::Reserve::of(facts).under(&limits),
            limits,
            facts: facts.clone(),
            held: self.held(&targets),
            targets,
            skipped: left_out.iter().map(SkippedTarget::from).collect(),
            passed,
        })
    }

    /// What a call holds of the caller's budgets when it begins.
    fn held(&self, targets: &[ExplainedTarget]) -> Option<NanoUsd> {
        let route = &targets.first()?.route;
        let attempts = usize::try_from(self.holding.max_attempts.max(1)).unwrap_or(usize::MAX);
        let reachable = targets.iter().filter(|target| target.route == *route).take(attempts);
        reachable.filter_map(|target| target.held).max()
    }

    fn target(
        &self,
        snapshot: &Snapshot,
        step: &Step,
        call: &dyn ClientCall,
        credentials: &CallerCredentials,
    ) -> ExplainedTarget {
        let target = &step.target;
        let strict = call.facts().strict || step.is_strict();
        let request = match &target.provider.client {
            Ok(client) => client.prepare(call, &target.model.model).map_err(|fault| fault.message),
            Err(reason) => Err(reason.clone()),
        };
        let is_refused = strict && request.as_ref().is_ok_and(|prepared| !prepared.losses.is_empty());
        let pieces = request.as_ref().map(|prepared| prepared.units).unwrap_or_default();
        let now = self.ports.clock.now();
        ExplainedTarget {
            id: target.id,
            route: step.route.as_ref().map(|route| route.name.clone()),
            rule: step.rule,
            target: target.model.public_name.clone(),
            credential: credentials.source(&target.provider),
            request: request.map(Box::new),
            is_refused,
            price_bound: bound::shown(target, call.facts(), pieces, now),
            held: bound::reserved(target, call, now).ok().or(self.holding.unpriced_ceiling),
            limits: asking::of_target(&snapshot.quotas, target),
            avoided: step.avoided,
        }
    }
}
