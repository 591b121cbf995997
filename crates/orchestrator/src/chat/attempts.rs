//! Trying targets in the order of the plan: at most so many attempts, each at a target not tried yet while one remains, then
//! again at the last one while its retry budget pays.

use super::admission::admit_to_target;
use super::resolution::Resolved;
use super::service::{CallSettings, ChatPorts};
use super::settlement::{Settlement, outcome_of};
use crate::error::{CallError, CallErrorKind};
use crate::snapshot::TargetEntry;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use switchyard_domain::chat::LossReport;
use switchyard_domain::fault::{FailoverOn, FaultKind, ProviderFault};
use switchyard_domain::retry::{MAX_WAIT, RetryCause, backoff};
use switchyard_domain::route::{Availability, Candidate, PlanError, plan};
use switchyard_ports::client_call::ClientCall;
use switchyard_ports::clock::Monotonic;
use switchyard_ports::health::AttemptFact;
use switchyard_ports::provider::{Answer, AttemptContext, Deadlines};

/// An answer that began, and where it comes from.
pub(super) struct Begun {
    pub(super) answer: Answer,
    pub(super) target: TargetEntry,
    pub(super) losses: LossReport,
    pub(super) retried: Retried,
}

/// Whether the attempt was a retry at the same target, so that its success refunds the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Retried(pub(super) Option<RetryCause>);

/// The targets to try, in order, and the route's rules.
pub(super) struct Course {
    targets: Vec<TargetEntry>,
    failover_on: FailoverOn,
    strict: bool,
}

impl Course {
    /// The course of a call: the plan of its route, or the one target that it names.
    pub(super) fn of(resolved: &Resolved, ports: &ChatPorts) -> Result<Self, CallError> {
        match resolved {
            Resolved::Direct(target) if target.is_usable() => {
                Ok(Self { targets: vec![target.clone()], failover_on: FailoverOn::default(), strict: false })
            }
            Resolved::Direct(target) => Err(unusable(target)),
            Resolved::Route { route, hint } => {
                let candidates: Vec<Candidate<'_>> =
                    route.targets.iter().map(|target| candidate(target, ports)).collect();
                let cursor = route.cursor.fetch_add(1, Ordering::Relaxed);
                let order = plan(route.mode, route.strategy, &candidates, hint.as_deref(), cursor)
                    .map_err(|error| plan_error(&error, &route.name))?;
                let targets = order.iter().filter_map(|&index| route.targets.get(index).cloned()).collect();
                Ok(Self { targets, failover_on: route.failover_on, strict: route.strict })
            }
        }
    }
}

fn candidate<'a>(target: &'a TargetEntry, ports: &ChatPorts) -> Candidate<'a> {
    let availability = if target.is_usable() {
        ports.health.availability(target.provider.id, &target.model.model)
    } else {
        Availability::Unusable
    };
    Candidate { model: &target.model.model, weight: target.weight, priority: target.priority, availability }
}

fn unusable(target: &TargetEntry) -> CallError {
    let reason = match &target.provider.client {
        Err(reason) => format!("is disabled: {reason}"),
        Ok(_) => "has no credential. An administrator can store one".to_owned(),
    };
    let mut error = CallError::new(
        CallErrorKind::UpstreamUnavailable,
        format!("The provider `{}` {reason}.", target.provider.name),
    );
    error.retry_after = Some(Duration::from_secs(60));
    error
}

fn plan_error(error: &PlanError, route: &str) -> CallError {
    match error {
        PlanError::HintMissing | PlanError::HintNotServed => {
            CallError::new(CallErrorKind::InvalidRequest, format!("Route `{route}`: {error}.")).at("model")
        }
        PlanError::NoUsableTarget => {
            let mut error = CallError::new(
                CallErrorKind::UpstreamUnavailable,
                format!(
                    "The route `{route}` has no target that can be tried: its providers are disabled or lack a credential."
                ),
            );
            error.retry_after = Some(Duration::from_secs(60));
            error
        }
    }
}

/// One call's tries.
pub(super) struct Attempts<'a> {
    pub(super) ports: &'a ChatPorts,
    pub(super) settings: &'a CallSettings,
    pub(super) call: &'a Arc<dyn ClientCall>,
    pub(super) request_id: &'a str,
    pub(super) course: Course,
    pub(super) began: Monotonic,
}

impl Attempts<'_> {
    /// Tries until an answer begins or nothing is left to try. The last fault decides what the client hears.
    pub(super) async fn run(&self, settlement: &mut Settlement) -> Result<Begun, CallError> {
        let mut next = 0;
        let mut last: Option<(ProviderFault, &TargetEntry)> = None;
        let mut refusal = None;
        while settlement.attempts() < self.settings.max_attempts {
            let (target, retried) = match self.course.targets.get(next) {
                Some(target) => {
                    next += 1;
                    (target, Retried(None))
                }
                None => match self.retry_at(last.as_ref(), settlement.attempts()).await {
                    Some(again) => again,
                    None => break,
                },
            };
            match admit_to_target(self.ports, target, self.call.facts()).await {
                Ok(permit) => settlement.hold(permit),
                Err(error) => {
                    refusal = Some(error);
                    if retried.0.is_some() {
                        break;
                    }
                    continue;
                }
            }
            match self.attempt(target, settlement).await? {
                Ok((answer, losses)) => {
                    return Ok(Begun { answer, target: target.clone(), losses, retried });
                }
                Err(fault) => {
                    let goes_on = self.course.failover_on.moves_on(fault.kind);
                    last = Some((fault, target));
                    if !goes_on {
                        break;
                    }
                }
            }
        }
        Err(self.failure(last, refusal))
    }

    fn failure(&self, last: Option<(ProviderFault, &TargetEntry)>, refusal: Option<CallError>) -> CallError {
        match (last, refusal) {
            (Some((fault, target)), _) => CallError::from_fault(&fault, &target.model.public_name),
            (None, Some(refusal)) => refusal,
            (None, None) => CallError::new(CallErrorKind::UpstreamUnavailable, "No target could be tried."),
        }
    }

    /// Waits for another try at the target that failed last, if its fault, the route and the retry budget allow one and the
    /// wait fits in what is left of the call's time.
    async fn retry_at<'t>(
        &self,
        last: Option<&(ProviderFault, &'t TargetEntry)>,
        attempts: u32,
    ) -> Option<(&'t TargetEntry, Retried)> {
        let (fault, target) = last?;
        let cause = fault.retry_cause().filter(|_| self.course.failover_on.retries_same_target())?;
        if fault.kind == FaultKind::FirstByteTimeout && attempts > 1 {
            return None;
        }
        let retry = attempts.max(1);
        let wait = fault.retry_after.unwrap_or_else(|| backoff(cause, retry, self.ports.entropy.random()));
        let used = self.ports.clock.monotonic().since(self.began);
        if wait > MAX_WAIT || used + wait >= self.settings.deadlines.total {
            return None;
        }
        let paid = target.provider.retry_budget.lock().unwrap_or_else(PoisonError::into_inner).take(cause);
        if !paid {
            return None;
        }
        self.ports.clock.sleep(wait).await;
        Some((target, Retried(Some(cause))))
    }

    /// One attempt. The outer error ends the call; the inner one may move on.
    async fn attempt(
        &self,
        target: &TargetEntry,
        settlement: &mut Settlement,
    ) -> Result<Result<(Answer, LossReport), ProviderFault>, CallError> {
        let Ok(client) = &target.provider.client else {
            return Ok(Err(ProviderFault::new(FaultKind::NoCredential, "the provider is disabled")));
        };
        let prepared = match client.prepare(self.call.as_ref(), &target.model.model) {
            Ok(prepared) => prepared,
            Err(fault) => {
                settlement.begin(target, &LossReport::default());
                settlement.end(outcome_of(fault.kind), Some(fault.clone()));
                return Ok(Err(fault));
            }
        };
        let losses = prepared.losses.clone();
        if !losses.is_empty() && (self.course.strict || self.call.facts().strict) {
            return Err(strict_refusal(&losses, target));
        }
        let received = settlement.begin(target, &losses);
        let context = AttemptContext {
            request_id: self.request_id.to_owned(),
            deadlines: self.remaining(),
            credential: target.provider.credential.clone(),
            received,
        };
        match client.send(prepared, context).await {
            Ok(answer) => {
                settlement.first_content();
                Ok(Ok((answer, losses)))
            }
            Err(fault) => {
                tracing::info!(
                    request.id = self.request_id,
                    target = %target.model.public_name,
                    fault.kind = %fault.kind,
                    fault.status = fault.status,
                    fault.message = %fault.message,
                    "attempt failed"
                );
                self.ports.health.record(target.provider.id, &target.model.model, fact_of(&fault));
                settlement.end(outcome_of(fault.kind), Some(fault.clone()));
                Ok(Err(fault))
            }
        }
    }

    fn remaining(&self) -> Deadlines {
        let left =
            self.settings.deadlines.total.saturating_sub(self.ports.clock.monotonic().since(self.began));
        let Deadlines { first_content, idle, .. } = self.settings.deadlines;
        Deadlines { first_content: first_content.min(left), idle, total: left }
    }
}

fn strict_refusal(losses: &LossReport, target: &TargetEntry) -> CallError {
    let listed: Vec<String> =
        losses.losses.iter().take(8).map(|loss| format!("`{}` ({})", loss.member, loss.reason)).collect();
    let message = format!(
        "{} can't express {}. Leave that out, choose another model, or drop the strict setting.",
        target.model.public_name,
        listed.join(", ")
    );
    let error = CallError::new(CallErrorKind::UnsupportedFeature, message);
    match losses.losses.first() {
        Some(loss) => error.at(loss.member.clone()),
        None => error,
    }
}

/// What a fault says of the target's health.
pub(super) fn fact_of(fault: &ProviderFault) -> AttemptFact {
    match fault.kind {
        FaultKind::Rejected | FaultKind::Unsupported => AttemptFact::Lives,
        FaultKind::Throttled => AttemptFact::Throttled { retry_after: fault.retry_after },
        kind => AttemptFact::Failed(kind),
    }
}
