//! Asks the ledger what counters spent. Of keys in the same window it is asked together, of each other scope by itself; one asks for all
//! who wait for the same. Half of the places are kept for questions that calls wait for.

use crate::usage::LedgerWriter;
use futures_util::future::try_join_all;
use std::collections::HashMap;
use std::sync::{Arc, Mutex as Lock, MutexGuard, PoisonError};
use std::time::Duration;
use switchyard_domain::budget::Span;
use switchyard_domain::ids::VirtualKeyId;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::quota::QuotaScope;
use switchyard_ports::clock::{Clock, Monotonic};
use switchyard_ports::limiter::{Counter, Known, Limiter, LimiterError, Mark};
use switchyard_ports::repositories::UsageRepository;
use tokio::sync::{Mutex, Semaphore};

/// How long the ledger may take for an answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a call waits for its turn: what is asked before it says nothing of the ledger.
const TURN: Duration = Duration::from_secs(6);
/// How long the ledger may take where no call waits for it.
const LONG_PATIENCE: Duration = Duration::from_secs(10);
/// How long it is believed that the ledger does not answer, after it did not.
pub(super) const DISBELIEF: Duration = Duration::from_secs(1);
/// Questions that the ledger is asked at the same time: it has other work.
const AT_ONCE: usize = 8;
/// How long a look whether somebody else made a counter known may take.
const GLANCE: Duration = Duration::from_millis(100);

/// Counters that are not known, and since when their answers count.
pub(super) type Questions = HashMap<Counter, Mark>;

/// What is asked for in one question.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Group {
    Keys(Span),
    One(QuotaScope, Span),
}

/// Those who wait for the same question.
#[derive(Default)]
struct Lane {
    waiting: Lock<Questions>,
    asking: Mutex<()>,
}

/// See the module.
pub(super) struct Sums {
    usage: Arc<dyn UsageRepository>,
    writer: Arc<LedgerWriter>,
    clock: Arc<dyn Clock>,
    lanes: Lock<HashMap<Group, Arc<Lane>>>,
    places: Semaphore,
    /// Of those places, the ones of questions that no call waits for.
    background_places: Semaphore,
    /// When the ledger did not answer, and how.
    failed: Lock<Option<(Monotonic, LimiterError)>>,
}

impl Sums {
    pub(super) fn new(
        usage: Arc<dyn UsageRepository>,
        writer: Arc<LedgerWriter>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (lanes, failed) = (Lock::default(), Lock::default());
        let (places, background_places) = (Semaphore::new(AT_ONCE), Semaphore::new(AT_ONCE / 2));
        Self { usage, writer, clock, lanes, places, background_places, failed }
    }

    /// Tells counters what the ledger says. Whether a call waits for it decides who is told of a ledger that is late: a question that
    /// nobody waits for may be a long one.
    pub(super) async fn tell(
        &self,
        limiter: &dyn Limiter,
        questions: Questions,
        is_awaited: bool,
    ) -> Result<(), LimiterError> {
        let mut groups: HashMap<Group, Questions> = HashMap::new();
        for (counter, mark) in questions {
            groups.entry(group(&counter)?).or_default().insert(counter, mark);
        }
        let each = groups.into_iter().map(|(group, some)| self.tell_group(limiter, group, some, is_awaited));
        try_join_all(each).await.map(drop)
    }

    async fn tell_group(
        &self,
        limiter: &dyn Limiter,
        group: Group,
        questions: Questions,
        is_awaited: bool,
    ) -> Result<(), LimiterError> {
        let lane = self.lane(&group);
        lane.waiting().extend(questions);
        let _one = self.in_time(is_awaited, lane.asking.lock()).await?;
        if lane.waiting().is_empty() {
            return self.failed_lately();
        }
        let _background = if is_awaited { None } else { Some(self.background_places.acquire().await) };
        let _place = self.in_time(is_awaited, self.places.acquire()).await?;
        self.failed_lately()?;
        let waiting = std::mem::take(&mut *lane.waiting());
        if waiting.is_empty() {
            return Ok(());
        }
        // Others may have made them known meanwhile.
        let counters: Vec<Counter> = waiting.keys().cloned().collect();
        let waiting = tokio::select! {
            still = questions_of(limiter, &counters, true) => still?,
            () = self.clock.sleep(GLANCE) => waiting,
        };
        if waiting.is_empty() {
            return Ok(());
        }
        let patience = if is_awaited { PATIENCE } else { LONG_PATIENCE };
        let sums = tokio::select! {
            sums = self.ask(&group, &waiting) => sums?,
            () = self.clock.sleep(patience) => {
                let late = format!("the ledger does not answer within {} s", patience.as_secs());
                let late = LimiterError::Unavailable(late);
                return Err(if is_awaited { self.failed(late) } else { late });
            }
        };
        let told = waiting.iter().map(|(counter, mark)| {
            limiter.seed(counter, mark, sums.get(counter).copied().unwrap_or_default())
        });
        try_join_all(told).await.map(drop)
    }

    /// A turn, if it comes in time for whoever waits for it.
    async fn in_time<T>(&self, is_awaited: bool, turn: impl Future<Output = T>) -> Result<T, LimiterError> {
        if !is_awaited {
            return Ok(turn.await);
        }
        tokio::select! {
            turn = turn => Ok(turn),
            () = self.clock.sleep(TURN) => {
                Err(LimiterError::Unavailable("the ledger is being asked for other budgets".to_owned()))
            }
        }
    }

    /// What the ledger says of the counters of a group. What waits in the journal was spent too.
    async fn ask(
        &self,
        group: &Group,
        questions: &Questions,
    ) -> Result<HashMap<Counter, NanoUsd>, LimiterError> {
        if !self.writer.drain_once().await {
            return Err(self.failed(LimiterError::Unavailable("usage does not reach the ledger".to_owned())));
        }
        let asked = match group {
            Group::One(scope, span) => {
                let spent = self.usage.spent(*scope, *span).await;
                spent.map(|spent| questions.keys().map(|counter| (counter.clone(), spent)).collect())
            }
            Group::Keys(span) => {
                let keys: HashMap<&Counter, VirtualKeyId> =
                    questions.keys().filter_map(|counter| Some((counter, key_of(counter)?))).collect();
                let ids: Vec<VirtualKeyId> = keys.values().copied().collect();
                let sums = self.usage.spent_by_keys(&ids, *span).await;
                let of = |sums: HashMap<VirtualKeyId, NanoUsd>| {
                    let sum = |key| sums.get(key).copied().unwrap_or_default();
                    keys.iter().map(|(counter, key)| ((*counter).clone(), sum(key))).collect()
                };
                sums.map(of)
            }
        };
        asked.map_err(|error| self.failed(LimiterError::Unavailable(error.to_string())))
    }

    /// The lane of a group; those that nobody is in are given up.
    fn lane(&self, group: &Group) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.retain(|_, lane| Arc::strong_count(lane) > 1);
        Arc::clone(lanes.entry(group.clone()).or_default())
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

impl Lane {
    fn waiting(&self) -> MutexGuard<'_, Questions> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn scope_of(counter: &Counter) -> Result<QuotaScope, LimiterError> {
    QuotaScope::parse(&counter.scope.0).map_err(|error| LimiterError::Unavailable(error.to_string()))
}

fn key_of(counter: &Counter) -> Option<VirtualKeyId> {
    match scope_of(counter) {
        Ok(QuotaScope::Key(key)) => Some(key),
        _ => None,
    }
}

fn group(counter: &Counter) -> Result<Group, LimiterError> {
    Ok(match scope_of(counter)? {
        QuotaScope::Key(_) => Group::Keys(counter.span),
        scope => Group::One(scope, counter.span),
    })
}

/// What is to be asked of some counters: of those that are not known, and, where that is wanted, of those that are not known exactly.
pub(super) async fn questions_of(
    limiter: &dyn Limiter,
    counters: &[Counter],
    is_exact_wanted: bool,
) -> Result<Questions, LimiterError> {
    let known = try_join_all(counters.iter().map(|counter| limiter.standing(counter))).await?;
    let questions = counters.iter().zip(known).filter_map(|(counter, known)| match known {
        Known::Unknown(mark) => Some((counter.clone(), mark)),
        Known::AtMost(_, mark) if is_exact_wanted => Some((counter.clone(), mark)),
        Known::AtMost(..) | Known::Exactly(_) => None,
    });
    Ok(questions.collect())
}
