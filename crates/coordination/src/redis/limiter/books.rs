//! What each permit of this process holds.

use super::deeds::{Count, Difference, Settle, What};
use super::holdings::{Holdings, Release};
use std::collections::HashMap;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::Timestamp;
use switchyard_ports::clock::Monotonic;
use switchyard_ports::limiter::{Allowance, Ask, Counter, Scope, Used};

/// A budget of which a permit holds money.
#[derive(Clone, Debug)]
pub(super) struct PurseHold {
    pub(super) scope: Scope,
    pub(super) allowance: Allowance,
    pub(super) counter: Counter,
}

/// What a permit holds.
#[derive(Debug)]
pub(super) struct Book {
    reserved: u64,
    /// Scopes in which its call is in flight.
    flights: Vec<String>,
    /// Those of them whose minute it is counted in.
    windows: Vec<String>,
    /// The step of the minute; absent for one that was admitted without Redis.
    step: Option<u64>,
    pub(super) purses: Vec<PurseHold>,
    /// Of each of its budgets.
    pub(super) money: NanoUsd,
    is_settled: bool,
    /// Admitted without Redis, which has not heard of it.
    pub(super) is_alone: bool,
}

impl Book {
    /// What a permit for `ask` holds, taken at a time of the calendar, counted in a step of the minute.
    pub(super) fn new(ask: &Ask, now: Timestamp, step: Option<u64>) -> Self {
        let (mut flights, mut windows) = (Vec::<String>::new(), Vec::<String>::new());
        let mut purses = Vec::<PurseHold>::new();
        for demand in &ask.demands {
            let name = &*demand.scope.0;
            let is_in = |names: &[String]| names.iter().any(|known| known == name);
            if !demand.limits.is_none() && !is_in(&flights) {
                flights.push(name.to_owned());
            }
            if (demand.limits.rpm.is_some() || demand.limits.tpm.is_some()) && !is_in(&windows) {
                windows.push(name.to_owned());
            }
            let Some(allowance) = &demand.allowance else { continue };
            let (scope, span) = (demand.scope.clone(), allowance.span(now));
            let counter = Counter { scope: scope.clone(), edition: allowance.edition, span };
            if purses.iter().all(|purse| purse.counter != counter) {
                purses.push(PurseHold { scope, allowance: allowance.clone(), counter });
            }
        }
        Self {
            reserved: ask.tokens,
            flights,
            windows,
            step,
            money: if purses.is_empty() { NanoUsd::ZERO } else { NanoUsd(ask.money.0.max(0)) },
            purses,
            is_settled: false,
            is_alone: false,
        }
    }

    /// One that was admitted without Redis; only limits are taken so.
    pub(super) fn alone(ask: &Ask, now: Timestamp) -> Self {
        Self { is_alone: true, ..Self::new(ask, now, None) }
    }

    pub(super) fn is_settled(&self) -> bool {
        self.is_settled
    }

    pub(super) fn flights(&self) -> &[String] {
        &self.flights
    }

    /// Notes what it holds, once Redis has it.
    pub(super) fn enter(&self, holdings: &mut Holdings) {
        self.flights.iter().for_each(|scope| holdings.take_off(scope));
        self.purses.iter().for_each(|purse| holdings.hold(&purse.counter, self.money));
    }

    /// What its limits have to count of it where Redis has not.
    pub(super) fn counts(&self, ask: &Ask, flights: u64) -> Vec<Count> {
        let count = |scope: &String| {
            let is_counted = self.windows.contains(scope);
            let of_day = |demand: &&switchyard_ports::limiter::Demand| {
                *demand.scope.0 == **scope && demand.limits.rpd.is_some()
            };
            Count {
                scope: scope.clone(),
                requests: u64::from(is_counted),
                tokens: if is_counted { self.reserved } else { 0 },
                days: u64::from(ask.demands.iter().any(|demand| of_day(&demand))),
                flights,
            }
        };
        self.flights.iter().map(count).collect()
    }

    /// How far what was used differs from what was reserved, and in which scopes.
    pub(super) fn difference(&self, used: &Used) -> (Difference, &[String]) {
        let difference = match used.tokens.checked_sub(self.reserved) {
            Some(more) => Difference::More(more),
            None => Difference::Less(self.reserved - used.tokens),
        };
        let is_even = used.tokens == self.reserved;
        (difference, if is_even { &[] } else { &self.windows })
    }

    /// Settles it: what is to be said. Once.
    pub(super) fn settle(&mut self, used: &Used, at: Monotonic) -> Option<(What, Release)> {
        if std::mem::replace(&mut self.is_settled, true) {
            return None;
        }
        let (tokens, windows) = self.difference(used);
        // Of one that Redis did not admit, only what is beyond the reservation has a place of its own.
        let step = self.step.unwrap_or_default();
        let windows = windows.iter().map(|scope| (scope.clone(), step)).collect();
        let release = self.release_money();
        let charges = self.purses.iter().flat_map(|purse| {
            used.charges.iter().map(|charge| {
                let span = purse.allowance.span(charge.at);
                let counter = Counter { scope: purse.scope.clone(), edition: purse.allowance.edition, span };
                (counter, charge.amount)
            })
        });
        let settle = Settle { at, tokens, windows, charges: charges.collect() };
        Some((What::Settle(settle), release))
    }

    /// Ends it: what is to be said.
    pub(super) fn end(&mut self) -> (What, Release) {
        let mut release = self.release_money();
        release.flights = std::mem::take(&mut self.flights);
        (What::Drop, release)
    }

    fn release_money(&mut self) -> Release {
        let money = std::mem::take(&mut self.money);
        let held = self.purses.iter().filter(|_| money.0 > 0);
        Release { money: held.map(|purse| (purse.counter.clone(), money)).collect(), ..Release::default() }
    }
}

/// All of them, by number.
pub(super) type Books = HashMap<u64, Book>;
