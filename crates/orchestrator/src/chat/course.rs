//! Where a call may go: the plan of its route and of the routes behind it, or the one target that it names.

use super::outlook::{Lots, Outlook, PlannedTarget, RoutePlan, TurnKey};
use super::refusals::{no_plan, unusable};
use super::resolution::Resolved;
use crate::error::CallError;
use crate::snapshot::{ModelEntry, RouteEntry, Snapshot, TakenTurn, TargetEntry, Turns};
use std::collections::VecDeque;
use std::iter::once;
use std::sync::Arc;
use switchyard_domain::fault::FailoverOn;
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::route::{Availability, Decision, PlanError, SkipReason, Timeouts};
use switchyard_ports::clock::Monotonic;
use switchyard_ports::entropy::Entropy;
use switchyard_ports::health::Occasion;

/// A target to try, by the rules of the route that it stands in.
#[derive(Clone)]
pub(super) struct Step {
    pub(super) target: TargetEntry,
    pub(super) occasion: Occasion,
    route: Option<Arc<RouteEntry>>,
}

impl Step {
    /// The same target once more; its last attempt had failed at this time.
    pub(super) fn again(&self, failed_at: Monotonic) -> Self {
        Self { occasion: Occasion::Retry { failed_at }, ..self.clone() }
    }

    /// Which faults move on from it.
    pub(super) fn failover_on(&self) -> FailoverOn {
        self.route.as_ref().map(|route| route.failover_on).unwrap_or_default()
    }

    /// Whether its route refuses what can't be carried.
    pub(super) fn is_strict(&self) -> bool {
        self.route.as_ref().is_some_and(|route| route.strict)
    }

    /// How long the steps of an attempt at it may take.
    pub(super) fn timeouts(&self) -> Timeouts {
        let of_route = self.route.as_ref().map(|route| route.timeouts).unwrap_or_default();
        self.target.timeouts.or(Timeouts { total_ms: None, ..of_route })
    }
}

/// Where a call may go, in order.
pub(super) struct Course {
    snapshot: Arc<Snapshot>,
    /// Those whose turn it is.
    steps: VecDeque<Step>,
    /// Those that were held back: tried when nothing else is left.
    held: VecDeque<Step>,
    /// The route that follows when these have failed.
    fallback: Option<Arc<RouteEntry>>,
    routes: Vec<RouteId>,
    /// What was taken in, where a route may follow: the providers, and their models.
    known: Vec<(ProviderId, Arc<ModelEntry>)>,
    turns: Vec<TakenTurn>,
    is_admitted: bool,
    has_one: bool,
    /// Of the whole call, as the route that was called says.
    pub(super) timeouts: Timeouts,
    /// Why the first target is the first.
    decision: Option<Decision>,
}

/// The course that a call would take now. No turn is taken.
pub(crate) fn planned(resolved: &Resolved, outlook: &Outlook<'_>, draw: u64) -> Result<Foreseen, CallError> {
    match resolved {
        Resolved::Direct(target) => Ok(Foreseen {
            strict: false,
            decision: Decision::NAMED,
            targets: vec![direct(target, outlook)?],
            skipped: Vec::new(),
        }),
        Resolved::Route { route, hint } => {
            let mut lots = Foreseeing { turns: &route.turns, draw, ahead: 0 };
            let plan = outlook.plan(route, hint.as_deref(), &mut lots);
            let plan = plan.map_err(|(error, targets)| no_plan(&error, &targets, route))?;
            let RoutePlan { targets, decision, skipped } = plan;
            Ok(Foreseen { strict: route.strict, decision, targets, skipped })
        }
    }
}

/// What would become of a call.
pub(crate) struct Foreseen {
    pub(crate) strict: bool,
    pub(crate) decision: Decision,
    pub(crate) targets: Vec<PlannedTarget>,
    pub(crate) skipped: Vec<(TargetEntry, SkipReason)>,
}

fn direct(target: &TargetEntry, outlook: &Outlook<'_>) -> Result<PlannedTarget, CallError> {
    if !target.is_usable(outlook.credentials) {
        return Err(unusable(target));
    }
    Ok(PlannedTarget { entry: target.clone(), availability: outlook.availability(target) })
}

impl Course {
    /// The course of a call, with its route's next turn.
    pub(super) fn of(
        resolved: &Resolved,
        snapshot: &Arc<Snapshot>,
        outlook: &Outlook<'_>,
        entropy: &dyn Entropy,
    ) -> Result<Self, CallError> {
        let mut course = Self {
            snapshot: Arc::clone(snapshot),
            steps: VecDeque::new(),
            held: VecDeque::new(),
            fallback: None,
            routes: Vec::new(),
            known: Vec::new(),
            turns: Vec::new(),
            is_admitted: false,
            has_one: false,
            timeouts: Timeouts::DEFAULT,
            decision: None,
        };
        match resolved {
            Resolved::Direct(target) => {
                course.decision = Some(Decision::NAMED);
                let target = direct(target, outlook)?;
                course.take_in([target], None);
            }
            Resolved::Route { route, hint } => {
                course.timeouts = route.timeouts;
                if let Err(error) = course.join(route, hint.as_deref(), outlook, entropy) {
                    while course.is_empty() && course.fall_back(outlook, entropy) {}
                    if course.is_empty() {
                        return Err(error);
                    }
                }
            }
        }
        course.has_one = course.steps.len() + course.held.len() == 1 && course.fallback.is_none();
        Ok(course)
    }

    /// The next target that was not tried, if there is one. Those of the route behind this one come before those that are better not
    /// tried now. `is_first` tells whether the call made no attempt yet.
    pub(super) fn next(
        &mut self,
        outlook: &Outlook<'_>,
        entropy: &dyn Entropy,
        is_first: bool,
    ) -> Option<Step> {
        while self.steps.is_empty() && self.fall_back(outlook, entropy) {}
        let last_resort = |step| Step { occasion: Occasion::LastResort { is_first }, ..step };
        self.steps.pop_front().or_else(|| self.held.pop_front().map(last_resort))
    }

    /// A target that is not to be tried in its turn comes again when nothing else is left.
    pub(super) fn hold(&mut self, step: Step) {
        self.held.push_back(step);
    }

    fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.held.is_empty()
    }

    /// The word of the rule that put the first target first.
    pub(super) fn reason(&self) -> &'static str {
        self.decision.unwrap_or(Decision::NAMED).as_str()
    }

    /// Whether a target is left that was not tried.
    pub(super) fn has_more(&self) -> bool {
        !self.is_empty() || self.fallback.is_some()
    }

    /// Whether no other target can take the call.
    pub(super) fn has_one(&self) -> bool {
        self.has_one
    }

    /// The targets that a call may reach whose next attempt goes to this one. Further ones are reached where some of them are passed
    /// over, or the route behind is; what those cost beyond is held when they are.
    pub(super) fn reachable<'t>(
        &'t self,
        next: &'t TargetEntry,
        max_attempts: u32,
    ) -> impl Iterator<Item = &'t TargetEntry> {
        let most = usize::try_from(max_attempts.max(1)).unwrap_or(usize::MAX);
        let rest = self.steps.iter().chain(&self.held).map(|step| &step.target);
        once(next).chain(rest).take(most)
    }

    /// The call is admitted.
    pub(super) fn admitted(&mut self) {
        self.is_admitted = true;
        self.turns.iter_mut().for_each(TakenTurn::used);
    }

    /// Takes in the targets of the route that follows. Each route is joined once, so that a circle of them ends. Answers whether there
    /// was one.
    fn fall_back(&mut self, outlook: &Outlook<'_>, entropy: &dyn Entropy) -> bool {
        let Some(route) = self.fallback.take() else { return false };
        if let Err(error) = self.join(&route, None, outlook, entropy) {
            tracing::debug!(route.name = %route.name, reason = %error.message, "a route that calls fall back to is passed over");
        }
        true
    }

    fn join(
        &mut self,
        route: &Arc<RouteEntry>,
        model: Option<&str>,
        outlook: &Outlook<'_>,
        entropy: &dyn Entropy,
    ) -> Result<(), CallError> {
        self.routes.push(route.id);
        let fallback = route.fallback.as_ref().and_then(|name| self.snapshot.routes.get(name));
        let fallback = fallback.filter(|fallback| fallback.is_active && !self.routes.contains(&fallback.id));
        self.fallback = fallback.cloned();
        let mut lots = Taking::of(&route.turns, entropy);
        let plan = outlook.plan(route, model, &mut lots);
        let taken = lots.into_taken();
        let plan = plan.map_err(|(error, targets)| {
            // Whoever names no model, or a wrong one, is told so.
            if self.routes.len() == 1 && matches!(error, PlanError::HintMissing | PlanError::HintNotServed) {
                self.fallback = None;
            }
            no_plan(&error, &targets, route)
        })?;
        if let Some(mut turn) = taken {
            if self.is_admitted {
                turn.used();
            }
            self.turns.push(turn);
        }
        self.decision.get_or_insert(plan.decision);
        let is_following = self.routes.len() > 1;
        let targets = if is_following { self.following(plan.targets) } else { plan.targets };
        self.take_in(targets, Some(route));
        Ok(())
    }

    /// What a route that follows adds: what stood in one before comes no second time, what is set apart is reached through its own route
    /// alone, and other models of the same providers come after those of providers that were not asked.
    fn following(&self, mut targets: Vec<PlannedTarget>) -> Vec<PlannedTarget> {
        let is_known = |it: &PlannedTarget, of_model: bool| {
            let TargetEntry { provider, model, .. } = &it.entry;
            self.known
                .iter()
                .any(|(id, known)| *id == provider.id && (!of_model || known.model == model.model))
        };
        targets.retain(|it| it.entry.provider.set_apart_for.is_none() && !is_known(it, true));
        targets.sort_by_key(|it| is_known(it, false));
        targets
    }

    /// Those that are better not tried now wait until nothing else is left.
    fn take_in(&mut self, targets: impl IntoIterator<Item = PlannedTarget>, route: Option<&Arc<RouteEntry>>) {
        for PlannedTarget { entry: target, availability } in targets {
            if self.fallback.is_some() {
                self.known.push((target.provider.id, Arc::clone(&target.model)));
            }
            let step = Step { target, occasion: Occasion::Turn, route: route.cloned() };
            match availability {
                Availability::Avoid(_) => self.held.push_back(step),
                Availability::Ready | Availability::Unusable => self.steps.push_back(step),
            }
        }
    }
}

/// Takes the turn and draws.
pub(crate) struct Taking<'a> {
    turns: &'a Arc<Turns>,
    entropy: &'a dyn Entropy,
    taken: Option<TakenTurn>,
}

impl<'a> Taking<'a> {
    pub(crate) fn of(turns: &'a Arc<Turns>, entropy: &'a dyn Entropy) -> Self {
        Self { turns, entropy, taken: None }
    }

    /// The turn that was taken, if the plan came so far.
    pub(crate) fn into_taken(self) -> Option<TakenTurn> {
        self.taken
    }
}

impl Lots for Taking<'_> {
    fn turn(&mut self, key: TurnKey) -> u64 {
        let taken = self.turns.take(key);
        let number = taken.number();
        self.taken = Some(taken);
        number
    }

    fn draw(&mut self) -> u64 {
        self.entropy.random()
    }
}

/// Looks at the turn that comes, and takes none.
pub(crate) struct Foreseeing<'a> {
    pub(crate) turns: &'a Arc<Turns>,
    pub(crate) draw: u64,
    /// How many turns are taken before it.
    pub(crate) ahead: u64,
}

impl Lots for Foreseeing<'_> {
    fn turn(&mut self, key: TurnKey) -> u64 {
        self.turns.coming(&key).wrapping_add(self.ahead)
    }

    fn draw(&mut self) -> u64 {
        self.draw
    }
}
