//! What budgets have spent and what calls hold of them, by window.

use std::collections::{HashMap, HashSet};
use std::time::Duration;
use switchyard_domain::budget::Span;
use switchyard_domain::limits::LimitKind;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::Timestamp;
use switchyard_ports::clock::{Clock, Monotonic};
use switchyard_ports::limiter::{Counter, CounterRef, Known, Mark, Scope, Standing};

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

    fn standing(&self) -> Known {
        let nano = |sum: i128| NanoUsd(i64::try_from(sum).unwrap_or(i64::MAX));
        let standing = Standing { spent: nano(self.spent), held: nano(self.held) };
        match self.knowledge {
            Knowledge::Nothing => Known::Unknown(self.mark()),
            Knowledge::TheMost => Known::AtMost(standing, self.mark()),
            Knowledge::All => Known::Exactly(standing),
        }
    }

    /// Whether it could give `more` of a budget of `amount`.
    fn check(&self, amount: NanoUsd, more: NanoUsd) -> Result<(), Lack> {
        if self.knowledge == Knowledge::Nothing {
            return Err(Lack::Knowledge);
        }
        let (amount, more) = (i128::from(amount.0), i128::from(more.0));
        match self.spent + more <= amount {
            true if self.spent + self.held + more <= amount => Ok(()),
            true => Err(Lack::Held),
            false => Err(Lack::Money),
        }
    }

    /// Charges it, with what the ledger may know of since a moment. Answers whether it is not known exactly from now on: then it lives anew.
    fn spend(&mut self, amount: i128, since: Monotonic) -> bool {
        self.spent += amount;
        // It may be part of what the ledger answered already.
        let is_late = self.seeded.is_some_and(|seeded| since < seeded);
        if is_late {
            self.excess += amount;
        }
        let is_news = is_late && self.knowledge == Knowledge::All;
        if is_news {
            (self.knowledge, self.counted) = (Knowledge::TheMost, 0);
        }
        if self.knowledge != Knowledge::All {
            self.counted += amount;
        }
        is_news
    }

    /// What was settled since a mark; `None` where it is of another life.
    fn since(&self, mark: &Mark) -> Option<i128> {
        let counted = i128::try_from(mark.counted).ok()?;
        let since = self.counted.checked_sub(counted).filter(|since| *since >= 0)?;
        (mark.life == self.life.to_string()).then_some(since)
    }
}

/// What a purse lacks to give.
enum Lack {
    Knowledge,
    /// What is left is held for others.
    Held,
    Money,
}

fn limit(amount: NanoUsd) -> u64 {
    u64::try_from(amount.0).unwrap_or(0)
}

/// Why a purse does not give.
pub(super) enum NotGiven {
    Unknown(Counter),
    Refused { kind: LimitKind, limit: u64, retry_after: Duration },
}

/// The place of a purse. It stays the purse's own for as long as money is held of it; else until the next [`Purses::tidy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PurseId(usize);

/// A purse's place, and of which of its scope's budgets it is, in which window.
#[derive(Debug)]
struct Pocket {
    edition: i64,
    span: Span,
    id: PurseId,
}

impl Pocket {
    fn is_of(&self, counter: CounterRef<'_>) -> bool {
        (self.edition, self.span) == (counter.edition, counter.span)
    }

    fn is_past(&self, now: Timestamp) -> bool {
        !self.span.is_endless() && self.span.end.after(REMEMBERED) <= now
    }
}

/// By scope and edition, from when on everything that a budget spends goes through here: a window that begins later begins with
/// nothing spent.
type Since = HashMap<(Scope, i64), Moment>;

/// All purses.
#[derive(Debug, Default)]
pub(super) struct Purses {
    /// A scope has few.
    by_scope: HashMap<Scope, Vec<Pocket>>,
    purses: Vec<Purse>,
    /// Places whose purse was forgotten.
    free: Vec<PurseId>,
    known_since: Since,
    /// Those of which only the most that they spent is known.
    in_question: HashSet<Counter>,
    lives: u64,
    /// How many purses there are when ended windows are forgotten next.
    full_at: usize,
}

impl Purses {
    /// Whether a purse could give `more`, which is more than nothing, and its place.
    pub(super) fn check(
        &mut self,
        counter: CounterRef<'_>,
        amount: NanoUsd,
        more: NanoUsd,
        now: Moment,
    ) -> Result<PurseId, NotGiven> {
        let id = self.place_of(counter, now.monotonic);
        let given = self.get(id).map_or(Err(Lack::Knowledge), |purse| purse.check(amount, more));
        given.map(|()| id).map_err(|why| match why {
            Lack::Knowledge => NotGiven::Unknown(counter.to_counter()),
            Lack::Held => NotGiven::Refused {
                kind: LimitKind::BudgetHeld,
                limit: limit(amount),
                retry_after: HELD_WAIT,
            },
            Lack::Money => {
                let wait = match counter.span {
                    span if span.is_endless() => ENDLESS_WAIT,
                    span => span.end.since(now.calendar).max(HELD_WAIT),
                };
                NotGiven::Refused { kind: LimitKind::Budget, limit: limit(amount), retry_after: wait }
            }
        })
    }

    fn get(&mut self, id: PurseId) -> Option<&mut Purse> {
        self.purses.get_mut(id.0)
    }

    fn find(&self, counter: CounterRef<'_>) -> Option<PurseId> {
        let mut pockets = self.by_scope.get(counter.scope)?.iter();
        pockets.find(|pocket| pocket.is_of(counter)).map(|pocket| pocket.id)
    }

    /// The place of a purse; one of a window that began when its budget already went through here begins with nothing spent.
    fn place_of(&mut self, counter: CounterRef<'_>, now: Monotonic) -> PurseId {
        if let Some(id) = self.find(counter) {
            return id;
        }
        let CounterRef { edition, span, scope } = counter;
        let since = self.known_since.get(&(scope.clone(), edition));
        let is_known = since.is_some_and(|since| since.saw_begin(span.start, now));
        let knowledge = if is_known { Knowledge::All } else { Knowledge::Nothing };
        self.lives += 1;
        let purse = Purse { knowledge, life: self.lives, ..Purse::default() };
        let id = self.free.pop().unwrap_or(PurseId(self.purses.len()));
        match self.purses.get_mut(id.0) {
            Some(place) => *place = purse,
            None => self.purses.push(purse),
        }
        self.by_scope.entry(scope.clone()).or_default().push(Pocket { edition, span, id });
        id
    }

    /// Forgets ended windows each time that there are twice as many purses as were left by the last time, so that each purse is
    /// looked at a few times in its life. A window that was forgotten is asked for again if the clock is set back to it. Places that
    /// were told before may be others' afterwards.
    pub(super) fn tidy(&mut self, now: Timestamp) {
        if self.purses.len() - self.free.len() < self.full_at {
            return;
        }
        let Self { purses, free, known_since, in_question, .. } = self;
        self.by_scope.retain(|scope, pockets| {
            pockets.retain(|pocket| {
                let is_held = purses.get(pocket.id.0).is_some_and(|purse| purse.held > 0);
                let is_kept = is_held || !pocket.is_past(now);
                if !is_kept {
                    let Pocket { edition, span, id } = *pocket;
                    if let Some(since) = known_since.get_mut(&(scope.clone(), edition)) {
                        *since = since.not_before(span.end);
                    }
                    in_question.remove(&Counter { scope: scope.clone(), edition, span });
                    free.push(id);
                }
                is_kept
            });
            !pockets.is_empty()
        });
        self.full_at = (2 * (self.purses.len() - self.free.len())).max(FEW);
    }

    pub(super) fn hold(&mut self, id: PurseId, more: NanoUsd) {
        if let Some(purse) = self.get(id) {
            purse.held += i128::from(more.0);
        }
    }

    pub(super) fn release(&mut self, id: PurseId, held: NanoUsd) {
        if let Some(purse) = self.get(id) {
            purse.held = (purse.held - i128::from(held.0)).max(0);
        }
    }

    /// Charges a purse, whose place may be known, with what the ledger may know of since a moment.
    pub(super) fn spend(
        &mut self,
        counter: CounterRef<'_>,
        known: Option<PurseId>,
        amount: NanoUsd,
        since: Monotonic,
        now: Monotonic,
    ) {
        let id = known.unwrap_or_else(|| self.place_of(counter, now));
        let life = self.lives + 1;
        let Some(purse) = self.get(id) else { return };
        if purse.spend(i128::from(amount.0.max(0)), since) {
            purse.life = life;
            self.lives = life;
            self.in_question.insert(counter.to_counter());
        }
    }

    /// Believes the ledger, and adds what it may lack. Answers whether the mark was of the counter's present life.
    pub(super) fn seed(&mut self, counter: &Counter, mark: &Mark, spent: NanoUsd, now: Moment) -> bool {
        let Some(purse) = self.find(counter.into()).and_then(|id| self.purses.get_mut(id.0)) else {
            return false;
        };
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
            self.in_question.remove(counter);
        } else {
            purse.knowledge = Knowledge::TheMost;
            self.in_question.insert(counter.clone());
        }
        let since = self.known_since.entry((counter.scope.clone(), counter.edition)).or_insert(now);
        if since.was_set_forward(now) {
            *since = now;
        }
        true
    }

    /// What is known of a counter.
    pub(super) fn standing(&mut self, counter: &Counter, now: Monotonic) -> Known {
        let id = self.place_of(counter.into(), now);
        self.get(id).map_or_else(|| Purse::default().standing(), |purse| purse.standing())
    }

    /// Those of which only the most that they spent is known.
    pub(super) fn in_question(&self) -> Vec<Counter> {
        self.in_question.iter().cloned().collect()
    }
}
