//! What the limiter in memory knows of a budget's windows, and when it asks again.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use switchyard_coordination::memory::MemoryLimiter;
use switchyard_domain::budget::{Budget, BudgetWindow, Zone};
use switchyard_domain::limits::Limits;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::Timestamp;
use switchyard_ports::clock::Clock;
use switchyard_ports::limiter::{
    Allowance, Ask, Charge, Counter, Demand, Limiter, LimiterError, Permit, Scope, Used,
};
use switchyard_testkit::clock::ManualClock;
use switchyard_testkit::contracts::budgets::make_known;

const HOUR: i64 = 3_600_000;

struct World {
    clock: Arc<ManualClock>,
    limiter: MemoryLimiter,
    budget: Budget,
}

impl World {
    fn at(time: &str) -> Self {
        let clock = Arc::new(ManualClock::default());
        clock.set_now(Timestamp::parse(time).unwrap());
        let budget =
            Budget { amount: NanoUsd(100), window: BudgetWindow::Day, zone: Zone::new("UTC").unwrap() };
        Self { limiter: MemoryLimiter::new(Arc::clone(&clock) as _), clock, budget }
    }

    /// Lets time pass.
    fn pass_to(&self, time: &str) -> Timestamp {
        let time = Timestamp::parse(time).unwrap();
        self.clock.advance(time.since(self.clock.now()));
        time
    }

    /// Sets the calendar alone.
    fn set(&self, time: &str) -> Timestamp {
        let time = Timestamp::parse(time).unwrap();
        self.clock.set_now(time);
        time
    }

    fn counter(&self, scope: &str, at: Timestamp) -> Counter {
        Counter { scope: Scope(scope.into()), edition: 1, span: self.budget.span(at) }
    }

    async fn take(&self, scope: &str, money: i64) -> Result<Box<dyn Permit>, LimiterError> {
        let allowance = Some(Allowance::new(self.budget.clone(), 1));
        let demand = Demand { scope: Scope(scope.into()), limits: Limits::NONE, allowance };
        let ask = Ask { demands: [demand].into(), tokens: 0, money: NanoUsd(money) };
        Ok(self.limiter.acquire(&[ask]).await?.pop().unwrap())
    }
}

fn cost(at: Timestamp, amount: i64) -> Used {
    Used { charges: vec![Charge { at, amount: NanoUsd(amount) }], ..Used::default() }
}

#[tokio::test]
async fn a_charge_behind_midnight_leaves_the_new_day_known() {
    let world = World::at("2026-11-22T23:59:00Z");
    let evening = world.set("2026-11-22T23:59:00Z");
    make_known(&world.limiter, &world.counter("key:1", evening), NanoUsd(0)).await;
    let call = world.take("key:1", 10).await.unwrap();
    let night = world.pass_to("2026-11-23T00:01:00Z");
    call.settle(&cost(night, 60));
    assert!(world.take("key:1", 40).await.is_ok(), "nobody is asked for what went through here");
    let standing = world.limiter.standing(&world.counter("key:1", night)).await.unwrap().standing().unwrap();
    assert_eq!(standing.spent, NanoUsd(60));
}

#[tokio::test]
async fn what_a_long_call_holds_stays_its_own_while_all_others_of_its_time_are_forgotten() {
    let world = World::at("2026-11-20T12:00:00Z");
    let noon = world.set("2026-11-20T12:00:00Z");
    let names = |from: usize| (from..from + 100).map(|key| format!("key:{key}"));
    let standing = async |key: &str, at| {
        let known = world.limiter.standing(&world.counter(key, at)).await.unwrap();
        known.standing().map(|it| (it.spent.0, it.held.0))
    };
    let mut long = None;
    for name in names(0) {
        make_known(&world.limiter, &world.counter(&name, noon), NanoUsd(0)).await;
        let permit = world.take(&name, 10).await.unwrap();
        if name == "key:50" {
            long = Some(permit);
        }
    }
    let later = world.pass_to("2026-11-24T12:00:00Z");
    for name in names(100) {
        make_known(&world.limiter, &world.counter(&name, later), NanoUsd(7)).await;
        drop(world.take(&name, 1).await.unwrap());
    }
    assert_eq!(standing("key:51", noon).await, None, "it was forgotten, and its place is another's");
    assert_eq!(standing("key:50", noon).await, Some((0, 10)));
    long.unwrap().end(&cost(noon, 30));
    assert_eq!(standing("key:50", noon).await, Some((30, 0)));
    for name in names(100) {
        assert_eq!(standing(&name, later).await, Some((7, 0)), "{name}");
    }
}

#[tokio::test]
async fn a_window_that_was_forgotten_is_asked_for_when_the_clock_is_set_back_to_it() {
    let world = World::at("2026-11-20T12:00:00Z");
    let noon = world.set("2026-11-20T12:00:00Z");
    let counter = world.counter("key:1", noon);
    make_known(&world.limiter, &counter, NanoUsd(0)).await;
    world.pass_to("2026-11-21T12:00:00Z");
    world.take("key:1", 100).await.unwrap().settle(&cost(Timestamp(noon.0 + 24 * HOUR), 100));
    world.pass_to("2026-11-27T12:00:00Z");
    for key in 0..200 {
        let scope = format!("key:{}", key + 2);
        assert!(matches!(world.take(&scope, 1).await, Err(LimiterError::Unseeded(_))));
    }
    world.set("2026-11-21T12:00:00Z");
    let asked = world.take("key:1", 1).await;
    assert!(matches!(asked, Err(LimiterError::Unseeded(_))), "a second hundred would be given");
}
