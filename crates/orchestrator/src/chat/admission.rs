//! May this call begin? Limits are taken all or none before anything is sent.

use super::service::ChatPorts;
use crate::error::{CallError, CallErrorKind};
use crate::principal::Principal;
use crate::snapshot::TargetEntry;
use std::time::Duration;
use switchyard_domain::call::CallFacts;
use switchyard_domain::limits::LimitKind;
use switchyard_ports::limiter::{Demand, LimiterError, Permit, Refusal, Scope};

/// Output tokens that are reserved for a call without a limit of its own.
const DEFAULT_OUTPUT_ESTIMATE: u64 = 1000;
/// When to come back after the store of the limits did not answer.
const AFTER_OUTAGE: Duration = Duration::from_secs(5);

/// The tokens that a call reserves: its prompt by estimate and its output limit for each choice.
fn reserved_tokens(facts: &CallFacts) -> u64 {
    let output = facts.max_output_tokens.unwrap_or(DEFAULT_OUTPUT_ESTIMATE);
    facts.estimated_prompt_tokens().saturating_add(output.saturating_mul(u64::from(facts.choices.max(1))))
}

/// Takes the caller's own limits. `None` when nothing limits the caller.
pub(super) async fn admit(
    ports: &ChatPorts,
    principal: &Principal,
    facts: &CallFacts,
) -> Result<Option<Box<dyn Permit>>, CallError> {
    admit_with(ports, principal, reserved_tokens(facts)).await
}

/// The same for what no provider is asked for: it is a request, and takes a slot while it is answered, but no tokens.
pub(super) async fn admit_without_tokens(
    ports: &ChatPorts,
    principal: &Principal,
) -> Result<Option<Box<dyn Permit>>, CallError> {
    admit_with(ports, principal, 0).await
}

async fn admit_with(
    ports: &ChatPorts,
    principal: &Principal,
    tokens: u64,
) -> Result<Option<Box<dyn Permit>>, CallError> {
    let Principal::Key(key) = principal else { return Ok(None) };
    if key.limits.is_none() {
        return Ok(None);
    }
    let demand = Demand { scope: Scope(format!("key:{}", key.id)), limits: key.limits };
    acquire(ports, &[demand], tokens, || format!("The key `{}`", key.name)).await
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
    acquire(ports, &demands, reserved_tokens(facts), || format!("The model `{}`", target.model.public_name))
        .await
}

async fn acquire(
    ports: &ChatPorts,
    demands: &[Demand],
    tokens: u64,
    who: impl FnOnce() -> String,
) -> Result<Option<Box<dyn Permit>>, CallError> {
    let permit = ports.limiter.acquire(demands, tokens).await;
    permit.map(Some).map_err(|error| refused(error, &who(), tokens))
}

fn refused(error: LimiterError, who: &str, tokens: u64) -> CallError {
    match error {
        LimiterError::Refused(refusal) => {
            let mut error = CallError::new(CallErrorKind::RateLimited, limit_message(&refusal, who, tokens));
            error.retry_after = Some(refusal.retry_after);
            error
        }
        LimiterError::Unavailable(reason) => {
            tracing::error!(error = %reason, "a call is refused: its limits can't be checked");
            let message = "Limits can't be checked at the moment, so no call is served. Try again shortly.";
            let mut error = CallError::new(CallErrorKind::StorageUnavailable, message);
            error.retry_after = Some(AFTER_OUTAGE);
            error
        }
    }
}

fn limit_message(refusal: &Refusal, who: &str, tokens: u64) -> String {
    let Refusal { kind, limit, .. } = refusal;
    let what = kind.describe();
    if *kind == LimitKind::Tokens && tokens > *limit {
        return format!(
            "{who} has a limit of {limit} {what}, and this call alone may use {tokens}: its prompt by estimate and its \
             output limit. Shorten the prompt or lower `max_tokens`."
        );
    }
    let wait = refusal.retry_after.as_millis().div_ceil(1000).max(1);
    format!("{who} is at its limit of {limit} {what}. Try again in {wait} s.")
}
