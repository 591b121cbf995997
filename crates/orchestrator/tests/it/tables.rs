//! Tables of usage by stretches of time, which ask the ledger many questions.

use crate::crowd::SlowLedger;
use crate::people::person;
use crate::world::World;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Fuse, poll_immediate};
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::budget::Zone;
use switchyard_domain::role::Role;
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::{GroupBy, Interval, UsageFilter};
use switchyard_domain::user::User;
use switchyard_orchestrator::error::AdminError;
use switchyard_orchestrator::usage::{TableRequest, UsageReports, UsageTable};

const HOUR: i64 = 3_600_000;

/// Usage by the hour, of so many hours.
fn hours(count: i64) -> TableRequest {
    let filter =
        UsageFilter { from: Some(Timestamp(0)), to: Some(Timestamp(count * HOUR)), ..UsageFilter::default() };
    TableRequest { filter, group_by: GroupBy::Model, interval: Some(Interval::Hour), zone: Zone::utc() }
}

type Making<'a> = Fuse<BoxFuture<'a, Result<UsageTable, AdminError>>>;

fn table<'a>(reports: &'a UsageReports, person: &'a User, hours: TableRequest) -> Making<'a> {
    reports.table(person, hours, Timestamp(0)).boxed().fuse()
}

#[tokio::test]
async fn few_are_made_at_once_and_whoever_has_none_made_comes_first() {
    let world = World::usual().await;
    let delay = Duration::from_millis(10);
    let ledger = SlowLedger { store: Arc::clone(&world.store), clock: Arc::clone(&world.clock), delay };
    let reports = UsageReports::new(Arc::new(ledger));
    let (greedy, modest) = (person(1, "greedy", Role::Member), person(2, "modest", Role::Member));
    let mut many: Vec<Making<'_>> = (0..40).map(|_| table(&reports, &greedy, hours(2))).collect();
    for making in &mut many {
        assert!(poll_immediate(making).await.is_none());
    }
    assert_eq!(world.clock.sleepers(), 2, "two ask the ledger, the others wait");
    let mut one = table(&reports, &modest, hours(1));
    assert!(poll_immediate(&mut one).await.is_none());
    let mut rounds = 0;
    while poll_immediate(&mut one).await.is_none() {
        world.clock.advance(delay);
        for making in many.iter_mut().take(2) {
            let _ = poll_immediate(making).await;
        }
        rounds += 1;
        assert!(rounds < 10, "the modest one waits behind those of the greedy one");
    }
    // Sums without stretches are one question, and wait for nobody.
    let sums = TableRequest { interval: None, ..hours(1) };
    let mut plain = table(&reports, &greedy, sums);
    assert!(poll_immediate(&mut plain).await.is_none());
    world.clock.advance(delay);
    assert!(poll_immediate(&mut plain).await.is_some());
}
