//! What is known of each target's health.

use std::time::Duration;
use switchyard_domain::fault::FaultKind;
use switchyard_domain::ids::ProviderId;
use switchyard_domain::route::Availability;

/// How an attempt ended, as far as the target's health is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptFact {
    /// It answered (a rejected request included: the target lives).
    Lives,
    /// It throttled; the wait that it asked for.
    Throttled {
        /// As it said, if it said.
        retry_after: Option<Duration>,
    },
    /// It failed.
    Failed(FaultKind),
}

/// A target that is avoided for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resting {
    /// The provider.
    pub provider: ProviderId,
    /// The model.
    pub model: String,
    /// For how long yet.
    pub rest: Duration,
}

/// Facts about targets come in, their availability comes out. MUST be quick and never block: it is asked for every call.
pub trait Health: Send + Sync {
    /// Notes how an attempt ended.
    fn record(&self, provider: ProviderId, model: &str, fact: AttemptFact);
    /// Whether the target can take a call now; never [`Availability::Unusable`], which is configuration's to say.
    fn availability(&self, provider: ProviderId, model: &str) -> Availability;
    /// All targets that are avoided now, for people to look at.
    fn resting(&self) -> Vec<Resting>;
}
