//! What a call was charged for, in the parts that its caller may be told.

use switchyard_domain::money::{NanoUsd, UnroundedCost};
use switchyard_domain::usage::{RESERVED_PRICE, UsageEvent};

/// What a call was charged for: the sums over those of its attempts that used something, as the ledger has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallBill {
    /// Tokens of what was asked.
    pub input_tokens: u64,
    /// Tokens of the answer.
    pub output_tokens: u64,
    /// What the first cost; absent where a price is not known, and where a call was charged as it was reserved.
    pub input_cost: Option<NanoUsd>,
    /// What the rest cost, so that both are the whole to the last digit; absent likewise.
    pub output_cost: Option<NanoUsd>,
    /// What all of it cost; absent where a price is not known.
    pub total_cost: Option<NanoUsd>,
}

impl CallBill {
    /// Of a call with these attempts.
    pub(super) fn of(events: &[UsageEvent]) -> Self {
        let billed = || events.iter().filter(|event| event.is_billed());
        let tokens = |of: fn(&UsageEvent) -> u64| billed().map(of).fold(0, u64::saturating_add);
        let sum = |of: fn(&UsageEvent) -> Option<NanoUsd>| {
            billed().map(of).try_fold(NanoUsd::ZERO, |sum, part| Some(sum.saturating_add(part?)))
        };
        let (input_cost, total_cost) = (sum(input_cost), sum(|event| event.cost));
        let output_cost =
            input_cost.zip(total_cost).map(|(part, total)| NanoUsd(total.0.saturating_sub(part.0)));
        Self {
            input_tokens: tokens(|event| event.usage.input),
            output_tokens: tokens(|event| event.usage.output),
            input_cost,
            output_cost,
            total_cost,
        }
    }
}

/// What the asking alone cost.
fn input_cost(event: &UsageEvent) -> Option<NanoUsd> {
    event.cost.filter(|_| event.price_version.as_deref() != Some(RESERVED_PRICE))?;
    let mut sum = UnroundedCost::default();
    for line in event.lines.iter().filter(|line| line.kind.is_input()) {
        sum.add_tokens(line.tokens, line.price);
    }
    Some(sum.round())
}
