//! Proves the books, and that the counters of budgets are what the books say.

use super::LedgerWriter;
use crate::error::AdminError;
use crate::tasks::Tasks;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use switchyard_domain::quota::{Quota, QuotaScope};
use switchyard_domain::usage::{LedgerCheck, LedgerProblem};
use switchyard_ports::clock::Clock;
use switchyard_ports::limiter::{Counter, Known, Limiter, Scope, Standing};
use switchyard_ports::repositories::{QuotaRepository, RepositoryError, UsageRepository};
use tokio::sync::watch;

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

type Proved = Result<LedgerCheck, AdminError>;

/// See the module.
pub struct BooksProof {
    books: Arc<Books>,
    tasks: Tasks,
    /// What is told of the last proof that began; closed once that has ended.
    last: Mutex<Option<watch::Receiver<Option<Proved>>>>,
}

impl BooksProof {
    /// Over the books, and the counters where they are at hand. Proofs are made in tasks of their own.
    #[must_use]
    pub fn new(
        usage: Arc<dyn UsageRepository>,
        quotas: Arc<dyn QuotaRepository>,
        counters: Option<LiveCounters>,
        tasks: Tasks,
    ) -> Self {
        Self { books: Arc::new(Books { usage, quotas, counters }), tasks, last: Mutex::default() }
    }

    /// Proves that all sums are the ledger's: those of the days, and what the counter of each budget says of its window of now. A
    /// counter that no call has met yet is not known, and has nothing to prove.
    ///
    /// It reads everything, so one proof is made at a time: who asks while one is under way is given what that one finds. It goes on when
    /// nobody waits for it any longer, since what a database reads for it does.
    ///
    /// # Errors
    /// When the database can't be read; differences are not errors but findings.
    pub async fn run(&self) -> Result<LedgerCheck, AdminError> {
        let mut proof = self.under_way();
        let proved = proof.wait_for(Option::is_some).await.ok().and_then(|proved| proved.clone());
        let broken_off = || RepositoryError::Unavailable("the proof was broken off".to_owned());
        proved.unwrap_or_else(|| Err(AdminError::from(broken_off())))
    }

    /// The proof that is being made; begins one where there is none.
    fn under_way(&self) -> watch::Receiver<Option<Proved>> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(proof) = last.as_ref().filter(|proof| proof.has_changed().is_ok()) {
            return proof.clone();
        }
        let (tell, told) = watch::channel(None);
        *last = Some(told.clone());
        let (books, stopping) = (Arc::clone(&self.books), self.tasks.stopping());
        self.tasks.spawn("proof of the books", async move {
            tokio::select! {
                proved = books.prove_all() => {
                    tell.send_replace(Some(proved));
                }
                () = stopping.cancelled() => {}
            }
        });
        told
    }
}

struct Books {
    usage: Arc<dyn UsageRepository>,
    quotas: Arc<dyn QuotaRepository>,
    counters: Option<LiveCounters>,
}

impl Books {
    async fn prove_all(&self) -> Proved {
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
