//! A call's hold on its limits and budgets.

use super::limiter::{Shared, State};
use super::purses::{Moment, NotGiven, PurseId};
use super::scopes::Place;
use super::window::StepIndex;
use async_trait::async_trait;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use switchyard_domain::budget::Span;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::{Day, Timestamp};
use switchyard_ports::limiter::{
    Allowance, Ask, CounterRef, Demand, LimiterError, Permit, Refusal, Rooms, Scope, Used,
};

/// What a call holds of a scope's limits.
pub(super) struct Hold {
    pub(super) place: Place,
    /// The step that its request and tokens are counted in.
    pub(super) reserved_in: Option<StepIndex>,
    /// The day that its request is counted in.
    pub(super) in_day: Option<Day>,
}

/// Money that a call holds of a budget.
pub(super) struct Held {
    /// Which demand's budget it is.
    pub(super) demand: usize,
    /// The window.
    pub(super) span: Span,
    pub(super) purse: PurseId,
    pub(super) money: NanoUsd,
}

pub(crate) struct MemoryPermit {
    pub(super) shared: Arc<Shared>,
    /// What it was taken under.
    demands: Arc<[Demand]>,
    pub(super) holds: Vec<Hold>,
    /// The moment in whose windows it holds money since it was taken, where a budget is among the demands.
    pub(super) taken_at: Option<Timestamp>,
    reserved: u64,
    /// What it holds of budgets.
    pub(super) money: Mutex<Vec<Held>>,
    pub(super) rooms: Rooms,
    is_settled: AtomicBool,
    has_landed: AtomicBool,
}

impl MemoryPermit {
    pub(super) fn new(shared: &Arc<Shared>, ask: &Ask) -> Self {
        Self {
            shared: Arc::clone(shared),
            demands: Arc::clone(&ask.demands),
            holds: Vec::new(),
            taken_at: None,
            reserved: ask.tokens,
            money: Mutex::default(),
            rooms: Rooms::default(),
            is_settled: AtomicBool::new(false),
            has_landed: AtomicBool::new(false),
        }
    }

    fn is_empty(&self) -> bool {
        self.holds.is_empty() && self.taken_at.is_none()
    }

    /// What it holds; only asked under the lock of the scopes, or where nobody else has the permit.
    fn money(&self) -> MutexGuard<'_, Vec<Held>> {
        self.money.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The budgets that it was taken under, and which demands they are. What somebody else admitted was taken under none here.
    fn payers(&self) -> impl Iterator<Item = (usize, (&Scope, &Allowance))> + Clone {
        let demands: &[Demand] = if self.taken_at.is_some() { &self.demands } else { &[] };
        demands.iter().enumerate().filter_map(|(index, demand)| Some((index, demand.payer()?)))
    }

    /// Whether this is what it holds of a counter.
    fn is_of(&self, held: &Held, counter: CounterRef<'_>) -> bool {
        let payer = self.demands.get(held.demand).and_then(Demand::payer);
        payer.is_some_and(|(scope, allowance)| {
            CounterRef { edition: allowance.edition(), span: held.span, scope } == counter
        })
    }

    fn cover_now(&self, money: NanoUsd, at: Timestamp) -> Result<(), LimiterError> {
        let mut state = self.shared.state();
        let mut held = self.money();
        if self.is_settled.load(Ordering::Relaxed) {
            return Ok(());
        }
        let now = Moment::of(&*self.shared.clock);
        state.purses.tidy(now.calendar);
        let mut wanted: Vec<(Held, Option<usize>)> = Vec::new();
        for (demand, (scope, allowance)) in self.payers() {
            let counter = CounterRef::of(scope, allowance, at);
            let known = held.iter().position(|held| self.is_of(held, counter));
            let has = known.and_then(|at| held.get(at)).map_or(0, |has| has.money.0);
            let more = NanoUsd(money.0.saturating_sub(has));
            if more.0 > 0 {
                let given = state.purses.check(counter, allowance.budget().amount, more, now);
                let purse = given.map_err(|why| refused(scope, why))?;
                // One that is demanded twice gives once.
                if wanted.iter().all(|(known, _)| known.purse != purse) {
                    wanted.push((Held { demand, span: counter.span, purse, money: more }, known));
                }
            }
        }
        for (more, known) in wanted {
            state.purses.hold(more.purse, more.money);
            match known.and_then(|at| held.get_mut(at)) {
                Some(has) => has.money = has.money.saturating_add(more.money),
                None => held.push(more),
            }
        }
        Ok(())
    }

    /// What is to be charged; asked before the lock is taken, as it may look at a calendar.
    fn dues<'a>(&'a self, used: &'a Used) -> Vec<(CounterRef<'a>, NanoUsd)> {
        used.dues(self.payers().map(|(_, payer)| payer))
    }

    /// Replaces what was reserved. Tokens that were not used go back to the moment of the call's admission. Those that were used beyond
    /// the reservation count from now on: a call of many minutes would otherwise use them unseen.
    fn settle_now(&self, state: &mut State, used: &Used, dues: Vec<(CounterRef<'_>, NanoUsd)>) {
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
        let held = std::mem::take(&mut *self.money());
        for (counter, amount) in dues {
            let known = held.iter().find(|held| self.is_of(held, counter)).map(|held| held.purse);
            state.purses.spend(counter, known, amount, used.since.unwrap_or(now), now);
        }
        held.iter().for_each(|held| state.purses.release(held.purse, held.money));
    }

    /// Gives back all that it has left.
    fn leave(&self, state: &mut State) {
        let has_landed = self.has_landed.load(Ordering::Relaxed);
        for hold in &self.holds {
            if let Some(usage) = state.scopes.get(hold.place) {
                usage.permits = usage.permits.saturating_sub(1);
                usage.in_flight = usage.in_flight.saturating_sub(u64::from(!has_landed));
            }
        }
        self.money().drain(..).for_each(|held| state.purses.release(held.purse, held.money));
    }

    /// Marks it as settled. Answers whether that is news, and changes a counter.
    fn begins_to_settle(&self, used: &Used) -> bool {
        let was_settled = self.is_settled.swap(true, Ordering::Relaxed);
        !was_settled && (!self.is_empty() || !used.payers.is_empty())
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

    fn settle(&self, used: &Used) {
        if self.begins_to_settle(used) {
            let dues = self.dues(used);
            self.settle_now(&mut self.shared.state(), used, dues);
        }
    }

    fn end(self: Box<Self>, used: &Used) {
        let mut it = *self;
        if it.begins_to_settle(used) {
            let dues = it.dues(used);
            let mut state = it.shared.state();
            it.settle_now(&mut state, used, dues);
            it.leave(&mut state);
            drop(state);
            // Nothing is left for its drop to give back.
            it.holds.clear();
            it.taken_at = None;
        }
    }

    fn release_slots(&self) {
        if !self.holds.is_empty() && !self.has_landed.swap(true, Ordering::Relaxed) {
            let mut state = self.shared.state();
            for hold in &self.holds {
                if let Some(usage) = state.scopes.get(hold.place) {
                    usage.in_flight = usage.in_flight.saturating_sub(1);
                }
            }
        }
    }

    fn rooms(&self) -> Rooms {
        self.rooms
    }
}

impl Drop for MemoryPermit {
    fn drop(&mut self) {
        if !self.is_empty() {
            self.leave(&mut self.shared.state());
        }
    }
}
