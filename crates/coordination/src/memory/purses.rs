//! What budgets have spent and what calls hold of them, by window.

use std::collections::{HashMap, HashSet};
use std::time::Duration;
use switchyard_domain::limits::LimitKind;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::Timestamp;
use switchyard_ports::clock::{Clock, Monotonic};
use switchyard_ports::limiter::{Counter, Known, Mark, Scope, Standing};

/// Purses that need no tidying.
const FEW: usize = 64;
/// How long a window is remembered after its end, for clocks that are set back and calls that run long.
const REMEMBERED: Duration = Duration::from_secs(86_400);
/// How far the calendar may be from the monotonic time before it is not believed.
const AGREEMENT: Duration = Duration::from_secs(60);
/// When to come back while calls in flight hold the rest: nobody knows when a call ends.
const HELD_WAIT: Duration = Duration::from_secs(1);
/// What a client is told to wait for a budget that never begins anew.
const ENDLESS_WAIT: Duration = Duration::from_secs(86_400);

/// One moment by both times.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) calendar: Timestamp,
    pub(super) monotonic: Monotonic,
}

impl Moment {
    pub(super) fn of(clock: &dyn Clock) -> Self {
        Self { calendar: clock.now(), monotonic: clock.monotonic() }
    }

    /// Whether a window that begins at `start` began after this moment: by the calendar, and, as that may have been set forward
    /// in between, by the time that passed until `now`.
    fn saw_begin(self, start: Timestamp, now: Monotonic) -> bool {
        let passed = now.since(self.monotonic);
        self.calendar <= start && passed.saturating_add(AGREEMENT) >= start.since(self.calendar)
    }

    /// Whether the calendar was set forward between this moment and `now`.
    fn was_set_forward(self, now: Self) -> bool {
        let passed = now.monotonic.since(self.monotonic);
        now.calendar.since(self.calendar) > passed.saturating_add(AGREEMENT)
    }

    /// The same, but not before `at`.
    fn not_before(self, at: Timestamp) -> Self {
        let later = at.since(self.calendar);
        Self { calendar: self.calendar.max(at), monotonic: Monotonic(self.monotonic.0.saturating_add(later)) }
    }
}

/// What is known of a purse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Knowledge {
    #[default]
    Nothing,
    /// What was settled while the ledger was asked may be counted twice.
    TheMost,
    All,
}

/// One budget in one window.
#[derive(Debug, Default)]
struct Purse {
    knowledge: Knowledge,
    /// Another one for each time that it begins to be counted.
    life: u64,
    spent: i128,
    /// What of that may have been counted twice. The rest was spent for certain, even where the ledger lacks it.
    excess: i128,
    held: i128,
    /// What was settled in this life, while not all is known.
    counted: i128,
    /// When the ledger's answer was believed.
    seeded: Option<Monotonic>,
}

impl Purse {
    fn mark(&self) -> Mark {
        Mark { life: self.life.to_string(), counted: u128::try_from(self.counted).unwrap_or_default() }
    }

    /// What was settled since a mark; `None` where it is of another life.
    fn since(&self, mark: &Mark) -> Option<i128> {
        let counted = i128::try_from(mark.counted).ok()?;
        let since = self.counted.checked_sub(counted).filter(|since| *since >= 0)?;
        (mark.life == self.life.to_string()).then_some(since)
    }
}

/// Why a purse does not give.
pub(super) enum NotGiven {
    Unknown(Counter),
    Refused { kind: LimitKind, limit: u64, retry_after: Duration },
}

fn is_remembered(counter: &Counter, now: Timestamp) -> bool {
    counter.span.is_endless() || counter.span.end.after(REMEMBERED) > now
}

/// By scope and edition, from when on everything that a budget spends goes through here: a window that begins later begins with
/// nothing spent.
type Since = HashMap<(Scope, i64), Moment>;

/// All purses.
#[derive(Debug, Default)]
pub(super) struct Purses {
    by_counter: HashMap<Counter, Purse>,
    known_since: Since,
    /// Those of which only the most that they spent is known.
    in_question: HashSet<Counter>,
    lives: u64,
    /// How many purses there are when ended windows are forgotten next.
    full_at: usize,
}

impl Purses {
    /// Whether a purse could give `more`.
    pub(super) fn check(
        &mut self,
        counter: &Counter,
        amount: NanoUsd,
        more: NanoUsd,
        now: Moment,
    ) -> Result<(), NotGiven> {
        if more.0 <= 0 {
            return Ok(());
        }
        let Some(purse) = self.known(counter, now) else { return Err(NotGiven::Unknown(counter.clone())) };
        let (amount, more) = (i128::from(amount.0), i128::from(more.0));
        if purse.spent + purse.held + more <= amount {
            return Ok(());
        }
        let limit = u64::try_from(amount).unwrap_or(0);
        Err(if purse.spent + more <= amount {
            NotGiven::Refused { kind: LimitKind::BudgetHeld, limit, retry_after: HELD_WAIT }
        } else {
            let wait = if counter.span.is_endless() {
                ENDLESS_WAIT
            } else {
                counter.span.end.since(now.calendar).max(HELD_WAIT)
            };
            NotGiven::Refused { kind: LimitKind::Budget, limit, retry_after: wait }
        })
    }

    /// The purse, if what it has spent is known.
    fn known(&mut self, counter: &Counter, now: Moment) -> Option<&Purse> {
        if !self.by_counter.contains_key(counter) {
            self.forget_old(now.calendar);
        }
        let purse = self.purse(counter, now.monotonic);
        (purse.knowledge != Knowledge::Nothing).then_some(&*purse)
    }

    /// The purse; one of a window that began when its budget already went through here begins with nothing spent.
    fn purse(&mut self, counter: &Counter, now: Monotonic) -> &mut Purse {
        let Self { by_counter, known_since, lives, .. } = self;
        by_counter.entry(counter.clone()).or_insert_with_key(|counter| {
            let since = known_since.get(&(counter.scope.clone(), counter.edition));
            let is_known = since.is_some_and(|since| since.saw_begin(counter.span.start, now));
            *lives += 1;
            let knowledge = if is_known { Knowledge::All } else { Knowledge::Nothing };
            Purse { knowledge, life: *lives, ..Purse::default() }
        })
    }

    /// Forgets ended windows each time that there are twice as many purses as were left by the last time, so that each purse is
    /// looked at a few times in its life. A window that was forgotten is asked for again if the clock is set back to it.
    fn forget_old(&mut self, now: Timestamp) {
        if self.by_counter.len() < self.full_at {
            return;
        }
        let Self { known_since, in_question, .. } = self;
        self.by_counter.retain(|counter, purse| {
            let is_kept = purse.held > 0 || is_remembered(counter, now);
            if !is_kept && let Some(since) = known_since.get_mut(&(counter.scope.clone(), counter.edition)) {
                *since = since.not_before(counter.span.end);
            }
            if !is_kept {
                in_question.remove(counter);
            }
            is_kept
        });
        self.full_at = (2 * self.by_counter.len()).max(FEW);
    }

    pub(super) fn hold(&mut self, counter: &Counter, more: NanoUsd, now: Monotonic) {
        self.purse(counter, now).held += i128::from(more.0);
    }

    pub(super) fn release(&mut self, counter: &Counter, held: NanoUsd) {
        if let Some(purse) = self.by_counter.get_mut(counter) {
            purse.held = (purse.held - i128::from(held.0)).max(0);
        }
    }

    /// Charges a purse, with what the ledger may know of since a moment.
    pub(super) fn spend(&mut self, counter: &Counter, amount: NanoUsd, since: Monotonic, now: Monotonic) {
        let amount = i128::from(amount.0.max(0));
        let life = self.lives + 1;
        let purse = self.purse(counter, now);
        purse.spent += amount;
        // It may be part of what the ledger answered already.
        let is_late = purse.seeded.is_some_and(|seeded| since < seeded);
        if is_late {
            purse.excess += amount;
        }
        let is_news = is_late && purse.knowledge == Knowledge::All;
        if is_news {
            (purse.knowledge, purse.life, purse.counted) = (Knowledge::TheMost, life, 0);
        }
        if purse.knowledge != Knowledge::All {
            purse.counted += amount;
        }
        if is_news {
            self.lives = life;
            self.in_question.insert(counter.clone());
        }
    }

    /// Believes the ledger, and adds what it may lack. Answers whether the mark was of the counter's present life.
    pub(super) fn seed(&mut self, counter: &Counter, mark: &Mark, spent: NanoUsd, now: Moment) -> bool {
        let Self { by_counter, known_since, in_question, .. } = self;
        let Some(purse) = by_counter.get_mut(counter) else { return false };
        if purse.knowledge == Knowledge::All {
            return true;
        }
        let Some(unsure) = purse.since(mark) else { return false };
        let least = i128::from(spent.0);
        let most = least + unsure;
        let certain = least.max(purse.spent - purse.excess);
        let answered = match purse.knowledge {
            Knowledge::TheMost => purse.spent.min(most),
            _ => most,
        };
        purse.spent = answered.max(certain);
        // What the ledger does not have at all can't be in its answer.
        purse.excess = (purse.spent - certain).min(least);
        purse.seeded = Some(now.monotonic);
        if unsure == 0 {
            (purse.knowledge, purse.counted) = (Knowledge::All, 0);
            in_question.remove(counter);
        } else {
            purse.knowledge = Knowledge::TheMost;
            in_question.insert(counter.clone());
        }
        let since = known_since.entry((counter.scope.clone(), counter.edition)).or_insert(now);
        if since.was_set_forward(now) {
            *since = now;
        }
        true
    }

    /// What is known of a counter.
    pub(super) fn standing(&mut self, counter: &Counter, now: Monotonic) -> Known {
        let purse = self.purse(counter, now);
        let nano = |sum: i128| NanoUsd(i64::try_from(sum).unwrap_or(i64::MAX));
        let standing = Standing { spent: nano(purse.spent), held: nano(purse.held) };
        match purse.knowledge {
            Knowledge::Nothing => Known::Unknown(purse.mark()),
            Knowledge::TheMost => Known::AtMost(standing, purse.mark()),
            Knowledge::All => Known::Exactly(standing),
        }
    }

    /// Those of which only the most that they spent is known.
    pub(super) fn in_question(&self) -> Vec<Counter> {
        self.in_question.iter().cloned().collect()
    }
}
