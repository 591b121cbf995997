//! What a call was charged for, in the parts that its caller may be told.

use switchyard_domain::money::{NanoUsd, UnroundedCost};
use switchyard_domain::usage::{RESERVED_PRICE, UsageEvent};

/// What the attempt that answered was charged for, and what the whole call was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallBill {
    /// Tokens of what was asked.
    pub input_tokens: u64,
    /// Tokens of the answer.
    pub output_tokens: u64,
    /// What the first cost; absent where the price is not known, and where the attempt was charged as it was reserved.
    pub input_cost: Option<NanoUsd>,
    /// What the rest cost, so that both are the whole to the last digit; absent likewise.
    pub output_cost: Option<NanoUsd>,
    /// What the answer cost; absent where the price is not known.
    pub total_cost: Option<NanoUsd>,
    /// What all attempts cost together, those among them that failed and are billed all the same, as the ledger has them; absent where a
    /// price is not known.
    pub call_cost: Option<NanoUsd>,
}

impl CallBill {
    /// Of a call with these attempts, of which the last one answered.
    pub(super) fn of(events: &[UsageEvent]) -> Self {
        let billed = || events.iter().filter(|event| event.is_billed());
        let call_cost = billed()
            .map(|event| event.cost)
            .try_fold(NanoUsd::ZERO, |sum, cost| Some(sum.saturating_add(cost?)));
        let Some(answer) = events.last().filter(|event| event.is_billed()) else {
            let nothing = Some(NanoUsd::ZERO);
            let costs =
                Self { input_cost: nothing, output_cost: nothing, total_cost: nothing, ..Self::default() };
            return Self { call_cost, ..costs };
        };
        let (input_cost, total_cost) = (input_cost(answer), answer.cost);
        let output_cost =
            input_cost.zip(total_cost).map(|(part, total)| NanoUsd(total.0.saturating_sub(part.0)));
        let (input_tokens, output_tokens) = (answer.usage.input, answer.usage.output);
        Self { input_tokens, output_tokens, input_cost, output_cost, total_cost, call_cost }
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
