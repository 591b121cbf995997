//! A call's hold on its limits and budgets.

use super::limiter::Shared;
use super::purses::{NotGiven, counter};
use super::scopes::Place;
use super::window::StepIndex;
use async_trait::async_trait;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use switchyard_domain::money::NanoUsd;
use switchyard_ports::limiter::{Allowance, Counter, LimiterError, Permit, Refusal, Rooms, Scope, Used};

/// What a call holds of a scope's limits.
pub(super) struct Hold {
    pub(super) place: Place,
    /// The step that its request and tokens are counted in.
    pub(super) reserved_in: Option<StepIndex>,
    pub(super) is_in_day: bool,
}

/// A budget of which a call holds money.
pub(super) struct PurseHold {
    pub(super) scope: Scope,
    pub(super) allowance: Allowance,
    pub(super) counter: Counter,
}

pub(crate) struct MemoryPermit {
    pub(super) shared: Arc<Shared>,
    pub(super) holds: Vec<Hold>,
    pub(super) purses: Vec<PurseHold>,
    pub(super) reserved: u64,
    /// What it holds of each of its budgets.
    pub(super) money: Mutex<NanoUsd>,
    pub(super) rooms: Rooms,
    pub(super) is_settled: AtomicBool,
}

impl MemoryPermit {
    pub(super) fn new(shared: &Arc<Shared>, tokens: u64) -> Self {
        Self {
            shared: Arc::clone(shared),
            holds: Vec::new(),
            purses: Vec::new(),
            reserved: tokens,
            money: Mutex::default(),
            rooms: Rooms::default(),
            is_settled: AtomicBool::new(false),
        }
    }

    fn is_empty(&self) -> bool {
        self.holds.is_empty() && self.purses.is_empty()
    }

    /// What it holds; only asked under the lock of the scopes, or where nobody else has the permit.
    fn money(&self) -> std::sync::MutexGuard<'_, NanoUsd> {
        self.money.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cover_now(&self, money: NanoUsd) -> Result<(), LimiterError> {
        let mut state = self.shared.state();
        let mut held = self.money();
        let more = NanoUsd(money.0.saturating_sub(held.0));
        if more.0 <= 0 || self.is_settled.load(Ordering::Relaxed) {
            return Ok(());
        }
        let now = self.shared.clock.now();
        for hold in &self.purses {
            let amount = hold.allowance.budget.amount;
            state.purses.check(&hold.counter, amount, more, now).map_err(|why| refused(&hold.scope, why))?;
        }
        for hold in &self.purses {
            state.purses.hold(&hold.counter, more);
        }
        *held = money;
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
    async fn cover(&self, money: NanoUsd) -> Result<(), LimiterError> {
        self.cover_now(money)
    }

    /// Tokens that were not used go back to the moment of the call's admission. Those that were used beyond the reservation
    /// count from now on: a call of many minutes would otherwise use them unseen.
    fn settle(&self, used: &Used) {
        if self.is_empty() || self.is_settled.swap(true, Ordering::Relaxed) {
            return;
        }
        let mut state = self.shared.state();
        let now = self.shared.clock.monotonic();
        for hold in &self.holds {
            let (Some(reserved_in), Some(usage)) = (hold.reserved_in, state.scopes.get(hold.place)) else {
                continue;
            };
            usage.window.expire(now);
            match used.tokens.checked_sub(self.reserved) {
                Some(0) => {}
                Some(more) => usage.window.add(now, 0, more),
                None => usage.window.give_back(reserved_in, self.reserved - used.tokens),
            }
        }
        let held = std::mem::take(&mut *self.money());
        for hold in &self.purses {
            state.purses.release(&hold.counter, held);
            for charge in &used.charges {
                state.purses.spend(&counter(&hold.scope, &hold.allowance, charge.at), charge.amount);
            }
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
        let mut state = self.shared.state();
        for hold in &self.holds {
            if let Some(usage) = state.scopes.get(hold.place) {
                usage.in_flight = usage.in_flight.saturating_sub(1);
            }
        }
        let held = std::mem::take(&mut *self.money());
        for hold in &self.purses {
            state.purses.release(&hold.counter, held);
        }
    }
}
