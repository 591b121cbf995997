//! The sums of a report, none of which overflows.

use crate::usage::total::held;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::usage::UsageSums;

/// [`UsageSums`], wider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wide {
    pub(super) calls: i128,
    pub(super) attempts: i128,
    pub(super) input_tokens: i128,
    pub(super) output_tokens: i128,
    pub(super) cost: i128,
    pub(super) unpriced: i128,
}

impl Wide {
    pub(super) fn add(&mut self, more: &Self) {
        self.calls += more.calls;
        self.attempts += more.attempts;
        self.input_tokens += more.input_tokens;
        self.output_tokens += more.output_tokens;
        self.cost += more.cost;
        self.unpriced += more.unpriced;
    }

    /// Held at the ends of the range. A count that is below nothing, which only a hand in the tables makes, is nothing.
    pub(super) fn held(&self) -> UsageSums {
        let count = |sum: i128| held(sum).max(0).unsigned_abs();
        UsageSums {
            calls: count(self.calls),
            attempts: count(self.attempts),
            input_tokens: count(self.input_tokens),
            output_tokens: count(self.output_tokens),
            cost: NanoUsd(held(self.cost)),
            unpriced: count(self.unpriced),
        }
    }
}
