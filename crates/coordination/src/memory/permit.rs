//! A call's hold on its limits and budgets.

use super::limiter::{Shared, State};
use super::purses::{Moment, NotGiven};
use super::scopes::{Place, Usage};
use super::window::StepIndex;
use async_trait::async_trait;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::{Day, Timestamp};
use switchyard_ports::limiter::{Counter, LimiterError, Payer, Permit, Refusal, Rooms, Scope, Used};

/// What a call holds of a scope's limits.
pub(super) struct Hold {
    pub(super) place: Place,
    /// The step that its request and tokens are counted in.
    pub(super) reserved_in: Option<StepIndex>,
    /// The day that its request is counted in.
    pub(super) in_day: Option<Day>,
}

pub(crate) struct MemoryPermit {
    pub(super) shared: Arc<Shared>,
    pub(super) holds: Vec<Hold>,
    /// The budgets that it was taken under.
    pub(super) payers: Vec<Payer>,
    pub(super) taken_at: Option<Timestamp>,
    pub(super) reserved: u64,
    /// What it holds of their counters.
    pub(super) money: Mutex<Vec<(Counter, NanoUsd)>>,
    pub(super) rooms: Rooms,
    pub(super) is_settled: AtomicBool,
    has_landed: AtomicBool,
}

impl MemoryPermit {
    pub(super) fn new(shared: &Arc<Shared>, tokens: u64) -> Self {
        Self {
            shared: Arc::clone(shared),
            holds: Vec::new(),
            payers: Vec::new(),
            taken_at: None,
            reserved: tokens,
            money: Mutex::default(),
            rooms: Rooms::default(),
            is_settled: AtomicBool::new(false),
            has_landed: AtomicBool::new(false),
        }
    }

    fn is_empty(&self) -> bool {
        self.holds.is_empty() && self.payers.is_empty()
    }

    /// What it holds; only asked under the lock of the scopes, or where nobody else has the permit.
    fn money(&self) -> MutexGuard<'_, Vec<(Counter, NanoUsd)>> {
        self.money.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn each(&self, state: &mut State, change: impl Fn(&mut Usage)) {
        for hold in &self.holds {
            if let Some(usage) = state.scopes.get(hold.place) {
                change(usage);
            }
        }
    }

    fn cover_now(&self, money: NanoUsd, at: Timestamp) -> Result<(), LimiterError> {
        let mut state = self.shared.state();
        let mut held = self.money();
        if self.is_settled.load(Ordering::Relaxed) {
            return Ok(());
        }
        let now = Moment::of(&*self.shared.clock);
        let mut wanted = Vec::with_capacity(self.payers.len());
        for payer in &self.payers {
            let counter = payer.counter(at);
            let has = held.iter().find(|(known, _)| *known == counter).map_or(0, |(_, has)| has.0);
            let more = NanoUsd(money.0.saturating_sub(has).max(0));
            let given = state.purses.check(&counter, payer.allowance.budget.amount, more, now);
            given.map_err(|why| refused(&payer.scope, why))?;
            wanted.push((counter, more));
        }
        for (counter, more) in wanted.into_iter().filter(|(_, more)| more.0 > 0) {
            state.purses.hold(&counter, more, now.monotonic);
            match held.iter_mut().find(|(known, _)| *known == counter) {
                Some((_, has)) => *has = has.saturating_add(more),
                None => held.push((counter, more)),
            }
        }
        Ok(())
    }
}

/// What the caller is told of a purse that does not give.
pub(super) fn refused(scope: &Scope, why: NotGiven) -> LimiterError {
    match why {
        NotGiven::Unknown(counter) => LimiterError::Unseeded(vec![counter]),
        NotGiven::Refused { kind, limit, retry_after } => {
            LimiterError::Refused(Refusal { scope: scope.clone(), kind, limit, retry_after })
        }
    }
}

#[async_trait]
impl Permit for MemoryPermit {
    fn taken_at(&self) -> Option<Timestamp> {
        self.taken_at
    }

    async fn cover(&self, money: NanoUsd, at: Timestamp) -> Result<(), LimiterError> {
        self.cover_now(money, at)
    }

    /// Tokens that were not used go back to the moment of the call's admission. Those that were used beyond the reservation
    /// count from now on: a call of many minutes would otherwise use them unseen.
    fn settle(&self, used: &Used) {
        let is_settled = self.is_settled.swap(true, Ordering::Relaxed);
        if is_settled || (self.is_empty() && used.payers.is_empty()) {
            return;
        }
        let dues = used.dues(&self.payers);
        let mut state = self.shared.state();
        let now = self.shared.clock.monotonic();
        for hold in &self.holds {
            let Some(usage) = state.scopes.get(hold.place) else { continue };
            if let Some(day) = hold.in_day.filter(|_| used.is_void) {
                usage.day.take_back(day);
            }
            let Some(reserved_in) = hold.reserved_in else { continue };
            usage.window.expire(now);
            match used.tokens.checked_sub(self.reserved) {
                Some(0) => {}
                Some(more) => usage.window.add(now, 0, more),
                None => usage.window.give_back(reserved_in, self.reserved - used.tokens),
            }
        }
        for (counter, held) in std::mem::take(&mut *self.money()) {
            state.purses.release(&counter, held);
        }
        for (counter, amount) in dues {
            state.purses.spend(&counter, amount, used.since.unwrap_or(now), now);
        }
    }

    fn release_slots(&self) {
        if !self.holds.is_empty() && !self.has_landed.swap(true, Ordering::Relaxed) {
            let mut state = self.shared.state();
            self.each(&mut state, |usage| usage.in_flight = usage.in_flight.saturating_sub(1));
        }
    }

    fn rooms(&self) -> Rooms {
        self.rooms
    }
}

impl Drop for MemoryPermit {
    fn drop(&mut self) {
        if self.is_empty() {
            return;
        }
        let has_landed = self.has_landed.load(Ordering::Relaxed);
        let mut state = self.shared.state();
        self.each(&mut state, |usage| {
            usage.permits = usage.permits.saturating_sub(1);
            usage.in_flight = usage.in_flight.saturating_sub(u64::from(!has_landed));
        });
        for (counter, held) in std::mem::take(&mut *self.money()) {
            state.purses.release(&counter, held);
        }
    }
}
