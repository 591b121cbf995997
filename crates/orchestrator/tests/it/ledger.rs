//! From the journal to the ledger, each event once.

use crate::world::{SECOND, World, at_once, buffered, eventually};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use switchyard_domain::limits::Limits;
use switchyard_domain::usage::UsageEvent;
use switchyard_orchestrator::usage::{LedgerWriter, UsageReports};
use switchyard_ports::journal::{Journal, JournalError, JournalPermit, Segment};
use switchyard_ports::repositories::VirtualKeyRepository;
use switchyard_testkit::contracts::journal::sample_event;
use switchyard_testkit::fakes::journal::ScriptedJournal;
use switchyard_testkit::fakes::store::Fate;

fn writer(world: &World) -> Arc<LedgerWriter> {
    writer_of(world, Arc::clone(&world.journal) as _)
}

fn writer_of(world: &World, journal: Arc<dyn Journal>) -> Arc<LedgerWriter> {
    Arc::new(LedgerWriter::new(
        journal,
        Arc::clone(&world.store) as _,
        Arc::clone(&world.store) as _,
        Arc::clone(&world.clock) as _,
    ))
}

async fn append(world: &World, events: Vec<UsageEvent>) {
    world.journal.reserve().unwrap().append(&events).await.unwrap();
}

/// An event that ended before the worlds' clocks began.
fn old(number: u128) -> UsageEvent {
    let event = sample_event(number);
    UsageEvent { at: switchyard_domain::time::Timestamp(event.at.0 - 1_000_000), ..event }
}

#[tokio::test]
async fn what_calls_used_reaches_the_ledger_and_leaves_the_journal() {
    let world = World::usual().await;
    let key = world.key("ci", Limits::NONE, None).await;
    world.finish(world.call_as(key.clone(), buffered("a/m"))).await.unwrap();
    world.ask("a/m").await.unwrap();
    let writer = writer(&world);
    assert!(writer.drain_once().await);
    assert_eq!(world.store.events(), world.journal.events());
    assert_eq!((writer.written(), world.journal.backlog()), (2, 0));
    let events = UsageReports::new(Arc::clone(&world.store) as _).events_of("request-1").await.unwrap();
    assert_eq!(events.len(), 2);
    assert!(writer.drain_once().await, "nothing to drain is no failure");
    assert_eq!(writer.written(), 2);
}

#[tokio::test]
async fn an_event_counts_once_however_often_the_database_fails_on_the_way() {
    for fates in [
        vec![Fate::Refused],
        vec![Fate::AnswerLost],
        vec![Fate::Refused, Fate::AnswerLost, Fate::Refused],
        // Of three batches the second is not made, then its answer is lost.
        vec![Fate::Made, Fate::Refused, Fate::Made, Fate::AnswerLost],
    ] {
        let world = World::usual().await;
        let events: Vec<_> = (0..2_500).map(old).collect();
        append(&world, events.clone()).await;
        let writer = writer(&world);
        world.store.next_writes(fates.clone());
        let mut tries = 1;
        while !writer.drain_once().await {
            tries += 1;
            assert_eq!(world.journal.backlog(), 1, "what is not in the ledger stays in the journal");
        }
        assert!(tries > 1, "{fates:?}");
        assert_eq!(world.store.events(), events, "{fates:?}");
        assert_eq!(world.journal.backlog(), 0);
        assert!(world.store.recorded_batches().iter().all(|size| *size <= 1_000));
    }
}

#[tokio::test]
async fn a_database_that_is_too_slow_for_a_full_batch_gets_smaller_ones() {
    let world = World::usual().await;
    let events: Vec<_> = (0..2_500).map(old).collect();
    append(&world, events.clone()).await;
    world.store.set_largest_batch(100);
    let writer = writer(&world);
    let mut tries = 1;
    while !writer.drain_once().await {
        tries += 1;
        assert!(tries < 100, "it never ends");
    }
    assert_eq!((world.store.events(), world.journal.backlog()), (events, 0));
    // Once it is quick again the batches are full again.
    world.store.set_largest_batch(usize::MAX);
    for stretch in 3..9 {
        append(&world, (stretch * 1_000..(stretch + 1) * 1_000).map(old).collect()).await;
        assert!(writer.drain_once().await);
    }
    assert_eq!(world.store.recorded_batches().iter().max(), Some(&1_000));
}

#[tokio::test]
async fn while_the_database_is_away_usage_waits_and_all_of_it_arrives_after() {
    let world = World::usual().await;
    let writer = writer(&world);
    let running = Arc::clone(&writer);
    let stopping = world.tasks.stopping();
    world.store.set_away(true);
    world.tasks.spawn("writer", async move { running.run(stopping).await });
    world.clock.until_sleeping(1).await;
    for number in 0..5 {
        append(&world, vec![old(number)]).await;
        world.clock.advance(SECOND);
        world.clock.until_sleeping(1).await;
    }
    assert!(world.store.events().is_empty());
    assert_eq!(world.journal.backlog(), 5);
    world.store.set_away(false);
    world.clock.advance(SECOND);
    eventually(|| world.store.events().len() == 5 && world.journal.backlog() == 0).await;
    assert!(world.tasks.shutdown(Duration::from_secs(10)).await);
}

#[tokio::test]
async fn a_writer_that_is_told_to_stop_drains_once_more() {
    let world = World::usual().await;
    let running = writer(&world);
    let stopping = world.tasks.stopping();
    world.tasks.spawn("writer", async move { running.run(stopping).await });
    world.clock.until_sleeping(1).await;
    append(&world, vec![old(1)]).await;
    assert!(world.store.events().is_empty());
    assert!(world.tasks.shutdown(Duration::from_secs(10)).await);
    assert_eq!(world.store.events().len(), 1);
}

#[tokio::test]
async fn under_load_what_comes_meanwhile_waits_for_the_next_time() {
    let world = World::usual().await;
    append(&world, vec![old(1)]).await;
    // Each time a stretch is let go another call has ended in the meantime.
    let busy = Arc::new(BusyJournal { kept: Arc::clone(&world.journal), next: AtomicU64::new(100) });
    let writer = writer_of(&world, Arc::clone(&busy) as _);
    for drained in 1..5 {
        assert!(writer.drain_once().await);
        assert_eq!(world.store.events().len(), drained, "the writer would never rest");
    }
    // What waited when a drain began is drained with it, in however many stretches.
    let _sealed = world.journal.sealed().await.unwrap();
    append(&world, vec![old(2)]).await;
    assert!(writer.drain_once().await);
    assert!(world.store.events().iter().any(|event| event.id == old(2).id));
}

#[tokio::test]
async fn all_that_waits_is_drained_when_the_calendar_was_set_back() {
    let world = World::usual().await;
    let late = |number| UsageEvent { at: world_start(7_200_000), ..sample_event(number) };
    append(&world, vec![late(1)]).await;
    let _sealed = world.journal.sealed().await.unwrap();
    append(&world, vec![late(2), late(3)]).await;
    assert!(writer(&world).drain_once().await);
    assert_eq!((world.store.events().len(), world.journal.backlog()), (3, 0));
}

/// A journal into which a call is written whenever a stretch was drained.
struct BusyJournal {
    kept: Arc<ScriptedJournal>,
    next: AtomicU64,
}

#[async_trait]
impl Journal for BusyJournal {
    fn reserve(&self) -> Result<Box<dyn JournalPermit>, JournalError> {
        self.kept.reserve()
    }

    async fn sealed(&self) -> Result<Option<Segment>, JournalError> {
        self.kept.sealed().await
    }

    async fn release(&self, segment: &str) -> Result<(), JournalError> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.kept.reserve()?.append(&[old(u128::from(number))]).await?;
        self.kept.release(segment).await
    }

    fn backlog(&self) -> u64 {
        self.kept.backlog()
    }

    fn is_writable(&self) -> bool {
        self.kept.is_writable()
    }
}

fn world_start(later: i64) -> switchyard_domain::time::Timestamp {
    switchyard_domain::time::Timestamp(switchyard_testkit::clock::START.0 + later)
}

#[tokio::test]
async fn damage_is_counted_once_however_often_its_stretch_is_read() {
    let world = World::usual().await;
    let writer = writer(&world);
    append(&world, vec![old(1)]).await;
    world.journal.damage(3);
    world.store.next_writes([Fate::Refused, Fate::Refused]);
    for _ in 0..3 {
        writer.drain_once().await;
    }
    assert_eq!((writer.damaged(), writer.written()), (3, 1));
    world.journal.damage(2);
    writer.drain_once().await;
    assert_eq!(writer.damaged(), 5, "other damage counts too");
    assert_eq!(world.journal.backlog(), 0);
}

#[tokio::test]
async fn the_last_use_of_a_key_is_noted_to_the_minute_and_is_no_reason_to_fail() {
    let world = World::usual().await;
    let key = world.key("ci", Limits::NONE, None).await.key_id();
    let at = |seconds: i64| world_start(seconds * 1_000 - 1_000_000);
    let event = |number, seconds| UsageEvent { key, at: at(seconds), ..sample_event(number) };
    append(&world, vec![event(1, 30), event(2, 100), event(3, 61)]).await;
    let writer = writer(&world);
    assert!(writer.drain_once().await);
    let used = || async { world.store.by_ids(&[key.unwrap()]).await.unwrap()[0].last_used_at.unwrap() };
    let noted = used().await;
    assert_eq!(noted.0 % 60_000, 0);
    assert!(noted <= at(100) && at(100).since(noted) < Duration::from_secs(60));

    append(&world, vec![event(4, 500)]).await;
    world.store.next_writes([Fate::Made, Fate::Refused]);
    assert!(writer.drain_once().await);
    assert_eq!(used().await, noted);
    assert_eq!((world.store.events().len(), world.journal.backlog()), (4, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn those_who_drain_at_once_write_everything_once() {
    let world = World::usual().await;
    let writer = writer(&world);
    for number in 0..50 {
        append(&world, vec![old(number)]).await;
    }
    let drains = (0..8).map(|_| {
        let writer = Arc::clone(&writer);
        async move { writer.drain_once().await }
    });
    assert_eq!(at_once(drains).await, [true; 8]);
    assert_eq!(world.store.events().len(), 50);
    assert_eq!((writer.written(), world.store.recorded_batches()), (50, vec![50]));
}
