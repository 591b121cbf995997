//! What a client hears when no target can be tried.

use super::outlook::NoTargets;
use crate::error::{CallError, CallErrorKind};
use crate::snapshot::{RouteEntry, TargetEntry};
use std::time::Duration;
use switchyard_domain::chat::{Loss, LossReport};
use switchyard_domain::operation::Operation;
use switchyard_domain::route::PlanError;
use switchyard_ports::health::{HeldBack, HeldBackFor};

/// What a client is told to wait for an operator's work.
const OPERATOR_WAIT: Duration = Duration::from_secs(60);
/// The most reasons that are told.
const MOST_REASONS: usize = 8;
/// Longest part of a member's name that is said back.
const LONGEST_NAME: usize = 100;

/// Why nothing can be sent to a target. What exactly is wrong with a provider is for its administrators: they find it in the
/// log.
pub(super) fn unusable(target: &TargetEntry) -> CallError {
    let reason = match (&target.provider.client, target.provider.credentials.unreadable()) {
        (Err(_), _) | (_, Some(_)) => "can't be called as it is configured. An administrator must mend it",
        (Ok(_), None) => "has no credential. An administrator can store one",
    };
    unavailable(format!("The provider `{}` {reason}.", target.provider.name), OPERATOR_WAIT)
}

/// Why nothing can be sent with the caller's own credential.
pub(super) fn unreadable(target: &TargetEntry) -> CallError {
    let message = format!(
        "The stored key for the provider `{}` can't be opened. Store it again, or ask an administrator to restore the encryption \
         key.",
        target.provider.name
    );
    unavailable(message, OPERATOR_WAIT)
}

/// Why a target is left alone now. Whoever asks while it rests from a throttle hears what the throttled call heard.
pub(super) fn held_back(target: &TargetEntry, held: HeldBack) -> CallError {
    let wait = held.wait;
    let (kind, reason) = match held.cause {
        HeldBackFor::Throttling => (CallErrorKind::UpstreamThrottled, "throttled a moment ago"),
        HeldBackFor::Failures => (CallErrorKind::UpstreamUnavailable, "failed a moment ago"),
        HeldBackFor::Account => {
            (CallErrorKind::UpstreamUnavailable, "refused this server's account a moment ago")
        }
    };
    let message = format!(
        "`{}` {reason} and is given time, and there is nothing else to try. Try again in {} s.",
        target.model.public_name,
        wait.as_millis().div_ceil(1000).max(1)
    );
    later(kind, message, wait)
}

fn unavailable(message: String, wait: Duration) -> CallError {
    later(CallErrorKind::UpstreamUnavailable, message, wait)
}

fn later(kind: CallErrorKind, message: String, wait: Duration) -> CallError {
    let mut error = CallError::new(kind, message);
    error.retry_after = Some(wait);
    error
}

/// Why a route has no targets for a call.
pub(super) fn no_targets(none: &NoTargets, route: &RouteEntry) -> CallError {
    let (route, error) = (&route.name, &none.why);
    match error {
        PlanError::HintMissing | PlanError::HintNotServed => {
            CallError::new(CallErrorKind::InvalidRequest, format!("Route `{route}`: {error}.")).at("model")
        }
        PlanError::NothingFits(reasons) => {
            let told = reasons.iter().take(MOST_REASONS).filter_map(|(index, reason)| {
                let target = none.entries.get(*index)?;
                Some(format!("`{}`: {reason}", target.model.public_name))
            });
            let told: Vec<String> = told.collect();
            let message =
                format!("No target of the route `{route}` can serve this call. {}.", told.join("; "));
            CallError::new(CallErrorKind::InvalidRequest, message).at("model")
        }
        PlanError::NoUsableTarget(_) => unavailable(
            format!(
                "The route `{route}` has no target that can be tried: its providers are disabled or lack a credential."
            ),
            OPERATOR_WAIT,
        ),
    }
}

/// Why a target is passed over that can't be called in this way.
pub(super) fn no_such_operation(operation: Operation, target: &TargetEntry) -> CallError {
    let message = format!(
        "`{}` can't be called for {operation}: its vendor offers none, or not in a form that is known here. Choose a model of \
         another provider.",
        target.model.public_name
    );
    CallError::new(CallErrorKind::UnsupportedFeature, message).at("model")
}

/// Why a target is passed over that can't express the call whole, and must.
pub(super) fn strict_refusal(losses: &LossReport, target: &TargetEntry) -> CallError {
    // A member's name may be the caller's own, of any length.
    let name = |loss: &Loss| loss.member.chars().take(LONGEST_NAME).collect::<String>();
    let listed: Vec<String> =
        losses.losses.iter().take(8).map(|loss| format!("`{}` ({})", name(loss), loss.reason)).collect();
    let message = format!(
        "{} can't express {}. Leave that out, choose another model, or drop the strict setting.",
        target.model.public_name,
        listed.join(", ")
    );
    let error = CallError::new(CallErrorKind::UnsupportedFeature, message);
    match losses.losses.first() {
        Some(loss) => error.at(name(loss)),
        None => error,
    }
}
