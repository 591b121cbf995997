//! How a shared credential stands with its provider: one that was refused is benched until somebody replaces it or a trial shows that
//! it is taken again, one that was throttled rests for as long as it was told to.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_domain::time::Timestamp;
use switchyard_ports::clock::{Clock, Monotonic};

/// How long one is benched before a call tries it again.
const BENCH: Duration = Duration::from_secs(300);
/// The least rest of one that is throttled, whatever it is told: else a call would come back to the one that it has just left.
const LEAST_REST: Duration = Duration::from_millis(100);
/// The rest of one that is throttled without a word on for how long.
const SHORT_REST: Duration = Duration::from_secs(1);
/// The longest rest that a provider's own word is believed for.
const LONGEST_REST: Duration = Duration::from_secs(3600);

/// Why a credential is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setback {
    /// It was told to wait.
    Throttled,
    /// It was refused.
    Refused,
    /// What its account may use is used up.
    Spent,
}

impl Setback {
    fn of(kind: FaultKind) -> Option<Self> {
        match kind {
            FaultKind::Throttled => Some(Self::Throttled),
            FaultKind::AuthFailed => Some(Self::Refused),
            FaultKind::QuotaExhausted => Some(Self::Spent),
            _ => None,
        }
    }

    /// Whether only a trial shows that it is over.
    fn is_benched(self) -> bool {
        self != Self::Throttled
    }

    /// The word that people and programs read.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Refused => "refused",
            Self::Spent => "quota_exhausted",
        }
    }
}

/// How a credential stands, for people to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialState {
    /// Calls take turns with it.
    Usable,
    /// Calls use another one, if there is one that is usable.
    SetBack {
        /// Why.
        why: Setback,
        /// Since when.
        since: Timestamp,
        /// When calls use it again, or one call tries it.
        until: Timestamp,
    },
}

impl CredentialState {
    /// `usable`, `throttled` or `benched`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Usable => "usable",
            Self::SetBack { why: Setback::Throttled, .. } => "throttled",
            Self::SetBack { .. } => "benched",
        }
    }
}

/// With what right a call uses a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is usable.
    Ordinary,
    /// It was benched, and this one call tries it.
    Trial,
    /// None is usable, and this one is the next that will be.
    LastResort,
}

/// What a fault made of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fallen {
    /// Until when it is not used.
    pub(super) until: Monotonic,
    /// Why, where it was not benched before: to be told once.
    pub(super) benched: Option<Setback>,
}

/// How a credential stands. Outlives snapshots; held for moments only.
#[derive(Debug, Default)]
pub(super) struct Standing(Mutex<Option<Away>>);

#[derive(Clone, Copy, Debug)]
struct Away {
    why: Setback,
    since: Timestamp,
    until: Monotonic,
    /// A call tries it now.
    on_trial: bool,
}

impl Away {
    fn is_over(&self, now: Monotonic) -> bool {
        now >= self.until
    }
}

impl Standing {
    fn lock(&self) -> MutexGuard<'_, Option<Away>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a call could use it now.
    pub(super) fn is_usable(&self, now: Monotonic) -> bool {
        self.lock().is_none_or(|away| away.is_over(now) && !away.on_trial)
    }

    /// A call uses it now, if it can be used. The end of a rest ends it; the end of a bench lets one call through.
    pub(super) fn take(&self, now: Monotonic) -> Option<Turn> {
        let mut state = self.lock();
        match state.as_mut() {
            None => Some(Turn::Ordinary),
            Some(away) if !away.is_over(now) || away.on_trial => None,
            Some(away) if away.why.is_benched() => {
                away.on_trial = true;
                Some(Turn::Trial)
            }
            Some(_) => {
                *state = None;
                Some(Turn::Ordinary)
            }
        }
    }

    pub(super) fn is_benched(&self) -> bool {
        self.lock().is_some_and(|away| away.why.is_benched())
    }

    /// Until when it is not used; in the past where it is.
    pub(super) fn until(&self) -> Monotonic {
        self.lock().map_or(Monotonic::default(), |away| away.until)
    }

    /// The provider took it.
    pub(super) fn accepted(&self, turn: Turn) {
        // A call that began before somebody else's was refused says nothing of what came after.
        if turn != Turn::Ordinary {
            *self.lock() = None;
        }
    }

    /// The trial showed nothing: the next call is one.
    pub(super) fn undecided(&self, turn: Turn) {
        if turn == Turn::Trial
            && let Some(away) = self.lock().as_mut()
        {
            away.on_trial = false;
        }
    }

    /// The provider did not take it, as far as the fault says so.
    pub(super) fn failed(&self, turn: Turn, fault: &ProviderFault, clock: &dyn Clock) -> Option<Fallen> {
        let why = Setback::of(fault.kind)?;
        let rest = match why {
            Setback::Throttled => fault.retry_after.unwrap_or(SHORT_REST).clamp(LEAST_REST, LONGEST_REST),
            Setback::Refused | Setback::Spent => BENCH,
        };
        let until = Monotonic(clock.monotonic().0 + rest);
        let mut state = self.lock();
        let before = *state;
        // A late word does not shorten what is known since.
        if turn == Turn::Ordinary && before.is_some_and(|before| !why.is_benched() && before.until > until) {
            return before.map(|before| Fallen { until: before.until, benched: None });
        }
        let was_benched = before.filter(|before| before.why.is_benched());
        let since = match was_benched {
            Some(before) if why.is_benched() => before.since,
            _ => clock.now(),
        };
        *state = Some(Away { why, since, until, on_trial: false });
        let benched = Some(why).filter(|why| why.is_benched() && was_benched.is_none());
        Some(Fallen { until, benched })
    }

    /// How it stands. A rest that is over is none; a bench lasts until a trial ends it.
    pub(super) fn state(&self, clock: &dyn Clock) -> CredentialState {
        let now = clock.monotonic();
        match *self.lock() {
            Some(Away { why, since, until, .. }) if why.is_benched() || now < until => {
                let left = i64::try_from(until.since(now).as_millis()).unwrap_or(i64::MAX);
                let until = Timestamp(clock.now().0.saturating_add(left));
                CredentialState::SetBack { why, since, until }
            }
            _ => CredentialState::Usable,
        }
    }
}
