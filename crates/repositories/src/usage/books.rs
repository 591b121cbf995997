//! What the daily sums are kept by, and what they sum. The recording and the proof share these words, and nothing else.

use crate::schema::usage_daily;
use diesel::prelude::*;

/// One line of the daily sums is about this. Ordered, so that writers take the lines in one order and never wait in a circle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Insertable, Queryable, Selectable)]
#[diesel(table_name = usage_daily)]
pub(super) struct Line {
    pub(super) day: i32,
    /// 0 is "no key".
    pub(super) key_id: i64,
    /// 0 is "nobody in particular".
    pub(super) user_id: i64,
    pub(super) provider_id: i64,
    pub(super) provider_name: String,
    pub(super) model: String,
    /// Empty is "no route".
    pub(super) route: String,
    pub(super) outcome: String,
    pub(super) simulated: bool,
}

/// The sums of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Insertable, Queryable, Selectable)]
#[diesel(table_name = usage_daily)]
pub(super) struct Sums {
    pub(super) calls: i64,
    pub(super) attempts: i64,
    pub(super) input_tokens: i64,
    pub(super) output_tokens: i64,
    pub(super) cost: i64,
    pub(super) unpriced: i64,
}

impl Sums {
    /// Adds, held at the ends of the range.
    pub(super) fn add(&mut self, more: Self) {
        for (sum, more) in [
            (&mut self.calls, more.calls),
            (&mut self.attempts, more.attempts),
            (&mut self.input_tokens, more.input_tokens),
            (&mut self.output_tokens, more.output_tokens),
            (&mut self.cost, more.cost),
            (&mut self.unpriced, more.unpriced),
        ] {
            *sum = sum.saturating_add(more);
        }
    }

    /// The same, with nothing above `most`.
    pub(super) fn held_at(self, most: i64) -> Self {
        Self {
            calls: self.calls.min(most),
            attempts: self.attempts.min(most),
            input_tokens: self.input_tokens.min(most),
            output_tokens: self.output_tokens.min(most),
            cost: self.cost.min(most),
            unpriced: self.unpriced.min(most),
        }
    }
}
