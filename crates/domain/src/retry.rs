//! When a failed attempt may be tried again at the same target: backoff with full jitter, and a budget that keeps retries
//! from multiplying an outage.

use std::time::Duration;

/// Base of the backoff after a transient fault.
pub const TRANSIENT_BASE: Duration = Duration::from_millis(50);
/// Base of the backoff after a throttle without `Retry-After`.
pub const THROTTLED_BASE: Duration = Duration::from_secs(1);
/// The longest single wait inside a call.
pub const MAX_WAIT: Duration = Duration::from_secs(5);

const CAPACITY: u32 = 500;
const TRANSIENT_COST: u32 = 14;
const THROTTLED_COST: u32 = 5;
const REFUND: u32 = 1;

/// What kind of fault a retry answers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryCause {
    /// Connection faults, timeouts, 5xx.
    Transient,
    /// 429.
    Throttled,
}

/// The wait before retry number `retry` (1 is the first), by full jitter: uniform in [0, base * 2^(retry-1)], at most
/// [`MAX_WAIT`]. `random` is uniform over its whole range.
#[must_use]
pub fn backoff(cause: RetryCause, retry: u32, random: u64) -> Duration {
    let base = match cause {
        RetryCause::Transient => TRANSIENT_BASE,
        RetryCause::Throttled => THROTTLED_BASE,
    };
    let ceiling = base.saturating_mul(1 << retry.saturating_sub(1).min(16)).min(MAX_WAIT);
    let micros = u64::try_from(ceiling.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(random % micros.saturating_add(1))
}

/// What is added to a wait that a provider asked for, so that all whom it told the same do not come back at the same moment: up to a
/// quarter of a second. `random` is uniform over its whole range.
#[must_use]
pub fn scatter(random: u64) -> Duration {
    Duration::from_micros(random % 250_001)
}

/// Tokens that pay for retries at the same target; failover to another target is free. A first try that succeeds puts one
/// back, a retry that succeeds puts its own cost back, so a healthy upstream always has a full budget and a dead one
/// gets at most `500 / 14` retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryBudget {
    tokens: u32,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self { tokens: CAPACITY }
    }
}

impl RetryBudget {
    fn cost(cause: RetryCause) -> u32 {
        match cause {
            RetryCause::Transient => TRANSIENT_COST,
            RetryCause::Throttled => THROTTLED_COST,
        }
    }

    /// Takes the cost of one retry; `false` when the budget can't pay.
    #[must_use]
    pub fn take(&mut self, cause: RetryCause) -> bool {
        match self.tokens.checked_sub(Self::cost(cause)) {
            Some(left) => {
                self.tokens = left;
                true
            }
            None => false,
        }
    }

    /// Gives back what was taken for a retry that was not made after all.
    pub fn not_made(&mut self, cause: RetryCause) {
        self.succeeded(Some(cause));
    }

    /// Notes a success: of a first try (`None`), or of a retry that answered to `cause`.
    pub fn succeeded(&mut self, retried: Option<RetryCause>) {
        self.tokens = (self.tokens + retried.map_or(REFUND, Self::cost)).min(CAPACITY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_target_exhausts_the_budget_after_35_retries() {
        let mut budget = RetryBudget::default();
        let granted = (0..1000).filter(|_| budget.take(RetryCause::Transient)).count();
        assert_eq!(granted, 35);
        budget.succeeded(Some(RetryCause::Transient));
        assert!(budget.take(RetryCause::Transient));
    }

    #[test]
    fn backoff_doubles_its_ceiling_and_stays_under_the_cap() {
        assert_eq!(backoff(RetryCause::Transient, 1, 50_000), Duration::from_micros(50_000));
        assert_eq!(backoff(RetryCause::Transient, 1, 50_001), Duration::ZERO);
        assert_eq!(backoff(RetryCause::Transient, 2, 100_000), Duration::from_millis(100));
        assert!(backoff(RetryCause::Throttled, 40, u64::MAX) <= MAX_WAIT);
    }
}
