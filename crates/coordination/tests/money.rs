//! Budgets against a naive book-keeper that remembers every call and every charge.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

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
    Allowance, Ask, Charge, Counter, Demand, Limiter, LimiterError, Permit, Scope, Used,
};
use switchyard_testkit::clock::ManualClock;

const SCOPES: [(&str, BudgetWindow); 3] =
    [("key:1", BudgetWindow::Total), ("user:1", BudgetWindow::Day), ("global", BudgetWindow::Week)];

/// A thing that happens.
#[derive(Clone, Debug)]
enum Event {
    Advance { minutes: u64 },
    Take { scopes: Vec<usize>, money: i64 },
    Cover { call: prop::sample::Index, money: i64 },
    Settle { call: prop::sample::Index, cost: i64 },
    Drop(prop::sample::Index),
}

fn event() -> impl Strategy<Value = Event> {
    let call = any::<prop::sample::Index>;
    prop_oneof![
        1 => (0_u64..2_000).prop_map(|minutes| Event::Advance { minutes }),
        6 => (prop::sample::subsequence(vec![0, 1, 2], 1..=3), 0_i64..40)
            .prop_map(|(scopes, money)| Event::Take { scopes, money }),
        2 => (call(), 0_i64..60).prop_map(|(call, money)| Event::Cover { call, money }),
        4 => (call(), 0_i64..60).prop_map(|(call, cost)| Event::Settle { call, cost }),
        2 => call().prop_map(Event::Drop),
    ]
}

/// A call that passed.
struct Call {
    scopes: Vec<usize>,
    at: Timestamp,
    held: i64,
    is_settled: bool,
    permit: Option<Box<dyn Permit>>,
}

struct Pair {
    clock: Arc<ManualClock>,
    real: MemoryLimiter,
    budgets: Vec<Arc<Budget>>,
    calls: Vec<Call>,
    /// Scope, when, how much.
    charges: Vec<(usize, Timestamp, i64)>,
}

impl Pair {
    fn new(amounts: &[i64]) -> Self {
        let clock = Arc::new(ManualClock::default());
        let budget = |(amount, (_, window)): (&i64, &(&str, BudgetWindow))| {
            Arc::new(Budget {
                amount: NanoUsd(*amount),
                window: *window,
                zone: Zone::new("Europe/Vienna").unwrap(),
            })
        };
        Self {
            real: MemoryLimiter::new(Arc::clone(&clock) as _),
            clock,
            budgets: amounts.iter().zip(&SCOPES).map(budget).collect(),
            calls: Vec::new(),
            charges: Vec::new(),
        }
    }

    fn demand(&self, scope: usize) -> Demand {
        let budget = Arc::clone(self.budgets.get(scope).unwrap());
        Demand {
            scope: Scope(SCOPES.get(scope).unwrap().0.into()),
            limits: Limits::NONE,
            allowance: Some(Allowance::new(budget, 1)),
        }
    }

    fn spent(&self, scope: usize, at: Timestamp) -> i64 {
        let span = self.budgets.get(scope).unwrap().span(at);
        let of = self.charges.iter().filter(|(of, when, _)| *of == scope && span.contains(*when));
        of.map(|(_, _, amount)| amount).sum()
    }

    fn held(&self, scope: usize, at: Timestamp) -> i64 {
        let span = self.budgets.get(scope).unwrap().span(at);
        let holds = |call: &&Call| call.scopes.contains(&scope) && span.contains(call.at);
        self.calls.iter().filter(holds).map(|call| call.held).sum()
    }

    fn verdict(&self, scopes: &[usize], at: Timestamp, more: i64) -> Option<(usize, LimitKind)> {
        scopes.iter().filter(|_| more > 0).find_map(|&scope| {
            let (spent, amount) = (self.spent(scope, at), self.budgets.get(scope).unwrap().amount.0);
            if spent + more > amount {
                Some((scope, LimitKind::Budget))
            } else if spent + self.held(scope, at) + more > amount {
                Some((scope, LimitKind::BudgetHeld))
            } else {
                None
            }
        })
    }

    async fn make_known(&self, counters: &[Counter]) {
        for counter in counters {
            let scope = SCOPES.iter().position(|(name, _)| *name == &*counter.scope.0).unwrap();
            let at = if counter.span.is_endless() { self.clock.now() } else { counter.span.start };
            self.real.seed(counter, NanoUsd(self.spent(scope, at))).await.unwrap();
        }
    }

    async fn take(&mut self, scopes: &[usize], money: i64) -> Result<(), TestCaseError> {
        let now = self.clock.now();
        let ask = Ask {
            demands: scopes.iter().map(|&scope| self.demand(scope)).collect(),
            tokens: 0,
            money: NanoUsd(money),
        };
        let expected = self.verdict(scopes, now, money);
        let taken = loop {
            match self.real.acquire(std::slice::from_ref(&ask)).await {
                Err(LimiterError::Unseeded(counters)) => self.make_known(&counters).await,
                taken => break taken,
            }
        };
        match taken {
            Ok(mut permits) => {
                prop_assert_eq!(expected, None);
                let (permit, scopes) = (permits.pop(), scopes.to_vec());
                self.calls.push(Call { scopes, at: now, held: money, is_settled: false, permit });
            }
            Err(error) => self.is_refused(&error, expected)?,
        }
        Ok(())
    }

    fn is_refused(
        &self,
        error: &LimiterError,
        expected: Option<(usize, LimitKind)>,
    ) -> Result<(), TestCaseError> {
        let LimiterError::Refused(refusal) = error else {
            return Err(TestCaseError::fail(error.to_string()));
        };
        let found =
            SCOPES.iter().position(|(name, _)| *name == &*refusal.scope.0).map(|scope| (scope, refusal.kind));
        prop_assert_eq!(found, expected);
        Ok(())
    }

    async fn cover(&mut self, place: usize, money: i64) -> Result<(), TestCaseError> {
        let call = self.calls.get(place).unwrap();
        let Some(permit) = &call.permit else { return Ok(()) };
        let more = if call.is_settled { 0 } else { money - call.held };
        let expected = self.verdict(&call.scopes, call.at, more);
        // The counter of a window that is long over may be forgotten.
        let covered = loop {
            match permit.cover(NanoUsd(money)).await {
                Err(LimiterError::Unseeded(counters)) => self.make_known(&counters).await,
                covered => break covered,
            }
        };
        match covered {
            Ok(()) => {
                prop_assert_eq!(expected, None);
                let call = self.calls.get_mut(place).unwrap();
                call.held += more.max(0);
            }
            Err(error) => self.is_refused(&error, expected)?,
        }
        Ok(())
    }

    fn settle(&mut self, place: usize, cost: i64) {
        let now = self.clock.now();
        let call = self.calls.get_mut(place).unwrap();
        let Some(permit) = &call.permit else { return };
        permit.settle(&Used { tokens: 0, charges: vec![Charge { at: now, amount: NanoUsd(cost) }] });
        if !std::mem::replace(&mut call.is_settled, true) {
            call.held = 0;
            self.charges.extend(call.scopes.iter().map(|&scope| (scope, now, cost)));
        }
    }

    async fn step(&mut self, event: &Event) -> Result<(), TestCaseError> {
        match event {
            Event::Advance { minutes } => self.clock.advance(Duration::from_secs(60 * minutes)),
            Event::Take { scopes, money } => self.take(scopes, *money).await?,
            _ if self.calls.is_empty() => {}
            Event::Cover { call, money } => self.cover(call.index(self.calls.len()), *money).await?,
            Event::Settle { call, cost } => self.settle(call.index(self.calls.len()), *cost),
            Event::Drop(call) => {
                let call = call.index(self.calls.len());
                let call = self.calls.get_mut(call).unwrap();
                (call.permit, call.held) = (None, 0);
            }
        }
        self.agrees().await
    }

    /// Every counter that is known says what the book-keeper says, and no more is held than is left.
    async fn agrees(&self) -> Result<(), TestCaseError> {
        let now = self.clock.now();
        for (scope, (name, _)) in SCOPES.iter().enumerate() {
            let span = self.budgets.get(scope).unwrap().span(now);
            let counter = Counter { scope: Scope((*name).into()), edition: 1, span };
            if let Some(standing) = self.real.standing(&counter).await.unwrap() {
                prop_assert_eq!(standing.spent.0, self.spent(scope, now), "spent of {}", name);
                prop_assert_eq!(standing.held.0, self.held(scope, now), "held of {}", name);
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn budgets_stand_as_in_the_books_of_one_that_remembers_everything(
        amounts in prop::collection::vec(0_i64..200, SCOPES.len()),
        events in prop::collection::vec(event(), 1..120),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut pair = Pair::new(&amounts);
        for event in &events {
            runtime.block_on(pair.step(event))?;
        }
    }
}
