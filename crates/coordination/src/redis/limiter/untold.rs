//! What was admitted while Redis was away, as far as limits still count it.

use super::deeds::{Count, Difference};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use switchyard_ports::clock::Monotonic;

const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
struct OfScope {
    /// Oldest first: when, requests, tokens.
    minute: VecDeque<(Monotonic, u64, u64)>,
    days: u64,
}

/// By scope. Bounded by the shares of the limits, which were never passed.
#[derive(Debug, Default)]
pub(super) struct Untold(HashMap<String, OfScope>);

impl Untold {
    pub(super) fn add(&mut self, count: &Count, now: Monotonic) {
        let of = self.0.entry(count.scope.clone()).or_default();
        of.days += count.days;
        of.minute.push_back((now, count.requests, count.tokens));
        of.expire(now);
    }

    /// A call used more or less than it had reserved.
    pub(super) fn correct(&mut self, scope: &str, difference: Difference, now: Monotonic) {
        let Some(of) = self.0.get_mut(scope) else { return };
        match difference {
            Difference::More(tokens) => of.minute.push_back((now, 0, tokens)),
            Difference::Less(mut tokens) => {
                for (_, _, counted) in of.minute.iter_mut().rev() {
                    let given = tokens.min(*counted);
                    *counted -= given;
                    tokens -= given;
                }
            }
        }
        of.expire(now);
    }

    /// A call came to nothing: its request is none of the day's.
    pub(super) fn void(&mut self, scope: &str) {
        if let Some(of) = self.0.get_mut(scope) {
            of.days = of.days.saturating_sub(1);
        }
    }

    /// What still counts; nothing is left.
    pub(super) fn take(&mut self, now: Monotonic) -> Vec<Count> {
        let count = |(scope, mut of): (String, OfScope)| {
            of.expire(now);
            let sum = |pick: fn(&(Monotonic, u64, u64)) -> u64| {
                of.minute.iter().map(pick).fold(0, u64::saturating_add)
            };
            Count { scope, requests: sum(|one| one.1), tokens: sum(|one| one.2), days: of.days, flights: 0 }
        };
        self.0.drain().map(count).collect()
    }
}

impl OfScope {
    fn expire(&mut self, now: Monotonic) {
        while self.minute.front().is_some_and(|(at, _, _)| now.since(*at) >= MINUTE) {
            self.minute.pop_front();
        }
    }
}
