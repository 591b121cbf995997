//! What is known of each target's health: facts of attempts come in, and what a plan needs to know comes out.

use crate::clock::Monotonic;
use std::time::Duration;
use switchyard_domain::fault::FaultKind;
use switchyard_domain::health::{AnswerForm, BreakerState, Percentiles};
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
    /// Nothing of the target: nothing was sent, or only the account was refused that it was made with, which is no other call's.
    Nothing,
}

/// Whose account an attempt is made with: what an account is refused is known of that account alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// The provider's shared one.
    Shared,
    /// The caller's own.
    Own,
}

/// What a plan needs to know of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetView {
    /// Whether it can take a call now; never [`Availability::Unusable`], which is configuration's to say.
    pub availability: Availability,
    /// How long it takes to the first content of an answer of this form, as it was lately. One that nobody asks is forgotten little by
    /// little, so that it is tried again some day; one that was asked lately and gave no content is taken for slower than all. `None`
    /// where it was never measured.
    pub latency: Option<Duration>,
    /// Attempts in flight.
    pub in_flight: u32,
}

/// Why an attempt is made at a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// It is its turn.
    Turn,
    /// Nothing else is left.
    LastResort {
        /// Whether the call made no attempt yet.
        is_first: bool,
    },
    /// The same call asks the same target once more, after the wait that this takes.
    Retry {
        /// When its last attempt had failed: what the target asked for since then binds it as everybody.
        failed_at: Monotonic,
    },
}

/// Why a target is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBackFor {
    /// It failed.
    Failures,
    /// It throttled.
    Throttling,
    /// Its account is used up or refused.
    Account,
}

/// A target takes no attempt now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no attempt is made for {} ms", .wait.as_millis())]
pub struct HeldBack {
    /// Why.
    pub cause: HeldBackFor,
    /// When to ask again, at the earliest.
    pub wait: Duration,
}

/// A target as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetState {
    /// The provider.
    pub provider: ProviderId,
    /// The model.
    pub model: String,
    /// Whether it is left alone for its failures.
    pub breaker: BreakerState,
    /// For how long it rests yet, since it throttled or its account is used up or refused.
    pub rest: Option<Duration>,
    /// The time to the first content of its last answers.
    pub latency: Option<Percentiles>,
    /// When an answer was measured last, and of which form it was.
    pub last_answer: Option<(Monotonic, AnswerForm)>,
    /// Attempts in flight.
    pub in_flight: u32,
}

/// An attempt that is under way. Dropping it unended says nothing of the target, and MUST end it all the same: it is in flight no
/// more, and where it was the probe of a breaker, another may be.
pub trait WatchedAttempt: Send + Sync {
    /// The first content has come.
    fn first_content(&mut self);
    /// It ended so.
    fn ended(self: Box<Self>, fact: AttemptFact);
}

/// Facts about targets come in, their availability comes out. MUST be quick and never block: it is asked for every call.
///
/// A target that fails again and again is left alone (`domain::health::Breaker`): MUST let one attempt through as a probe when its time
/// is over, however many wait, and one in a second where nothing else is left. A target that throttles rests for as long as it said,
/// and gets no attempt before that, for a minute at most, whatever becomes of attempts that began before it said so; one whose account is
/// used up or refused rests too, and is tried where nothing else is left: by each call as its first attempt, and else once in a second.
pub trait Health: Send + Sync {
    /// What is known of a target now.
    fn view(&self, provider: ProviderId, model: &str, account: Account, form: AnswerForm) -> TargetView;
    /// Begins an attempt, or says when one may begin.
    ///
    /// # Errors
    /// [`HeldBack`] where none may.
    fn begin(
        &self,
        provider: ProviderId,
        model: &str,
        account: Account,
        form: AnswerForm,
        occasion: Occasion,
    ) -> Result<Box<dyn WatchedAttempt>, HeldBack>;
    /// All targets at which there was an attempt, for people to look at.
    fn states(&self) -> Vec<TargetState>;
    /// Forgets the targets that are gone: configuration has them no more, or means another server or another account by them. What
    /// attempts that are under way at them will tell is not heard.
    fn forget(&self, is_gone: &dyn Fn(ProviderId, &str) -> bool);
}
