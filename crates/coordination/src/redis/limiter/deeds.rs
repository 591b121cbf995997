//! What became of permits, on its way to Redis: in order, again and again until it is confirmed, and applied once.

use super::arguments::Arguments;
use super::holdings::{Holdings, Release};
use std::collections::VecDeque;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::Day;
use switchyard_ports::clock::Monotonic;
use switchyard_ports::limiter::{Counter, Scope};

/// The most deeds in one script: a server does nothing else meanwhile.
pub(super) const MOST_AT_ONCE: usize = 64;

/// What is to be said.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// A permit was settled.
    Settle(Settle),
    /// A permit ended.
    Drop,
    /// What happened without Redis, or was lost there.
    Count(Vec<Count>),
    /// How many requests of a day the ledger knows of.
    Day(Day, Vec<(Scope, u64)>),
    /// What is known of every budget is to be known no more: the ledger learned of something that Redis may never have heard of.
    Doubt,
    /// What this process holds; said again from the holdings of the moment.
    Introduce(Arguments),
}

/// What a scope's limits have to count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::redis) struct Count {
    pub(in crate::redis) scope: String,
    /// Of the last minute.
    pub(in crate::redis) requests: u64,
    /// Of the last minute.
    pub(in crate::redis) tokens: u64,
    /// Requests of the day.
    pub(in crate::redis) days: u64,
    /// Calls that began and run.
    pub(in crate::redis) flights: u64,
}

/// A settlement.
#[derive(Clone, Debug)]
pub(super) struct Settle {
    /// Since when the ledger may know of it.
    pub(super) at: Monotonic,
    /// Tokens beyond those that were reserved, or how many of those are left.
    pub(super) tokens: Difference,
    /// Scopes whose windows have the reservation, and the step that it is in.
    pub(super) windows: Vec<(String, u64)>,
    /// Scopes in whose day it is not counted any longer, and the day.
    pub(super) days: Vec<(String, Day)>,
    /// What it cost.
    pub(super) charges: Vec<(Counter, NanoUsd)>,
}

/// From what was reserved to what was used.
#[derive(Clone, Copy, Debug)]
pub(super) enum Difference {
    More(u64),
    Less(u64),
}

#[derive(Clone, Debug)]
pub(super) struct Deed {
    sequence: u64,
    what: What,
    release: Release,
}

/// Deeds that are not confirmed, oldest first.
#[derive(Debug, Default)]
pub(super) struct Deeds {
    waiting: VecDeque<Deed>,
    last: u64,
}

impl Deeds {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn push(&mut self, what: What, release: Release) {
        self.last += 1;
        self.waiting.push_back(Deed { sequence: self.last, what, release });
    }

    /// The arguments of what waits from the `from`th on, at most [`MOST_AT_ONCE`], and how many these are.
    pub(super) fn arguments(&self, from: usize, now: Monotonic) -> (Arguments, usize) {
        let chosen: Vec<&Deed> = self.waiting.iter().skip(from).take(MOST_AT_ONCE).collect();
        let mut arguments = Arguments::default();
        arguments.push(chosen.len());
        for deed in &chosen {
            arguments.push(deed.sequence);
            deed.write(&mut arguments, now);
        }
        (arguments, chosen.len())
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// The first `count` are applied.
    pub(super) fn confirm(&mut self, count: usize, holdings: &mut Holdings) {
        for deed in self.waiting.drain(..count.min(self.waiting.len())) {
            holdings.release(&deed.release);
        }
    }

    /// Everything up to `sequence` is applied.
    pub(super) fn confirm_until(&mut self, sequence: u64, holdings: &mut Holdings) {
        let count = self.waiting.iter().take_while(|deed| deed.sequence <= sequence).count();
        self.confirm(count, holdings);
    }

    /// Begins anew under another name: first what is held, then what was to be counted, then what waits.
    pub(super) fn begin_with(&mut self, holdings: &Holdings, counts: Vec<Count>) {
        let waiting = std::mem::take(&mut self.waiting);
        self.push(What::Introduce(holdings.introduction()), Release::default());
        if !counts.is_empty() {
            self.push(What::Count(counts), Release::default());
        }
        for deed in waiting.into_iter().filter(|deed| !matches!(deed.what, What::Introduce(_))) {
            self.push(deed.what, deed.release);
        }
    }

    /// Counts that were not confirmed, and what was taken from them: a server that lost everything is told them otherwise.
    pub(super) fn forget_counts(&mut self) {
        for deed in &mut self.waiting {
            match &mut deed.what {
                What::Count(counts) => {
                    for count in counts {
                        (count.requests, count.tokens, count.days) = (0, 0, 0);
                    }
                }
                What::Settle(settle) => settle.days.clear(),
                What::Drop | What::Day(..) | What::Doubt | What::Introduce(_) => {}
            }
        }
    }
}

impl Deed {
    fn write(&self, arguments: &mut Arguments, now: Monotonic) {
        match &self.what {
            What::Settle(settle) => self.write_settlement(settle, arguments, now),
            What::Drop => {
                arguments.push("drop");
                arguments.push(self.release.flights.len());
                self.release.flights.iter().for_each(|scope| arguments.push(scope));
                write_money(&self.release.money, arguments);
            }
            What::Count(counts) => {
                arguments.push("count");
                arguments.push(counts.len());
                for count in counts {
                    arguments.push(&count.scope);
                    for number in [count.requests, count.tokens, count.days, count.flights] {
                        arguments.push(number);
                    }
                }
            }
            What::Day(day, requests) => {
                arguments.push("day");
                arguments.push(day.0);
                arguments.push(requests.len());
                for (scope, count) in requests {
                    arguments.push(&scope.0);
                    arguments.push(count);
                }
            }
            What::Doubt => arguments.push("doubt"),
            What::Introduce(introduction) => arguments.append(introduction.clone()),
        }
    }

    fn write_settlement(&self, settle: &Settle, arguments: &mut Arguments, now: Monotonic) {
        arguments.push("settle");
        let (direction, difference) = match settle.tokens {
            Difference::More(tokens) => ("more", tokens),
            Difference::Less(tokens) => ("less", tokens),
        };
        arguments.push(direction);
        arguments.push(difference);
        arguments.push(now.since(settle.at).as_micros());
        arguments.push(settle.windows.len());
        for (scope, step) in &settle.windows {
            arguments.push(scope);
            arguments.push(step);
        }
        arguments.push(settle.days.len());
        for (scope, day) in &settle.days {
            arguments.push(scope);
            arguments.push(day.0);
        }
        write_money(&self.release.money, arguments);
        write_money(&settle.charges, arguments);
    }
}

fn write_money(money: &[(Counter, NanoUsd)], arguments: &mut Arguments) {
    arguments.push(money.len());
    for (counter, amount) in money {
        arguments.counter(counter);
        arguments.money(*amount);
    }
}
