//! Budgets against a naive book-keeper that remembers every call and every charge, over a ledger that hears of charges later, while
//! budgets are set anew and the calendar passes from window to window.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use switchyard_coordination::memory::MemoryLimiter;
use switchyard_domain::budget::{Budget, BudgetWindow, Zone};
use switchyard_domain::limits::{LimitKind, Limits};
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::Timestamp;
use switchyard_ports::clock::{Clock, Monotonic};
use switchyard_ports::limiter::{
    Allowance, Ask, Charge, Counter, Demand, Known, Limiter, LimiterError, Mark, Payer, Permit, Scope,
    Standing, Used,
};
use switchyard_testkit::clock::ManualClock;

const SCOPES: [&str; 3] = ["key:1", "user:1", "global"];
const WINDOWS: [BudgetWindow; 4] = BudgetWindow::ALL;
const ZONES: [&str; 2] = ["Europe/Vienna", "UTC"];

/// A thing that happens.
#[derive(Clone, Debug)]
enum Event {
    Advance {
        minutes: u64,
    },
    /// The calendar alone goes on.
    Jump {
        minutes: i64,
    },
    Take {
        scopes: Vec<usize>,
        money: i64,
    },
    Cover {
        call: prop::sample::Index,
        money: i64,
    },
    /// The journal has what a call cost, and the limiter has not heard of it yet.
    Journal {
        call: prop::sample::Index,
        cost: i64,
    },
    Settle {
        call: prop::sample::Index,
        cost: i64,
    },
    Drop(prop::sample::Index),
    /// A scope's budget is set anew: another one, whose counters nobody knows; or removed.
    Set {
        scope: usize,
        amount: Option<i64>,
        window: usize,
        zone: usize,
    },
    /// Somebody asks the ledger for a counter, which answers at once or, as of then, when the answer is told.
    Ask {
        scope: usize,
        is_read_late: bool,
    },
    /// One of the answers arrives, in whatever order.
    Tell(prop::sample::Index),
    /// What waits in the journal reaches the ledger.
    Drain,
}

fn event() -> impl Strategy<Value = Event> {
    let call = any::<prop::sample::Index>;
    prop_oneof![
        2 => (0_u64..2_000).prop_map(|minutes| Event::Advance { minutes }),
        1 => (0_i64..2_000).prop_map(|minutes| Event::Jump { minutes }),
        8 => (prop::sample::subsequence(vec![0, 1, 2], 1..=3), 0_i64..40)
            .prop_map(|(scopes, money)| Event::Take { scopes, money }),
        3 => (call(), 0_i64..60).prop_map(|(call, money)| Event::Cover { call, money }),
        2 => (call(), 0_i64..60).prop_map(|(call, cost)| Event::Journal { call, cost }),
        6 => (call(), 0_i64..60).prop_map(|(call, cost)| Event::Settle { call, cost }),
        2 => call().prop_map(Event::Drop),
        1 => (0..SCOPES.len(), prop::option::weighted(0.8, 0_i64..200), 0..WINDOWS.len(), 0..ZONES.len())
            .prop_map(|(scope, amount, window, zone)| Event::Set { scope, amount, window, zone }),
        3 => (0..SCOPES.len(), any::<bool>())
            .prop_map(|(scope, is_read_late)| Event::Ask { scope, is_read_late }),
        2 => call().prop_map(Event::Tell),
        2 => Just(Event::Drain),
    ]
}

/// A call that passed.
struct Call {
    scopes: Vec<usize>,
    /// When its last attempt began.
    at: Timestamp,
    held: Vec<(Counter, i64)>,
    payers: Vec<Payer>,
    permit: Option<Box<dyn Permit>>,
    /// What it cost and since when, once the journal has it.
    journaled: Option<(i64, Monotonic)>,
    is_settled: bool,
}

impl Call {
    fn held(&self, counter: &Counter) -> i64 {
        self.held.iter().find(|(known, _)| known == counter).map_or(0, |(_, held)| *held)
    }

    fn hold(&mut self, counter: &Counter, money: i64) {
        self.held.retain(|(known, _)| known != counter);
        self.held.push((counter.clone(), money));
    }
}

/// A charge, as the ledger books it.
struct Booked {
    scope: usize,
    at: Timestamp,
    amount: i64,
    is_drained: bool,
    /// Which call, until it is settled.
    unsettled: Option<usize>,
}

/// A question to the ledger, and its answer unless that is read late.
struct Question {
    counter: Counter,
    mark: Mark,
    answer: Option<i64>,
}

struct Pair {
    clock: Arc<ManualClock>,
    real: MemoryLimiter,
    budgets: Vec<Option<Payer>>,
    editions: i64,
    calls: Vec<Call>,
    charges: Vec<Booked>,
    questions: Vec<Question>,
}

impl Pair {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::default());
        let real = MemoryLimiter::new(Arc::clone(&clock) as _);
        let (calls, charges, questions) = (Vec::new(), Vec::new(), Vec::new());
        Self { real, clock, budgets: vec![None; SCOPES.len()], editions: 0, calls, charges, questions }
    }

    fn set(&mut self, scope: usize, amount: Option<i64>, window: usize, zone: usize) {
        self.editions += 1;
        let budget = amount.map(|amount| Budget {
            amount: NanoUsd(amount),
            window: WINDOWS[window],
            zone: Zone::new(ZONES[zone]).unwrap(),
        });
        let allowance = budget.map(|budget| Allowance::new(budget, self.editions));
        self.budgets[scope] =
            allowance.map(|allowance| Payer { scope: Scope(SCOPES[scope].into()), allowance });
    }

    fn payers(&self, scopes: &[usize]) -> Vec<Payer> {
        scopes.iter().filter_map(|&scope| self.budgets[scope].clone()).collect()
    }

    fn sum(&self, counter: &Counter, counts: impl Fn(&Booked) -> bool) -> i64 {
        let of = self.charges.iter().filter(|charge| SCOPES[charge.scope] == &*counter.scope.0);
        of.filter(|charge| counter.span.contains(charge.at) && counts(charge))
            .map(|charge| charge.amount)
            .sum()
    }

    /// What the ledger says.
    fn booked(&self, counter: &Counter) -> i64 {
        self.sum(counter, |charge| charge.is_drained)
    }

    /// What was spent, as far as calls are settled.
    fn spent(&self, counter: &Counter) -> i64 {
        self.sum(counter, |charge| charge.unsettled.is_none())
    }

    fn held(&self, counter: &Counter) -> i64 {
        self.calls.iter().map(|call| call.held(counter)).sum()
    }

    /// The first budget that does not give, each asked for what it lacks of `money` beside what is held already.
    fn verdict(
        &self,
        payers: &[Payer],
        at: Timestamp,
        money: i64,
        call: Option<&Call>,
    ) -> Option<(Scope, LimitKind)> {
        payers.iter().find_map(|payer| {
            let counter = payer.counter(at);
            let more = money - call.map_or(0, |call| call.held(&counter));
            let (spent, amount) = (self.spent(&counter), payer.allowance.budget().amount.0);
            let refused = |kind| Some((payer.scope.clone(), kind));
            if more <= 0 {
                None
            } else if spent + more > amount {
                refused(LimitKind::Budget)
            } else if spent + self.held(&counter) + more > amount {
                refused(LimitKind::BudgetHeld)
            } else {
                None
            }
        })
    }

    fn drain(&mut self) {
        self.charges.iter_mut().for_each(|charge| charge.is_drained = true);
    }

    /// As calls do: what waits in the journal is drained before the ledger is asked.
    async fn make_known(&mut self, counters: &[Counter]) {
        for counter in counters {
            if let Some(mark) = self.mark(counter).await {
                self.drain();
                let spent = NanoUsd(self.booked(counter));
                assert!(self.real.seed(counter, &mark, spent).await.unwrap());
                let spent = Standing { spent, held: NanoUsd(self.held(counter)) };
                assert_eq!(self.real.standing(counter).await.unwrap(), Known::Exactly(spent));
            }
        }
    }

    /// The mark of a counter that is not known exactly.
    async fn mark(&self, counter: &Counter) -> Option<Mark> {
        match self.real.standing(counter).await.unwrap() {
            Known::Unknown(mark) | Known::AtMost(_, mark) => Some(mark),
            Known::Exactly(_) => None,
        }
    }

    async fn ask(&mut self, scope: usize, is_read_late: bool) {
        let Some(payer) = &self.budgets[scope] else { return };
        let counter = payer.counter(self.clock.now());
        if let Some(mark) = self.mark(&counter).await {
            self.drain();
            let answer = (!is_read_late).then(|| self.booked(&counter));
            self.questions.push(Question { counter, mark, answer });
        }
    }

    async fn tell(&mut self, question: usize) {
        let Question { counter, mark, answer } = self.questions.swap_remove(question);
        let spent = answer.unwrap_or_else(|| self.booked(&counter));
        self.real.seed(&counter, &mark, NanoUsd(spent)).await.unwrap();
    }

    /// The answers that are on their way arrive, what the journal has is settled, and the ledger is asked once more for what is in
    /// question: then all is known that can be.
    async fn come_to_rest(&mut self) {
        while !self.questions.is_empty() {
            self.tell(0).await;
        }
        for place in 0..self.calls.len() {
            if let Some((cost, _)) = self.calls[place].journaled {
                self.settle(place, cost);
            }
        }
        // An answer of this moment is older than what is settled from now on.
        self.clock.advance(Duration::from_millis(1));
        let counters = self.real.in_question().await.unwrap();
        self.make_known(&counters).await;
        assert_eq!(self.real.in_question().await.unwrap(), []);
        self.clock.advance(Duration::from_millis(1));
    }

    async fn take(&mut self, scopes: &[usize], money: i64) -> Result<(), TestCaseError> {
        self.come_to_rest().await;
        let now = self.clock.now();
        let payers = self.payers(scopes);
        let demand = |&scope: &usize| Demand {
            scope: Scope(SCOPES[scope].into()),
            limits: Limits::NONE,
            allowance: self.budgets[scope].as_ref().map(|payer| payer.allowance.clone()),
        };
        let ask = Ask { demands: scopes.iter().map(demand).collect(), tokens: 0, money: NanoUsd(money) };
        let expected = self.verdict(&payers, now, money, None);
        let taken = loop {
            match self.real.acquire(std::slice::from_ref(&ask)).await {
                Err(LimiterError::Unseeded(counters)) => self.make_known(&counters).await,
                taken => break taken,
            }
        };
        match taken {
            Ok(mut permits) => {
                prop_assert_eq!(expected, None);
                let held = payers.iter().map(|payer| (payer.counter(now), money)).collect();
                let (permit, scopes) = (permits.pop(), scopes.to_vec());
                self.calls.push(Call {
                    scopes,
                    at: now,
                    held,
                    payers: payers.clone(),
                    permit,
                    journaled: None,
                    is_settled: false,
                });
                self.is_covered(if money > 0 { &payers } else { &[] }, now)?;
            }
            Err(error) => is_refused(&error, expected)?,
        }
        Ok(())
    }

    async fn cover(&mut self, place: usize, money: i64) -> Result<(), TestCaseError> {
        self.come_to_rest().await;
        let now = self.clock.now();
        let call = &self.calls[place];
        if call.permit.is_none() || call.is_settled {
            return Ok(());
        }
        // What calls that run under a budget that is set no more may spend of it, nobody counts.
        if call.payers.iter().any(|payer| !self.budgets.iter().flatten().any(|set| set == payer)) {
            return Ok(());
        }
        let expected = self.verdict(&call.payers, now, money, Some(call));
        let covered = loop {
            let call = &self.calls[place];
            match call.permit.as_ref().unwrap().cover(NanoUsd(money), now).await {
                Err(LimiterError::Unseeded(counters)) => self.make_known(&counters).await,
                covered => break covered,
            }
        };
        let mut grown = Vec::new();
        match covered {
            Ok(()) => {
                prop_assert_eq!(expected, None);
                let call = &mut self.calls[place];
                call.at = now;
                for payer in call.payers.clone() {
                    let counter = payer.counter(now);
                    if call.held(&counter) < money {
                        call.hold(&counter, money);
                        grown.push(payer);
                    }
                }
                self.is_covered(&grown, now)
            }
            Err(error) => is_refused(&error, expected),
        }
    }

    /// No more is spent and held than there is, where these gave something just now.
    fn is_covered(&self, payers: &[Payer], at: Timestamp) -> Result<(), TestCaseError> {
        for payer in payers {
            let counter = payer.counter(at);
            let all = self.spent(&counter) + self.held(&counter);
            let amount = payer.allowance.budget().amount.0;
            prop_assert!(all <= amount, "{} of {}", all, amount);
        }
        Ok(())
    }

    fn journal(&mut self, place: usize, cost: i64) {
        let call = &mut self.calls[place];
        if call.is_settled || call.journaled.is_some() {
            return;
        }
        call.journaled = Some((cost, self.clock.monotonic()));
        let (at, unsettled) = (call.at, Some(place));
        let book = |&scope: &usize| Booked { scope, at, amount: cost, is_drained: false, unsettled };
        self.charges.extend(call.scopes.iter().map(book));
    }

    fn settle(&mut self, place: usize, cost: i64) {
        self.journal(place, cost);
        let call = &self.calls[place];
        let Some((cost, since)) = call.journaled else { return };
        let used = Used {
            tokens: 0,
            charges: vec![Charge { at: call.at, amount: NanoUsd(cost) }],
            payers: self.payers(&call.scopes),
            is_void: false,
            since: Some(since),
        };
        match &call.permit {
            Some(permit) => permit.settle(&used),
            None => self.real.charge(&used),
        }
        let of_call = self.charges.iter_mut().filter(|charge| charge.unsettled == Some(place));
        of_call.for_each(|charge| charge.unsettled = None);
        let call = &mut self.calls[place];
        (call.is_settled, call.journaled, call.held) = (true, None, Vec::new());
    }

    async fn step(&mut self, event: &Event) -> Result<(), TestCaseError> {
        match event {
            Event::Advance { minutes } => self.clock.advance(Duration::from_secs(60 * minutes)),
            Event::Jump { minutes } => self.clock.set_now(Timestamp(self.clock.now().0 + minutes * 60_000)),
            Event::Take { scopes, money } => self.take(scopes, *money).await?,
            Event::Set { scope, amount, window, zone } => self.set(*scope, *amount, *window, *zone),
            Event::Ask { scope, is_read_late } => self.ask(*scope, *is_read_late).await,
            Event::Tell(_) if self.questions.is_empty() => {}
            Event::Tell(question) => self.tell(question.index(self.questions.len())).await,
            Event::Drain => self.drain(),
            _ if self.calls.is_empty() => {}
            Event::Cover { call, money } => self.cover(call.index(self.calls.len()), *money).await?,
            Event::Journal { call, cost } => self.journal(call.index(self.calls.len()), *cost),
            Event::Settle { call, cost } => self.settle(call.index(self.calls.len()), *cost),
            Event::Drop(call) => {
                let call = call.index(self.calls.len());
                let call = &mut self.calls[call];
                (call.permit, call.held) = (None, Vec::new());
            }
        }
        self.agrees().await?;
        // No two things happen at the same moment.
        self.clock.advance(Duration::from_millis(1));
        Ok(())
    }

    /// No counter that is known says less than the book-keeper, and one that is known exactly says no more than that and what
    /// the journal has besides.
    async fn agrees(&self) -> Result<(), TestCaseError> {
        let now = self.clock.now();
        for payer in self.budgets.iter().flatten() {
            let counter = payer.counter(now);
            let known = self.real.standing(&counter).await.unwrap();
            if let Some(standing) = known.standing() {
                let (name, spent) = (&counter.scope.0, self.spent(&counter));
                prop_assert!(
                    standing.spent.0 >= spent,
                    "{} of {} spent of {}",
                    standing.spent.0,
                    spent,
                    name
                );
                prop_assert_eq!(standing.held.0, self.held(&counter), "held of {}", name);
                if let Known::Exactly(standing) = known {
                    let most = self.sum(&counter, |_| true);
                    prop_assert!(
                        standing.spent.0 <= most,
                        "{} of {} spent of {}",
                        standing.spent.0,
                        most,
                        name
                    );
                }
            }
        }
        Ok(())
    }
}

fn is_refused(error: &LimiterError, expected: Option<(Scope, LimitKind)>) -> Result<(), TestCaseError> {
    let LimiterError::Refused(refusal) = error else {
        return Err(TestCaseError::fail(error.to_string()));
    };
    prop_assert_eq!(Some((refusal.scope.clone(), refusal.kind)), expected);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn budgets_stand_as_in_the_books_of_one_that_remembers_everything(
        amounts in prop::collection::vec(0_i64..200, SCOPES.len()),
        events in prop::collection::vec(event(), 1..120),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut pair = Pair::new();
        for (scope, amount) in amounts.into_iter().enumerate() {
            pair.set(scope, Some(amount), scope, 0);
        }
        for event in &events {
            runtime.block_on(pair.step(event))?;
        }
    }
}
