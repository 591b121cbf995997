//! What this process has seen of each target. Every target has a cell with a lock of its own, held for a moment; the lock over all
//! cells is only ever read, save when a target is met for the first time.

mod cell;

use self::cell::{Attempt, Cell};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;
use switchyard_domain::health::AnswerForm;
use switchyard_domain::ids::ProviderId;
use switchyard_ports::clock::Clock;
use switchyard_ports::entropy::Entropy;
use switchyard_ports::health::{
    Account, AttemptFact, Health, HeldBack, Occasion, TargetState, TargetView, WatchedAttempt,
};

/// Health of one process; see the port for the contract. It lives in memory: a restart knows nothing bad of anybody.
pub struct MemoryHealth {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    cells: RwLock<HashMap<ProviderId, HashMap<String, Shared>>>,
}

type Shared = Arc<Mutex<Cell>>;

impl MemoryHealth {
    /// By this clock's monotonic time, with jitter from `entropy`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { clock, entropy, cells: RwLock::default() }
    }

    fn known(&self, provider: ProviderId, model: &str) -> Option<Shared> {
        let cells = self.cells.read().unwrap_or_else(PoisonError::into_inner);
        cells.get(&provider).and_then(|models| models.get(model)).cloned()
    }

    fn cell(&self, provider: ProviderId, model: &str) -> Shared {
        self.known(provider, model).unwrap_or_else(|| {
            let mut cells = self.cells.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cells.entry(provider).or_default().entry(model.to_owned()).or_default())
        })
    }

    fn now(&self) -> Duration {
        self.clock.monotonic().0
    }
}

fn held(cell: &Mutex<Cell>) -> MutexGuard<'_, Cell> {
    cell.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Health for MemoryHealth {
    fn view(&self, provider: ProviderId, model: &str, account: Account, form: AnswerForm) -> TargetView {
        match self.known(provider, model) {
            Some(cell) => held(&cell).view(self.now(), account, form),
            None => Cell::default().view(Duration::ZERO, account, form),
        }
    }

    fn begin(
        &self,
        provider: ProviderId,
        model: &str,
        account: Account,
        form: AnswerForm,
        occasion: Occasion,
    ) -> Result<Box<dyn WatchedAttempt>, HeldBack> {
        let cell = self.cell(provider, model);
        let began = self.now();
        let ticket = held(&cell).begin(began, account, occasion)?;
        let (clock, entropy) = (Arc::clone(&self.clock), Arc::clone(&self.entropy));
        let attempt = Attempt { account, form, began, ticket, has_content: false };
        Ok(Box::new(Watched { cell, clock, entropy, attempt, fact: None }))
    }

    fn states(&self) -> Vec<TargetState> {
        let now = self.now();
        let cells = self.cells.read().unwrap_or_else(PoisonError::into_inner);
        let each = cells.iter().flat_map(|(provider, models)| {
            models.iter().map(|(model, cell)| held(cell).state(*provider, model.clone(), now))
        });
        each.collect()
    }

    fn forget(&self, is_gone: &dyn Fn(ProviderId, &str) -> bool) {
        let mut cells = self.cells.write().unwrap_or_else(PoisonError::into_inner);
        for (provider, models) in cells.iter_mut() {
            models.retain(|model, _| !is_gone(*provider, model));
        }
        cells.retain(|_, models| !models.is_empty());
    }
}

struct Watched {
    cell: Shared,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    attempt: Attempt,
    fact: Option<AttemptFact>,
}

impl WatchedAttempt for Watched {
    fn first_content(&mut self) {
        self.attempt.has_content = true;
        held(&self.cell).content(self.clock.monotonic().0, &self.attempt);
    }

    fn ended(mut self: Box<Self>, fact: AttemptFact) {
        self.fact = Some(fact);
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let (now, draw) = (self.clock.monotonic().0, self.entropy.random());
        held(&self.cell).ended(now, self.fact.as_ref(), &self.attempt, draw);
    }
}
