//! Health that a test sets.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use switchyard_domain::ids::ProviderId;
use switchyard_domain::route::Availability;
use switchyard_ports::health::{AttemptFact, Health, Resting};

/// Remembers every fact in order. All targets are ready until a test says otherwise; facts change nothing.
#[derive(Debug, Default)]
pub struct RecordingHealth {
    facts: Mutex<Vec<(ProviderId, String, AttemptFact)>>,
    avoided: Mutex<HashMap<(ProviderId, String), Availability>>,
}

impl RecordingHealth {
    /// Says how a target is from now on.
    pub fn set(&self, provider: ProviderId, model: &str, availability: Availability) {
        let mut avoided = self.avoided.lock().unwrap_or_else(PoisonError::into_inner);
        avoided.insert((provider, model.to_owned()), availability);
    }

    /// What was noted of a model, in order.
    #[must_use]
    pub fn facts_of(&self, model: &str) -> Vec<AttemptFact> {
        let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        facts.iter().filter(|(_, of, _)| of == model).map(|(_, _, fact)| fact.clone()).collect()
    }
}

impl Health for RecordingHealth {
    fn record(&self, provider: ProviderId, model: &str, fact: AttemptFact) {
        let mut facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        facts.push((provider, model.to_owned(), fact));
    }

    fn availability(&self, provider: ProviderId, model: &str) -> Availability {
        let avoided = self.avoided.lock().unwrap_or_else(PoisonError::into_inner);
        avoided.get(&(provider, model.to_owned())).copied().unwrap_or(Availability::Ready)
    }

    /// Each for a second.
    fn resting(&self) -> Vec<Resting> {
        let avoided = self.avoided.lock().unwrap_or_else(PoisonError::into_inner);
        let resting = avoided.iter().filter(|(_, availability)| **availability == Availability::Avoid);
        resting
            .map(|((provider, model), _)| Resting {
                provider: *provider,
                model: model.clone(),
                rest: Duration::from_secs(1),
            })
            .collect()
    }
}
