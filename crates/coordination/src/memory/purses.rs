//! What budgets have spent and what calls hold of them, by window.

use std::collections::HashMap;
use std::time::Duration;
use switchyard_domain::limits::LimitKind;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::Timestamp;
use switchyard_ports::limiter::{Allowance, Counter, Scope, Standing};

/// Purses that need no tidying.
const FEW: usize = 64;
/// How long a window is remembered after its end, for clocks that are set back and calls that run long.
const REMEMBERED: Duration = Duration::from_secs(86_400);
/// When to come back while calls in flight hold the rest: nobody knows when a call ends.
const HELD_WAIT: Duration = Duration::from_secs(1);
/// What a client is told to wait for a budget that never begins anew.
const ENDLESS_WAIT: Duration = Duration::from_secs(86_400);

/// One budget in one window.
#[derive(Debug, Default)]
struct Purse {
    is_known: bool,
    spent: i128,
    held: i128,
}

/// Why a purse does not give.
pub(super) enum NotGiven {
    Unknown(Counter),
    Refused { kind: LimitKind, limit: u64, retry_after: Duration },
}

fn is_remembered(counter: &Counter, now: Timestamp) -> bool {
    counter.span.is_endless() || counter.span.end.after(REMEMBERED) > now
}

/// All purses.
#[derive(Debug, Default)]
pub(super) struct Purses {
    by_counter: HashMap<Counter, Purse>,
    /// From when on everything that a budget spends goes through here: a window that begins later begins with nothing spent.
    known_since: HashMap<(Scope, i64), Timestamp>,
    /// How many purses there are when ended windows are forgotten next.
    full_at: usize,
}

pub(super) fn counter(scope: &Scope, allowance: &Allowance, at: Timestamp) -> Counter {
    Counter { scope: scope.clone(), edition: allowance.edition, span: allowance.span(at) }
}

impl Purses {
    /// Whether a purse could give `more`.
    pub(super) fn check(
        &mut self,
        counter: &Counter,
        amount: NanoUsd,
        more: NanoUsd,
        now: Timestamp,
    ) -> Result<(), NotGiven> {
        let Some(purse) = self.known(counter, now) else { return Err(NotGiven::Unknown(counter.clone())) };
        let (amount, more) = (i128::from(amount.0), i128::from(more.0));
        if more <= 0 || purse.spent + purse.held + more <= amount {
            return Ok(());
        }
        let limit = u64::try_from(amount).unwrap_or(0);
        Err(if purse.spent + more <= amount {
            NotGiven::Refused { kind: LimitKind::BudgetHeld, limit, retry_after: HELD_WAIT }
        } else {
            let wait = if counter.span.is_endless() {
                ENDLESS_WAIT
            } else {
                counter.span.end.since(now).max(HELD_WAIT)
            };
            NotGiven::Refused { kind: LimitKind::Budget, limit, retry_after: wait }
        })
    }

    /// The purse, if what it has spent is known.
    fn known(&mut self, counter: &Counter, now: Timestamp) -> Option<&Purse> {
        if !self.by_counter.contains_key(counter) {
            self.forget_old(now);
        }
        let purse = self.purse(counter);
        purse.is_known.then_some(&*purse)
    }

    /// The purse; one of a window that began when its budget already went through here begins with nothing spent.
    fn purse(&mut self, counter: &Counter) -> &mut Purse {
        let Self { by_counter, known_since, .. } = self;
        by_counter.entry(counter.clone()).or_insert_with_key(|counter| {
            let since = known_since.get(&(counter.scope.clone(), counter.edition));
            Purse { is_known: since.is_some_and(|since| *since <= counter.span.start), ..Purse::default() }
        })
    }

    /// Forgets ended windows each time that there are twice as many purses as were left by the last time, so that each purse is
    /// looked at a few times in its life. A window that was forgotten is asked for again if the clock is set back to it.
    fn forget_old(&mut self, now: Timestamp) {
        if self.by_counter.len() < self.full_at {
            return;
        }
        let known_since = &mut self.known_since;
        self.by_counter.retain(|counter, purse| {
            let is_kept = purse.held > 0 || is_remembered(counter, now);
            if !is_kept && let Some(since) = known_since.get_mut(&(counter.scope.clone(), counter.edition)) {
                *since = (*since).max(counter.span.end);
            }
            is_kept
        });
        self.full_at = (2 * self.by_counter.len()).max(FEW);
    }

    pub(super) fn hold(&mut self, counter: &Counter, more: NanoUsd) {
        self.purse(counter).held += i128::from(more.0);
    }

    pub(super) fn release(&mut self, counter: &Counter, held: NanoUsd) {
        if let Some(purse) = self.by_counter.get_mut(counter) {
            purse.held = (purse.held - i128::from(held.0)).max(0);
        }
    }

    pub(super) fn spend(&mut self, counter: &Counter, amount: NanoUsd) {
        self.purse(counter).spent += i128::from(amount.0.max(0));
    }

    pub(super) fn seed(&mut self, counter: &Counter, spent: NanoUsd, now: Timestamp) {
        self.known_since.entry((counter.scope.clone(), counter.edition)).or_insert(now);
        let purse = self.purse(counter);
        if !purse.is_known {
            purse.is_known = true;
            purse.spent = purse.spent.max(i128::from(spent.0));
        }
    }

    pub(super) fn standing(&self, counter: &Counter) -> Option<Standing> {
        let purse = self.by_counter.get(counter).filter(|purse| purse.is_known)?;
        let nano = |sum: i128| NanoUsd(i64::try_from(sum).unwrap_or(i64::MAX));
        Some(Standing { spent: nano(purse.spent), held: nano(purse.held) })
    }
}
