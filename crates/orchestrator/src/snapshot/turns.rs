//! Whose turn it is in a route.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Counts the calls of a route. Calls that name a model are counted by that model: they share among its targets only, and one
/// count for all would give each of two callers that alternate the same target for ever.
#[derive(Debug, Default)]
pub struct Turns {
    all: AtomicU64,
    by_model: Mutex<HashMap<String, u64>>,
}

impl Turns {
    /// The turn that comes next, without taking it.
    #[must_use]
    pub fn coming(&self, model: Option<&str>) -> u64 {
        let Some(model) = model else { return self.all.load(Ordering::Relaxed) };
        let by_model = self.by_model.lock().unwrap_or_else(PoisonError::into_inner);
        by_model.get(model).map_or(0, |turn| turn.wrapping_add(1))
    }

    /// The next turn, from 0. `model` is one that the route serves, so that the counts are as many as its models.
    #[must_use]
    pub fn next(&self, model: Option<&str>) -> u64 {
        let Some(model) = model else { return self.all.fetch_add(1, Ordering::Relaxed) };
        let mut by_model = self.by_model.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = by_model.get_mut(model) {
            *turn = turn.wrapping_add(1);
            return *turn;
        }
        by_model.insert(model.to_owned(), 0);
        0
    }
}
