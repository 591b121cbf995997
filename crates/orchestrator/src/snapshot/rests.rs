//! Credentials of users and keys that were throttled: each is left alone at the model that throttled it for as long as it was told.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use switchyard_domain::ids::CredentialId;
use switchyard_ports::clock::Monotonic;

/// The rest of one that is throttled without a word on for how long.
const SHORT: Duration = Duration::from_secs(1);
/// The longest rest that a provider's own word is believed for.
const LONGEST: Duration = Duration::from_secs(60);
/// Of how many credentials rests are kept before those that are over are looked for.
const SWEPT_FROM: usize = 1_024;

#[derive(Clone, Copy)]
struct Rest {
    since: Monotonic,
    until: Monotonic,
}

#[derive(Default)]
struct Kept {
    rests: HashMap<CredentialId, HashMap<String, Rest>>,
    sweep_at: usize,
}

/// The rests, by credential and upstream model. Held for moments only.
#[derive(Default)]
pub(super) struct Rests(Mutex<Kept>);

impl Rests {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A model throttled a credential. What was asked for before still holds, if it is more.
    pub(super) fn throttled(&self, id: CredentialId, model: &str, now: Monotonic, asked: Option<Duration>) {
        let until = Monotonic(now.0 + asked.unwrap_or(SHORT).min(LONGEST));
        let mut kept = self.kept();
        if kept.rests.len() >= kept.sweep_at.max(SWEPT_FROM) {
            kept.rests.retain(|_, models| models.values().any(|rest| rest.until > now));
            kept.sweep_at = kept.rests.len() * 2;
        }
        let models = kept.rests.entry(id).or_default();
        let rest = models.entry(model.to_owned()).or_insert(Rest { since: now, until });
        *rest = Rest { since: now, until: rest.until.max(until) };
    }

    /// For how long a credential is left alone at a model yet. Whoever asks once more after a failure has waited for what it had heard
    /// then.
    pub(super) fn left(
        &self,
        id: CredentialId,
        model: &str,
        now: Monotonic,
        failed_at: Option<Monotonic>,
    ) -> Option<Duration> {
        let rest = *self.kept().rests.get(&id)?.get(model)?;
        let has_waited = failed_at.is_some_and(|failed_at| rest.since <= failed_at);
        Some(rest.until.since(now)).filter(|left| !left.is_zero() && !has_waited)
    }

    /// The credential is another one now, or is gone.
    pub(super) fn forget(&self, id: CredentialId) {
        self.kept().rests.remove(&id);
    }
}
