//! May this call begin? Limits are taken all or none before anything is sent.

use crate::error::{CallError, CallErrorKind};
use crate::principal::Principal;
use crate::snapshot::TargetEntry;
use switchyard_domain::call::CallFacts;
use switchyard_ports::limiter::{Demand, LimiterError, Permit, Scope};

use super::service::ChatPorts;

/// Output tokens that are reserved for a call without a limit of its own.
const DEFAULT_OUTPUT_ESTIMATE: u64 = 1000;

/// The tokens that a call reserves: its prompt by estimate and its output limit for each choice.
pub(super) fn reserved_tokens(facts: &CallFacts) -> u64 {
    let output = facts.max_output_tokens.unwrap_or(DEFAULT_OUTPUT_ESTIMATE);
    facts.estimated_prompt_tokens().saturating_add(output.saturating_mul(u64::from(facts.choices.max(1))))
}

/// Takes the caller's own limits. `None` when nothing limits the caller.
pub(super) async fn admit(
    ports: &ChatPorts,
    principal: &Principal,
    facts: &CallFacts,
) -> Result<Option<Box<dyn Permit>>, CallError> {
    let Principal::Key(key) = principal else { return Ok(None) };
    if key.limits.is_none() {
        return Ok(None);
    }
    let demand = Demand { scope: Scope(format!("key:{}", key.id)), limits: key.limits };
    acquire(ports, vec![demand], facts)
        .await
        .map_err(|error| refused(error, &format!("The key `{}`", key.name)))
}

/// Takes the limits of a target: its model's and its own inside the route.
pub(super) async fn admit_to_target(
    ports: &ChatPorts,
    target: &TargetEntry,
    facts: &CallFacts,
) -> Result<Option<Box<dyn Permit>>, CallError> {
    let mut demands = Vec::new();
    if !target.model.limits.is_none() {
        let scope = Scope(format!("model:{}/{}", target.provider.id, target.model.model));
        demands.push(Demand { scope, limits: target.model.limits });
    }
    if !target.limits.is_none() {
        demands.push(Demand { scope: Scope(target.scope.as_ref().to_owned()), limits: target.limits });
    }
    if demands.is_empty() {
        return Ok(None);
    }
    let what = format!("The model `{}`", target.model.public_name);
    acquire(ports, demands, facts).await.map_err(|error| refused(error, &what))
}

async fn acquire(
    ports: &ChatPorts,
    demands: Vec<Demand>,
    facts: &CallFacts,
) -> Result<Option<Box<dyn Permit>>, LimiterError> {
    ports.limiter.acquire(&demands, reserved_tokens(facts)).await.map(Some)
}

fn refused(error: LimiterError, who: &str) -> CallError {
    match error {
        LimiterError::Refused(refusal) => {
            let message = format!(
                "{who} is at its limit of {} {}. Try again in {} s.",
                refusal.limit,
                refusal.kind.describe(),
                refusal.retry_after.as_secs().max(1)
            );
            let mut error = CallError::new(CallErrorKind::RateLimited, message);
            error.retry_after = Some(refusal.retry_after);
            error
        }
        LimiterError::Unavailable(reason) => CallError::new(
            CallErrorKind::StorageUnavailable,
            format!("Limits can't be checked at the moment ({reason}). Try again shortly."),
        ),
    }
}
