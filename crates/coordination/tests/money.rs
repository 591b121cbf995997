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
use switchyard_ports::clock::Clock;
use switchyard_ports::limiter::{
    Allowance, Ask, Charge, Counter, Demand, Limiter, LimiterError, Payer, Permit, Scope, Used,
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
    /// The ledger is asked for a counter. What it says is told later.
    Ask(usize),
    Tell,
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
        6 => (call(), 0_i64..60).prop_map(|(call, cost)| Event::Settle { call, cost }),
        2 => call().prop_map(Event::Drop),
        1 => (0..SCOPES.len(), prop::option::weighted(0.8, 0_i64..200), 0..WINDOWS.len(), 0..ZONES.len())
            .prop_map(|(scope, amount, window, zone)| Event::Set { scope, amount, window, zone }),
        2 => (0..SCOPES.len()).prop_map(Event::Ask),
        2 => Just(Event::Tell),
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
}

struct Pair {
    clock: Arc<ManualClock>,
    real: MemoryLimiter,
    budgets: Vec<Option<Payer>>,
    editions: i64,
    calls: Vec<Call>,
    charges: Vec<Booked>,
    /// What the ledger said, on its way.
    answers: Vec<(Counter, i64)>,
}

impl Pair {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::default());
        let real = MemoryLimiter::new(Arc::clone(&clock) as _);
        let (calls, charges, answers) = (Vec::new(), Vec::new(), Vec::new());
        Self { real, clock, budgets: vec![None; SCOPES.len()], editions: 0, calls, charges, answers }
    }

    fn set(&mut self, scope: usize, amount: Option<i64>, window: usize, zone: usize) {
        self.editions += 1;
        let budget = amount.map(|amount| Budget {
            amount: NanoUsd(amount),
            window: WINDOWS[window],
            zone: Zone::new(ZONES[zone]).unwrap(),
        });
        let allowance = budget.map(|budget| Allowance::new(Arc::new(budget), self.editions));
        self.budgets[scope] =
            allowance.map(|allowance| Payer { scope: Scope(SCOPES[scope].into()), allowance });
    }

    fn payers(&self, scopes: &[usize]) -> Vec<Payer> {
        scopes.iter().filter_map(|&scope| self.budgets[scope].clone()).collect()
    }

    /// What the ledger has, or would have once all is drained.
    fn booked(&self, counter: &Counter, is_drained: bool) -> i64 {
        let of = self.charges.iter().filter(|charge| SCOPES[charge.scope] == &*counter.scope.0);
        let of = of.filter(|charge| counter.span.contains(charge.at) && (charge.is_drained || !is_drained));
        of.map(|charge| charge.amount).sum()
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
            let (spent, amount) = (self.booked(&counter, false), payer.allowance.budget.amount.0);
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
            if self.real.standing(counter).await.unwrap().is_none() {
                self.drain();
                self.real.seed(counter, NanoUsd(self.booked(counter, true))).await.unwrap();
            }
        }
    }

    async fn ask(&mut self, scope: usize) {
        let Some(payer) = &self.budgets[scope] else { return };
        let counter = payer.counter(self.clock.now());
        // One asks at a time.
        let is_asked = self.answers.iter().any(|(asked, _)| *asked == counter);
        if !is_asked && self.real.standing(&counter).await.unwrap().is_none() {
            self.drain();
            self.answers.push((counter.clone(), self.booked(&counter, true)));
        }
    }

    async fn tell(&mut self) {
        for (counter, spent) in std::mem::take(&mut self.answers) {
            self.real.seed(&counter, NanoUsd(spent)).await.unwrap();
        }
    }

    async fn take(&mut self, scopes: &[usize], money: i64) -> Result<(), TestCaseError> {
        let now = self.clock.now();
        let payers = self.payers(scopes);
        let demand = |&scope: &usize| Demand {
            scope: Scope(SCOPES[scope].into()),
            limits: Limits::NONE,
            allowance: self.budgets[scope].as_ref().map(|payer| payer.allowance.clone()),
        };
        let ask = Ask { demands: scopes.iter().map(demand).collect(), tokens: 0, money: NanoUsd(money) };
        let expected = self.verdict(&payers, now, money, None);
        self.tell().await;
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
                    is_settled: false,
                });
                self.is_covered(if money > 0 { &payers } else { &[] }, now)?;
            }
            Err(error) => is_refused(&error, expected)?,
        }
        Ok(())
    }

    async fn cover(&mut self, place: usize, money: i64) -> Result<(), TestCaseError> {
        let now = self.clock.now();
        let call = &self.calls[place];
        let Some(permit) = call.permit.as_ref().filter(|_| !call.is_settled) else { return Ok(()) };
        // What calls that run under a budget that is set no more may spend of it, nobody counts.
        if call.payers.iter().any(|payer| !self.budgets.iter().flatten().any(|set| set == payer)) {
            return Ok(());
        }
        let expected = self.verdict(&call.payers, now, money, Some(call));
        let mut answers = std::mem::take(&mut self.answers);
        for (counter, spent) in answers.drain(..) {
            self.real.seed(&counter, NanoUsd(spent)).await.unwrap();
        }
        let covered = loop {
            match permit.cover(NanoUsd(money), now).await {
                Err(LimiterError::Unseeded(counters)) => {
                    for counter in counters {
                        self.charges.iter_mut().for_each(|charge| charge.is_drained = true);
                        let of =
                            self.charges.iter().filter(|charge| SCOPES[charge.scope] == &*counter.scope.0);
                        let of = of.filter(|charge| counter.span.contains(charge.at));
                        let spent = NanoUsd(of.map(|charge| charge.amount).sum());
                        self.real.seed(&counter, spent).await.unwrap();
                    }
                }
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
            let all = self.booked(&counter, false) + self.held(&counter);
            let amount = payer.allowance.budget.amount.0;
            prop_assert!(all <= amount, "{} of {}", all, amount);
        }
        Ok(())
    }

    fn settle(&mut self, place: usize, cost: i64) {
        let call = &self.calls[place];
        if call.is_settled {
            return;
        }
        let used = Used {
            tokens: 0,
            charges: vec![Charge { at: call.at, amount: NanoUsd(cost) }],
            payers: self.payers(&call.scopes),
        };
        match &call.permit {
            Some(permit) => permit.settle(&used),
            None => self.real.charge(&used),
        }
        let book = |&scope: &usize| Booked { scope, at: call.at, amount: cost, is_drained: false };
        self.charges.extend(call.scopes.iter().map(book).collect::<Vec<_>>());
        let call = &mut self.calls[place];
        (call.is_settled, call.held) = (true, Vec::new());
    }

    async fn step(&mut self, event: &Event) -> Result<(), TestCaseError> {
        match event {
            Event::Advance { minutes } => self.clock.advance(Duration::from_secs(60 * minutes)),
            Event::Jump { minutes } => self.clock.set_now(Timestamp(self.clock.now().0 + minutes * 60_000)),
            Event::Take { scopes, money } => self.take(scopes, *money).await?,
            Event::Set { scope, amount, window, zone } => self.set(*scope, *amount, *window, *zone),
            Event::Ask(scope) => self.ask(*scope).await,
            Event::Tell => self.tell().await,
            Event::Drain => self.drain(),
            _ if self.calls.is_empty() => {}
            Event::Cover { call, money } => self.cover(call.index(self.calls.len()), *money).await?,
            Event::Settle { call, cost } => self.settle(call.index(self.calls.len()), *cost),
            Event::Drop(call) => {
                let call = call.index(self.calls.len());
                let call = &mut self.calls[call];
                (call.permit, call.held) = (None, Vec::new());
            }
        }
        self.agrees().await
    }

    /// Every counter that is known says what the book-keeper says.
    async fn agrees(&self) -> Result<(), TestCaseError> {
        let now = self.clock.now();
        for payer in self.budgets.iter().flatten() {
            let counter = payer.counter(now);
            // Looking is asking the ledger next, so that is left to those who ask.
            let is_asked = self.answers.iter().any(|(asked, _)| *asked == counter);
            if is_asked {
                continue;
            }
            if let Some(standing) = self.real.standing(&counter).await.unwrap() {
                let name = &counter.scope.0;
                prop_assert_eq!(standing.spent.0, self.booked(&counter, false), "spent of {}", name);
                prop_assert_eq!(standing.held.0, self.held(&counter), "held of {}", name);
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
