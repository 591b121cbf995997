//! Whose turn it is in a route.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts the calls of a route. Calls that name a model are counted by that model: they share among its targets only, and one
/// count for all would give each of two callers that alternate the same target for ever.
#[derive(Debug, Default)]
pub struct Turns {
    counts: Mutex<HashMap<Option<String>, Count>>,
}

#[derive(Debug, Default)]
struct Count {
    next: u64,
    /// Turns of calls that were not admitted; they come before any new one, so that each is used once.
    returned: BTreeSet<u64>,
}

impl Turns {
    /// The turn that comes next, without taking it.
    #[must_use]
    pub fn coming(&self, model: Option<&str>) -> u64 {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(&model.map(str::to_owned));
        count.map_or(0, |count| count.returned.first().copied().unwrap_or(count.next))
    }

    /// Takes the next turn, from 0. `model` is one that the route serves, so that the counts are as many as its models.
    #[must_use]
    pub fn take(self: &Arc<Self>, model: Option<&str>) -> TakenTurn {
        let model = model.map(str::to_owned);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(model.clone()).or_default();
        let number = count.returned.pop_first().unwrap_or_else(|| {
            let number = count.next;
            count.next = number.wrapping_add(1);
            number
        });
        TakenTurn { turns: Arc::clone(self), model, number, is_used: false }
    }
}

/// A turn. Dropped without having been used, it goes back, and the next call takes it.
#[derive(Debug)]
pub struct TakenTurn {
    turns: Arc<Turns>,
    model: Option<String>,
    number: u64,
    is_used: bool,
}

impl TakenTurn {
    /// Its number.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The call was admitted.
    pub fn used(&mut self) {
        self.is_used = true;
    }
}

impl Drop for TakenTurn {
    fn drop(&mut self) {
        if self.is_used {
            return;
        }
        let mut counts = self.turns.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.entry(self.model.take()).or_default().returned.insert(self.number);
    }
}
