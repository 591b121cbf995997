//! Where a call may go: the plan of its route, or the one target that it names.

use super::resolution::Resolved;
use super::service::ChatPorts;
use crate::error::{CallError, CallErrorKind};
use crate::snapshot::{CallerCredentials, TakenTurn, TargetEntry};
use std::time::Duration;
use switchyard_domain::fault::FailoverOn;
use switchyard_domain::route::{Availability, Candidate, PlanError, plan};
use switchyard_ports::health::Health;

/// What a client is told to wait for an operator's work.
const OPERATOR_WAIT: Duration = Duration::from_secs(60);

/// The targets to try, in order, and the route's rules.
pub(crate) struct Course {
    pub(crate) targets: Vec<TargetEntry>,
    pub(crate) failover_on: FailoverOn,
    pub(crate) strict: bool,
    /// The route's turn, which a call that is not admitted gives back.
    turn: Option<TakenTurn>,
}

/// The course that a call would take now. The route's turn is not taken.
pub(crate) fn planned(
    resolved: &Resolved,
    credentials: &CallerCredentials,
    health: &dyn Health,
) -> Result<Course, CallError> {
    let turn = match resolved {
        Resolved::Route { route, hint } => route.turns.coming(hint.as_deref()),
        Resolved::Direct(_) => 0,
    };
    Course::along(resolved, credentials, health, turn)
}

impl Course {
    /// The course of a call, with the route's next turn.
    pub(super) fn of(
        resolved: &Resolved,
        credentials: &CallerCredentials,
        ports: &ChatPorts,
    ) -> Result<Self, CallError> {
        let turn = match resolved {
            Resolved::Route { route, hint } => Some(route.turns.take(hint.as_deref())),
            Resolved::Direct(_) => None,
        };
        let number = turn.as_ref().map_or(0, TakenTurn::number);
        Ok(Self { turn, ..Self::along(resolved, credentials, ports.health.as_ref(), number)? })
    }

    /// The targets that a call may reach whose first attempt goes to this one. Further ones are reached where some of them are passed
    /// over; what those cost beyond is held when they are.
    pub(super) fn reachable(&self, first: &TargetEntry, max_attempts: u32) -> &[TargetEntry] {
        let is_first = |target: &TargetEntry| target.scope == first.scope;
        let rest = self.targets.iter().position(is_first).and_then(|at| self.targets.get(at..));
        let rest = rest.unwrap_or(&self.targets);
        rest.get(..usize::try_from(max_attempts.max(1)).unwrap_or(usize::MAX)).unwrap_or(rest)
    }

    /// The call is admitted.
    pub(super) fn admitted(&mut self) {
        if let Some(turn) = &mut self.turn {
            turn.used();
        }
    }

    fn along(
        resolved: &Resolved,
        credentials: &CallerCredentials,
        health: &dyn Health,
        turn: u64,
    ) -> Result<Self, CallError> {
        match resolved {
            Resolved::Direct(target) if target.is_usable(credentials) => Ok(Self {
                targets: vec![target.clone()],
                failover_on: FailoverOn::default(),
                strict: false,
                turn: None,
            }),
            Resolved::Direct(target) => Err(unusable(target)),
            Resolved::Route { route, hint } => {
                let meant = |target: &TargetEntry| {
                    hint.as_deref().and_then(|hint| target.serving(hint)).unwrap_or_else(|| target.clone())
                };
                let entries: Vec<TargetEntry> = route.targets.iter().map(meant).collect();
                let candidates: Vec<Candidate<'_>> =
                    entries.iter().map(|target| candidate(target, credentials, health)).collect();
                let order = plan(route.mode, route.strategy, &candidates, hint.as_deref(), turn)
                    .map_err(|error| plan_error(&error, &route.name))?;
                let targets = order.iter().filter_map(|&index| entries.get(index).cloned()).collect();
                Ok(Self { targets, failover_on: route.failover_on, strict: route.strict, turn: None })
            }
        }
    }
}

fn candidate<'a>(
    target: &'a TargetEntry,
    credentials: &CallerCredentials,
    health: &dyn Health,
) -> Candidate<'a> {
    let availability = if !target.is_usable(credentials) {
        Availability::Unusable
    } else if credentials.are_own(&target.provider) {
        // What is known of a target is known of the account behind the shared credential.
        Availability::Ready
    } else {
        health.availability(target.provider.id, &target.model.model)
    };
    Candidate {
        provider: target.provider.id,
        model: &target.model.model,
        weight: target.weight,
        priority: target.priority,
        availability,
    }
}

/// Why nothing can be sent to a target. What exactly is wrong with a provider is for its administrators: they find it in the
/// log.
pub(super) fn unusable(target: &TargetEntry) -> CallError {
    let reason = match (&target.provider.client, target.provider.credentials.unreadable()) {
        (Err(_), _) | (_, Some(_)) => "can't be called as it is configured. An administrator must mend it",
        (Ok(_), None) => "has no credential. An administrator can store one",
    };
    unavailable(format!("The provider `{}` {reason}.", target.provider.name))
}

/// Why nothing can be sent with the caller's own credential.
pub(super) fn unreadable(target: &TargetEntry) -> CallError {
    unavailable(format!(
        "The stored key for the provider `{}` can't be opened. Store it again, or ask an administrator to restore the encryption \
         key.",
        target.provider.name
    ))
}

fn unavailable(message: String) -> CallError {
    let mut error = CallError::new(CallErrorKind::UpstreamUnavailable, message);
    error.retry_after = Some(OPERATOR_WAIT);
    error
}

fn plan_error(error: &PlanError, route: &str) -> CallError {
    match error {
        PlanError::HintMissing | PlanError::HintNotServed => {
            CallError::new(CallErrorKind::InvalidRequest, format!("Route `{route}`: {error}.")).at("model")
        }
        PlanError::NoUsableTarget => unavailable(format!(
            "The route `{route}` has no target that can be tried: its providers are disabled or lack a credential."
        )),
    }
}
