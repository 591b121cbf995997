//! What budgets spent and what is held of them, as simply as can be. A window that nobody told of is unknown, always.

use std::collections::HashMap;
use std::time::Duration;
use switchyard_domain::limits::LimitKind;
use switchyard_domain::money::NanoUsd;
use switchyard_ports::limiter::{Counter, LimiterError, Payer, Refusal, Standing};

/// Counters by window.
#[derive(Debug, Default)]
pub(super) struct Purses(HashMap<Counter, Purse>);

#[derive(Debug, Default)]
struct Purse {
    is_known: bool,
    standing: Standing,
}

impl Purses {
    /// Whether so much more can be held.
    pub(super) fn check(&self, payer: &Payer, counter: &Counter, more: NanoUsd) -> Result<(), LimiterError> {
        if more.0 <= 0 {
            return Ok(());
        }
        let Some(Standing { spent, held }) = self.standing(counter) else {
            return Err(LimiterError::Unseeded(vec![counter.clone()]));
        };
        let amount = payer.allowance.budget.amount;
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
        let standing = &mut self.0.entry(counter.clone()).or_default().standing;
        standing.spent = standing.spent.saturating_add(amount);
    }

    pub(super) fn seed(&mut self, counter: &Counter, spent: NanoUsd) {
        let purse = self.0.entry(counter.clone()).or_default();
        if !std::mem::replace(&mut purse.is_known, true) {
            purse.standing.spent = spent;
        }
    }

    pub(super) fn standing(&self, counter: &Counter) -> Option<Standing> {
        self.0.get(counter).filter(|purse| purse.is_known).map(|purse| purse.standing)
    }
}
