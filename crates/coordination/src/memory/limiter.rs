//! The limiter of one process.
//!
//! One mutex guards all scopes: a call holds it for a fraction of a microsecond, never over an await, and since all demands
//! are looked at and taken under the same hold, "all or none" needs no order of locks.

use super::permit::{Held, Hold, MemoryPermit, refused};
use super::purses::{Moment, PurseId, Purses};
use super::scopes::{Place, Scopes, Usage};
use super::window::{MINUTE, StepIndex};
use async_trait::async_trait;
use std::cell::OnceCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use switchyard_domain::budget::Span;
use switchyard_domain::limits::{LimitKind, Limits};
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::{Day, Timestamp};
use switchyard_ports::clock::{Clock, Monotonic};
use switchyard_ports::limiter::{
    Ask, Counter, CounterRef, Demand, Known, Limiter, LimiterError, Mark, Permit, Refusal, Room, Rooms,
    Scope, Tally, Used,
};

/// When to come back after a refusal for want of a slot: nobody knows when a call ends.
const SLOT_WAIT: Duration = Duration::from_secs(1);
/// Scopes whose requests of a day are told under one hold.
const TOLD_AT_ONCE: usize = 256;
/// Places that a call looks at to clear idle scopes; more than the few that it may add.
const SWEEP: usize = 8;

/// Limits and budgets within one process; see the port for the contract. Counters live in memory: a restart forgets them, and asks
/// the ledger for what was spent.
pub struct MemoryLimiter {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) scopes: Scopes,
    pub(super) purses: Purses,
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryLimiter {
    /// A limiter that goes by `clock`: its monotonic time for minutes, its calendar for days and the windows of budgets.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { shared: Arc::new(Shared { clock, state: Mutex::default() }) }
    }

    /// How many scopes are kept in memory, for metrics.
    #[must_use]
    pub fn scopes(&self) -> usize {
        self.shared.state().scopes.len()
    }

    /// Counts what somebody else admitted: for the limits alone, and whatever they are.
    pub(crate) fn note(&self, ask: &Ask) -> MemoryPermit {
        let mut permit = MemoryPermit::new(&self.shared, ask);
        if ask.demands.iter().all(|demand| demand.limits.is_none()) {
            return permit;
        }
        let mut state = self.shared.state();
        let now = self.shared.clock.monotonic();
        let today = Today::of(&*self.shared.clock);
        let asked = Asked { today: &today, now, tokens: ask.tokens };
        for demand in ask.demands.iter().filter(|demand| !demand.limits.is_none()) {
            let place = state.scopes.place_of(&demand.scope.0);
            if let Some(usage) = state.scopes.get(place) {
                usage.window.expire(now);
                asked.hold(&demand.limits, place, usage, &mut permit.holds);
            }
        }
        state.scopes.sweep(SWEEP, now, || today.now());
        permit
    }

    /// What still counts, by scope: requests and tokens of the minute, requests of the day.
    pub(crate) fn recent(&self) -> Vec<(String, u64, u64, u64)> {
        let (now, today) = (self.shared.clock.monotonic(), self.shared.clock.now());
        let mut state = self.shared.state();
        let each = state.scopes.all().map(|(name, usage)| {
            usage.window.expire(now);
            let tokens = u64::try_from(usage.window.tokens()).unwrap_or(u64::MAX);
            (name.to_owned(), usage.window.requests(), tokens, usage.day.at(today))
        });
        each.filter(|(_, requests, tokens, days)| requests + days > 0 || *tokens > 0).collect()
    }

    pub(crate) fn take(&self, asks: &[Ask]) -> Result<Vec<MemoryPermit>, LimiterError> {
        // Made before the lock is taken, hence dropped after it is let go, whatever happens: a permit takes it to leave.
        let mut permits: Vec<MemoryPermit> =
            asks.iter().map(|ask| MemoryPermit::new(&self.shared, ask)).collect();
        if asks.iter().flat_map(|ask| &*ask.demands).all(Demand::is_empty) {
            return Ok(permits);
        }
        let mut state = self.shared.state();
        // Read under the lock, so that steps are added in order.
        let now = self.shared.clock.monotonic();
        let today = Today::of(&*self.shared.clock);
        let mut found = state.check(asks, &today, now)?.into_iter();
        for (ask, permit) in asks.iter().zip(&mut permits) {
            state.take(&Asked { today: &today, now, tokens: ask.tokens }, ask, permit, &mut found);
        }
        state.scopes.sweep(SWEEP, now, || today.now());
        Ok(permits)
    }
}

impl std::fmt::Debug for MemoryLimiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryLimiter").field("scopes", &self.scopes()).finish()
    }
}

#[async_trait]
impl Limiter for MemoryLimiter {
    async fn acquire(&self, asks: &[Ask]) -> Result<Vec<Box<dyn Permit>>, LimiterError> {
        let boxed = |permit| Box::new(permit) as Box<dyn Permit>;
        Ok(self.take(asks)?.into_iter().map(boxed).collect())
    }

    fn tally(&self, scope: &Scope) -> Tally {
        let (now, today) = (self.shared.clock.monotonic(), self.shared.clock.now());
        let mut state = self.shared.state();
        let place = state.scopes.find(&scope.0);
        let Some(usage) = place.and_then(|place| state.scopes.get(place)) else { return Tally::default() };
        usage.window.expire(now);
        Tally { requests: usage.window.requests(), tokens: usage.window.tokens(), today: usage.day.at(today) }
    }

    fn charge(&self, used: &Used) {
        let dues = used.dues(std::iter::empty());
        let mut state = self.shared.state();
        let now = self.shared.clock.monotonic();
        for (counter, amount) in dues {
            state.purses.spend(counter, None, amount, used.since.unwrap_or(now), now);
        }
    }

    async fn standing(&self, counter: &Counter) -> Result<Known, LimiterError> {
        let mut state = self.shared.state();
        Ok(state.purses.standing(counter, self.shared.clock.monotonic()))
    }

    async fn seed(&self, counter: &Counter, mark: &Mark, spent: NanoUsd) -> Result<bool, LimiterError> {
        let mut state = self.shared.state();
        Ok(state.purses.seed(counter, mark, spent, Moment::of(&*self.shared.clock)))
    }

    async fn in_question(&self) -> Result<Vec<Counter>, LimiterError> {
        Ok(self.shared.state().purses.in_question())
    }

    async fn count_day(&self, day: Day, requests: &[(Scope, u64)]) -> Result<(), LimiterError> {
        let today = self.shared.clock.now();
        // Not all under one hold: calls would wait for a long list.
        for some in requests.chunks(TOLD_AT_ONCE) {
            let mut state = self.shared.state();
            for (scope, count) in some.iter().filter(|(_, count)| *count > 0) {
                let place = state.scopes.place_of(&scope.0);
                if let Some(usage) = state.scopes.get(place) {
                    usage.day.raise(today, day, *count);
                }
            }
        }
        Ok(())
    }
}

/// Where the counters of a demand are, as far as there are any.
#[derive(Clone, Copy, Default)]
struct Found {
    scope: Option<Place>,
    /// The purse that gives, and its window.
    purse: Option<(PurseId, Span)>,
}

impl State {
    /// Whether all that is asked can be given, and of each demand where it is counted.
    fn check(&mut self, asks: &[Ask], today: &Today<'_>, now: Monotonic) -> Result<Vec<Found>, LimiterError> {
        if asks.iter().flat_map(|ask| &*ask.demands).any(|demand| demand.allowance.is_some()) {
            self.purses.tidy(today.now());
        }
        let mut all = Vec::with_capacity(asks.iter().map(|ask| ask.demands.len()).sum());
        let mut unseeded = Vec::new();
        for ask in asks {
            let asked = Asked { today, now, tokens: ask.tokens };
            for demand in &*ask.demands {
                match self.find(&asked, ask.money, demand) {
                    Ok(found) => all.push(found),
                    Err(LimiterError::Unseeded(counters)) => unseeded.extend(counters),
                    // The first that is broken is named: that may be one of which nothing is known yet.
                    Err(_) if !unseeded.is_empty() => return Err(LimiterError::Unseeded(unseeded)),
                    Err(refused) => return Err(refused),
                }
            }
        }
        if unseeded.is_empty() { Ok(all) } else { Err(LimiterError::Unseeded(unseeded)) }
    }

    /// The first limit or the budget of a scope that the call would break; else where they are counted.
    fn find(&mut self, asked: &Asked<'_>, money: NanoUsd, demand: &Demand) -> Result<Found, LimiterError> {
        let mut found = Found::default();
        if !demand.limits.is_none() {
            found.scope = self.scopes.find(&demand.scope.0);
            let usage = found.scope.and_then(|place| self.scopes.get(place));
            asked.check(demand, usage.unwrap_or(&mut Usage::default())).map_err(LimiterError::Refused)?;
        }
        if let Some((scope, allowance)) = demand.payer().filter(|_| money.0 > 0) {
            let now = asked.moment();
            let counter = CounterRef::of(scope, allowance, now.calendar);
            let given = self.purses.check(counter, allowance.budget().amount, money, now);
            found.purse = Some((given.map_err(|why| refused(scope, why))?, counter.span));
        }
        Ok(found)
    }

    /// Takes what an ask asks of each scope, where that was found.
    fn take(
        &mut self,
        asked: &Asked<'_>,
        ask: &Ask,
        permit: &mut MemoryPermit,
        found: &mut impl Iterator<Item = Found>,
    ) {
        let mut money: Vec<Held> = Vec::new();
        for (index, demand) in ask.demands.iter().enumerate() {
            let Found { scope, purse } = found.next().unwrap_or_default();
            if !demand.limits.is_none() {
                let place = scope.unwrap_or_else(|| self.scopes.place_of(&demand.scope.0));
                if let Some(usage) = self.scopes.get(place) {
                    asked.hold(&demand.limits, place, usage, &mut permit.holds);
                    if !demand.scope.is_everybodys() {
                        narrow(&mut permit.rooms, &demand.limits, usage, asked.now);
                    }
                }
            }
            if demand.allowance.is_some() {
                permit.taken_at = Some(asked.today.now());
            }
            // One that is demanded twice gives once.
            let is_new = |(purse, _): &(PurseId, Span)| money.iter().all(|held| held.purse != *purse);
            if let Some((purse, span)) = purse.filter(is_new) {
                self.purses.hold(purse, ask.money);
                money.push(Held { demand: index, span, purse, money: ask.money });
            }
        }
        permit.money = Mutex::new(money);
    }
}

/// Notes how much is left where that is less than what is known so far.
fn narrow(rooms: &mut Rooms, limits: &Limits, usage: &Usage, now: Monotonic) {
    let less = |known: Option<Room>, room: Room| match known {
        Some(known) if known.remaining <= room.remaining => Some(known),
        _ => Some(room),
    };
    let reset = usage.window.time_to_empty(now);
    if let Some(limit) = limits.rpm.map(u64::from) {
        let remaining = limit.saturating_sub(usage.window.requests());
        rooms.requests = less(rooms.requests, Room { limit, remaining, reset });
    }
    if let Some(limit) = limits.tpm {
        let used = u64::try_from(usage.window.tokens()).unwrap_or(u64::MAX);
        rooms.tokens = less(rooms.tokens, Room { limit, remaining: limit.saturating_sub(used), reset });
    }
}

/// The calendar's time, read once where it is needed: all that is asked together is asked at one moment.
struct Today<'a> {
    clock: &'a dyn Clock,
    read: OnceCell<Timestamp>,
}

impl<'a> Today<'a> {
    fn of(clock: &'a dyn Clock) -> Self {
        Self { clock, read: OnceCell::new() }
    }

    fn now(&self) -> Timestamp {
        *self.read.get_or_init(|| self.clock.now())
    }
}

/// What a call asks for, and when.
struct Asked<'a> {
    today: &'a Today<'a>,
    now: Monotonic,
    tokens: u64,
}

impl Asked<'_> {
    fn moment(&self) -> Moment {
        Moment { calendar: self.today.now(), monotonic: self.now }
    }

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
            let now = self.today.now();
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
                usage.permits += 1;
                Hold { place, reserved_in: None, in_day: None }
            }
        };
        if (limits.rpm.is_some() || limits.tpm.is_some()) && hold.reserved_in.is_none() {
            usage.window.add(self.now, 1, self.tokens);
            hold.reserved_in = Some(StepIndex::at(self.now));
        }
        if limits.rpd.is_some() && hold.in_day.is_none() {
            hold.in_day = Some(usage.day.add(self.today.now()));
        }
        holds.push(hold);
    }
}
