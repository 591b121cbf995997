//! Many who meet budgets that nobody knows yet, over a ledger that takes its time.

use crate::world::{Calling, Setting, World, poll_once, with};
use async_trait::async_trait;
use futures_util::future::join_all;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use switchyard_domain::budget::{Budget, BudgetWindow, Span, Zone};
use switchyard_domain::ids::{AttemptId, UserId, VirtualKeyId};
use switchyard_domain::limits::Limits;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::time::{Day, Timestamp};
use switchyard_domain::usage::{
    CallCursor, CallFilter, CallRecord, GroupBy, LedgerCheck, RefusedCall, RequestsOf, UsageEvent,
    UsageFilter, UsageRow,
};
use switchyard_orchestrator::error::CallError;
use switchyard_orchestrator::principal::Principal;
use switchyard_ports::clock::Clock;
use switchyard_ports::repositories::{NewQuota, QuotaRepository, Recorded, RepositoryError, UsageRepository};
use switchyard_testkit::clock::ManualClock;
use switchyard_testkit::contracts::repositories::author;
use switchyard_testkit::fakes::store::MemoryStore;

const CROWD: i64 = 2_000;

/// A ledger that takes so long for each question.
pub(crate) struct SlowLedger {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) delay: Duration,
}

#[async_trait]
impl UsageRepository for SlowLedger {
    async fn record(&self, events: &[UsageEvent]) -> Result<Recorded, RepositoryError> {
        self.store.record(events).await
    }

    async fn report(&self, filter: UsageFilter, group_by: GroupBy) -> Result<Vec<UsageRow>, RepositoryError> {
        self.clock.sleep(self.delay).await;
        self.store.report(filter, group_by).await
    }

    async fn verify(&self) -> Result<LedgerCheck, RepositoryError> {
        self.store.verify().await
    }

    async fn spent(&self, scope: QuotaScope, span: Span) -> Result<NanoUsd, RepositoryError> {
        self.clock.sleep(self.delay).await;
        self.store.spent(scope, span).await
    }

    async fn spent_by_keys(
        &self,
        keys: &[VirtualKeyId],
        span: Span,
    ) -> Result<HashMap<VirtualKeyId, NanoUsd>, RepositoryError> {
        self.clock.sleep(self.delay).await;
        self.store.spent_by_keys(keys, span).await
    }

    async fn requests_of_day(
        &self,
        day: Day,
        of: &RequestsOf,
    ) -> Result<Vec<(String, u64)>, RepositoryError> {
        self.clock.sleep(self.delay).await;
        self.store.requests_of_day(day, of).await
    }

    async fn events_of(&self, request_id: &str) -> Result<Vec<UsageEvent>, RepositoryError> {
        self.store.events_of(request_id).await
    }

    async fn calls(
        &self,
        filter: &CallFilter,
        after: Option<CallCursor>,
        most: u32,
    ) -> Result<Vec<CallRecord>, RepositoryError> {
        self.store.calls(filter, after, most).await
    }

    async fn call(&self, last: AttemptId) -> Result<Option<CallRecord>, RepositoryError> {
        self.store.call(last).await
    }

    async fn record_refused(&self, calls: &[RefusedCall], kept: u32) -> Result<(), RepositoryError> {
        self.store.record_refused(calls, kept).await
    }

    async fn refused(&self, to: Option<Timestamp>, most: u32) -> Result<Vec<RefusedCall>, RepositoryError> {
        self.store.refused(to, most).await
    }
}

/// A call of each of a crowd, at once, while all their budgets are being made known.
async fn of_a_crowd(
    delay: Duration,
    scope: impl Fn(i64) -> QuotaScope,
    members: impl Iterator<Item = i64>,
) -> Vec<Result<(), CallError>> {
    let world =
        World::over(Arc::default(), Setting { ledger_delay: Some(delay), ..Setting::default() }).await;
    world.prices.put("acme", "m", 0, 1);
    world.provider("a", &["m"]).await;
    let Principal::Key(key) = world.key("ci", Limits::NONE, None).await else { panic!("no key") };
    let budget = Budget { amount: NanoUsd(100), window: BudgetWindow::Day, zone: Zone::utc() };
    for number in 0..CROWD {
        let quota = NewQuota { scope: scope(number), limits: Limits::NONE, budget: Some(budget.clone()) };
        world.store.put(quota, None, &author(0)).await.unwrap();
    }
    world.keeper.refresh().await.unwrap();
    let (budgets, limiter) = (Arc::clone(&world.budgets), Arc::clone(&world.limiter));
    let (keeper, stopping) = (Arc::clone(&world.keeper), world.tasks.stopping());
    world.tasks.spawn("budgets", async move { budgets.keep_known(&*limiter, &keeper, stopping).await });
    world.clock.until_sleeping(1).await;
    let calls: Vec<Calling> = members
        .map(|number| {
            let mut of = (*key).clone();
            (of.id, of.user) = (VirtualKeyId(number), Some(UserId(number)));
            world.call_as(Principal::Key(Arc::new(of)), with("a/m", r#","max_tokens":5"#))
        })
        .collect();
    let mut all: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(join_all(calls));
    for _ in 0..10_000 {
        if let Poll::Ready(ended) = poll_once(&mut all).await {
            return ended.into_iter().map(|reply| reply.map(drop)).collect();
        }
        world.clock.advance(Duration::from_millis(5));
        tokio::task::yield_now().await;
    }
    panic!("the calls do not end")
}

#[tokio::test]
async fn no_call_is_refused_because_many_budgets_are_not_known_yet() {
    let ledger = Duration::from_millis(15);
    for scope in [|number| QuotaScope::Key(VirtualKeyId(number)), |number| QuotaScope::User(UserId(number))] {
        let ended = of_a_crowd(ledger, scope, (0..CROWD).rev()).await;
        assert_eq!(ended.len(), usize::try_from(CROWD).unwrap());
        assert!(ended.iter().all(Result::is_ok), "{:?}", ended.iter().find(|ended| ended.is_err()));
    }
}
