//! The counter of a budget against the entries of its window.

use crate::world::World;
use async_trait::async_trait;
use futures_util::future::join_all;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use switchyard_domain::budget::{Budget, BudgetWindow, Zone};
use switchyard_domain::limits::Limits;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::time::{Day, Timestamp};
use switchyard_domain::usage::{LedgerCheck, UsageEvent};
use switchyard_orchestrator::error::AdminError;
use switchyard_orchestrator::usage::{BooksProof, LedgerWriter, LiveCounters};
use switchyard_ports::clock::{Clock, Monotonic};
use switchyard_ports::journal::Journal;
use switchyard_ports::limiter::{
    Ask, Counter, Known, Limiter, LimiterError, Mark, Permit, Scope, Standing, Tally, Used,
};
use switchyard_ports::repositories::{NewQuota, QuotaRepository};
use switchyard_testkit::contracts::journal::sample_event;
use switchyard_testkit::contracts::repositories::author;

const COST: NanoUsd = NanoUsd(1_000);

/// A limiter of which only this is asked: where its counters stand, whether that is only the most that was spent, and how often it was
/// asked.
struct Told {
    told: Result<Option<NanoUsd>, LimiterError>,
    at_most: bool,
    asked: AtomicUsize,
}

impl Told {
    fn of(told: Result<Option<NanoUsd>, LimiterError>) -> Self {
        Self { told, at_most: false, asked: AtomicUsize::new(0) }
    }

    fn at_most(spent: NanoUsd) -> Self {
        Self { at_most: true, ..Self::of(Ok(Some(spent))) }
    }
}

#[async_trait]
impl Limiter for Told {
    async fn acquire(&self, _: &[Ask]) -> Result<Vec<Box<dyn Permit>>, LimiterError> {
        panic!("a proof takes nothing")
    }

    fn tally(&self, _: &Scope) -> Tally {
        panic!("a proof plans nothing")
    }

    fn charge(&self, _: &Used) {}

    async fn standing(&self, counter: &Counter) -> Result<Known, LimiterError> {
        assert_eq!(&*counter.scope.0, "global");
        let mark = Mark { life: String::new(), counted: 0 };
        let standing = |spent| Standing { spent, held: NanoUsd(7) };
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(match (self.told.clone()?, self.at_most) {
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

    async fn count_day(&self, _: Day, _: &[(Scope, u64)]) -> Result<(), LimiterError> {
        panic!("a proof counts nothing")
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

/// A proof where the counter of a daily budget says this.
async fn proof(world: &World, told: &Arc<Told>, clock: Arc<dyn Clock>) -> BooksProof {
    let budget = Budget { amount: NanoUsd(1), window: BudgetWindow::Day, zone: Zone::utc() };
    let quota = NewQuota { scope: QuotaScope::Global, limits: Limits::NONE, budget: Some(budget) };
    world.store.put(quota, None, &author(0)).await.unwrap();
    let writer = LedgerWriter::new(
        Arc::clone(&world.journal) as _,
        Arc::clone(&world.store) as _,
        Arc::clone(&world.store) as _,
        Arc::clone(&world.clock) as _,
    );
    let counters = LiveCounters { limiter: Arc::clone(told) as _, writer: Arc::new(writer), clock };
    let (usage, quotas) = (Arc::clone(&world.store) as _, Arc::clone(&world.store) as _);
    BooksProof::new(usage, quotas, Some(counters), world.tasks.clone())
}

/// What is found where the counter says this and the journal holds an event of the budget's day.
async fn found(told: Told) -> Result<(u64, Vec<String>), String> {
    let world = World::usual().await;
    let event = UsageEvent { cost: Some(COST), ..sample_event(1) };
    world.journal.reserve().unwrap().append(std::slice::from_ref(&event)).await.unwrap();
    let proof = proof(&world, &Arc::new(told), Arc::new(Hasty(event.at))).await;
    let check = proof.run().await.map_err(|error| error.to_string())?;
    assert_eq!(check.events, 1, "what waited in the journal is part of the books");
    let problems =
        check.problems.into_iter().map(|problem| format!("{}: {}", problem.place, problem.difference));
    Ok((check.counters, problems.collect()))
}

#[tokio::test]
async fn a_counter_that_is_the_sum_of_its_entries_is_proved_and_any_other_is_named() {
    let (proved, problems) = found(Told::of(Ok(Some(COST)))).await.unwrap();
    assert_eq!((proved, problems), (1, Vec::new()));
    let (proved, problems) = found(Told::of(Ok(Some(NanoUsd(COST.0 + 1))))).await.unwrap();
    assert_eq!((proved, problems.len()), (1, 1));
    let expected =
        format!("budget of global: the counter says {}, its entries say {COST}", NanoUsd(COST.0 + 1));
    assert_eq!(problems[0], expected);
}

#[tokio::test]
async fn a_counter_that_is_known_at_most_may_be_more_than_its_entries_and_never_less() {
    let (proved, problems) = found(Told::at_most(NanoUsd(COST.0 + 1))).await.unwrap();
    assert_eq!((proved, problems), (1, Vec::new()));
    let (_, problems) = found(Told::at_most(NanoUsd(COST.0 - 1))).await.unwrap();
    assert_eq!(problems.len(), 1);
}

#[tokio::test]
async fn a_counter_that_nobody_knows_has_nothing_to_prove_and_one_that_does_not_answer_is_an_error() {
    let (proved, problems) = found(Told::of(Ok(None))).await.unwrap();
    assert_eq!((proved, problems), (0, Vec::new()));
    let away = LimiterError::Unavailable("it is away".to_owned());
    assert!(found(Told::of(Err(away))).await.unwrap_err().contains("it is away"));
}

/// Begins to wait for a proof.
fn begun(proof: &Arc<BooksProof>) -> tokio::task::JoinHandle<Result<LedgerCheck, AdminError>> {
    let proof = Arc::clone(proof);
    #[expect(clippy::disallowed_methods, reason = "a test owns its tasks")]
    tokio::spawn(async move { proof.run().await })
}

#[tokio::test]
async fn who_asks_while_the_books_are_proved_is_given_that_proof_which_goes_on_whoever_leaves() {
    let world = World::usual().await;
    // What differs is looked at again after a while, which does not pass by itself.
    let told = Arc::new(Told::of(Ok(Some(COST))));
    let proof = Arc::new(proof(&world, &told, Arc::clone(&world.clock) as _).await);
    let first = begun(&proof);
    world.clock.until_sleeping(1).await;
    let others = [begun(&proof), begun(&proof), begun(&proof)];
    tokio::task::yield_now().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let time = async {
        loop {
            world.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    };
    let told_to_others = tokio::select! {
        told = join_all(others) => told,
        () = time => panic!("time ended"),
    };
    for told in told_to_others {
        assert_eq!(told.unwrap().unwrap().problems.len(), 1);
    }
    assert_eq!(told.asked.load(Ordering::Relaxed), 5, "they had one proof of five looks");
    // Once it has ended another one is made.
    let next = begun(&proof);
    world.clock.until_sleeping(1).await;
    assert_eq!(told.asked.load(Ordering::Relaxed), 6);
    // An end of the process does not wait for it.
    assert!(world.tasks.shutdown(Duration::from_secs(5)).await);
    assert!(next.await.unwrap().is_err());
}
