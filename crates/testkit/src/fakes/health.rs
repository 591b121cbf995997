//! Health that a test sets.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use switchyard_domain::health::{AnswerForm, BreakerState};
use switchyard_domain::ids::ProviderId;
use switchyard_domain::route::{Availability, Avoidance};
use switchyard_ports::clock::Monotonic;
use switchyard_ports::health::{
    Account, AttemptFact, Health, HeldBack, HeldBackFor, Occasion, TargetState, TargetView, WatchedAttempt,
};

/// The occasion of a further attempt of the same call, whenever its last one failed.
pub const ONCE_MORE: Occasion = Occasion::Retry { failed_at: Monotonic(Duration::ZERO) };
/// How long whoever is held back is told to wait.
pub const HELD_BACK_FOR: Duration = Duration::from_secs(7);

/// Remembers every fact in order. All targets are ready until a test says otherwise; facts change nothing.
#[derive(Clone, Debug, Default)]
pub struct RecordingHealth {
    kept: Arc<Mutex<Kept>>,
}

type Target = (ProviderId, String);

#[derive(Debug, Default)]
struct Kept {
    facts: Vec<(Target, AttemptFact)>,
    occasions: Vec<(Target, Occasion)>,
    views: HashMap<Target, TargetView>,
    held_back: HashMap<Target, Vec<Occasion>>,
    in_flight: HashMap<Target, u32>,
}

const READY: TargetView = TargetView { availability: Availability::Ready, latency: None, in_flight: 0 };

impl RecordingHealth {
    /// Says how a target is from now on.
    pub fn set(&self, provider: ProviderId, model: &str, availability: Availability) {
        self.set_view(provider, model, TargetView { availability, ..READY });
    }

    /// Says all that is known of a target from now on.
    pub fn set_view(&self, provider: ProviderId, model: &str, view: TargetView) {
        self.kept().views.insert((provider, model.to_owned()), view);
    }

    /// From now on a target lets no attempt begin on these occasions: because it throttled if it is set to rest, else for its failures.
    pub fn hold_back(&self, provider: ProviderId, model: &str, occasions: &[Occasion]) {
        self.kept().held_back.insert((provider, model.to_owned()), occasions.to_vec());
    }

    /// What was noted of a model, in order.
    #[must_use]
    pub fn facts_of(&self, model: &str) -> Vec<AttemptFact> {
        self.kept().facts.iter().filter(|((_, of), _)| of == model).map(|(_, fact)| fact.clone()).collect()
    }

    /// On which occasions attempts began at a model, in order.
    #[must_use]
    pub fn occasions_of(&self, model: &str) -> Vec<Occasion> {
        self.kept().occasions.iter().filter(|((_, of), _)| of == model).map(|(_, it)| *it).collect()
    }

    /// Attempts that have begun and not ended.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.kept().in_flight.values().sum()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Health for RecordingHealth {
    fn view(&self, provider: ProviderId, model: &str, _: Account, _: AnswerForm) -> TargetView {
        self.kept().views.get(&(provider, model.to_owned())).copied().unwrap_or(READY)
    }

    fn begin(
        &self,
        provider: ProviderId,
        model: &str,
        _: Account,
        _: AnswerForm,
        occasion: Occasion,
    ) -> Result<Box<dyn WatchedAttempt>, HeldBack> {
        let target = (provider, model.to_owned());
        let occasion = if matches!(occasion, Occasion::Retry { .. }) { ONCE_MORE } else { occasion };
        let mut kept = self.kept();
        if kept.held_back.get(&target).is_some_and(|held_back| held_back.contains(&occasion)) {
            let rests = kept.views.get(&target).is_some_and(|view| {
                matches!(view.availability, Availability::Avoid(Avoidance::Resting { .. }))
            });
            let cause = if rests { HeldBackFor::Throttling } else { HeldBackFor::Failures };
            return Err(HeldBack { cause, wait: HELD_BACK_FOR });
        }
        kept.occasions.push((target.clone(), occasion));
        *kept.in_flight.entry(target.clone()).or_default() += 1;
        drop(kept);
        Ok(Box::new(Recorded { health: self.clone(), target }))
    }

    /// Each for a second.
    fn states(&self) -> Vec<TargetState> {
        let kept = self.kept();
        let state = |((provider, model), view): (&Target, &TargetView)| TargetState {
            provider: *provider,
            model: model.clone(),
            last_answer: None,
            breaker: match view.availability {
                Availability::Avoid(Avoidance::BreakerOpen { left }) => BreakerState::Open { left },
                _ => BreakerState::Closed,
            },
            rest: matches!(view.availability, Availability::Avoid(Avoidance::Resting { .. }))
                .then_some(Duration::from_secs(1)),
            latency: None,
            in_flight: view.in_flight,
        };
        kept.views.iter().map(state).collect()
    }

    fn forget(&self, is_gone: &dyn Fn(ProviderId, &str) -> bool) {
        let mut kept = self.kept();
        kept.views.retain(|(provider, model), _| !is_gone(*provider, model));
        kept.held_back.retain(|(provider, model), _| !is_gone(*provider, model));
    }
}

struct Recorded {
    health: RecordingHealth,
    target: Target,
}

impl WatchedAttempt for Recorded {
    fn first_content(&mut self) {}

    fn ended(self: Box<Self>, fact: AttemptFact) {
        self.health.kept().facts.push((self.target.clone(), fact));
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        if let Some(count) = self.health.kept().in_flight.get_mut(&self.target) {
            *count -= 1;
        }
    }
}
