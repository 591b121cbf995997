//! Proves the books, and that the counters of budgets are what the books say.

use super::LedgerWriter;
use crate::error::AdminError;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::quota::{Quota, QuotaScope};
use switchyard_domain::usage::{LedgerCheck, LedgerProblem};
use switchyard_ports::clock::Clock;
use switchyard_ports::limiter::{Counter, Known, Limiter, Scope, Standing};
use switchyard_ports::repositories::{QuotaRepository, RepositoryError, UsageRepository};

/// How often a counter that does not agree is looked at again: a call that ends just now is in one of the two books before it is in
/// the other.
const LOOKS: usize = 5;
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// The counters that calls are held to, where they are at hand.
pub struct LiveCounters {
    /// Who keeps them.
    pub limiter: Arc<dyn Limiter>,
    /// Brings what waits in the journal into the ledger.
    pub writer: Arc<LedgerWriter>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// See the module.
pub struct BooksProof {
    usage: Arc<dyn UsageRepository>,
    quotas: Arc<dyn QuotaRepository>,
    counters: Option<LiveCounters>,
}

impl BooksProof {
    /// Over the books, and the counters where they are at hand.
    #[must_use]
    pub fn new(
        usage: Arc<dyn UsageRepository>,
        quotas: Arc<dyn QuotaRepository>,
        counters: Option<LiveCounters>,
    ) -> Self {
        Self { usage, quotas, counters }
    }

    /// Proves that all sums are the ledger's: those of the days, and what the counter of each budget says of its window of now. A
    /// counter that no call has met yet is not known, and has nothing to prove.
    ///
    /// # Errors
    /// When the database can't be read; differences are not errors but findings.
    pub async fn run(&self) -> Result<LedgerCheck, AdminError> {
        if let Some(counters) = &self.counters {
            // What was used just now is part of the books; what does not arrive shows at the counters.
            counters.writer.drain_once().await;
        }
        let mut check = self.usage.verify().await?;
        let Some(counters) = &self.counters else { return Ok(check) };
        for quota in self.quotas.quotas().await? {
            if let Some(proved) = self.prove(counters, &quota).await? {
                check.counters += 1;
                check.problems.extend(proved.err());
            }
        }
        Ok(check)
    }

    /// `None` where the counter is not known.
    async fn prove(
        &self,
        counters: &LiveCounters,
        quota: &Quota,
    ) -> Result<Option<Result<(), LedgerProblem>>, AdminError> {
        let Some(budget) = &quota.budget else { return Ok(None) };
        let counter = Counter {
            scope: Scope(quota.scope.to_string().into()),
            edition: quota.id,
            span: budget.span(counters.clock.now()),
        };
        let mut found = None;
        for look in 0..LOOKS {
            if look > 0 {
                counters.clock.sleep(BETWEEN_LOOKS).await;
            }
            let known = standing(counters, &counter).await?;
            let Some(counted) = known.standing() else { return Ok(None) };
            let is_exact = matches!(known, Known::Exactly(_));
            found = match self.difference(counters, quota.scope, &counter, (counted, is_exact)).await? {
                None => return Ok(Some(Ok(()))),
                found => found,
            };
        }
        Ok(found.map(Err))
    }

    async fn difference(
        &self,
        counters: &LiveCounters,
        scope: QuotaScope,
        counter: &Counter,
        (counted, is_exact): (Standing, bool),
    ) -> Result<Option<LedgerProblem>, AdminError> {
        let place = format!("budget of {scope}");
        if !counters.writer.drain_once().await {
            let difference = "what waits in the journal does not reach the ledger".to_owned();
            return Ok(Some(LedgerProblem { place, difference }));
        }
        let entries = self.usage.spent(scope, counter.span).await?;
        // What is known at most only is counted twice for a moment, and never too little.
        if entries == counted.spent || (!is_exact && entries < counted.spent) {
            return Ok(None);
        }
        let difference = format!("the counter says {}, its entries say {entries}", counted.spent);
        Ok(Some(LedgerProblem { place, difference }))
    }
}

async fn standing(counters: &LiveCounters, counter: &Counter) -> Result<Known, AdminError> {
    let standing = counters.limiter.standing(counter).await;
    standing.map_err(|error| AdminError::from(RepositoryError::Unavailable(error.to_string())))
}
