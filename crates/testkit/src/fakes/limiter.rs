//! A limiter that remembers.

use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use switchyard_domain::limits::LimitKind;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::Timestamp;
use switchyard_ports::limiter::{
    Ask, Counter, Demand, Limiter, LimiterError, Permit, Refusal, Rooms, Standing, Used,
};

/// Enforces the slots of calls in flight; of requests and tokens it only notes what was asked, settled and given back, and of money nothing. A scope
/// can be closed, the whole store taken away.
#[derive(Debug, Default)]
pub struct RecordingLimiter {
    books: Arc<Mutex<Books>>,
}

#[derive(Debug, Default)]
struct Books {
    scopes: HashMap<String, ScopeRecord>,
    closed: HashMap<String, Duration>,
    away: bool,
}

/// What became of a scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeRecord {
    /// The tokens that each permit reserved, in order.
    pub reserved: Vec<u64>,
    /// The tokens that permits were settled with, in order.
    pub settled: Vec<u64>,
    /// Permits that are held now.
    pub held: u32,
}

impl RecordingLimiter {
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
        let is_limited = asks.iter().flat_map(|ask| &ask.demands).any(|demand| !demand.is_empty());
        if books.away && is_limited {
            return Err(LimiterError::Unavailable("a test took it away".to_owned()));
        }
        let mut demands = asks.iter().flat_map(|ask| &ask.demands);
        if let Some(refusal) = demands.find_map(|demand| refusal(demand, &books)) {
            return Err(LimiterError::Refused(refusal));
        }
        let permits = asks.iter().map(|ask| {
            for demand in &ask.demands {
                let record = books.scopes.entry(demand.scope.0.to_string()).or_default();
                record.reserved.push(ask.tokens);
                record.held += 1;
            }
            let scopes = ask.demands.iter().map(|demand| demand.scope.0.to_string()).collect();
            Box::new(RecordedPermit {
                books: Arc::clone(&self.books),
                scopes,
                has_landed: AtomicBool::new(false),
            }) as Box<dyn Permit>
        });
        Ok(permits.collect())
    }

    fn charge(&self, _: &Used) {}

    async fn seed(&self, _: &Counter, _: NanoUsd) -> Result<(), LimiterError> {
        Ok(())
    }

    async fn standing(&self, _: &Counter) -> Result<Option<Standing>, LimiterError> {
        Ok(None)
    }
}

struct RecordedPermit {
    books: Arc<Mutex<Books>>,
    scopes: Vec<String>,
    has_landed: AtomicBool,
}

impl RecordedPermit {
    fn each(&self, change: impl Fn(&mut ScopeRecord)) {
        let mut books = books(&self.books);
        for scope in &self.scopes {
            change(books.scopes.entry(scope.clone()).or_default());
        }
    }
}

#[async_trait]
impl Permit for RecordedPermit {
    fn taken_at(&self) -> Option<Timestamp> {
        None
    }

    async fn cover(&self, _: NanoUsd, _: Timestamp) -> Result<(), LimiterError> {
        Ok(())
    }

    fn settle(&self, used: &Used) {
        self.each(|record| record.settled.push(used.tokens));
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
    }
}
