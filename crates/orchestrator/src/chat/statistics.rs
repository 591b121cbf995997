//! Counters of attempts, for metrics. Labels are providers and outcomes only: never keys, users or request ids.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use switchyard_domain::usage::{Outcome, RESERVED_PRICE, UsageEvent};

/// The counters.
#[derive(Debug, Default)]
pub struct CallStatistics {
    /// By provider and outcome.
    attempts: Mutex<BTreeMap<String, BTreeMap<&'static str, AttemptCount>>>,
    in_flight: AtomicU64,
    unpriced: AtomicU64,
}

/// Attempts of one provider with one outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AttemptCount {
    /// Attempts.
    pub attempts: u64,
    /// Input tokens.
    pub input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Nano-USD of priced attempts.
    pub cost_nano_usd: i64,
}

impl CallStatistics {
    /// A call began.
    pub fn call_began(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    /// A call ended.
    pub fn call_ended(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// Calls in flight now.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Attempts that used something at an unknown price.
    #[must_use]
    pub fn unpriced(&self) -> u64 {
        self.unpriced.load(Ordering::Relaxed)
    }

    /// Counts settled attempts.
    pub fn count(&self, events: &[UsageEvent]) {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        for event in events {
            if !attempts.contains_key(&event.provider_name) {
                attempts.insert(event.provider_name.clone(), BTreeMap::new());
            }
            let Some(outcomes) = attempts.get_mut(&event.provider_name) else { continue };
            let count = outcomes.entry(Outcome::as_str(event.outcome)).or_default();
            count.attempts += 1;
            count.input_tokens = count.input_tokens.saturating_add(event.usage.input);
            count.output_tokens = count.output_tokens.saturating_add(event.usage.output);
            count.cost_nano_usd = count.cost_nano_usd.saturating_add(event.cost.unwrap_or_default().0);
            let is_priced = event.cost.is_some() && event.price_version.as_deref() != Some(RESERVED_PRICE);
            if !is_priced && event.is_billed() {
                self.unpriced.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// All counters, by provider and outcome.
    #[must_use]
    pub fn attempts(&self) -> Vec<(String, &'static str, AttemptCount)> {
        let attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let of_provider = |(provider, outcomes): (&String, &BTreeMap<&'static str, AttemptCount>)| {
            outcomes.iter().map(|(outcome, count)| (provider.clone(), *outcome, *count)).collect::<Vec<_>>()
        };
        attempts.iter().flat_map(of_provider).collect()
    }
}
