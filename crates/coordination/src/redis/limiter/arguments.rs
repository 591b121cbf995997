//! Arguments of scripts.

use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::Timestamp;
use switchyard_ports::limiter::{Allowance, Ask, Counter};

/// A growing list of arguments.
#[derive(Clone, Debug, Default)]
pub(in crate::redis) struct Arguments(Vec<Vec<u8>>);

impl Arguments {
    #[expect(clippy::needless_pass_by_value, reason = "numbers and texts are written alike")]
    pub(in crate::redis) fn push(&mut self, argument: impl ToString) {
        self.0.push(argument.to_string().into_bytes());
    }

    pub(in crate::redis) fn bytes(&mut self, argument: &[u8]) {
        self.0.push(argument.to_vec());
    }

    /// Nothing where there is none.
    fn optional(&mut self, argument: Option<impl ToString>) {
        self.0.push(argument.map(|given| given.to_string().into_bytes()).unwrap_or_default());
    }

    /// An amount; scripts know none below nothing.
    pub(super) fn money(&mut self, money: NanoUsd) {
        self.push(money.0.max(0));
    }

    /// Which budget in which window.
    pub(super) fn counter(&mut self, counter: &Counter) {
        self.push(counter.edition);
        self.push(&counter.scope.0);
        self.push(format_args!("{}:{}", counter.span.start.0, counter.span.end.0));
    }

    /// What is asked at a time of the calendar.
    pub(super) fn asks(&mut self, asks: &[Ask], now: Timestamp) {
        self.push(now.0);
        self.push(asks.len());
        for ask in asks {
            self.push(ask.tokens);
            self.money(ask.money);
            self.push(ask.demands.len());
            for demand in &*ask.demands {
                self.push(&demand.scope.0);
                self.optional(demand.limits.rpm);
                self.optional(demand.limits.tpm);
                self.optional(demand.limits.rpd);
                self.optional(demand.limits.concurrency);
                self.optional(demand.allowance.as_ref().map(Allowance::edition));
                if let Some(allowance) = &demand.allowance {
                    let span = allowance.span(now);
                    self.money(allowance.budget().amount);
                    self.push(format_args!("{}:{}", span.start.0, span.end.0));
                }
            }
        }
    }

    pub(in crate::redis) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    pub(in crate::redis) fn into_vec(self) -> Vec<Vec<u8>> {
        self.0
    }
}
