//! Tries by scope, in this process.
//!
//! A window is cut into steps, and a step counts whole until it has left the window: any window holds no more than the rate, and a
//! scope costs at most 61 small entries, whatever the rate.

use async_trait::async_trait;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use switchyard_ports::clock::{Clock, Monotonic};
use switchyard_ports::throttle::{Rate, Throttle};

const STEPS: u32 = 60;
/// The most scopes of a kind that are kept. An attacker with more addresses than this makes others' tries of that kind be forgotten, not
/// refused.
const MOST_SCOPES: usize = 50_000;

/// Tries in this process.
pub struct MemoryThrottle {
    clock: Arc<dyn Clock>,
    books: Mutex<HashMap<String, Book>>,
    most: usize,
}

/// Tries by scope, of one kind: scopes that are free to make, such as those of whoever asks at all, must not make those be forgotten
/// that count wrong passwords.
type Book = HashMap<String, Tries>;

/// What a scope counts: its first word.
fn kind(scope: &str) -> &str {
    scope.split_once(':').map_or("", |(kind, _)| kind)
}

#[derive(Default)]
struct Tries {
    /// Oldest first: when a step's last try was, and how many there were in it.
    steps: VecDeque<(Duration, u32)>,
    window: Duration,
}

impl Tries {
    fn expire(&mut self, now: Monotonic) {
        while self.steps.front().is_some_and(|(last, _)| last.saturating_add(self.window) <= now.0) {
            self.steps.pop_front();
        }
    }

    fn take(&mut self, rate: Rate, now: Monotonic) -> Result<(), Duration> {
        self.window = rate.window;
        self.expire(now);
        let taken: u32 = self.steps.iter().map(|(_, count)| count).sum();
        if taken >= rate.count {
            // As many of the oldest steps must leave as make room for one.
            let mut excess = taken - rate.count + 1;
            let leaving = self.steps.iter().find(|(_, count)| {
                excess = excess.saturating_sub(*count);
                excess == 0
            });
            let until = leaving.map_or(now.0, |(last, _)| last.saturating_add(rate.window));
            return Err(until.saturating_sub(now.0));
        }
        let step = rate.window / STEPS;
        match self.steps.back_mut() {
            Some((last, count)) if same_step(*last, now.0, step) => {
                *last = now.0;
                *count += 1;
            }
            _ => self.steps.push_back((now.0, 1)),
        }
        Ok(())
    }

    fn give_back(&mut self) {
        let Some((_, count)) = self.steps.back_mut() else { return };
        *count -= 1;
        if *count == 0 {
            self.steps.pop_back();
        }
    }

    fn last(&self) -> Duration {
        self.steps.back().map_or(Duration::ZERO, |(last, _)| *last)
    }
}

fn same_step(one: Duration, other: Duration, step: Duration) -> bool {
    let step = step.as_nanos().max(1);
    one.as_nanos() / step == other.as_nanos() / step
}

impl MemoryThrottle {
    /// Tries by this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, books: Mutex::default(), most: MOST_SCOPES }
    }

    /// The same, keeping at most so many scopes of a kind.
    #[must_use]
    pub fn keeping(self, scopes: usize) -> Self {
        Self { most: scopes.max(1), ..self }
    }

    /// How many scopes are kept.
    #[must_use]
    pub fn scopes(&self) -> usize {
        self.books().values().map(HashMap::len).sum()
    }

    fn books(&self) -> MutexGuard<'_, HashMap<String, Book>> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes room: what is over goes, and if that is not enough, the half that was quiet for longest.
fn prune(tries: &mut Book, most: usize, now: Monotonic) {
    tries.retain(|_, tries| {
        tries.expire(now);
        !tries.steps.is_empty()
    });
    if tries.len() >= most {
        let mut ages: Vec<Duration> = tries.values().map(Tries::last).collect();
        let middle = ages.len() / 2;
        let (_, median, _) = ages.select_nth_unstable(middle);
        let median = *median;
        tries.retain(|_, tries| tries.last() > median);
    }
}

#[async_trait]
impl Throttle for MemoryThrottle {
    async fn take(&self, scope: &str, rate: Rate) -> Result<(), Duration> {
        let now = self.clock.monotonic();
        let mut books = self.books();
        let book = books.entry(kind(scope).to_owned()).or_default();
        if let Some(known) = book.get_mut(scope) {
            return known.take(rate, now);
        }
        if book.len() >= self.most {
            prune(book, self.most, now);
        }
        book.entry(scope.to_owned()).or_default().take(rate, now)
    }

    fn give_back(&self, scope: &str) {
        if let Some(known) = self.books().get_mut(kind(scope)).and_then(|book| book.get_mut(scope)) {
            known.give_back();
        }
    }

    async fn forget(&self, scope: &str) {
        if let Some(book) = self.books().get_mut(kind(scope)) {
            book.remove(scope);
        }
    }
}
