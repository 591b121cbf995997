//! Google's service accounts: a key in JSON, for which Google gives tokens that last an hour.

use super::grant::{self, Granted};
use super::key::Key;
use crate::transport::{Transport, TransportBuildError};
use crate::vendors::hooks::Means;
use secrecy::{ExposeSecret, SecretString};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_domain::time::Timestamp;
use switchyard_ports::clock::{Clock, Monotonic};

/// A token is not used in its last minute: the call that it goes along with takes its time.
const MARGIN: Duration = Duration::from_secs(60);
/// How long a failure answers for the next ones, so that a burst of calls does not hammer Google. Short, as calls wait for it.
const FAILURE_KEPT: Duration = Duration::from_secs(5);

/// A service account that tokens can be had for.
pub(super) struct Account {
    key: Key,
    way: Transport,
    clock: Arc<dyn Clock>,
    kept: Mutex<Option<Kept>>,
    /// Held by the one who asks for a token, so that a burst of calls does not ask once each.
    asking: tokio::sync::Mutex<()>,
}

/// What the last question gave.
struct Kept {
    outcome: Result<Arc<SecretString>, ProviderFault>,
    until: Monotonic,
}

impl Account {
    /// The account of a key. Reading one takes milliseconds: not for an async thread.
    pub(super) fn of(credential: &SecretString, means: &Means) -> Result<Self, ProviderFault> {
        Self::with(Key::read(credential.expose_secret())?, means)
    }

    fn with(key: Key, means: &Means) -> Result<Self, ProviderFault> {
        let way = means.transports.to(&key.place()?);
        let way = way.map_err(|TransportBuildError::Egress(refusal)| {
            ProviderFault::new(FaultKind::EgressRefused, refusal.to_string())
        })?;
        let clock = Arc::clone(&means.clock);
        Ok(Self { key, way, clock, kept: Mutex::default(), asking: tokio::sync::Mutex::default() })
    }

    /// A token that has not run out, asked for where none is kept.
    pub(super) async fn token(&self) -> Result<Arc<SecretString>, ProviderFault> {
        if let Some(outcome) = self.kept() {
            return outcome;
        }
        let _asking = self.asking.lock().await;
        // Whoever waited has the answer of the one who asked, good or bad.
        if let Some(outcome) = self.kept() {
            return outcome;
        }
        let now: Timestamp = self.clock.now();
        let granted = grant::ask(&self.key, &self.way, now).await;
        let (outcome, lasts) = match granted {
            Ok(Granted { token, lasts }) => (Ok(Arc::new(token)), lasts.saturating_sub(MARGIN)),
            Err(fault) => (Err(fault), FAILURE_KEPT),
        };
        let until = Monotonic(self.clock.monotonic().0.saturating_add(lasts));
        let kept = Kept { outcome: outcome.clone(), until };
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        outcome
    }

    fn kept(&self) -> Option<Result<Arc<SecretString>, ProviderFault>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.as_ref().filter(|kept| self.clock.monotonic() < kept.until)?;
        Some(kept.outcome.clone())
    }
}

#[cfg(test)]
mod tests;
