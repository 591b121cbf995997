//! Where a call may go: the plan of its route and of the routes behind it, or the one target that it names.

use super::left_out::{LeftOut, PassedOver, PassedRoute};
use super::lots::{Lots, Taking};
use super::outlook::{NoTargets, Outlook, PlannedTarget, RoutePlan};
use super::refusals::{no_targets, unusable};
use super::resolution::Resolved;
use crate::error::CallError;
use crate::snapshot::{AbsentTarget, Behind, ModelEntry, RouteEntry, Snapshot, TargetEntry};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;
use switchyard_domain::fault::FailoverOn;
use switchyard_domain::ids::{ProviderId, RouteId, TargetId};
use switchyard_domain::route::{Availability, Avoidance, Decision, PlanError, Rule, SkipReason, Timeouts};
use switchyard_domain::usage::PassedTarget;
use switchyard_ports::clock::Monotonic;
use switchyard_ports::health::Occasion;

/// A target to try, by the rules of the route that it stands in.
#[derive(Clone)]
pub(crate) struct Step {
    pub(crate) target: Arc<TargetEntry>,
    pub(super) occasion: Occasion,
    /// The route that it stands in, where one was called.
    pub(crate) route: Option<Arc<RouteEntry>>,
    /// Why it stands there where it stands.
    pub(crate) rule: Rule,
    /// Why it is better not tried now, where that is so: it comes after all others then.
    pub(crate) avoided: Option<Avoidance>,
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
    pub(crate) fn is_strict(&self) -> bool {
        self.route.as_ref().is_some_and(|route| route.strict)
    }

    /// How long the steps of an attempt at it may take.
    pub(super) fn timeouts(&self) -> Timeouts {
        let of_route = self.route.as_ref().map(|route| route.timeouts).unwrap_or_default();
        self.target.timeouts.or(Timeouts { total_ms: None, ..of_route })
    }
}

/// A target that the course leaves out.
pub(crate) struct LeftOutTarget {
    pub(crate) id: Option<TargetId>,
    /// `<provider>/<model>`.
    pub(crate) target: String,
    pub(crate) route: Arc<RouteEntry>,
    pub(crate) why: LeftOut,
}

impl LeftOutTarget {
    fn of(target: &TargetEntry, route: &Arc<RouteEntry>, why: LeftOut) -> Self {
        Self { id: target.id, target: target.model.public_name.clone(), route: Arc::clone(route), why }
    }

    /// One that is not served.
    fn absent(target: &AbsentTarget, route: &Arc<RouteEntry>) -> Self {
        let why =
            if target.is_set_apart { LeftOut::SetApart } else { LeftOut::Unfit(SkipReason::SwitchedOff) };
        Self { id: Some(target.id), target: target.public_name(), route: Arc::clone(route), why }
    }
}

/// Where a call may go, in order.
pub(crate) struct Course<L> {
    snapshot: Arc<Snapshot>,
    lots: L,
    /// Those whose turn it is.
    steps: VecDeque<Step>,
    /// Those that were held back: tried when nothing else is left.
    held: VecDeque<Step>,
    /// The route that follows when these have failed.
    fallback: Option<Arc<RouteEntry>>,
    routes: Vec<RouteId>,
    /// What was taken in, where a route may follow: the providers, and their models.
    known: Vec<(ProviderId, Arc<ModelEntry>)>,
    left_out: Vec<LeftOutTarget>,
    passed: Vec<PassedRoute>,
    has_one: bool,
    /// Of the whole call, as the route that was called says.
    pub(super) timeouts: Timeouts,
}

/// Where a call would go, to the end of the chain.
pub(crate) struct Foreseen {
    pub(crate) steps: Vec<Step>,
    pub(crate) left_out: Vec<LeftOutTarget>,
    pub(crate) passed: Vec<PassedRoute>,
}

/// Why a call to a route has no course.
pub(crate) struct NoCourse {
    /// Why the route that was called has no target.
    pub(crate) why: PlanError,
    pub(crate) error: CallError,
}

impl<L: Lots> Course<L> {
    /// The course of a call.
    pub(crate) fn of(
        resolved: &Resolved,
        snapshot: &Arc<Snapshot>,
        outlook: &Outlook<'_>,
        lots: L,
    ) -> Result<Self, CallError> {
        match resolved {
            Resolved::Direct(target) => Self::to(target, snapshot, outlook, lots),
            Resolved::Route { route, hint } => {
                Self::through(route, hint.as_deref(), snapshot, outlook, lots).map_err(|none| none.error)
            }
        }
    }

    /// The course of a call to a route that names this model behind it, or none.
    pub(crate) fn through(
        route: &Arc<RouteEntry>,
        model: Option<&str>,
        snapshot: &Arc<Snapshot>,
        outlook: &Outlook<'_>,
        lots: L,
    ) -> Result<Self, Box<NoCourse>> {
        let mut course = Self::new(snapshot, lots, route.timeouts);
        if let Err(none) = course.join(route, model, outlook) {
            while course.is_empty() && course.fall_back(outlook) {}
            if course.is_empty() {
                return Err(none);
            }
        }
        course.has_one = course.steps.len() + course.held.len() == 1 && course.fallback.is_none();
        Ok(course)
    }

    fn to(
        target: &Arc<TargetEntry>,
        snapshot: &Arc<Snapshot>,
        outlook: &Outlook<'_>,
        lots: L,
    ) -> Result<Self, CallError> {
        if !target.is_usable(outlook.credentials) {
            return Err(unusable(target));
        }
        let mut course = Self::new(snapshot, lots, Timeouts::DEFAULT);
        let (availability, rule) = (outlook.availability(target), Rule::First(Decision::NAMED));
        course.take_in([PlannedTarget { entry: Arc::clone(target), availability, rule }], None);
        course.has_one = true;
        Ok(course)
    }

    fn new(snapshot: &Arc<Snapshot>, lots: L, timeouts: Timeouts) -> Self {
        Self {
            snapshot: Arc::clone(snapshot),
            lots,
            steps: VecDeque::new(),
            held: VecDeque::new(),
            fallback: None,
            routes: Vec::new(),
            known: Vec::new(),
            left_out: Vec::new(),
            passed: Vec::new(),
            has_one: false,
            timeouts,
        }
    }

    /// All of it, in the order in which a call goes whose attempts all fail.
    pub(crate) fn foreseen(mut self, outlook: &Outlook<'_>) -> Foreseen {
        let mut steps = Vec::new();
        while let Some(step) = self.next_with_room(outlook, steps.is_empty()) {
            steps.push(step);
        }
        let absent = |route| {
            let targets = |route: &Arc<RouteEntry>| {
                route.absent.iter().map(|target| LeftOutTarget::absent(target, route)).collect::<Vec<_>>()
            };
            self.snapshot.routes.values().find(|entry| entry.id == route).map(targets).unwrap_or_default()
        };
        let absent: Vec<LeftOutTarget> = self.routes.iter().copied().flat_map(absent).collect();
        self.left_out.extend(absent);
        Foreseen { steps, left_out: self.left_out, passed: self.passed }
    }

    /// The next target that was not tried, if there is one. Those of the route behind this one come before those that are better not
    /// tried now. `is_first` tells whether the call made no attempt yet.
    pub(crate) fn next(&mut self, outlook: &Outlook<'_>, is_first: bool) -> Option<Step> {
        while self.steps.is_empty() && self.fall_back(outlook) {}
        let last_resort = |step| Step { occasion: Occasion::LastResort { is_first }, ..step };
        self.steps.pop_front().or_else(|| self.held.pop_front().map(last_resort))
    }

    /// The next target that an attempt would be made at. Calls learn from the limiter itself which of their targets have room and pass over
    /// the others; this one looks.
    pub(crate) fn next_with_room(&mut self, outlook: &Outlook<'_>, is_first: bool) -> Option<Step> {
        loop {
            let step = self.next(outlook, is_first)?;
            let spent = step.route.as_ref().and_then(|route| Some((outlook.spent(&step.target)?, route)));
            let Some((limit, route)) = spent else { return Some(step) };
            self.left_out.push(LeftOutTarget::of(&step.target, route, LeftOut::Spent(limit)));
        }
    }

    /// A target that is not to be tried in its turn comes again when nothing else is left.
    pub(super) fn hold(&mut self, step: Step) {
        self.held.push_back(step);
    }

    fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.held.is_empty()
    }

    /// How many targets are left whose turn it is, as far as they are known: of a route that follows, one. Those that are better not tried
    /// now are not among them.
    pub(super) fn left(&self) -> u32 {
        let left = self.steps.len() + usize::from(self.fallback.is_some());
        u32::try_from(left).unwrap_or(u32::MAX)
    }

    /// What it left out so far, in its order.
    pub(super) fn left_out(&self) -> impl Iterator<Item = PassedTarget> {
        self.left_out
            .iter()
            .map(|it| PassedTarget { target: it.target.clone(), reason: Cow::Borrowed(it.why.as_str()) })
    }

    /// Those that come after all others, as they are better not tried now.
    pub(super) fn avoided(&self) -> impl Iterator<Item = PassedTarget> {
        self.held.iter().filter_map(|step| {
            let reason = Cow::Borrowed(step.avoided?.as_str());
            Some(PassedTarget { target: step.target.model.public_name.clone(), reason })
        })
    }

    /// Whether no other target can take the call.
    pub(super) fn has_one(&self) -> bool {
        self.has_one
    }

    /// The targets that a call of so many attempts may reach after its next one. Further ones are reached where some of them are passed
    /// over, or the route behind is; what those cost beyond is held when they are.
    pub(super) fn others(&self, max_attempts: u32) -> impl Iterator<Item = &TargetEntry> {
        let most = usize::try_from(max_attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        self.steps.iter().chain(&self.held).map(|step| &*step.target).take(most)
    }

    /// Takes in the targets of the route that follows. Each route is joined once, so that a circle of them ends. Answers whether there
    /// was one.
    fn fall_back(&mut self, outlook: &Outlook<'_>) -> bool {
        let Some(route) = self.fallback.take() else { return false };
        if let Err(none) = self.join(&route, None, outlook) {
            tracing::debug!(route.name = %route.name, reason = %none.error.message, "a route that calls fall back to is passed over");
        }
        true
    }

    fn join(
        &mut self,
        route: &Arc<RouteEntry>,
        model: Option<&str>,
        outlook: &Outlook<'_>,
    ) -> Result<(), Box<NoCourse>> {
        self.routes.push(route.id);
        let is_following = self.routes.len() > 1;
        let planned = outlook.plan(route, model, &mut self.lots);
        let is_misnamed =
            |none: &NoTargets| matches!(none.why, PlanError::HintMissing | PlanError::HintNotServed);
        // Whoever names no model, or a wrong one, is told so.
        if is_following || !planned.as_ref().is_err_and(is_misnamed) {
            self.fallback = self.behind(route);
        }
        let RoutePlan { targets, skipped } = match planned {
            Ok(plan) => plan,
            Err(none) => return Err(self.pass(route, none)),
        };
        self.leave_out(route, skipped.into_iter().map(|(target, why)| (target, LeftOut::Unfit(why))));
        let targets = if is_following { self.following(targets, route) } else { targets };
        self.take_in(targets, Some(route));
        Ok(())
    }

    /// The route that follows this one.
    fn behind(&mut self, route: &RouteEntry) -> Option<Arc<RouteEntry>> {
        let name = match route.fallback.as_ref()? {
            Behind::Route(name) => name,
            Behind::Gone(id) => {
                self.passed.push(PassedRoute::gone(*id));
                return None;
            }
        };
        let why = match self.snapshot.routes.get(name) {
            None => PassedOver::Gone,
            Some(behind) if !behind.is_active => PassedOver::SwitchedOff,
            Some(behind) if self.routes.contains(&behind.id) => PassedOver::Loop,
            Some(behind) => return Some(Arc::clone(behind)),
        };
        self.passed.push(PassedRoute { route: name.clone(), why });
        None
    }

    fn pass(&mut self, route: &Arc<RouteEntry>, none: NoTargets) -> Box<NoCourse> {
        let error = no_targets(&none, route);
        let why = PassedOver::NoTarget(error.message.clone());
        self.passed.push(PassedRoute { route: route.name.clone(), why });
        let NoTargets { why, entries } = none;
        let reason = |(index, reason): &(usize, SkipReason)| {
            Some((entries.get(*index)?.clone(), LeftOut::Unfit(*reason)))
        };
        self.leave_out(route, why.reasons().iter().filter_map(reason));
        Box::new(NoCourse { why, error })
    }

    fn leave_out(
        &mut self,
        route: &Arc<RouteEntry>,
        targets: impl Iterator<Item = (Arc<TargetEntry>, LeftOut)>,
    ) {
        self.left_out.extend(targets.map(|(target, why)| LeftOutTarget::of(&target, route, why)));
    }

    /// What a route that follows adds: what stood in one before comes no second time, what is set apart is reached through its own route
    /// alone, and other models of the same providers come after those of providers that were not asked.
    fn following(&mut self, targets: Vec<PlannedTarget>, route: &Arc<RouteEntry>) -> Vec<PlannedTarget> {
        let is_known = |it: &PlannedTarget, of_model: bool| {
            let TargetEntry { provider, model, .. } = &*it.entry;
            self.known
                .iter()
                .any(|(id, known)| *id == provider.id && (!of_model || known.model == model.model))
        };
        let (mut new, mut again, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
        for target in targets {
            if target.entry.provider.set_apart_for.is_some() {
                left_out.push((target.entry, LeftOut::SetApart));
            } else if is_known(&target, true) {
                left_out.push((target.entry, LeftOut::AskedBefore));
            } else if is_known(&target, false) {
                let is_avoided = matches!(target.availability, Availability::Avoid(_));
                let rule = if is_avoided { target.rule } else { Rule::ProviderAgain };
                again.push(PlannedTarget { rule, ..target });
            } else {
                new.push(target);
            }
        }
        new.append(&mut again);
        if new.is_empty() {
            self.passed.push(PassedRoute { route: route.name.clone(), why: PassedOver::NothingNew });
        }
        self.leave_out(route, left_out.into_iter());
        new
    }

    /// Those that are better not tried now wait until nothing else is left.
    fn take_in(&mut self, targets: impl IntoIterator<Item = PlannedTarget>, route: Option<&Arc<RouteEntry>>) {
        let targets = targets.into_iter();
        // A step is large, and there is mostly one.
        self.steps.reserve_exact(targets.size_hint().0);
        for PlannedTarget { entry: target, availability, rule } in targets {
            if self.fallback.is_some() {
                self.known.push((target.provider.id, Arc::clone(&target.model)));
            }
            let avoided = match availability {
                Availability::Avoid(avoidance) => Some(avoidance),
                Availability::Ready | Availability::Unusable => None,
            };
            let step = Step { target, occasion: Occasion::Turn, route: route.cloned(), rule, avoided };
            if avoided.is_some() { self.held.push_back(step) } else { self.steps.push_back(step) }
        }
    }
}

impl Course<Taking<'_>> {
    /// The call is admitted: the turns that it took are used.
    pub(crate) fn admitted(&mut self) {
        self.lots.used();
    }
}
