//! What budgets spent and what is held of them, as simply as can be. A window that nobody told of is unknown, always.

use std::collections::HashMap;
use std::time::Duration;
use switchyard_domain::limits::LimitKind;
use switchyard_domain::money::NanoUsd;
use switchyard_ports::limiter::{Counter, Known, LimiterError, Mark, Payer, Refusal, Standing};

/// Counters by window.
#[derive(Debug, Default)]
pub(super) struct Purses(HashMap<Counter, Purse>);

#[derive(Debug, Default)]
struct Purse {
    is_known: bool,
    /// Only the most that it spent is known.
    is_in_question: bool,
    /// All that was ever settled on it.
    counted: u128,
    standing: Standing,
}

impl Purses {
    /// Whether so much more can be held.
    pub(super) fn check(&self, payer: &Payer, counter: &Counter, more: NanoUsd) -> Result<(), LimiterError> {
        if more.0 <= 0 {
            return Ok(());
        }
        let Some(Standing { spent, held }) = self.standing(counter).standing() else {
            return Err(LimiterError::Unseeded(vec![counter.clone()]));
        };
        let amount = payer.allowance.budget().amount;
        let kind = if spent.saturating_add(more) > amount {
            LimitKind::Budget
        } else if spent.saturating_add(held).saturating_add(more) > amount {
            LimitKind::BudgetHeld
        } else {
            return Ok(());
        };
        let limit = u64::try_from(amount.0).unwrap_or(0);
        let (scope, retry_after) = (payer.scope.clone(), Duration::from_secs(1));
        Err(LimiterError::Refused(Refusal { scope, kind, limit, retry_after }))
    }

    pub(super) fn hold(&mut self, counter: &Counter, more: NanoUsd) {
        let standing = &mut self.0.entry(counter.clone()).or_default().standing;
        standing.held = standing.held.saturating_add(more);
    }

    pub(super) fn release(&mut self, counter: &Counter, held: NanoUsd) {
        let standing = &mut self.0.entry(counter.clone()).or_default().standing;
        standing.held = NanoUsd(standing.held.0 - held.0);
    }

    pub(super) fn spend(&mut self, counter: &Counter, amount: NanoUsd) {
        let purse = self.0.entry(counter.clone()).or_default();
        purse.standing.spent = purse.standing.spent.saturating_add(amount);
        purse.counted += u128::try_from(amount.0).unwrap_or(0);
    }

    pub(super) fn seed(&mut self, counter: &Counter, mark: &Mark, spent: NanoUsd) -> bool {
        let purse = self.0.entry(counter.clone()).or_default();
        if !purse.is_known || purse.is_in_question {
            let unsure = i64::try_from(purse.counted.saturating_sub(mark.counted)).unwrap_or(i64::MAX);
            purse.standing.spent = NanoUsd(spent.0.saturating_add(unsure));
            (purse.is_known, purse.is_in_question) = (true, unsure > 0);
        }
        true
    }

    pub(super) fn standing(&self, counter: &Counter) -> Known {
        let nothing = Purse::default();
        let purse = self.0.get(counter).unwrap_or(&nothing);
        let mark = Mark { life: String::new(), counted: purse.counted };
        match (purse.is_known, purse.is_in_question) {
            (true, false) => Known::Exactly(purse.standing),
            (true, true) => Known::AtMost(purse.standing, mark),
            (false, _) => Known::Unknown(mark),
        }
    }

    /// Those of which only the most that they spent is known.
    pub(super) fn in_question(&self) -> Vec<Counter> {
        let unsure = self.0.iter().filter(|(_, purse)| purse.is_in_question);
        unsure.map(|(counter, _)| counter.clone()).collect()
    }
}
