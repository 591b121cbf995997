//! Whose turn it is in a route.

use crate::chat::TurnKey;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// The most kinds of calls that are counted apart: whoever calls chooses among the kinds, by tags and by what the call needs.
const MOST_KINDS: usize = 1_024;

/// Counts the calls of a route, those of each [`TurnKey`] apart.
#[derive(Debug, Default)]
pub struct Turns {
    counts: Mutex<HashMap<TurnKey, Count>>,
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
    pub fn coming(&self, key: &TurnKey) -> u64 {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(&counted_as(key.clone(), &counts));
        count.map_or(0, |count| count.returned.first().copied().unwrap_or(count.next))
    }

    /// Takes the next turn, from 0. A key names a model that the route serves and the targets that can't serve such a call. Kinds of calls
    /// beyond [`MOST_KINDS`] are counted together, by their model.
    #[must_use]
    pub fn take(self: &Arc<Self>, key: TurnKey) -> TakenTurn {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let key = counted_as(key, &counts);
        let count = counts.entry(key.clone()).or_default();
        let number = count.returned.pop_first().unwrap_or_else(|| {
            let number = count.next;
            count.next = number.wrapping_add(1);
            number
        });
        TakenTurn { turns: Arc::clone(self), key, number, is_used: false }
    }

    /// How many turns were taken in all.
    #[must_use]
    pub fn taken(&self) -> u64 {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = |count: &Count| count.next.saturating_sub(count.returned.len() as u64);
        counts.values().map(taken).sum()
    }
}

fn counted_as(key: TurnKey, counts: &HashMap<TurnKey, Count>) -> TurnKey {
    if counts.len() < MOST_KINDS || counts.contains_key(&key) {
        return key;
    }
    TurnKey { misfits: Vec::new(), ..key }
}

/// A turn. Dropped without having been used, it goes back, and the next call takes it.
#[derive(Debug)]
pub struct TakenTurn {
    turns: Arc<Turns>,
    key: TurnKey,
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
        counts.entry(std::mem::take(&mut self.key)).or_default().returned.insert(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(misfits: Vec<usize>) -> TurnKey {
        TurnKey { model: None, misfits }
    }

    #[test]
    fn kinds_of_calls_take_turns_apart_until_there_are_too_many() {
        let turns = Arc::new(Turns::default());
        let take = |key| {
            let mut turn = turns.take(key);
            turn.used();
            turn.number()
        };
        let take = |key: TurnKey| {
            let coming = turns.coming(&key);
            let taken = take(key);
            assert_eq!(coming, taken, "what comes is what is taken");
            taken
        };
        for kind in 0..MOST_KINDS {
            assert_eq!(take(of(vec![kind])), 0, "{kind}");
        }
        assert_eq!((take(of(vec![MOST_KINDS])), take(of(vec![MOST_KINDS + 1]))), (0, 1), "together");
        assert_eq!((take(of(Vec::new())), take(of(vec![3]))), (2, 1));
        assert_eq!(turns.counts.lock().unwrap().len(), MOST_KINDS + 1);
    }
}
