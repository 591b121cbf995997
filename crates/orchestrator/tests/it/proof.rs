//! The counter of a budget against the entries of its window.

use crate::world::World;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::budget::{Budget, BudgetWindow, Zone};
use switchyard_domain::limits::Limits;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::UsageEvent;
use switchyard_orchestrator::usage::{BooksProof, LedgerWriter, LiveCounters};
use switchyard_ports::clock::{Clock, Monotonic};
use switchyard_ports::journal::Journal;
use switchyard_ports::limiter::{Ask, Counter, Known, Limiter, LimiterError, Mark, Permit, Standing, Used};
use switchyard_ports::repositories::{NewQuota, QuotaRepository};
use switchyard_testkit::contracts::journal::sample_event;
use switchyard_testkit::contracts::repositories::author;

const COST: NanoUsd = NanoUsd(1_000);

/// A limiter of which only this is asked: where its counters stand, and whether that is only the most that was spent.
struct Told(Result<Option<NanoUsd>, LimiterError>, bool);

#[async_trait]
impl Limiter for Told {
    async fn acquire(&self, _: &[Ask]) -> Result<Vec<Box<dyn Permit>>, LimiterError> {
        panic!("a proof takes nothing")
    }

    fn charge(&self, _: &Used) {}

    async fn standing(&self, counter: &Counter) -> Result<Known, LimiterError> {
        assert_eq!(&*counter.scope.0, "global");
        let mark = Mark { life: String::new(), counted: 0 };
        let standing = |spent| Standing { spent, held: NanoUsd(7) };
        Ok(match (self.0.clone()?, self.1) {
            (None, _) => Known::Unknown(mark),
            (Some(spent), false) => Known::Exactly(standing(spent)),
            (Some(spent), true) => Known::AtMost(standing(spent), mark),
        })
    }

    async fn seed(&self, _: &Counter, _: &Mark, _: NanoUsd) -> Result<bool, LimiterError> {
        panic!("a proof tells nothing")
    }

    async fn in_question(&self) -> Result<Vec<Counter>, LimiterError> {
        panic!("a proof asks for nobody")
    }
}

/// Time that nobody waits for.
struct Hasty(Timestamp);

#[async_trait]
impl Clock for Hasty {
    fn now(&self) -> Timestamp {
        self.0
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic::default()
    }

    async fn sleep(&self, _: Duration) {}
}

/// What is found where the counter says this and the journal holds an event of the budget's day.
async fn found(told: Told) -> Result<(u64, Vec<String>), String> {
    let world = World::usual().await;
    let event = UsageEvent { cost: Some(COST), ..sample_event(1) };
    world.journal.reserve().unwrap().append(std::slice::from_ref(&event)).await.unwrap();
    let budget = Budget { amount: NanoUsd(1), window: BudgetWindow::Day, zone: Zone::utc() };
    let quota = NewQuota { scope: QuotaScope::Global, limits: Limits::NONE, budget: Some(budget) };
    world.store.put(quota, None, &author(0)).await.unwrap();
    let writer = LedgerWriter::new(
        Arc::clone(&world.journal) as _,
        Arc::clone(&world.store) as _,
        Arc::clone(&world.store) as _,
        Arc::clone(&world.clock) as _,
    );
    let counters =
        LiveCounters { limiter: Arc::new(told), writer: Arc::new(writer), clock: Arc::new(Hasty(event.at)) };
    let proof = BooksProof::new(Arc::clone(&world.store) as _, Arc::clone(&world.store) as _, Some(counters));
    let check = proof.run().await.map_err(|error| error.to_string())?;
    assert_eq!(check.events, 1, "what waited in the journal is part of the books");
    let problems =
        check.problems.into_iter().map(|problem| format!("{}: {}", problem.place, problem.difference));
    Ok((check.counters, problems.collect()))
}

#[tokio::test]
async fn a_counter_that_is_the_sum_of_its_entries_is_proved_and_any_other_is_named() {
    let (proved, problems) = found(Told(Ok(Some(COST)), false)).await.unwrap();
    assert_eq!((proved, problems), (1, Vec::new()));
    let (proved, problems) = found(Told(Ok(Some(NanoUsd(COST.0 + 1))), false)).await.unwrap();
    assert_eq!((proved, problems.len()), (1, 1));
    let expected =
        format!("budget of global: the counter says {}, its entries say {COST}", NanoUsd(COST.0 + 1));
    assert_eq!(problems[0], expected);
}

#[tokio::test]
async fn a_counter_that_is_known_at_most_may_be_more_than_its_entries_and_never_less() {
    let (proved, problems) = found(Told(Ok(Some(NanoUsd(COST.0 + 1))), true)).await.unwrap();
    assert_eq!((proved, problems), (1, Vec::new()));
    let (_, problems) = found(Told(Ok(Some(NanoUsd(COST.0 - 1))), true)).await.unwrap();
    assert_eq!(problems.len(), 1);
}

#[tokio::test]
async fn a_counter_that_nobody_knows_has_nothing_to_prove_and_one_that_does_not_answer_is_an_error() {
    let (proved, problems) = found(Told(Ok(None), false)).await.unwrap();
    assert_eq!((proved, problems), (0, Vec::new()));
    let away = LimiterError::Unavailable("it is away".to_owned());
    assert!(found(Told(Err(away), false)).await.unwrap_err().contains("it is away"));
}
