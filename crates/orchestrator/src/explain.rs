//! What would become of a call, without one: its route, the order of its targets, the exact request that each would be sent,
//! what could not be carried, and what it could cost at most. No upstream is called and nothing is recorded.

pub use crate::chat::PriceBound;
use crate::chat::{Foreseen, Outlook, OutlookCall, PlannedTarget, asking, bound, planned, resolve};
use crate::error::CallError;
use crate::places::{Place, Places, PlacesTaken};
use crate::principal::Principal;
use crate::routing::RoutingPorts;
use crate::snapshot::{CallerCredentials, ConfigurationKeeper, Snapshot, credentials_of};
use std::sync::Arc;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::LossReport;
use switchyard_domain::ids::UserId;
use switchyard_domain::provider::CredentialSource;
use switchyard_domain::route::{Availability, Avoidance, Decision, SkipReason};
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
    pub limits: Vec<Demand>,
    /// The targets in the order in which they would be tried.
    pub targets: Vec<ExplainedTarget>,
    /// The rule that puts the first target first.
    pub decision: Decision,
    /// The targets of the route that this call can't go to, and why.
    pub skipped: Vec<SkippedTarget>,
}

/// A target that a call can't go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedTarget {
    /// `<provider>/<model>`.
    pub target: String,
    /// Why.
    pub reason: SkipReason,
}

/// What a target would be sent.
#[derive(Clone, Debug)]
pub struct ExplainedTarget {
    /// `<provider>/<model>`.
    pub target: String,
    /// Whose credential would be used; `None` where none would. Or why the one that would be used can't be.
    pub credential: Result<Option<CredentialSource>, String>,
    /// The exact request, without the credential; or why none can be made.
    pub request: Result<Box<Prepared>, String>,
    /// Whether the call would be refused for what could not be carried, as the caller or the route is strict.
    pub is_refused: bool,
    /// The most that the call can cost here.
    pub price_bound: PriceBound,
    /// The limits and budgets that it would be held to here besides the caller's.
    pub limits: Vec<Demand>,
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
}

impl Explainer {
    /// Over the given configuration and ports.
    #[must_use]
    pub fn new(keeper: Arc<ConfigurationKeeper>, ports: RoutingPorts) -> Self {
        Self { keeper, ports, places: Places::new(AT_ONCE, AT_ONCE_EACH) }
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
            credentials: &credentials,
            call: OutlookCall::of(facts),
            now: self.ports.clock.now(),
        };
        let Foreseen { strict, decision, targets, skipped } =
            planned(&resolved, &outlook, self.ports.entropy.random())?;
        let strict = facts.strict || strict;
        let targets = targets.iter().map(|target| self.target(&snapshot, target, call, strict, &credentials));
        let skipped = skipped
            .into_iter()
            .map(|(target, reason)| SkippedTarget { target: target.model.public_name.clone(), reason });
        Ok(Explanation {
            route: resolved.route_name().map(str::to_owned),
            estimated_prompt_tokens: facts.estimated_prompt_tokens(),
            reserved_tokens: asking::reserved_tokens(facts),
            limits: asking::of_caller(&snapshot.quotas, &self.keeper.users(), principal),
            facts: facts.clone(),
            targets: targets.collect(),
            decision,
            skipped: skipped.collect(),
        })
    }

    fn target(
        &self,
        snapshot: &Snapshot,
        PlannedTarget { entry: target, availability }: &PlannedTarget,
        call: &dyn ClientCall,
        strict: bool,
        credentials: &CallerCredentials,
    ) -> ExplainedTarget {
        let request = match &target.provider.client {
            Ok(client) => client.prepare(call, &target.model.model).map_err(|fault| fault.message),
            Err(reason) => Err(reason.clone()),
        };
        let is_refused = strict && request.as_ref().is_ok_and(|prepared| !prepared.losses.is_empty());
        let pieces = request.as_ref().map(|prepared| prepared.units).unwrap_or_default();
        ExplainedTarget {
            target: target.model.public_name.clone(),
            credential: credentials.source(&target.provider),
            request: request.map(Box::new),
            is_refused,
            price_bound: bound::shown(target, call.facts(), pieces, self.ports.clock.now()),
            limits: asking::of_target(&snapshot.quotas, target),
            avoided: match availability {
                Availability::Avoid(avoidance) => Some(*avoidance),
                Availability::Ready | Availability::Unusable => None,
            },
        }
    }
}
