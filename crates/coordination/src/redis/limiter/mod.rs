//! Limits and budgets that many processes share through Redis.
//!
//! Every question and everything that becomes of a permit goes through one desk, in order ([`desk`]). The decisions are those of the
//! memory limiter: a script looks at all demands and takes all or nothing in one step. While Redis is away each process decides for
//! itself, by its share of the limits; money is not given then.

mod answers;
mod arguments;
mod batch;
mod books;
mod deeds;
mod desk;
mod holdings;
mod jobs;
mod permit;
mod share;
mod untold;

pub(super) use arguments::Arguments;
pub use desk::Desk;

use super::address::RedisAddress;
use super::presence::Presence;
use crate::memory::{MemoryLimiter, MemoryPermit};
use async_trait::async_trait;
use jobs::{Away, Job, Look, Question, Reply};
use permit::RedisPermit;
use share::Share;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::Day;
use switchyard_ports::clock::Clock;
use switchyard_ports::limiter::{
    Ask, Counter, Demand, Known, Limiter, LimiterError, Mark, Permit, Scope, SharedStore, Tally, Used,
};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use uuid::Uuid;

/// How long Redis may take to answer before it is taken as away.
pub(super) const ANSWER: Duration = Duration::from_millis(50);
/// How long a call waits for the desk, which may be waiting for Redis itself. Then the process decides alone.
const DESK: Duration = Duration::from_millis(200);
/// How long a call under a budget waits for a Redis that is away: nobody else may give money.
const BUDGET_ANSWER: Duration = Duration::from_secs(1);
/// How long between two tries of such a call.
const BUDGET_PAUSE: Duration = Duration::from_millis(25);
/// Scopes whose requests of a day are told in one script: a server does nothing else meanwhile.
const TOLD_AT_ONCE: usize = 64;
/// How long it may take until the ledger has what was settled lately.
const LEDGER_ANSWER: Duration = Duration::from_secs(6);

/// By which time shared limits go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeSource {
    /// The server's: one for all processes.
    Server,
    /// The clock's, which a test moves.
    Clock,
}

/// How a process takes part.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    /// Tells it from all others, for as long as it runs.
    pub(super) process: Uuid,
    /// How many processes share the limits at least: what a share is made by where Redis was never seen.
    pub(super) processes: u32,
    pub(super) time: TimeSource,
    /// How long what was settled is on its way to the ledger at most.
    pub(super) rest: Duration,
}

/// Limits and budgets that many processes share; see the port for the contract.
pub struct RedisLimiter {
    desk: UnboundedSender<Job>,
    presence: Arc<Presence>,
    clock: Arc<dyn Clock>,
    /// What this process admitted: what its share is measured by.
    own: Arc<MemoryLimiter>,
    processes: u32,
    permits: Arc<AtomicU64>,
}

impl RedisLimiter {
    /// A limiter over the server at `address`, and the work that must run for it. `process` tells this process from all others;
    /// `processes` is how many share the limits at least.
    #[must_use]
    pub fn new(address: &RedisAddress, clock: Arc<dyn Clock>, process: Uuid, processes: u32) -> (Self, Desk) {
        let rest = Duration::from_secs(2);
        Self::on_terms(address, clock, Terms { process, processes, time: TimeSource::Server, rest })
    }

    /// The same by the time of `clock` instead of the server's, and believing the ledger at once: for tests, which move the time.
    #[must_use]
    pub fn by_clock(address: &RedisAddress, clock: Arc<dyn Clock>, process: Uuid) -> (Self, Desk) {
        Self::on_terms(
            address,
            clock,
            Terms { process, processes: 1, time: TimeSource::Clock, rest: Duration::ZERO },
        )
    }

    fn on_terms(address: &RedisAddress, clock: Arc<dyn Clock>, terms: Terms) -> (Self, Desk) {
        let (sender, receiver) = unbounded_channel();
        let presence = Arc::new(Presence::default());
        let own = Arc::new(MemoryLimiter::new(Arc::clone(&clock)));
        let permits = Arc::new(AtomicU64::new(0));
        let limiter = Self {
            desk: sender.clone(),
            presence: Arc::clone(&presence),
            clock: Arc::clone(&clock),
            own: Arc::clone(&own),
            processes: terms.processes,
            permits: Arc::clone(&permits),
        };
        let around = desk::Around { presence, clock, own, permits, sender: sender.downgrade() };
        (limiter, Desk::new(address, terms, around, receiver))
    }

    /// Whether Redis is there.
    #[must_use]
    pub fn store(&self) -> Arc<dyn SharedStore> {
        Arc::clone(&self.presence) as Arc<dyn SharedStore>
    }

    /// The same, as this crate sees it.
    pub(super) fn presence(&self) -> Arc<Presence> {
        Arc::clone(&self.presence)
    }

    /// The ledger learned of something that Redis may never have heard of, such as what a process left that was killed: every budget
    /// asks the ledger again. Said as soon as Redis answers, for as long as this process runs.
    pub fn doubt(&self) {
        let _ = self.desk.send(Job::Doubt);
    }

    async fn ask<T>(
        &self,
        patience: Duration,
        question: impl FnOnce(Reply<T>) -> Question,
    ) -> Result<T, Away> {
        if self.presence.is_away() {
            return Err(Away("it does not answer".to_owned()));
        }
        let (reply, answer) = oneshot::channel();
        let closed = || Away("it is closed".to_owned());
        self.desk.send(Job::Ask(question(reply), false)).map_err(|_| closed())?;
        match tokio::time::timeout(patience, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(closed()),
            Err(_) => Err(Away(format!("no answer within {} ms", patience.as_millis()))),
        }
    }

    /// Asks again and again, for as long as a call under a budget may wait: Redis may be back in a moment.
    async fn ask_patiently<T>(&self, question: impl Fn(Reply<T>) -> Question) -> Result<T, LimiterError> {
        let asking = async {
            loop {
                match self.ask(BUDGET_ANSWER, &question).await {
                    Ok(answer) => return answer,
                    Err(_) => tokio::time::sleep(BUDGET_PAUSE).await,
                }
            }
        };
        let asked = tokio::time::timeout(BUDGET_ANSWER, asking).await;
        asked.map_err(|_| {
            LimiterError::Unavailable("Redis does not answer, and budgets are kept there".to_owned())
        })
    }

    /// Admits by this process's share of the limits.
    fn admit_alone(&self, asks: &[Ask]) -> Result<Vec<RedisPermit>, LimiterError> {
        let share = Share { of: self.processes.max(self.presence.seen()).max(1) };
        let smaller: Vec<Ask> = asks.iter().map(|ask| share.ask(ask)).collect();
        let taken = self.own.take(&smaller).map_err(|error| share.tell(error, asks))?;
        let permit = |(own, ask): (MemoryPermit, &Ask)| {
            // It holds no money, and what it is to hold later is asked of Redis, as it is charged there.
            let is_budgeted = ask.demands.iter().any(|demand| demand.allowance.is_some());
            let mut permit = self.permit(own);
            permit.taken_at = is_budgeted.then(|| self.clock.now());
            let unpaid = Ask { money: NanoUsd::ZERO, ..ask.clone() };
            let _ = self.desk.send(Job::Alone { permit: permit.number, ask: unpaid });
            permit
        };
        Ok(taken.into_iter().zip(asks).map(permit).collect())
    }

    /// A permit that Redis does not know.
    fn permit(&self, own: MemoryPermit) -> RedisPermit {
        let (number, desk) = (self.permits.fetch_add(1, Ordering::Relaxed), self.desk.clone());
        let (rooms, is_settled) = (own.rooms(), AtomicBool::new(false));
        RedisPermit { number, desk, rooms, own, taken_at: None, is_settled }
    }

    async fn take(&self, asks: &[Ask]) -> Result<Vec<RedisPermit>, LimiterError> {
        let costs =
            |ask: &Ask| ask.money.0 > 0 && ask.demands.iter().any(|demand| demand.allowance.is_some());
        let question = |reply| Question::Acquire { asks: asks.to_vec(), reply };
        if asks.iter().any(costs) {
            return self.ask_patiently(question).await?;
        }
        match self.ask(DESK, question).await {
            Ok(taken) => taken,
            Err(_) => self.admit_alone(asks),
        }
    }
}

impl std::fmt::Debug for RedisLimiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisLimiter").field("presence", &self.presence).finish_non_exhaustive()
    }
}

#[async_trait]
impl Limiter for RedisLimiter {
    async fn acquire(&self, asks: &[Ask]) -> Result<Vec<Box<dyn Permit>>, LimiterError> {
        let boxed = |permit| Box::new(permit) as Box<dyn Permit>;
        if asks.iter().flat_map(|ask| &*ask.demands).all(Demand::is_empty) {
            let taken = self.own.take(asks)?;
            return Ok(taken.into_iter().map(|own| boxed(self.permit(own))).collect());
        }
        Ok(self.take(asks).await?.into_iter().map(boxed).collect())
    }

    fn tally(&self, scope: &Scope) -> Tally {
        self.own.tally(scope)
    }

    fn charge(&self, used: &Used) {
        // A desk that is closed ended after all calls.
        let _ = self.desk.send(Job::Charge { used: used.clone() });
    }

    /// Of a counter that is not known this waits until the ledger has what was settled before Redis counted, by whichever process.
    async fn standing(&self, counter: &Counter) -> Result<Known, LimiterError> {
        let asking = async {
            loop {
                let question = |reply| Question::Standing { counter: counter.clone(), reply };
                let Look { known, wait } = self.ask_patiently(question).await?;
                if wait == 0 {
                    return Ok(known);
                }
                self.clock.sleep(Duration::from_micros(wait)).await;
            }
        };
        let late =
            |_| LimiterError::Unavailable("what was settled lately is on its way to the ledger".to_owned());
        tokio::time::timeout(LEDGER_ANSWER, asking).await.map_err(late)?
    }

    async fn seed(&self, counter: &Counter, mark: &Mark, spent: NanoUsd) -> Result<bool, LimiterError> {
        let question = |reply| Question::Seed { counter: counter.clone(), mark: mark.clone(), spent, reply };
        self.ask_patiently(question).await
    }

    async fn in_question(&self) -> Result<Vec<Counter>, LimiterError> {
        let asked = self.ask(BUDGET_ANSWER, |reply| Question::Asked { reply }).await;
        asked.map_err(|Away(why)| LimiterError::Unavailable(why))
    }

    /// While Redis is away nothing is noted, as it may be another day when it is back: whoever tells tells again.
    async fn count_day(&self, day: Day, requests: &[(Scope, u64)]) -> Result<(), LimiterError> {
        if self.presence.is_away() {
            return Err(LimiterError::Unavailable("Redis does not answer".to_owned()));
        }
        for some in requests.chunks(TOLD_AT_ONCE) {
            // A desk that is closed ended after all calls.
            let _ = self.desk.send(Job::Day(day, some.to_vec()));
        }
        Ok(())
    }
}
