//! What a plan rests on besides the route: the targets as they are now, and the call.

use super::asking::{self, Reserve};
use super::lots::{Lots, TurnKey};
use crate::snapshot::{CallerCredentials, Quotas, RouteEntry, TargetEntry};
use std::sync::Arc;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::TokenUsage;
use switchyard_domain::health::AnswerForm;
use switchyard_domain::limits::{LimitKind, Limits};
use switchyard_domain::money::NanoUsd;
use switchyard_domain::price::{ServiceTier, cost};
use switchyard_domain::route::{
    Availability, Avoidance, Candidate, Field, Headroom, PlanError, PlannedCall, Rule, SkipReason, Strategy,
};
use switchyard_domain::time::Timestamp;
use switchyard_ports::clock::Monotonic;
use switchyard_ports::health::{Account, Health};
use switchyard_ports::limiter::{Demand, Limiter, Scope};

/// What is known at the moment of a plan.
pub(crate) struct Outlook<'a> {
    pub(crate) health: &'a dyn Health,
    pub(crate) limiter: &'a dyn Limiter,
    pub(crate) quotas: &'a Quotas,
    pub(crate) credentials: &'a CallerCredentials,
    pub(crate) call: OutlookCall<'a>,
    pub(crate) now: Timestamp,
    pub(crate) monotonic: Monotonic,
}

/// The call that is planned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutlookCall<'a> {
    pub(crate) planned: PlannedCall<'a>,
    /// The tokens that its answer is taken to have, for its price.
    pub(crate) output_estimate: u64,
    /// The tokens that it takes of limits, as far as they are known.
    pub(crate) reserved: Reserve,
    /// How its answer comes.
    pub(crate) form: AnswerForm,
}

/// A target that a call may go to.
#[derive(Clone)]
pub(crate) struct PlannedTarget {
    pub(crate) entry: Arc<TargetEntry>,
    pub(crate) availability: Availability,
    /// Why it stands where it stands.
    pub(crate) rule: Rule,
}

/// The targets of a route for one call, in the order to try them.
pub(crate) struct RoutePlan {
    pub(crate) targets: Vec<PlannedTarget>,
    /// What is left out, and why.
    pub(crate) skipped: Vec<(Arc<TargetEntry>, SkipReason)>,
}

/// Why a route has no targets for a call.
pub(crate) struct NoTargets {
    pub(crate) why: PlanError,
    /// Its targets: what the indices of the error mean.
    pub(crate) entries: Vec<Arc<TargetEntry>>,
}

impl<'a> OutlookCall<'a> {
    pub(crate) fn of(facts: &'a CallFacts) -> Self {
        let reserved = Reserve::of(facts);
        let planned = PlannedCall {
            prompt_tokens: reserved.prompt,
            output_tokens: facts.max_output_tokens,
            needs: facts.needs,
            tags: &facts.tags,
        };
        Self { planned, output_estimate: reserved.output, reserved, form: facts.answer_form() }
    }
}

impl Outlook<'_> {
    /// The plan of a route for a call that names this model, or none.
    pub(crate) fn plan(
        &self,
        route: &RouteEntry,
        model: Option<&str>,
        lots: &mut dyn Lots,
    ) -> Result<RoutePlan, NoTargets> {
        let meant = |target: &Arc<TargetEntry>| {
            let serving = model.and_then(|model| target.serving(model)).map(Arc::new);
            (serving.as_ref().unwrap_or(target).clone(), model.is_none() || serving.is_some())
        };
        let entries: Vec<(Arc<TargetEntry>, bool)> = route.targets.iter().map(meant).collect();
        let strategies = strategies(route);
        let candidates: Vec<Candidate<'_>> =
            entries.iter().map(|(it, serves)| self.candidate(it, *serves, &strategies)).collect();
        let planned = Field::of(route.mode, route.strategy, &candidates, model.is_some(), &self.call.planned);
        let (plan, skipped) = match planned {
            Ok(field) => {
                let is_misfit = |(index, reason): &(usize, SkipReason)| {
                    (*reason != SkipReason::SwitchedOff).then_some(*index)
                };
                let misfits = field.skipped().iter().filter_map(is_misfit).collect();
                let turn = lots.turn(&route.turns, TurnKey { model: model.map(str::to_owned), misfits });
                let is_drawn =
                    strategies.iter().any(|it| matches!(it, Strategy::Weighted | Strategy::LeastLatency));
                let draw = if is_drawn { lots.draw() } else { 0 };
                (field.plan(turn, draw), field.skipped().to_vec())
            }
            Err(why) => {
                return Err(NoTargets {
                    why,
                    entries: entries.iter().map(|(entry, _)| entry.clone()).collect(),
                });
            }
        };
        let entry = |index: usize| entries.get(index).map(|(entry, _)| entry.clone());
        let target = |(index, rule): (usize, Rule)| {
            let availability = candidates.get(index)?.availability;
            Some(PlannedTarget { entry: entry(index)?, availability, rule })
        };
        Ok(RoutePlan {
            targets: plan.order.into_iter().zip(plan.rules).filter_map(target).collect(),
            skipped: skipped.into_iter().filter_map(|(index, why)| Some((entry(index)?, why))).collect(),
        })
    }

    fn candidate<'t>(&self, target: &'t TargetEntry, serves: bool, strategies: &[Strategy]) -> Candidate<'t> {
        let (provider, model) = (&target.provider, target.model.model.as_str());
        let own = self.credentials.own_rest(provider, model, self.monotonic);
        let account = if own.is_some() { Account::Own } else { Account::Shared };
        let view = self.health.view(provider.id, model, account, self.call.form);
        let is_usable = target.is_usable(self.credentials);
        let asks = |strategy| strategies.contains(&strategy);
        Candidate {
            provider: target.provider.id,
            serves,
            weight: target.weight,
            priority: target.priority,
            strategy: target.strategy,
            when: &target.when,
            availability: match view.availability {
                _ if !is_usable => Availability::Unusable,
                Availability::Ready => match own.flatten() {
                    Some(left) => Availability::Avoid(Avoidance::Resting { left }),
                    None if provider.is_avoided() => Availability::Avoid(Avoidance::Unhealthy),
                    None => Availability::Ready,
                },
                known => known,
            },
            capabilities: target.model.capabilities,
            context_window: target.model.context_window,
            latency: view.latency,
            in_flight: view.in_flight,
            cost: if asks(Strategy::Cheapest) { self.cost(target) } else { None },
            headroom: if asks(Strategy::Headroom) { self.headroom(target) } else { Headroom::FULL },
        }
    }

    /// Whether a target can take a call now.
    pub(crate) fn availability(&self, target: &TargetEntry) -> Availability {
        self.candidate(target, true, &[]).availability
    }

    /// What the call costs at a target, its prompt and its answer by estimate.
    fn cost(&self, target: &TargetEntry) -> Option<NanoUsd> {
        let price = target.model.price.as_ref()?;
        let usage = TokenUsage {
            input: self.call.planned.prompt_tokens,
            output: self.call.output_estimate,
            ..TokenUsage::default()
        };
        cost(price, &usage, self.now, ServiceTier::Standard).map(|cost| cost.amount)
    }

    /// The smallest share that is left of any limit that a call to this target is held to besides its caller's.
    pub(crate) fn headroom(&self, target: &TargetEntry) -> Headroom {
        let demands = asking::of_target(self.quotas, target);
        let shares = demands.iter().filter(|demand| !demand.limits.is_none());
        shares.map(|demand| self.share(&demand.scope, demand.limits)).min().unwrap_or(Headroom::FULL)
    }

    /// The limit of those besides the caller's that has no room for the call at this target, if there is one. How many calls are in
    /// flight, and what budgets have left, changes from moment to moment and is not looked at.
    pub(crate) fn spent(&self, target: &TargetEntry) -> Option<LimitKind> {
        let demands = asking::of_target(self.quotas, target);
        let tokens = self.call.reserved.under(&demands).max(1);
        demands.iter().filter(|demand| !demand.limits.is_none()).find_map(
            |Demand { scope, limits, .. }| {
                let tally = self.limiter.tally(scope);
                let is_over = [
                    (LimitKind::Requests, limits.rpm.is_some_and(|limit| tally.requests >= u64::from(limit))),
                    (
                        LimitKind::Tokens,
                        limits.tpm.is_some_and(|limit| tally.tokens + u128::from(tokens) > u128::from(limit)),
                    ),
                    (
                        LimitKind::DailyRequests,
                        limits.rpd.is_some_and(|limit| tally.today >= u64::from(limit)),
                    ),
                ];
                is_over.into_iter().find_map(|(limit, is_over)| is_over.then_some(limit))
            },
        )
    }

    fn share(&self, scope: &Scope, limits: Limits) -> Headroom {
        let tally = self.limiter.tally(scope);
        let of = |used: u128, limit: Option<u128>| limit.map(|limit| Headroom::of(used, limit));
        let shares = [
            of(tally.requests.into(), limits.rpm.map(u128::from)),
            of(tally.tokens, limits.tpm.map(u128::from)),
            of(tally.today.into(), limits.rpd.map(u128::from)),
        ];
        shares.into_iter().flatten().min().unwrap_or(Headroom::FULL)
    }
}

/// All strategies by which targets of a route may share.
fn strategies(route: &RouteEntry) -> Vec<Strategy> {
    std::iter::once(route.strategy).chain(route.targets.iter().filter_map(|target| target.strategy)).collect()
}
