//! What budgets need besides the limiter: the ledger, which says what was spent before a counter is known, and what is reserved for a
//! call that has no price.

use crate::snapshot::ConfigurationKeeper;
use crate::usage::LedgerWriter;
use futures_util::future::try_join_all;
use std::collections::HashSet;
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::Duration;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::time::Timestamp;
use switchyard_ports::clock::{Clock, Monotonic};
use switchyard_ports::limiter::{Ask, Counter, Limiter, LimiterError, Payer, Permit, Scope};
use switchyard_ports::repositories::UsageRepository;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// How often a call asks again after it made counters known: a window may end in between, and calls that ran when a budget began may be
/// settled.
const ROUNDS: usize = 8;
/// How long a call waits for the ledger.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long it is believed that the ledger does not answer, after it did not.
const DISBELIEF: Duration = Duration::from_secs(1);
/// How often it is looked whether a budget was set.
const LOOK: Duration = Duration::from_millis(200);
/// Counters of which the ledger is asked together.
const TOGETHER: usize = 64;

/// What is reserved and charged where nobody knows what a call costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BudgetTerms {
    /// For a call without a price; absent: it is refused under a budget.
    pub unpriced_ceiling: Option<NanoUsd>,
    /// Whether a call under a budget that was sent, and left or given up before its provider began to answer, is charged as it was
    /// reserved. Else it costs nothing, though the provider may bill it.
    pub charges_unanswered: bool,
}

/// See the module.
pub struct Budgets {
    usage: Arc<dyn UsageRepository>,
    writer: Arc<LedgerWriter>,
    clock: Arc<dyn Clock>,
    terms: BudgetTerms,
    /// One asks the ledger; who comes meanwhile finds the counter known, or why it is not.
    asking: Mutex<()>,
    /// When the ledger did not answer, and how.
    failed: Lock<Option<(Monotonic, LimiterError)>>,
}

impl Budgets {
    /// Over the ledger and its writer.
    #[must_use]
    pub fn new(
        usage: Arc<dyn UsageRepository>,
        writer: Arc<LedgerWriter>,
        clock: Arc<dyn Clock>,
        terms: BudgetTerms,
    ) -> Self {
        let (asking, failed) = (Mutex::new(()), Lock::new(None));
        Self { usage, writer, clock, terms, asking, failed }
    }

    pub(super) fn terms(&self) -> BudgetTerms {
        self.terms
    }

    /// Takes what is asked; counters that are not known are made known first. This is the one moment at which a call asks the
    /// database: when it meets a budget that was set just now, for as long as its patience lasts.
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

    /// Raises what a permit holds in the windows of a moment; counters that are not known are made known first.
    pub(super) async fn cover(
        &self,
        limiter: &dyn Limiter,
        permit: &dyn Permit,
        money: NanoUsd,
        at: Timestamp,
    ) -> Result<(), LimiterError> {
        for _ in 0..ROUNDS {
            match permit.cover(money, at).await {
                Err(LimiterError::Unseeded(counters)) => self.make_known(limiter, &counters).await?,
                covered => return covered,
            }
        }
        Err(LimiterError::Unavailable("counters are forgotten as soon as they are told".to_owned()))
    }

    /// Makes the counter of every budget that is configured known, before a call needs it, until `stopping`.
    pub async fn keep_known(
        &self,
        limiter: &dyn Limiter,
        keeper: &ConfigurationKeeper,
        stopping: CancellationToken,
    ) {
        let mut known = HashSet::new();
        let mut seen = None;
        loop {
            let snapshot = keeper.snapshot();
            if seen.as_ref().is_none_or(|seen| !Arc::ptr_eq(seen, &snapshot)) {
                let payers = snapshot.quotas.payers();
                tokio::select! {
                    () = stopping.cancelled() => return,
                    told = self.make_all_known(limiter, &payers, &mut known) => match told {
                        Ok(()) => seen = Some(snapshot),
                        Err(error) => tracing::debug!(%error, "budgets are not known yet"),
                    },
                }
            }
            tokio::select! {
                () = stopping.cancelled() => return,
                () = self.clock.sleep(if seen.is_some() { LOOK } else { DISBELIEF }) => {}
            }
        }
    }

    /// Each budget once: later windows of one that is known are known when they begin.
    async fn make_all_known(
        &self,
        limiter: &dyn Limiter,
        payers: &[Payer],
        known: &mut HashSet<(Scope, i64)>,
    ) -> Result<(), LimiterError> {
        let name = |payer: &Payer| (payer.scope.clone(), payer.allowance.edition);
        let configured: HashSet<(Scope, i64)> = payers.iter().map(name).collect();
        known.retain(|budget| configured.contains(budget));
        let new: Vec<&Payer> = payers.iter().filter(|payer| !known.contains(&name(payer))).collect();
        let now = self.clock.now();
        for some in new.chunks(TOGETHER) {
            let counters: Vec<Counter> = some.iter().map(|payer| payer.counter(now)).collect();
            self.make_known(limiter, &counters).await?;
            known.extend(some.iter().map(|payer| name(payer)));
        }
        Ok(())
    }

    async fn make_known(&self, limiter: &dyn Limiter, counters: &[Counter]) -> Result<(), LimiterError> {
        // Where many processes share counters this waits for what they settled just now: beside others, not before them.
        let unknown = unknown(limiter, counters).await?;
        if unknown.is_empty() {
            return Ok(());
        }
        tokio::select! {
            told = self.ask_ledger(limiter, &unknown) => told,
            () = self.clock.sleep(PATIENCE) => {
                let late = format!("the ledger does not answer within {} s", PATIENCE.as_secs());
                Err(self.failed(LimiterError::Unavailable(late)))
            }
        }
    }

    async fn ask_ledger(&self, limiter: &dyn Limiter, counters: &[Counter]) -> Result<(), LimiterError> {
        let _one = self.asking.lock().await;
        self.failed_lately()?;
        // Others may have asked meanwhile.
        let unknown = unknown(limiter, counters).await?;
        if unknown.is_empty() {
            return Ok(());
        }
        // What waits in the journal was spent too.
        if !self.writer.drain_once().await {
            let why = LimiterError::Unavailable("usage does not reach the ledger".to_owned());
            return Err(self.failed(why));
        }
        for counter in &unknown {
            let scope = QuotaScope::parse(&counter.scope.0)
                .map_err(|error| LimiterError::Unavailable(error.to_string()))?;
            let spent = self.usage.spent(scope, counter.span).await;
            let spent = spent.map_err(|error| self.failed(LimiterError::Unavailable(error.to_string())))?;
            limiter.seed(counter, spent).await?;
        }
        Ok(())
    }

    /// Notes that the ledger did not answer: whoever waits for it, and who comes in the next second, hears the same.
    fn failed(&self, why: LimiterError) -> LimiterError {
        let failed = Some((self.clock.monotonic(), why.clone()));
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = failed;
        why
    }

    fn failed_lately(&self) -> Result<(), LimiterError> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        match &*failed {
            Some((at, why)) if self.clock.monotonic().since(*at) < DISBELIEF => Err(why.clone()),
            _ => Ok(()),
        }
    }
}

/// Those of some counters that are not known.
async fn unknown(limiter: &dyn Limiter, counters: &[Counter]) -> Result<Vec<Counter>, LimiterError> {
    let standings = try_join_all(counters.iter().map(|counter| limiter.standing(counter))).await?;
    let unknown = counters.iter().zip(standings).filter(|(_, standing)| standing.is_none());
    Ok(unknown.map(|(counter, _)| counter.clone()).collect())
}
