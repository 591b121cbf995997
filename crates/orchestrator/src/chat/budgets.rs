//! What budgets need besides the limiter: the ledger, which says what was spent before a counter is known, and what is reserved for a
//! call that has no price.

use crate::usage::LedgerWriter;
use std::sync::Arc;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::quota::QuotaScope;
use switchyard_ports::limiter::{Ask, Counter, Limiter, LimiterError, Permit};
use switchyard_ports::repositories::UsageRepository;
use tokio::sync::Mutex;

/// How often a call asks again after it made counters known: a window may end in between, hardly two.
const ROUNDS: usize = 3;

/// See the module.
pub struct Budgets {
    usage: Arc<dyn UsageRepository>,
    writer: Arc<LedgerWriter>,
    /// What is reserved and charged for a call without a price; absent: it is refused under a budget.
    unpriced_ceiling: Option<NanoUsd>,
    /// One asks the ledger; who comes meanwhile finds the counter known.
    asking: Mutex<()>,
}

impl Budgets {
    /// Over the ledger and its writer.
    #[must_use]
    pub fn new(
        usage: Arc<dyn UsageRepository>,
        writer: Arc<LedgerWriter>,
        unpriced_ceiling: Option<NanoUsd>,
    ) -> Self {
        Self { usage, writer, unpriced_ceiling, asking: Mutex::new(()) }
    }

    pub(super) fn unpriced_ceiling(&self) -> Option<NanoUsd> {
        self.unpriced_ceiling
    }

    /// Takes what is asked; counters that are not known are made known first. This is the one moment at which a call asks the
    /// database: when a budget is met for the first time.
    pub(super) async fn acquire(
        &self,
        limiter: &dyn Limiter,
        asks: &[Ask],
    ) -> Result<Vec<Box<dyn Permit>>, LimiterError> {
        for _ in 0..ROUNDS {
            match limiter.acquire(asks).await {
                Err(LimiterError::Unseeded(counters)) => self.make_known(limiter, &counters).await?,
                taken => return taken,
            }
        }
        Err(LimiterError::Unavailable("counters are forgotten as soon as they are told".to_owned()))
    }

    /// Raises what a permit holds; counters that are not known are made known first.
    pub(super) async fn cover(
        &self,
        limiter: &dyn Limiter,
        permit: &dyn Permit,
        money: NanoUsd,
    ) -> Result<(), LimiterError> {
        for _ in 0..ROUNDS {
            match permit.cover(money).await {
                Err(LimiterError::Unseeded(counters)) => self.make_known(limiter, &counters).await?,
                covered => return covered,
            }
        }
        Err(LimiterError::Unavailable("counters are forgotten as soon as they are told".to_owned()))
    }

    async fn make_known(&self, limiter: &dyn Limiter, counters: &[Counter]) -> Result<(), LimiterError> {
        let _one = self.asking.lock().await;
        // What waits in the journal was spent too.
        let mut is_drained = false;
        for counter in counters {
            if limiter.standing(counter).await?.is_some() {
                continue;
            }
            if !std::mem::replace(&mut is_drained, true) && !self.writer.drain_once().await {
                return Err(LimiterError::Unavailable("usage does not reach the ledger".to_owned()));
            }
            let scope = QuotaScope::parse(&counter.scope.0)
                .map_err(|error| LimiterError::Unavailable(error.to_string()))?;
            let spent = self.usage.spent(scope, counter.span).await;
            let spent = spent.map_err(|error| LimiterError::Unavailable(error.to_string()))?;
            limiter.seed(counter, spent).await?;
        }
        Ok(())
    }
}
