//! Sums that no number of lines overflows.

use switchyard_domain::money::NanoUsd;
use switchyard_domain::usage::UsageSums;

/// Databases refuse a sum that is beyond the range, and with it the whole report. So the upper and the lower half of the numbers
/// are summed apart, which overflows beyond two thousand million lines only.
pub(super) const SPLIT: i64 = 1 << 31;

/// What one sum is read as: whole multiples of [`SPLIT`], and the rest.
pub(super) type Halves = (i64, i64);

/// A sum of a column, as [`Halves`].
macro_rules! halves {
    ($column:expr) => {
        (
            total!(($column / SPLIT).nullable()).assume_not_null(),
            total!(($column - $column / SPLIT * SPLIT).nullable()).assume_not_null(),
        )
    };
}
pub(super) use halves;

/// The sum again.
pub(super) fn joined((multiples, rest): Halves) -> i128 {
    i128::from(multiples) * i128::from(SPLIT) + i128::from(rest)
}

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
        let signed = |sum: i128| i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX });
        let count = |sum: i128| signed(sum).max(0).unsigned_abs();
        UsageSums {
            calls: count(self.calls),
            attempts: count(self.attempts),
            input_tokens: count(self.input_tokens),
            output_tokens: count(self.output_tokens),
            cost: NanoUsd(signed(self.cost)),
            unpriced: count(self.unpriced),
        }
    }
}
