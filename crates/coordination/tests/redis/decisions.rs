//! The same things happen to a limiter in memory and to one over Redis: every decision is compared.

use crate::server::{address, eventually, limiter};
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use switchyard_coordination::memory::MemoryLimiter;
use switchyard_domain::budget::{Budget, BudgetWindow, Zone};
use switchyard_domain::limits::Limits;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::Timestamp;
use switchyard_ports::clock::Clock;
use switchyard_ports::limiter::{
    Allowance, Ask, Charge, Counter, Demand, Known, Limiter, LimiterError, Mark, Payer, Permit, Rooms, Scope,
    SharedStore, Used,
};
use switchyard_testkit::clock::ManualClock;
use switchyard_testkit::contracts::budgets::make_known;
use switchyard_testkit::redis::PrivateRedis;

const SCOPES: [(&str, BudgetWindow); 4] = [
    ("key:1", BudgetWindow::Total),
    ("user:1", BudgetWindow::Day),
    ("model:1/gpt", BudgetWindow::Week),
    ("global", BudgetWindow::Month),
];

/// A thing that happens.
#[derive(Clone, Debug)]
enum Event {
    Advance(Duration),
    /// Each ask: its scopes, tokens, money.
    Take(Vec<(Vec<usize>, u64, i64)>),
    Cover {
        call: prop::sample::Index,
        money: i64,
        /// How long ago its attempt began.
        ago: u64,
    },
    Settle {
        call: prop::sample::Index,
        tokens: u64,
        /// How long ago each attempt began, and what it cost.
        charges: Vec<(u64, i64)>,
        /// Budgets that pay besides.
        payers: Vec<usize>,
    },
    /// The same under no permit.
    Charge {
        charges: Vec<(u64, i64)>,
        payers: Vec<usize>,
    },
    /// Somebody looks at a scope's counter, to ask the ledger for it.
    Look(usize),
    /// The answer to such a question comes, however old it is by now.
    Tell(prop::sample::Index, i64),
    Land(prop::sample::Index),
    /// The calendar alone is set, by so many minutes.
    Jump(i64),
    Drop(prop::sample::Index),
}

fn amount() -> impl Strategy<Value = i64> {
    // Beyond what a double counts exactly, too.
    prop_oneof![6 => 0_i64..60, 1 => (1_i64 << 53)..(1_i64 << 53) + 4, 1 => (i64::MAX - 2)..=i64::MAX]
}

fn tokens() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0_u64..60, 1 => (1_u64 << 53)..(1_u64 << 53) + 4]
}

fn event() -> impl Strategy<Value = Event> {
    let call = any::<prop::sample::Index>;
    let ago = || prop_oneof![3 => Just(0_u64), 1 => 0_u64..80_000_000];
    let charges = move || prop::collection::vec((ago(), amount()), 0..3);
    let payers = || prop::collection::vec(0..SCOPES.len(), 0..3);
    let ask = || (prop::collection::vec(0..SCOPES.len(), 1..4), tokens(), amount());
    prop_oneof![
        3 => (0_u64..3_000).prop_map(|millis| Event::Advance(Duration::from_millis(millis))),
        1 => (0_u64..70_000).prop_map(|millis| Event::Advance(Duration::from_millis(millis))),
        1 => (0_u64..3_000).prop_map(|minutes| Event::Advance(Duration::from_secs(60 * minutes))),
        9 => prop::collection::vec(ask(), 1..3).prop_map(Event::Take),
        2 => (call(), amount(), ago()).prop_map(|(call, money, ago)| Event::Cover { call, money, ago }),
        4 => (call(), tokens(), charges(), payers())
            .prop_map(|(call, tokens, charges, payers)| Event::Settle { call, tokens, charges, payers }),
        1 => (charges(), payers()).prop_map(|(charges, payers)| Event::Charge { charges, payers }),
        2 => (0..SCOPES.len()).prop_map(Event::Look),
        2 => (call(), 0_i64..60).prop_map(|(question, spent)| Event::Tell(question, spent)),
        1 => call().prop_map(Event::Land),
        1 => (-600_i64..600).prop_map(Event::Jump),
        3 => call().prop_map(Event::Drop),
    ]
}

fn limits() -> impl Strategy<Value = Limits> {
    let of = prop::option::weighted::<std::ops::Range<u32>>;
    let tpm = prop_oneof![
        2 => Just(None),
        6 => (0_u64..200).prop_map(Some),
        1 => ((1_u64 << 53)..(1_u64 << 53) + 100).prop_map(Some),
    ];
    (of(0.5, 0..8), tpm, of(0.3, 0..40), of(0.3, 0..5)).prop_map(|(rpm, tpm, rpd, concurrency)| Limits {
        rpm,
        tpm,
        rpd,
        concurrency,
    })
}

fn budget() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![
        2 => Just(None),
        5 => (0_i64..300).prop_map(Some),
        1 => ((1_i64 << 54)..(1_i64 << 54) + 9).prop_map(Some),
        1 => Just(Some(i64::MAX)),
    ]
}

/// A permit of each.
type Twins = [Box<dyn Permit>; 2];
/// What was decided.
type Decision = Result<Vec<Rooms>, LimiterError>;

struct Pair {
    clock: Arc<ManualClock>,
    limiters: [Arc<dyn Limiter>; 2],
    store: Arc<dyn SharedStore>,
    demands: Vec<Demand>,
    calls: Vec<Option<Twins>>,
    /// Counters that somebody asks the ledger for, and what each limiter has to be told with the answer.
    questions: Vec<(Counter, [Mark; 2])>,
}

impl Pair {
    fn new(server: &PrivateRedis, limits: &[Limits], budgets: &[Option<i64>]) -> Self {
        let clock = Arc::new(ManualClock::default());
        let shared = limiter(&address(server), &clock, 7);
        let demand =
            |((name, window), (limits, budget)): (&(&str, BudgetWindow), (&Limits, &Option<i64>))| {
                let zone = Zone::new("Europe/Vienna").unwrap();
                let budget = budget.map(|amount| Budget { amount: NanoUsd(amount), window: *window, zone });
                let allowance = budget.map(|budget| Allowance::new(budget, 3));
                Demand { scope: Scope((*name).into()), limits: *limits, allowance }
            };
        Self {
            limiters: [Arc::new(MemoryLimiter::new(Arc::clone(&clock) as _)), Arc::clone(&shared) as _],
            store: shared.store(),
            clock,
            demands: SCOPES.iter().zip(limits.iter().zip(budgets)).map(demand).collect(),
            calls: Vec::new(),
            questions: Vec::new(),
        }
    }

    /// What the ledger would say: a number that depends on the counter alone.
    async fn make_known(&self, counters: &[Counter]) {
        for counter in counters {
            let spent = NanoUsd(counter.span.start.0.rem_euclid(17));
            for limiter in &self.limiters {
                make_known(&**limiter, counter, spent).await;
            }
        }
    }

    /// Whoever looks later may be answered sooner.
    async fn look(&mut self, scope: usize) {
        let demand = self.demands.get(scope).unwrap();
        let Some(allowance) = &demand.allowance else { return };
        let span = allowance.span(self.clock.now());
        let counter = Counter { scope: demand.scope.clone(), edition: allowance.edition(), span };
        let [memory, redis] = &self.limiters;
        let mark = |known: Known| match known {
            Known::Unknown(mark) | Known::AtMost(_, mark) => Some(mark),
            Known::Exactly(_) => None,
        };
        let (memory, redis) =
            (mark(memory.standing(&counter).await.unwrap()), mark(redis.standing(&counter).await.unwrap()));
        self.questions.extend(memory.zip(redis).map(|(memory, redis)| (counter, [memory, redis])));
    }

    async fn tell(&mut self, question: &prop::sample::Index, spent: i64) -> Result<(), TestCaseError> {
        if self.questions.is_empty() {
            return Ok(());
        }
        let (counter, marks) = self.questions.swap_remove(question.index(self.questions.len()));
        let [memory, redis] = &self.limiters;
        let believed = memory.seed(&counter, &marks[0], NanoUsd(spent)).await;
        prop_assert_eq!(believed, redis.seed(&counter, &marks[1], NanoUsd(spent)).await);
        Ok(())
    }

    async fn take(&mut self, asks: &[(Vec<usize>, u64, i64)]) -> Result<(), TestCaseError> {
        let ask = |(scopes, tokens, money): &(Vec<usize>, u64, i64)| Ask {
            demands: scopes.iter().map(|scope| self.demands.get(*scope).unwrap().clone()).collect(),
            tokens: *tokens,
            money: NanoUsd(*money),
        };
        let asks: Vec<Ask> = asks.iter().map(ask).collect();
        loop {
            let [memory, redis] = &self.limiters;
            let (memory, redis) = (memory.acquire(&asks).await, redis.acquire(&asks).await);
            let decision = |taken: &Result<Vec<Box<dyn Permit>>, LimiterError>| -> Decision {
                taken
                    .as_ref()
                    .map(|permits| permits.iter().map(|permit| permit.rooms()).collect())
                    .map_err(Clone::clone)
            };
            prop_assert_eq!(decision(&memory), decision(&redis));
            match (memory, redis) {
                (Ok(memory), Ok(redis)) => {
                    self.calls
                        .extend(memory.into_iter().zip(redis).map(|(memory, redis)| Some([memory, redis])));
                    return Ok(());
                }
                (Err(LimiterError::Unseeded(counters)), _) => self.make_known(&counters).await,
                _ => return Ok(()),
            }
        }
    }

    async fn cover(&self, call: &prop::sample::Index, money: i64, ago: u64) -> Result<(), TestCaseError> {
        let at = self.before(ago);
        let Some([memory, redis]) = self.calls.get(call.index(self.calls.len())).unwrap() else {
            return Ok(());
        };
        loop {
            let (memory, redis) =
                (memory.cover(NanoUsd(money), at).await, redis.cover(NanoUsd(money), at).await);
            prop_assert_eq!(&memory, &redis);
            match memory {
                Err(LimiterError::Unseeded(counters)) => self.make_known(&counters).await,
                _ => return Ok(()),
            }
        }
    }

    /// What was settled is read from the clock where it is counted: no time passes before it is.
    async fn counted(&self) {
        let zone = Zone::new("Europe/Vienna").unwrap();
        let nobodys = Budget { amount: NanoUsd(0), window: BudgetWindow::Total, zone };
        let span = Allowance::new(nobodys, 0).span(self.clock.now());
        let counter = Counter { scope: Scope("nobody".into()), edition: 0, span };
        let [_, redis] = &self.limiters;
        redis.standing(&counter).await.unwrap();
    }

    async fn step(&mut self, event: &Event) -> Result<(), TestCaseError> {
        match event {
            Event::Advance(by) => {
                self.counted().await;
                self.clock.advance(*by);
            }
            Event::Jump(minutes) => {
                self.counted().await;
                self.clock.set_now(Timestamp(self.clock.now().0 + minutes * 60_000));
            }
            Event::Take(asks) => self.take(asks).await?,
            Event::Look(scope) => self.look(*scope).await,
            Event::Tell(question, spent) => self.tell(question, *spent).await?,
            Event::Charge { charges, payers } => {
                let used = self.used(charges, payers);
                self.limiters.iter().for_each(|limiter| limiter.charge(&used));
            }
            _ if self.calls.is_empty() => {}
            Event::Cover { call, money, ago } => self.cover(call, *money, *ago).await?,
            Event::Land(call) => {
                if let Some(twins) = self.calls.get(call.index(self.calls.len())).unwrap() {
                    twins.iter().for_each(|permit| permit.release_slots());
                }
            }
            Event::Settle { call, tokens, charges, payers } => {
                let used = Used { tokens: *tokens, is_void: tokens % 2 == 0, ..self.used(charges, payers) };
                if let Some(twins) = self.calls.get(call.index(self.calls.len())).unwrap() {
                    twins.iter().for_each(|permit| permit.settle(&used));
                }
            }
            Event::Drop(call) => {
                let call = call.index(self.calls.len());
                *self.calls.get_mut(call).unwrap() = None;
            }
        }
        self.agree().await
    }

    fn before(&self, ago: u64) -> Timestamp {
        Timestamp(self.clock.now().0 - i64::try_from(ago).unwrap())
    }

    fn used(&self, charges: &[(u64, i64)], payers: &[usize]) -> Used {
        let charge = |(ago, amount): &(u64, i64)| Charge { at: self.before(*ago), amount: NanoUsd(*amount) };
        let payer = |scope: &usize| {
            let Demand { scope, allowance, .. } = self.demands.get(*scope).unwrap().clone();
            Some(Payer { scope, allowance: allowance? })
        };
        Used {
            tokens: 0,
            charges: charges.iter().map(charge).collect(),
            payers: payers.iter().filter_map(payer).collect(),
            is_void: false,
            since: None,
        }
    }

    async fn agree(&self) -> Result<(), TestCaseError> {
        let now = self.clock.now();
        for demand in &self.demands {
            let Some(allowance) = &demand.allowance else { continue };
            let span = allowance.span(now);
            let counter = Counter { scope: demand.scope.clone(), edition: allowance.edition(), span };
            let [memory, redis] = &self.limiters;
            let (memory, redis) =
                (memory.standing(&counter).await.unwrap(), redis.standing(&counter).await.unwrap());
            // Which life of the counter it is each calls by a name of its own.
            let alike = |known: Known| match known {
                Known::AtMost(standing, mark) => (Some(standing), Some(mark.counted)),
                Known::Unknown(mark) => (None, Some(mark.counted)),
                Known::Exactly(standing) => (Some(standing), None),
            };
            prop_assert_eq!(alike(memory), alike(redis), "{}", &demand.scope.0);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_decision_is_that_of_the_limiter_in_memory(
        limits in prop::collection::vec(limits(), SCOPES.len()),
        budgets in prop::collection::vec(budget(), SCOPES.len()),
        events in prop::collection::vec(event(), 1..60),
    ) {
        let Some(server) = PrivateRedis::shared() else { return Ok(()) };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let mut pair = Pair::new(server, &limits, &budgets);
            eventually(async || pair.store.is_connected()).await;
            for event in &events {
                pair.step(event).await?;
            }
            // Else it was this process that decided, without Redis.
            prop_assert!(pair.store.is_connected());
            Ok(())
        })?;
    }
}
