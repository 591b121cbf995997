//! The limiter of one process.
//!
//! One mutex guards all scopes: a call holds it for a fraction of a microsecond, never over an await, and since all demands
//! are looked at and taken under the same hold, "all or none" needs no order of locks.

use super::scopes::{Place, Scopes, Usage};
use super::window::{MINUTE, StepIndex};
use async_trait::async_trait;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use switchyard_domain::limits::{LimitKind, Limits};
use switchyard_ports::clock::{Clock, Monotonic};
use switchyard_ports::limiter::{Demand, Limiter, LimiterError, Permit, Refusal};

/// When to come back after a refusal for want of a slot: nobody knows when a call ends.
const SLOT_WAIT: Duration = Duration::from_secs(1);
/// Places that a call looks at to clear idle scopes; more than the one or two that it may add.
const SWEEP: usize = 4;

/// Limits within one process; see the port for the contract. Counters live in memory: a restart forgets them.
pub struct MemoryLimiter {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Arc<dyn Clock>,
    scopes: Mutex<Scopes>,
}

impl Shared {
    fn scopes(&self) -> MutexGuard<'_, Scopes> {
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryLimiter {
    /// A limiter that goes by `clock`: its monotonic time for minutes, its calendar for days.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { shared: Arc::new(Shared { clock, scopes: Mutex::default() }) }
    }

    /// How many scopes are kept in memory, for metrics.
    #[must_use]
    pub fn scopes(&self) -> usize {
        self.shared.scopes().len()
    }

    fn take(&self, demands: &[Demand], tokens: u64) -> Result<MemoryPermit, Refusal> {
        let mut permit = MemoryPermit {
            shared: Arc::clone(&self.shared),
            holds: Vec::new(),
            reserved: tokens,
            is_settled: AtomicBool::new(false),
        };
        if demands.iter().all(|demand| demand.limits.is_none()) {
            return Ok(permit);
        }
        let mut scopes = self.shared.scopes();
        // Read under the lock, so that steps are added in order.
        let now = self.shared.clock.monotonic();
        let asked = Asked { clock: &*self.shared.clock, now, tokens };
        for demand in demands.iter().filter(|demand| !demand.limits.is_none()) {
            asked.check(demand, scopes.find(&demand.scope.0).unwrap_or(&mut Usage::default()))?;
        }
        for demand in demands.iter().filter(|demand| !demand.limits.is_none()) {
            let place = scopes.place_of(&demand.scope.0);
            if let Some(usage) = scopes.get(place) {
                asked.hold(&demand.limits, place, usage, &mut permit.holds);
            }
        }
        scopes.sweep(SWEEP, now, || self.shared.clock.now());
        Ok(permit)
    }
}

impl std::fmt::Debug for MemoryLimiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryLimiter").field("scopes", &self.scopes()).finish()
    }
}

#[async_trait]
impl Limiter for MemoryLimiter {
    async fn acquire(&self, demands: &[Demand], tokens: u64) -> Result<Box<dyn Permit>, LimiterError> {
        let permit = self.take(demands, tokens).map_err(LimiterError::Refused)?;
        Ok(Box::new(permit))
    }
}

/// What a call asks for, and when.
struct Asked<'a> {
    clock: &'a dyn Clock,
    now: Monotonic,
    tokens: u64,
}

impl Asked<'_> {
    /// The first limit of the scope that the call would break.
    fn check(&self, demand: &Demand, usage: &mut Usage) -> Result<(), Refusal> {
        let refuse =
            |kind, limit, retry_after| Err(Refusal { scope: demand.scope.clone(), kind, limit, retry_after });
        let Limits { rpm, tpm, rpd, concurrency } = demand.limits;
        usage.window.expire(self.now);
        if let Some(limit) = rpm.map(u64::from)
            && usage.window.requests() >= limit
        {
            // A limit of zero never frees anything; a minute is as good an answer as any.
            let excess = usage.window.requests() + 1 - limit;
            let wait = usage.window.wait_for_requests(self.now, excess).unwrap_or(MINUTE);
            return refuse(LimitKind::Requests, limit, wait);
        }
        if let Some(limit) = tpm {
            let excess = (usage.window.tokens() + u128::from(self.tokens)).saturating_sub(u128::from(limit));
            if excess > 0 {
                let wait = usage.window.wait_for_tokens(self.now, excess).unwrap_or(MINUTE);
                return refuse(LimitKind::Tokens, limit, wait);
            }
        }
        if let Some(limit) = rpd.map(u64::from) {
            let now = self.clock.now();
            if usage.day.at(now) >= limit {
                return refuse(LimitKind::DailyRequests, limit, usage.day.wait(now));
            }
        }
        match concurrency.map(u64::from) {
            Some(limit) if usage.in_flight >= limit => refuse(LimitKind::Concurrency, limit, SLOT_WAIT),
            _ => Ok(()),
        }
    }

    /// Takes what the scope's limits count; a scope that is demanded twice is counted once.
    fn hold(&self, limits: &Limits, place: Place, usage: &mut Usage, holds: &mut Vec<Hold>) {
        let mut hold = match holds.iter().position(|hold| hold.place == place) {
            Some(at) => holds.swap_remove(at),
            None => {
                usage.in_flight += 1;
                Hold { place, reserved_in: None, is_in_day: false }
            }
        };
        if (limits.rpm.is_some() || limits.tpm.is_some()) && hold.reserved_in.is_none() {
            usage.window.add(self.now, 1, self.tokens);
            hold.reserved_in = Some(StepIndex::at(self.now));
        }
        if limits.rpd.is_some() && !hold.is_in_day {
            usage.day.add(self.clock.now());
            hold.is_in_day = true;
        }
        holds.push(hold);
    }
}

/// What a call holds of a scope.
struct Hold {
    place: Place,
    /// The step that its request and tokens are counted in.
    reserved_in: Option<StepIndex>,
    is_in_day: bool,
}

struct MemoryPermit {
    shared: Arc<Shared>,
    holds: Vec<Hold>,
    reserved: u64,
    is_settled: AtomicBool,
}

impl Permit for MemoryPermit {
    /// Tokens that were not used go back to the moment of the call's admission. Those that were used beyond the reservation
    /// count from now on: a call of many minutes would otherwise use them unseen.
    fn settle(&self, tokens: u64) {
        if self.holds.is_empty() || self.is_settled.swap(true, Ordering::Relaxed) {
            return;
        }
        let mut scopes = self.shared.scopes();
        let now = self.shared.clock.monotonic();
        for hold in &self.holds {
            let (Some(reserved_in), Some(usage)) = (hold.reserved_in, scopes.get(hold.place)) else {
                continue;
            };
            usage.window.expire(now);
            match tokens.checked_sub(self.reserved) {
                Some(0) => {}
                Some(more) => usage.window.add(now, 0, more),
                None => usage.window.give_back(reserved_in, self.reserved - tokens),
            }
        }
    }
}

impl Drop for MemoryPermit {
    fn drop(&mut self) {
        if self.holds.is_empty() {
            return;
        }
        let mut scopes = self.shared.scopes();
        for hold in &self.holds {
            if let Some(usage) = scopes.get(hold.place) {
                usage.in_flight = usage.in_flight.saturating_sub(1);
            }
        }
    }
}
