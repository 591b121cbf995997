//! What budgets need besides the limiter: the ledger, which says what was spent before a counter is known, and what is reserved for a
//! call that has no price.

use super::sums::{DISBELIEF, Sums, questions_of};
use crate::snapshot::ConfigurationKeeper;
use crate::usage::LedgerWriter;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::Timestamp;
use switchyard_ports::clock::{Clock, Monotonic};
use switchyard_ports::limiter::{Ask, Counter, Limiter, LimiterError, Payer, Permit, Scope};
use switchyard_ports::repositories::UsageRepository;
use tokio_util::sync::CancellationToken;

/// How often a call asks again after it made counters known: a window may end in between, and calls that ran when a budget began may be
/// settled.
const ROUNDS: usize = 8;
/// How often it is looked whether a budget was set.
const LOOK: Duration = Duration::from_millis(200);
/// Counters of which the ledger is asked together.
const TOGETHER: usize = 512;
/// How long after a counter was found to be known at most only the ledger is asked once more; then twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(64);

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
    sums: Sums,
    clock: Arc<dyn Clock>,
    terms: BudgetTerms,
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
        Self { sums: Sums::new(usage, writer, Arc::clone(&clock)), clock, terms }
    }

    /// What is reserved where nobody knows what a call costs.
    #[must_use]
    pub fn terms(&self) -> BudgetTerms {
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
                Err(LimiterError::Unseeded(counters)) => self.make_known(limiter, &counters, true).await?,
                taken => return taken,
            }
        }
        Err(forgotten())
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
                Err(LimiterError::Unseeded(counters)) => self.make_known(limiter, &counters, true).await?,
                covered => return covered,
            }
        }
        Err(forgotten())
    }

    /// Makes the counter of every budget that is configured known, before a call needs it, and exactly as soon as that can be, until
    /// `stopping`.
    pub async fn keep_known(
        &self,
        limiter: &dyn Limiter,
        keeper: &ConfigurationKeeper,
        stopping: CancellationToken,
    ) {
        tokio::join!(self.keep_told(limiter, keeper, &stopping), self.keep_exact(limiter, &stopping));
    }

    async fn keep_told(
        &self,
        limiter: &dyn Limiter,
        keeper: &ConfigurationKeeper,
        stopping: &CancellationToken,
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
        let name = |payer: &Payer| (payer.scope.clone(), payer.allowance.edition());
        let configured: HashSet<(Scope, i64)> = payers.iter().map(name).collect();
        known.retain(|budget| configured.contains(budget));
        let new: Vec<&Payer> = payers.iter().filter(|payer| !known.contains(&name(payer))).collect();
        let now = self.clock.now();
        for some in new.chunks(TOGETHER) {
            let counters: Vec<Counter> = some.iter().map(|payer| payer.counter(now)).collect();
            self.make_known(limiter, &counters, false).await?;
            known.extend(some.iter().map(|payer| name(payer)));
        }
        Ok(())
    }

    /// Asks the ledger for those of some counters that are not known. Where many processes share them, the first look waits for what they
    /// settled just now: beside others, not before them.
    async fn make_known(
        &self,
        limiter: &dyn Limiter,
        counters: &[Counter],
        is_awaited: bool,
    ) -> Result<(), LimiterError> {
        for _ in 0..ROUNDS {
            let questions = questions_of(limiter, counters, false).await?;
            if questions.is_empty() {
                return Ok(());
            }
            self.sums.tell(limiter, questions, is_awaited).await?;
        }
        Err(forgotten())
    }

    /// Asks again for what is known at most only, until `stopping`: what was counted twice is so for a moment, or for as long as
    /// something is settled all the time.
    async fn keep_exact(&self, limiter: &dyn Limiter, stopping: &CancellationToken) {
        let mut pauses: HashMap<Counter, (Monotonic, Duration)> = HashMap::new();
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                () = self.clock.sleep(FIRST_PAUSE) => {}
            }
            let Ok(counters) = limiter.in_question().await else { continue };
            let now = self.clock.monotonic();
            pauses.retain(|_, (next, _)| now.since(*next) < LONGEST_PAUSE);
            let is_due = |counter: &Counter| pauses.get(counter).is_none_or(|(next, _)| *next <= now);
            let due: Vec<Counter> = counters.into_iter().filter(is_due).collect();
            tokio::select! {
                () = stopping.cancelled() => return,
                asked = self.ask_again(limiter, &due) => if let Err(error) = asked {
                    tracing::debug!(%error, "budgets are not known exactly yet");
                },
            }
            for counter in due {
                let before = pauses.get(&counter).map_or(FIRST_PAUSE, |(_, pause)| *pause);
                let pause = (2 * before).min(LONGEST_PAUSE);
                pauses.insert(counter, (Monotonic(now.0.saturating_add(pause)), pause));
            }
        }
    }

    async fn ask_again(&self, limiter: &dyn Limiter, counters: &[Counter]) -> Result<(), LimiterError> {
        let questions = questions_of(limiter, counters, true).await?;
        self.sums.tell(limiter, questions, false).await
    }
}

fn forgotten() -> LimiterError {
    LimiterError::Unavailable("counters are forgotten as soon as they are told".to_owned())
}
