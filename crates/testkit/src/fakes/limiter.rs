//! A limiter that remembers.

use super::purses::Purses;
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use switchyard_domain::limits::LimitKind;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::{Day, Timestamp};
use switchyard_ports::clock::Clock;
use switchyard_ports::limiter::{
    Ask, Counter, Demand, Known, Limiter, LimiterError, Mark, Payer, Permit, Refusal, Rooms, Scope, Tally,
    Used,
};

/// Enforces the slots of calls in flight and budgets; of requests and tokens it only notes what was asked, settled and given back. A
/// scope can be closed, the whole store taken away.
#[derive(Default)]
pub struct RecordingLimiter {
    books: Arc<Mutex<Books>>,
    clock: Option<Arc<dyn Clock>>,
}

#[derive(Debug, Default)]
struct Books {
    scopes: HashMap<String, ScopeRecord>,
    closed: HashMap<String, Duration>,
    away: bool,
    tallies: HashMap<String, Tally>,
    purses: Purses,
}

/// What became of a scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeRecord {
    /// The tokens that each permit reserved, in order.
    pub reserved: Vec<u64>,
    /// The tokens that permits were settled with, in order.
    pub settled: Vec<u64>,
    /// How many permits were settled as having come to nothing.
    pub void: u32,
    /// What was told of a day last.
    pub told: Option<(Day, u64)>,
    /// Permits that are held now.
    pub held: u32,
}

impl RecordingLimiter {
    /// One that gives money by the windows of this clock's time.
    #[must_use]
    pub fn by_clock(clock: Arc<dyn Clock>) -> Self {
        Self { books: Arc::default(), clock: Some(clock) }
    }

    fn now(&self) -> Timestamp {
        self.clock.as_ref().map(|clock| clock.now()).unwrap_or_default()
    }

    /// What became of a scope so far.
    #[must_use]
    pub fn scope(&self, name: &str) -> ScopeRecord {
        books(&self.books).scopes.get(name).cloned().unwrap_or_default()
    }

    /// The names of all scopes that were ever asked for, sorted.
    #[must_use]
    pub fn scopes(&self) -> Vec<String> {
        let mut names: Vec<String> = books(&self.books).scopes.keys().cloned().collect();
        names.sort();
        names
    }

    /// Refuses the scope from now on, for its requests per minute.
    pub fn close(&self, scope: &str, retry_after: Duration) {
        books(&self.books).closed.insert(scope.to_owned(), retry_after);
    }

    /// Says what a scope used of its limits.
    pub fn tell(&self, scope: &str, tally: Tally) {
        books(&self.books).tallies.insert(scope.to_owned(), tally);
    }

    /// From now on the store of the counters does not answer.
    pub fn take_away(&self) {
        books(&self.books).away = true;
    }
}

fn books(books: &Mutex<Books>) -> MutexGuard<'_, Books> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refusal(demand: &Demand, books: &Books) -> Option<Refusal> {
    let Demand { scope, limits, .. } = demand;
    let refuse = |kind, limit, retry_after| Some(Refusal { scope: scope.clone(), kind, limit, retry_after });
    if let Some(wait) = books.closed.get(&*scope.0) {
        return refuse(LimitKind::Requests, u64::from(limits.rpm.unwrap_or(1)), *wait);
    }
    let held = books.scopes.get(&*scope.0).map_or(0, |record| record.held);
    match limits.concurrency {
        Some(limit) if held >= limit => {
            refuse(LimitKind::Concurrency, u64::from(limit), Duration::from_secs(1))
        }
        _ => None,
    }
}

#[async_trait]
impl Limiter for RecordingLimiter {
    async fn acquire(&self, asks: &[Ask]) -> Result<Vec<Box<dyn Permit>>, LimiterError> {
        let mut books = books(&self.books);
        let is_limited = asks.iter().flat_map(|ask| &*ask.demands).any(|demand| !demand.is_empty());
        if books.away && is_limited {
            return Err(LimiterError::Unavailable("a test took it away".to_owned()));
        }
        let mut demands = asks.iter().flat_map(|ask| &*ask.demands);
        if let Some(refusal) = demands.find_map(|demand| refusal(demand, &books)) {
            return Err(LimiterError::Refused(refusal));
        }
        let now = self.now();
        let each = |ask: &Ask| {
            let payer = |demand: &Demand| {
                Some(Payer { scope: demand.scope.clone(), allowance: demand.allowance.clone()? })
            };
            ask.demands.iter().filter_map(payer).collect::<Vec<_>>()
        };
        let mut unknown = Vec::new();
        for (ask, payer) in asks.iter().flat_map(|ask| each(ask).into_iter().map(move |payer| (ask, payer))) {
            match books.purses.check(&payer, &payer.counter(now), ask.money) {
                Err(LimiterError::Unseeded(counters)) => unknown.extend(counters),
                checked => checked?,
            }
        }
        if !unknown.is_empty() {
            return Err(LimiterError::Unseeded(unknown));
        }
        let permits = asks.iter().map(|ask| {
            let payers = each(ask);
            let money: Vec<(Counter, NanoUsd)> =
                payers.iter().map(|payer| (payer.counter(now), ask.money)).collect();
            money.iter().for_each(|(counter, held)| books.purses.hold(counter, *held));
            for demand in &*ask.demands {
                let record = books.scopes.entry(demand.scope.0.to_string()).or_default();
                record.reserved.push(ask.tokens);
                record.held += 1;
            }
            let scopes = ask.demands.iter().map(|demand| demand.scope.0.to_string()).collect();
            let taken_at = (!payers.is_empty()).then_some(now);
            let (money, has_landed) = (Mutex::new(money), AtomicBool::new(false));
            let books = Arc::clone(&self.books);
            Box::new(RecordedPermit { books, scopes, payers, taken_at, money, has_landed }) as Box<dyn Permit>
        });
        Ok(permits.collect())
    }

    fn tally(&self, scope: &Scope) -> Tally {
        books(&self.books).tallies.get(&*scope.0).copied().unwrap_or_default()
    }

    fn charge(&self, used: &Used) {
        let mut books = books(&self.books);
        let dues = used.dues(std::iter::empty());
        dues.iter().for_each(|(counter, amount)| books.purses.spend(&counter.to_counter(), *amount));
    }

    async fn standing(&self, counter: &Counter) -> Result<Known, LimiterError> {
        Ok(books(&self.books).purses.standing(counter))
    }

    async fn seed(&self, counter: &Counter, mark: &Mark, spent: NanoUsd) -> Result<bool, LimiterError> {
        Ok(books(&self.books).purses.seed(counter, mark, spent))
    }

    async fn in_question(&self) -> Result<Vec<Counter>, LimiterError> {
        Ok(books(&self.books).purses.in_question())
    }

    async fn count_day(&self, day: Day, requests: &[(Scope, u64)]) -> Result<(), LimiterError> {
        let mut books = books(&self.books);
        if books.away {
            return Err(LimiterError::Unavailable("a test took it away".to_owned()));
        }
        for (scope, count) in requests {
            books.scopes.entry(scope.0.to_string()).or_default().told = Some((day, *count));
        }
        Ok(())
    }
}

struct RecordedPermit {
    books: Arc<Mutex<Books>>,
    scopes: Vec<String>,
    payers: Vec<Payer>,
    taken_at: Option<Timestamp>,
    money: Mutex<Vec<(Counter, NanoUsd)>>,
    has_landed: AtomicBool,
}

impl RecordedPermit {
    fn each(&self, change: impl Fn(&mut ScopeRecord)) {
        let mut books = books(&self.books);
        for scope in &self.scopes {
            change(books.scopes.entry(scope.clone()).or_default());
        }
    }

    fn money(&self) -> MutexGuard<'_, Vec<(Counter, NanoUsd)>> {
        self.money.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn release_money(&self) {
        let mut books = books(&self.books);
        self.money().drain(..).for_each(|(counter, held)| books.purses.release(&counter, held));
    }
}

#[async_trait]
impl Permit for RecordedPermit {
    fn taken_at(&self) -> Option<Timestamp> {
        self.taken_at
    }

    async fn cover(&self, money: NanoUsd, at: Timestamp) -> Result<(), LimiterError> {
        let mut books = books(&self.books);
        let mut held = self.money();
        let mut wanted = Vec::new();
        for payer in &self.payers {
            let counter = payer.counter(at);
            let of = held.iter().filter(|(known, _)| *known == counter);
            let has = of.map(|(_, held)| held.0).sum::<i64>();
            let more = NanoUsd((money.0 - has).max(0));
            books.purses.check(payer, &counter, more)?;
            wanted.push((counter, more));
        }
        wanted.iter().for_each(|(counter, more)| books.purses.hold(counter, *more));
        held.extend(wanted);
        Ok(())
    }

    fn settle(&self, used: &Used) {
        self.release_money();
        let dues = used.dues(self.payers.iter().map(Payer::pair));
        dues.iter().for_each(|(counter, amount)| {
            books(&self.books).purses.spend(&counter.to_counter(), *amount);
        });
        self.each(|record| {
            record.settled.push(used.tokens);
            record.void += u32::from(used.is_void);
        });
    }

    fn release_slots(&self) {
        if !self.has_landed.swap(true, Ordering::Relaxed) {
            self.each(|record| record.held = record.held.saturating_sub(1));
        }
    }

    fn rooms(&self) -> Rooms {
        Rooms::default()
    }
}

impl Drop for RecordedPermit {
    fn drop(&mut self) {
        self.release_slots();
        self.release_money();
    }
}
