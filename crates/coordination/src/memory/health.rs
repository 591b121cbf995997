//! What this process has seen of each target: throttled ones rest for as long as they asked, and those that only the operator
//! can heal rest for minutes. A plan still tries them when nothing better is left.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use switchyard_domain::fault::FaultKind;
use switchyard_domain::ids::ProviderId;
use switchyard_domain::route::Availability;
use switchyard_ports::clock::{Clock, Monotonic};
use switchyard_ports::health::{AttemptFact, Health, Resting};

/// The rest of a target that throttles without saying for how long.
const SHORT_REST: Duration = Duration::from_secs(1);
/// The longest rest that a provider's own word is believed for.
const LONGEST_REST: Duration = Duration::from_secs(3600);
/// The rest of a target whose quota is used up or whose credential is refused.
const OPERATOR_REST: Duration = Duration::from_secs(300);

/// Health by cooling down, in memory.
pub struct CooldownHealth {
    clock: Arc<dyn Clock>,
    resting: RwLock<HashMap<ProviderId, HashMap<String, Monotonic>>>,
}

impl CooldownHealth {
    /// By this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, resting: RwLock::default() }
    }

    fn rest(&self, provider: ProviderId, model: &str, duration: Duration) {
        let until = Monotonic(self.clock.monotonic().0 + duration);
        let mut resting = self.resting.write().unwrap_or_else(PoisonError::into_inner);
        resting.entry(provider).or_default().insert(model.to_owned(), until);
    }

    fn wake(&self, provider: ProviderId, model: &str) {
        if self.is_empty_for(provider) {
            return;
        }
        let mut resting = self.resting.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(models) = resting.get_mut(&provider) {
            models.remove(model);
            if models.is_empty() {
                resting.remove(&provider);
            }
        }
    }

    fn is_empty_for(&self, provider: ProviderId) -> bool {
        !self.resting.read().unwrap_or_else(PoisonError::into_inner).contains_key(&provider)
    }
}

impl Health for CooldownHealth {
    fn record(&self, provider: ProviderId, model: &str, fact: AttemptFact) {
        match fact {
            AttemptFact::Lives => self.wake(provider, model),
            AttemptFact::Throttled { retry_after } => {
                self.rest(provider, model, retry_after.unwrap_or(SHORT_REST).min(LONGEST_REST));
            }
            AttemptFact::Failed(FaultKind::QuotaExhausted | FaultKind::AuthFailed) => {
                self.rest(provider, model, OPERATOR_REST);
            }
            AttemptFact::Failed(_) => {}
        }
    }

    fn availability(&self, provider: ProviderId, model: &str) -> Availability {
        let resting = self.resting.read().unwrap_or_else(PoisonError::into_inner);
        let until = resting.get(&provider).and_then(|models| models.get(model));
        match until {
            Some(until) if self.clock.monotonic() < *until => Availability::Avoid,
            _ => Availability::Ready,
        }
    }

    fn resting(&self) -> Vec<Resting> {
        let now = self.clock.monotonic();
        let resting = self.resting.read().unwrap_or_else(PoisonError::into_inner);
        let targets = resting.iter().flat_map(|(provider, models)| {
            models.iter().map(|(model, until)| (*provider, model.clone(), until.since(now)))
        });
        targets
            .filter(|(_, _, rest)| !rest.is_zero())
            .map(|(provider, model, rest)| Resting { provider, model, rest })
            .collect()
    }
}
