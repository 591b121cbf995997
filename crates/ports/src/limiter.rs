//! Limits and budgets over many scopes at once.

use crate::clock::Monotonic;
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use switchyard_domain::budget::{Budget, BudgetWindow, Span};
use switchyard_domain::limits::{LimitKind, Limits};
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::{Day, Timestamp};

/// What is limited together, such as `key:17` or `model:3/gpt-4o`. Shared, since every call names several.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope(pub Arc<str>);

impl Scope {
    /// Whether all callers share it: what is left of it is the server's business, and MUST NOT stand in a permit's [`Rooms`].
    #[must_use]
    pub fn is_everybodys(&self) -> bool {
        &*self.0 == "global"
    }
}

/// A scope's budget, as a call is held to it. Shared as one, since every call passes several on.
#[derive(Clone, Debug)]
pub struct Allowance(Arc<Terms>);

#[derive(Debug)]
struct Terms {
    budget: Budget,
    edition: i64,
    latest: RecentSpan,
}

impl Allowance {
    /// Of this budget. The edition tells it from others of the same scope: a budget that was removed and set anew is another one, whose
    /// counters begin with the ledger again.
    #[must_use]
    pub fn new(budget: Budget, edition: i64) -> Self {
        Self(Arc::new(Terms { budget, edition, latest: RecentSpan::default() }))
    }

    /// The budget.
    #[must_use]
    pub fn budget(&self) -> &Budget {
        &self.0.budget
    }

    /// Which budget of its scope it is.
    #[must_use]
    pub fn edition(&self) -> i64 {
        self.0.edition
    }

    /// The budget's window that `at` lies in.
    #[must_use]
    pub fn span(&self, at: Timestamp) -> Span {
        let Terms { budget, latest, .. } = &*self.0;
        if budget.window == BudgetWindow::Total {
            return Span::ENDLESS;
        }
        latest.get().filter(|span| span.contains(at)).unwrap_or_else(|| {
            let span = budget.span(at);
            latest.set(span);
            span
        })
    }
}

impl PartialEq for Allowance {
    fn eq(&self, other: &Self) -> bool {
        let same = |one: &Terms, other: &Terms| (&one.budget, one.edition) == (&other.budget, other.edition);
        Arc::ptr_eq(&self.0, &other.0) || same(&self.0, &other.0)
    }
}

impl Eq for Allowance {}

/// The window that was asked for last: calls ask for the same one many times, and a calendar is slow. One number holds it, so that
/// nobody waits for whoever asks at the same moment: 40 bits of the second in which it begins, 24 of its seconds. What does not fit is not
/// remembered; no window of our time is among that.
#[derive(Debug, Default)]
struct RecentSpan(AtomicU64);

impl RecentSpan {
    const LENGTH_BITS: u32 = 24;
    const MOST_SECONDS: u64 = 1 << Self::LENGTH_BITS;

    fn get(&self) -> Option<Span> {
        let packed = self.0.load(Ordering::Relaxed);
        let millis = |seconds: u64| i64::try_from(seconds).map(|seconds| seconds * 1_000).ok();
        let (start, length) = (millis(packed >> Self::LENGTH_BITS)?, millis(packed % Self::MOST_SECONDS)?);
        (length > 0).then_some(Span { start: Timestamp(start), end: Timestamp(start + length) })
    }

    fn set(&self, span: Span) {
        let seconds =
            |millis: i64| u64::try_from(millis).ok().filter(|it| it % 1_000 == 0).map(|it| it / 1_000);
        let start = seconds(span.start.0).filter(|start| *start < 1 << (u64::BITS - Self::LENGTH_BITS));
        let length =
            span.end.0.checked_sub(span.start.0).and_then(seconds).filter(|it| *it < Self::MOST_SECONDS);
        if let (Some(start), Some(length)) = (start, length) {
            self.0.store(start << Self::LENGTH_BITS | length, Ordering::Relaxed);
        }
    }
}

/// A scope's budget, which pays for what calls cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payer {
    /// The scope.
    pub scope: Scope,
    /// Its budget.
    pub allowance: Allowance,
}

impl Payer {
    /// The scope and its budget.
    #[must_use]
    pub fn pair(&self) -> (&Scope, &Allowance) {
        (&self.scope, &self.allowance)
    }

    /// Its counter in the window that `at` lies in.
    #[must_use]
    pub fn counter(&self, at: Timestamp) -> Counter {
        CounterRef::of(&self.scope, &self.allowance, at).to_counter()
    }
}

/// One scope's limits for one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The scope.
    pub scope: Scope,
    /// Its limits.
    pub limits: Limits,
    /// Its budget.
    pub allowance: Option<Allowance>,
}

impl Demand {
    /// Whether nothing is demanded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.limits.is_none() && self.allowance.is_none()
    }

    /// Its scope and its budget, if it has one.
    #[must_use]
    pub fn payer(&self) -> Option<(&Scope, &Allowance)> {
        self.allowance.as_ref().map(|allowance| (&self.scope, allowance))
    }
}

/// What a call asks of some scopes together, under one permit: one request, one slot, and of each these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// The scopes; shared with the permit.
    pub demands: Arc<[Demand]>,
    /// Tokens.
    pub tokens: u64,
    /// The most that it may cost. What costs nothing passes every budget, known or not.
    pub money: NanoUsd,
}

/// A budget's counter in one window.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Counter {
    /// The scope.
    pub scope: Scope,
    /// Which budget of the scope.
    pub edition: i64,
    /// The window.
    pub span: Span,
}

/// A counter that borrows its scope: to look for one without a copy of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterRef<'a> {
    /// Which budget of the scope.
    pub edition: i64,
    /// The window.
    pub span: Span,
    /// The scope.
    pub scope: &'a Scope,
}

impl<'a> CounterRef<'a> {
    /// That of a scope's budget in the window that `at` lies in.
    #[must_use]
    pub fn of(scope: &'a Scope, allowance: &Allowance, at: Timestamp) -> Self {
        Self { edition: allowance.edition(), span: allowance.span(at), scope }
    }

    /// The same, with a scope of its own.
    #[must_use]
    pub fn to_counter(self) -> Counter {
        Counter { scope: self.scope.clone(), edition: self.edition, span: self.span }
    }
}

impl<'a> From<&'a Counter> for CounterRef<'a> {
    fn from(counter: &'a Counter) -> Self {
        let Counter { scope, edition, span } = counter;
        Self { edition: *edition, span: *span, scope }
    }
}

/// Where a counter stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// What was spent.
    pub spent: NanoUsd,
    /// What calls in flight hold.
    pub held: NanoUsd,
}

/// A moment of a counter that is not known for sure. Whoever asks the ledger takes one first and tells the answer with it, so that what
/// was settled since can be added to an answer that may lack it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Which life of the counter: one that was lost, forgotten or put into doubt lives anew, and no answer of before is believed.
    pub life: String,
    /// What was settled in that life and stands in the ledger for certain, in nano-USD. It only grows, as what costs nothing is not
    /// settled.
    pub counted: u128,
}

/// What is known of a counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// All of it.
    Exactly(Standing),
    /// No more was spent than this, but perhaps less: what was settled while the ledger was asked may be counted twice. It gives money.
    AtMost(Standing, Mark),
    /// Nothing; it gives no money.
    Unknown(Mark),
}

impl Known {
    /// Where it stands; `None` when it is not known.
    #[must_use]
    pub fn standing(&self) -> Option<Standing> {
        match self {
            Self::Exactly(standing) | Self::AtMost(standing, _) => Some(*standing),
            Self::Unknown(_) => None,
        }
    }
}

/// A refusal: the first limit that the call would break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The scope.
    pub scope: Scope,
    /// The limit.
    pub kind: LimitKind,
    /// Its value; of a budget in nano-USD.
    pub limit: u64,
    /// When to come back; what a client sees in `Retry-After`. MUST NOT be longer than the limit's window.
    pub retry_after: Duration,
}

/// Why a limiter gave no permit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimiterError {
    /// A limit is used up.
    #[error("over the limit of {} {}", .0.limit, .0.kind.describe())]
    Refused(Refusal),
    /// These counters are not known: what the ledger says was spent must be told by [`Limiter::seed`] first.
    #[error("{} counters of budgets are not known yet", .0.len())]
    Unseeded(Vec<Counter>),
    /// The store of the counters does not answer.
    #[error("the limit store does not answer: {0}")]
    Unavailable(String),
}

/// What an attempt cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// When it began: the window that holds this moment pays, as in the ledger.
    pub at: Timestamp,
    /// The amount.
    pub amount: NanoUsd,
}

/// What a call used in truth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Tokens.
    pub tokens: u64,
    /// What its attempts cost.
    pub charges: Vec<Charge>,
    /// The budgets to whose scopes the ledger books the charges, as they are set now: one of them may have begun, or been changed,
    /// while the call ran. Those that the permit was taken under pay whether they are named here or not.
    pub payers: Vec<Payer>,
    /// Whether it came to nothing: its request is none of the day's then. Those of a minute count all the same, as they were made.
    pub is_void: bool,
    /// Since when the ledger may know of it, by the clock of the process: when it was given to the journal, which MUST have it before it
    /// is settled. Absent: since now.
    pub since: Option<Monotonic>,
}

impl Used {
    /// Which counter is to be charged with what: of each of the budgets that are held and of those that pay besides, the one whose window
    /// holds the moment of the charge, once.
    #[must_use]
    pub fn dues<'a>(
        &'a self,
        held: impl Iterator<Item = (&'a Scope, &'a Allowance)> + Clone,
    ) -> Vec<(CounterRef<'a>, NanoUsd)> {
        let payers = held.chain(self.payers.iter().map(Payer::pair));
        let mut dues: Vec<(CounterRef<'a>, NanoUsd)> = Vec::new();
        // What costs nothing is no news to a counter, and must not make one that is not known wait for the ledger.
        for charge in self.charges.iter().filter(|charge| charge.amount.0 > 0) {
            let before = dues.len();
            for (scope, allowance) in payers.clone() {
                let counter = CounterRef::of(scope, allowance, charge.at);
                let (_, of_this_charge) = dues.split_at(before);
                if of_this_charge.iter().all(|(known, _)| *known != counter) {
                    dues.push((counter, charge.amount));
                }
            }
        }
        dues
    }
}

/// How much of a limit of a minute is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// The limit.
    pub limit: u64,
    /// What is left of it.
    pub remaining: u64,
    /// How long until all of it is there again, if nobody calls.
    pub reset: Duration,
}

/// How much is left of the narrowest limits of a minute that a permit was taken under, right after it was taken; of scopes that are not
/// everybody's alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rooms {
    /// Requests.
    pub requests: Option<Room>,
    /// Tokens.
    pub tokens: Option<Room>,
}

/// What a scope used of its limits, as far as this process knows: of what nobody limits, nothing is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests in the last minute.
    pub requests: u64,
    /// Tokens in the last minute.
    pub tokens: u128,
    /// Requests of the UTC day.
    pub today: u64,
}

/// A call's hold on its limits and budgets. Dropping it MUST release the slots and whatever money is still held, whatever happened.
#[async_trait]
pub trait Permit: Send + Sync {
    /// The moment in whose windows it holds money since it was taken: an attempt that is made under it begins then, so that it is
    /// charged where it is held. `None` where it was taken under no budget.
    fn taken_at(&self) -> Option<Timestamp>;
    /// Holds at least this much of every budget from now on, in the window that `at` lies in, or, where one of them has not so much
    /// left, what was held before. What is held in other windows stays held.
    async fn cover(&self, money: NanoUsd, at: Timestamp) -> Result<(), LimiterError>;
    /// Replaces what was reserved with what was used; later calls count the truth. May be called once. Waits for nothing.
    fn settle(&self, used: &Used);
    /// Settles and ends it at once: what dropping it after [`Permit::settle`] does, for less.
    fn end(self: Box<Self>, used: &Used) {
        self.settle(used);
    }
    /// Gives back the slots and keeps the rest: what the call used is not known yet, but it runs no more. Waits for nothing.
    fn release_slots(&self);
    /// What was left when it was taken.
    fn rooms(&self) -> Rooms;
}

/// Limits and budgets. `acquire` takes all that is asked or nothing, in one step: of many calls at once no more than the limit pass,
/// no more than the limit in any 60 seconds, and no more than a budget is ever spent and held. Refused calls count for nothing.
#[async_trait]
pub trait Limiter: Send + Sync {
    /// Takes one request, the tokens, the money and one slot in the scopes of each ask. Gives a permit for each ask, in their order.
    async fn acquire(&self, asks: &[Ask]) -> Result<Vec<Box<dyn Permit>>, LimiterError>;
    /// What a scope used of its limits. MUST be quick and wait for nothing: a plan asks it. Where several processes share the limits, this
    /// is what this one admitted.
    fn tally(&self, scope: &Scope) -> Tally;
    /// Charges budgets under which no permit was taken, such as one that began while the call ran. Waits for nothing.
    fn charge(&self, used: &Used);
    /// Where a counter stands. Of one that is not known this may wait, for some seconds at most, until the ledger has what was settled
    /// before its [`Mark`] counts.
    async fn standing(&self, counter: &Counter) -> Result<Known, LimiterError>;
    /// Tells a counter what the ledger says was spent, which was asked after the mark was taken. What was settled since the mark is
    /// added: the ledger may have had it by then or not, so that nothing is lost, and the counter is known [`Known::AtMost`] where there
    /// is any. Of one that is known so, it corrects the sum; one that is known exactly stays as it is. Answers whether the mark was of
    /// the counter's present life: if not, nothing is believed.
    async fn seed(&self, counter: &Counter, mark: &Mark, spent: NanoUsd) -> Result<bool, LimiterError>;
    /// Some counters of which the ledger is to be asked, whether a call needs them or not: those that are known [`Known::AtMost`], and
    /// perhaps some that are not known.
    async fn in_question(&self) -> Result<Vec<Counter>, LimiterError>;
    /// Tells how many requests of a UTC day the ledger knows of, by scope. A scope of which fewer are counted counts so many from now
    /// on; one that counts more stays as it is, since the ledger lacks what runs. What is told of another day than today's is passed
    /// over. So a day's limit goes on where an earlier process, or a store that was lost, left it.
    async fn count_day(&self, day: Day, requests: &[(Scope, u64)]) -> Result<(), LimiterError>;
}

/// The store that many processes share, as it was seen last. MUST NOT ask it.
pub trait SharedStore: Send + Sync {
    /// Whether it answers.
    fn is_connected(&self) -> bool;
    /// How many processes share it, this one among them; 0 where that was never known.
    fn processes(&self) -> u32;
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchyard_domain::budget::Zone;

    #[test]
    fn a_window_of_our_time_is_remembered_and_no_other() {
        let recent = RecentSpan::default();
        assert_eq!(recent.get(), None);
        let zone = Zone::new("Europe/Vienna").unwrap();
        for window in [BudgetWindow::Day, BudgetWindow::Week, BudgetWindow::Month] {
            let at = Timestamp::parse("2026-11-23T12:34:56Z").unwrap();
            let span = Budget { amount: NanoUsd(1), window, zone: zone.clone() }.span(at);
            recent.set(span);
            assert_eq!(recent.get(), Some(span), "{window:?}");
        }
        let known = recent.get();
        let foreign = [
            Span::ENDLESS,
            Span { start: Timestamp(-1_000), end: Timestamp(1_000) },
            Span { start: Timestamp(1), end: Timestamp(86_400_001) },
            Span { start: Timestamp(0), end: Timestamp(0) },
            Span { start: Timestamp(0), end: Timestamp(1_000 << RecentSpan::LENGTH_BITS) },
            Span { start: Timestamp(1_000 << 40), end: Timestamp((1_000 << 40) + 1_000) },
        ];
        for span in foreign {
            recent.set(span);
            assert!(recent.get() == known || recent.get().is_none(), "{span:?}");
        }
    }

    #[test]
    fn an_allowance_knows_the_window_of_every_moment_in_whatever_order_they_are_asked_for() {
        const DAY: i64 = 86_400_000;
        let moments = [0, DAY - 1, DAY, 5, i64::MAX, 3 * DAY, -1, i64::MIN, DAY + 1, 40 * DAY];
        for window in BudgetWindow::ALL {
            let zone = Zone::new("Europe/Vienna").unwrap();
            let budget = Budget { amount: NanoUsd(1), window, zone };
            let allowance = Allowance::new(budget.clone(), 1);
            for at in moments.map(Timestamp) {
                assert_eq!(allowance.span(at), budget.span(at), "{window:?} {at:?}");
                assert_eq!(allowance.clone().span(at), budget.span(at), "{window:?} {at:?}");
            }
        }
    }
}
