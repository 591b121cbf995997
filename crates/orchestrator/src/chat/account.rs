//! What the end of an attempt says of the account that it was made with, and of the target's health.

use super::service::ChatPorts;
use crate::snapshot::{ChosenCredential, Setback, TargetEntry};
use std::time::Duration;
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_domain::provider::SharedPlace;
use switchyard_ports::health::AttemptFact;

/// The target took the credential, if there was one.
pub(super) fn accepted(used: Option<ChosenCredential>) {
    if let Some(shared) = used.and_then(|used| used.shared) {
        shared.accepted();
    }
}

/// What a fault says.
pub(super) struct Told {
    /// Of the target's health; nothing where it is the account's alone.
    pub(super) fact: AttemptFact,
    /// What else the target can be asked with.
    pub(super) others: OtherAccounts,
}

/// The other shared credentials of a target, where one failed for itself alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OtherAccounts {
    /// There is none, or none that helps.
    None,
    /// One is usable now.
    Usable,
    /// One was throttled before, and may be asked with again after this time, sooner than the one that failed.
    Rest(Duration),
}

impl OtherAccounts {
    /// What failed, as the call hears it: a target one of whose accounts is only throttled takes calls again when that one does.
    pub(super) fn heard(self, fault: ProviderFault) -> ProviderFault {
        let Self::Rest(left) = self else { return fault };
        let throttled = match fault.kind {
            FaultKind::Throttled => fault,
            _ => {
                ProviderFault::new(FaultKind::Throttled, "all of its accounts that still work are throttled")
            }
        };
        // What the provider said of another try it said of the other account.
        ProviderFault { retry_after: Some(left), should_retry: None, ..throttled }
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

/// Notes what a fault says of the account.
///
/// A caller's own account that is refused or used up is no fault of the target that others call; nor is one shared account while
/// another is usable.
pub(super) fn failed(
    ports: &ChatPorts,
    target: &TargetEntry,
    used: Option<ChosenCredential>,
    fault: &ProviderFault,
) -> Told {
    let is_of_account = fault.kind.is_of_account();
    if let Some(own) = used.as_ref().and_then(|used| used.own.as_ref())
        && fault.kind == FaultKind::Throttled
    {
        own.throttled(&target.model.model, ports.clock.monotonic(), fault.retry_after);
    }
    let fact = match used.map(|used| used.shared) {
        Some(None) if is_of_account => {
            return Told { fact: AttemptFact::Nothing, others: OtherAccounts::None };
        }
        Some(Some(shared)) => {
            let place = shared.place;
            match shared.failed(fault, ports.clock.as_ref()) {
                None => fact_of(fault),
                Some((until, benched)) => {
                    tell(target, place, benched);
                    let (now, all) = (ports.clock.monotonic(), &target.provider.credentials);
                    if all.any_is_usable(now) {
                        return Told { fact: AttemptFact::Nothing, others: OtherAccounts::Usable };
                    }
                    // None is usable: the target rests until one is. One whose keys are refused is tried all the same by calls that have
                    // nothing else.
                    if let Some(next) = all.next_of_the_resting().filter(|next| *next < until) {
                        let left = next.since(now);
                        let fact = AttemptFact::Throttled { retry_after: Some(left) };
                        return Told { fact, others: OtherAccounts::Rest(left) };
                    }
                    fact_of(fault)
                }
            }
        }
        _ => fact_of(fault),
    };
    Told { fact, others: OtherAccounts::None }
}

fn tell(target: &TargetEntry, place: SharedPlace, benched: Option<Setback>) {
    if let Some(why) = benched {
        tracing::warn!(
            provider.name = %target.provider.name,
            credential.place = place.number(),
            reason = why.as_str(),
            "a provider does not take one of its keys, which is benched: replace it, or mend its account"
        );
    }
}
