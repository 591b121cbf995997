//! Budgets under paid traffic that never rests, by the server's time, over a ledger that hears of everything a moment later.

use crate::server::{address, beside, eventually};
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use switchyard_coordination::memory::SystemClock;
use switchyard_coordination::redis::{RedisAddress, RedisLimiter};
use switchyard_domain::budget::{Budget, BudgetWindow, Span, Zone};
use switchyard_domain::limits::Limits;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::Timestamp;
use switchyard_ports::clock::{Clock, Monotonic};
use switchyard_ports::limiter::{
    Allowance, Ask, Charge, Counter, Demand, Known, Limiter, LimiterError, Payer, Scope, Used,
};
use switchyard_testkit::redis::PrivateRedis;
use uuid::Uuid;

/// How long what one process settles is on its way to the ledger: nearly as long as is believed, so that what is missed is seen.
const LAG: Duration = Duration::from_millis(1_600);
/// How long what was settled may be on its way to Redis.
const ON_ITS_WAY: Duration = Duration::from_millis(300);
/// Between two settlements of a process: no two seconds are without one.
const PAUSE: Duration = Duration::from_millis(25);
const COST: i64 = 7;

/// What was spent before anybody counted.
const BEFORE: i64 = 1_000;

struct World {
    clock: SystemClock,
    processes: Vec<Arc<RedisLimiter>>,
    /// Which process settled when.
    settled: Mutex<Vec<(usize, Monotonic)>>,
    is_over: AtomicBool,
}

fn demand() -> Demand {
    let budget = Budget { amount: NanoUsd(1_000_000), window: BudgetWindow::Total, zone: Zone::utc() };
    let allowance = Some(Allowance::new(budget, 1));
    Demand { scope: Scope("key:1".into()), limits: Limits::NONE, allowance }
}

fn counter() -> Counter {
    Counter { scope: Scope("key:1".into()), edition: 1, span: Span::ENDLESS }
}

impl World {
    fn over(address: &RedisAddress) -> Arc<Self> {
        let clock = SystemClock::new();
        let process = |number: u128| {
            let (limiter, desk) =
                RedisLimiter::new(address, Arc::new(clock) as Arc<dyn Clock>, Uuid::from_u128(number), 2);
            beside(desk.run(pending()));
            Arc::new(limiter)
        };
        let processes = (1..=2).map(process).collect();
        Arc::new(Self { clock, processes, settled: Mutex::default(), is_over: AtomicBool::new(false) })
    }

    /// Settles without end.
    async fn settle(self: Arc<Self>, process: usize) {
        while !self.is_over.load(Ordering::Relaxed) {
            let since = self.clock.monotonic();
            // The journal first.
            self.settled.lock().unwrap().push((process, since));
            let Demand { scope, allowance, .. } = demand();
            let payer = Payer { scope, allowance: allowance.unwrap() };
            let charges = vec![Charge { at: Timestamp(0), amount: NanoUsd(COST) }];
            let used = Used { tokens: 0, charges, payers: vec![payer], is_void: false, since: Some(since) };
            self.processes[process].charge(&used);
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// What was settled, as far as somebody has heard of it.
    fn sum(&self, is_heard: impl Fn(usize, Monotonic) -> bool) -> i64 {
        let settled = self.settled.lock().unwrap();
        let count = settled.iter().filter(|(process, at)| is_heard(*process, *at)).count();
        BEFORE + COST * i64::try_from(count).unwrap()
    }

    /// What the ledger says to a process that drained its own journal.
    fn ledger(&self, asker: usize) -> NanoUsd {
        let now = self.clock.monotonic();
        NanoUsd(self.sum(|process, at| process == asker || now.since(at) >= LAG))
    }

    async fn ask_ledger(&self, asker: usize) {
        let limiter = &self.processes[asker];
        if let Known::Unknown(mark) | Known::AtMost(_, mark) = limiter.standing(&counter()).await.unwrap() {
            limiter.seed(&counter(), &mark, self.ledger(asker)).await.unwrap();
        }
    }

    /// A call under the budget; as often as it is not known, the ledger is asked.
    async fn pay(&self, process: usize) {
        for _ in 0..8 {
            let ask = Ask { demands: [demand()].into(), tokens: 0, money: NanoUsd(1) };
            match self.processes[process].acquire(&[ask]).await {
                Err(LimiterError::Unseeded(counters)) => {
                    assert_eq!(counters, [counter()]);
                    self.ask_ledger(process).await;
                }
                taken => {
                    taken.unwrap();
                    return;
                }
            }
        }
        panic!("it is never known");
    }

    /// Never less than was spent is known, for a while.
    async fn is_never_too_little(&self) {
        for turn in 0..40 {
            let now = self.clock.monotonic();
            let least = self.sum(|_, at| now.since(at) >= ON_ITS_WAY);
            if let Some(known) = self.processes[turn % 2].standing(&counter()).await.unwrap().standing() {
                assert!(known.spent.0 >= least, "{} of {least}", known.spent.0);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_becomes_known_under_traffic_that_never_rests_and_is_exact_once_it_does() {
    let Some(server) = PrivateRedis::start() else { return };
    let world = World::over(&address(&server));
    for process in &world.processes {
        let store = process.store();
        eventually(async || store.is_connected()).await;
    }
    for process in 0..2 {
        beside(Arc::clone(&world).settle(process));
    }
    world.pay(0).await;
    world.is_never_too_little().await;
    // Once more while it is known, which takes back what was counted twice but for the last two seconds.
    world.ask_ledger(1).await;
    world.is_never_too_little().await;
    server.wipe();
    world.pay(1).await;
    world.is_never_too_little().await;
    world.processes[0].doubt();
    eventually(async || !matches!(world.processes[0].standing(&counter()).await.unwrap(), Known::Exactly(_)))
        .await;
    world.pay(0).await;
    world.is_never_too_little().await;
    assert_eq!(world.processes[1].in_question().await.unwrap(), [counter()]);
    world.is_over.store(true, Ordering::Relaxed);
    // Two seconds in which nothing is settled.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    world.ask_ledger(1).await;
    let known = world.processes[0].standing(&counter()).await.unwrap();
    let all = NanoUsd(world.sum(|_, _| true));
    assert!(matches!(known, Known::Exactly(standing) if standing.spent == all), "{known:?} of {all}");
    assert_eq!(world.processes[0].in_question().await.unwrap(), []);
}
