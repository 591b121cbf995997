//! What this process holds in Redis, as far as Redis has confirmed it: what it says of itself where Redis does not know it any longer.

use super::arguments::Arguments;
use std::collections::HashMap;
use switchyard_domain::money::NanoUsd;
use switchyard_ports::limiter::Counter;

/// How a deed changes what is held.
#[derive(Clone, Debug, Default)]
pub(super) struct Release {
    /// Scopes in which a call less is in flight.
    pub(super) flights: Vec<String>,
    /// Money that is held no more.
    pub(super) money: Vec<(Counter, NanoUsd)>,
    /// Scopes in which a call more is in flight: one that was admitted without Redis.
    pub(super) entered: Vec<String>,
}

/// Calls in flight by scope, and money by budget and window.
#[derive(Debug, Default)]
pub(super) struct Holdings {
    flights: HashMap<String, u64>,
    money: HashMap<Counter, i128>,
}

impl Holdings {
    pub(super) fn take_off(&mut self, scope: &str) {
        *self.flights.entry(scope.to_owned()).or_default() += 1;
    }

    pub(super) fn hold(&mut self, counter: &Counter, money: NanoUsd) {
        if money.0 > 0 {
            *self.money.entry(counter.clone()).or_default() += i128::from(money.0);
        }
    }

    pub(super) fn release(&mut self, release: &Release) {
        release.entered.iter().for_each(|scope| self.take_off(scope));
        for scope in &release.flights {
            if let Some(count) = self.flights.get_mut(scope) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.flights.remove(scope);
                }
            }
        }
        for (counter, money) in &release.money {
            if let Some(held) = self.money.get_mut(counter) {
                *held -= i128::from(money.0);
                if *held <= 0 {
                    self.money.remove(counter);
                }
            }
        }
    }

    /// The arguments of an introduction.
    pub(super) fn introduction(&self) -> Arguments {
        let mut arguments = Arguments::default();
        arguments.push("introduce");
        arguments.push(self.flights.len());
        for (scope, count) in &self.flights {
            arguments.push(scope);
            arguments.push(count);
        }
        arguments.push(self.money.len());
        for (counter, held) in &self.money {
            arguments.counter(counter);
            arguments.push(held);
        }
        arguments
    }
}
