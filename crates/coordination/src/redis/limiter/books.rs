//! What each permit of this process holds.

use super::deeds::{Count, Difference, Settle, What};
use super::holdings::{Holdings, Release};
use std::collections::HashMap;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::{Day, Timestamp};
use switchyard_ports::clock::Monotonic;
use switchyard_ports::limiter::{Ask, Counter, Payer, Used};

/// How much more a permit is to hold of a budget.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) payer: Payer,
    pub(super) counter: Counter,
    pub(super) more: NanoUsd,
}

/// What a permit holds.
#[derive(Debug)]
pub(super) struct Book {
    reserved: u64,
    /// Scopes in which its call is in flight.
    flights: Vec<String>,
    /// Those of them whose minute it is counted in.
    windows: Vec<String>,
    /// Those of them whose day it is counted in, and the day.
    days: (Vec<String>, Day),
    /// The step of the minute; absent for one that was admitted without Redis.
    step: Option<u64>,
    /// The budgets that it was taken under.
    pub(super) payers: Vec<Payer>,
    /// What it holds of their counters.
    money: Vec<(Counter, NanoUsd)>,
    is_settled: bool,
    /// Admitted without Redis, which has not heard of it.
    pub(super) is_alone: bool,
}

impl Book {
    /// What a permit for `ask` holds, taken at a time of the calendar, counted in a step of the minute.
    pub(super) fn new(ask: &Ask, now: Timestamp, step: Option<u64>) -> Self {
        let (mut flights, mut windows, mut days) = (Vec::new(), Vec::new(), Vec::new());
        let (mut payers, mut money) = (Vec::new(), Vec::<(Counter, NanoUsd)>::new());
        for demand in &*ask.demands {
            let name = &*demand.scope.0;
            let is_in = |names: &[String]| names.iter().any(|known| known == name);
            if !demand.limits.is_none() && !is_in(&flights) {
                flights.push(name.to_owned());
            }
            if (demand.limits.rpm.is_some() || demand.limits.tpm.is_some()) && !is_in(&windows) {
                windows.push(name.to_owned());
            }
            if demand.limits.rpd.is_some() && !is_in(&days) {
                days.push(name.to_owned());
            }
            let Some(allowance) = &demand.allowance else { continue };
            let payer = Payer { scope: demand.scope.clone(), allowance: allowance.clone() };
            if payers.contains(&payer) {
                continue;
            }
            let counter = payer.counter(now);
            payers.push(payer);
            if ask.money.0 > 0 && money.iter().all(|(known, _)| *known != counter) {
                money.push((counter, ask.money));
            }
        }
        Self {
            reserved: ask.tokens,
            flights,
            windows,
            days: (days, now.day()),
            step,
            payers,
            money,
            is_settled: false,
            is_alone: false,
        }
    }

    /// The same, counted in this day.
    pub(super) fn in_day(self, day: Day) -> Self {
        Self { days: (self.days.0, day), ..self }
    }

    /// One that was admitted without Redis; only limits are taken so.
    pub(super) fn alone(ask: &Ask, now: Timestamp) -> Self {
        Self { is_alone: true, ..Self::new(ask, now, None) }
    }

    pub(super) fn flights(&self) -> &[String] {
        &self.flights
    }

    /// Notes what it holds, once Redis has it.
    pub(super) fn enter(&self, holdings: &mut Holdings) {
        self.flights.iter().for_each(|scope| holdings.take_off(scope));
        self.money.iter().for_each(|(counter, held)| holdings.hold(counter, *held));
    }

    /// What is missing where it is to hold so much in the window of a moment.
    pub(super) fn wanted(&self, money: NanoUsd, at: Timestamp) -> Vec<Wanted> {
        if self.is_settled {
            return Vec::new();
        }
        let wanted = self.payers.iter().map(|payer| {
            let counter = payer.counter(at);
            let has = self.money.iter().find(|(known, _)| *known == counter).map_or(0, |(_, has)| has.0);
            Wanted { payer: payer.clone(), counter, more: NanoUsd(money.0.saturating_sub(has)) }
        });
        wanted.filter(|wanted| wanted.more.0 > 0).collect()
    }

    /// It holds what was wanted.
    pub(super) fn hold(&mut self, wanted: Vec<Wanted>, holdings: &mut Holdings) {
        for Wanted { counter, more, .. } in wanted {
            holdings.hold(&counter, more);
            match self.money.iter_mut().find(|(known, _)| *known == counter) {
                Some((_, has)) => *has = has.saturating_add(more),
                None => self.money.push((counter, more)),
            }
        }
    }

    /// What its limits have to count of it where Redis has not.
    pub(super) fn counts(&self, flights: u64) -> Vec<Count> {
        let count = |scope: &String| {
            let is_counted = self.windows.contains(scope);
            Count {
                scope: scope.clone(),
                requests: u64::from(is_counted),
                tokens: if is_counted { self.reserved } else { 0 },
                days: u64::from(self.days.0.contains(scope)),
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

    /// The scopes in whose day it is not counted, if it came to nothing.
    pub(super) fn void(&self, used: &Used) -> &[String] {
        if used.is_void { &self.days.0 } else { &[] }
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
        let days = self.void(used).iter().map(|scope| (scope.clone(), self.days.1)).collect();
        let release = self.release_money();
        let (at, charges) = (used.since.unwrap_or(at), charges(used, &self.payers));
        let settle = Settle { at, tokens, windows, days, charges };
        Some((What::Settle(settle), release))
    }

    /// Its call runs no more: what is to be said, where anything is.
    pub(super) fn land(&mut self) -> Option<(What, Release)> {
        let flights = std::mem::take(&mut self.flights);
        let release = Release { flights, ..Release::default() };
        (!release.flights.is_empty()).then_some((What::Drop, release))
    }

    /// Ends it: what is to be said.
    pub(super) fn end(&mut self) -> (What, Release) {
        let mut release = self.release_money();
        release.flights = std::mem::take(&mut self.flights);
        (What::Drop, release)
    }

    fn release_money(&mut self) -> Release {
        Release { money: std::mem::take(&mut self.money), ..Release::default() }
    }
}

/// What is to be charged of what was used: to these budgets, and to those that pay besides.
pub(super) fn charges(used: &Used, payers: &[Payer]) -> Vec<(Counter, NanoUsd)> {
    let dues = used.dues(payers.iter().map(Payer::pair)).into_iter();
    dues.map(|(counter, amount)| (counter.to_counter(), amount)).collect()
}

/// All of them, by number.
pub(super) type Books = HashMap<u64, Book>;
