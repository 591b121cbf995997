//! What calls hold of budgets, what they are charged, and how budgets become known.

use crate::world::{
    SECOND, Setting, World, at_once, buffered, drain, eventually, poll_once, streamed, until, with,
};
use async_trait::async_trait;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use switchyard_domain::budget::{Budget, BudgetWindow, Zone};
use switchyard_domain::chat::{Dialect, TokenUsage, UsageSource};
use switchyard_domain::fault::FaultKind;
use switchyard_domain::limits::Limits;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::operation::Operation;
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::{Outcome, RESERVED_PRICE};
use switchyard_orchestrator::chat::{BudgetTerms, ReplyBody};
use switchyard_orchestrator::error::{CallError, CallErrorKind};
use switchyard_orchestrator::principal::Principal;
use switchyard_ports::clock::Clock;
use switchyard_ports::journal::{Journal, JournalError, JournalPermit, Segment};
use switchyard_ports::limiter::{Ask, Counter, Demand, Known, Limiter, Payer, Standing};
use switchyard_ports::repositories::{NewQuota, QuotaRepository, UsageRepository};
use switchyard_testkit::call::WireCall;
use switchyard_testkit::contracts::budgets::make_known;
use switchyard_testkit::contracts::journal::sample_event;
use switchyard_testkit::contracts::repositories::author;
use switchyard_testkit::fakes::provider::Act;
use switchyard_testkit::fakes::store::Fate;

/// Providers `a` to `d` of `m`, at one nano-USD an output token, of `dear`, at a thousand, of `free`, and of `unpriced`. What is asked
/// costs nothing at all of them.
async fn priced(setting: Setting) -> World {
    let world = World::over(Arc::default(), setting).await;
    for (model, output) in [("m", 1), ("dear", 1_000), ("free", 0)] {
        world.prices.put("acme", model, 0, output);
    }
    for name in ["a", "b", "c", "d"] {
        world.provider(name, &["m", "dear", "free", "unpriced"]).await;
    }
    world
}

async fn budgeted(amount: i64) -> World {
    let world = priced(Setting::default()).await;
    set(&world, QuotaScope::Global, Limits::NONE, amount, BudgetWindow::Day).await;
    world
}

async fn set(world: &World, scope: QuotaScope, limits: Limits, amount: i64, window: BudgetWindow) {
    let budget = Some(Budget { amount: NanoUsd(amount), window, zone: Zone::utc() });
    world.store.put(NewQuota { scope, limits, budget }, None, &author(0)).await.unwrap();
    world.keeper.refresh().await.unwrap();
}

fn payer(world: &World, scope: QuotaScope) -> Payer {
    world.keeper.snapshot().quotas.payer(scope).unwrap()
}

fn counter(world: &World, scope: QuotaScope) -> Counter {
    payer(world, scope).counter(world.clock.now())
}

/// What the counter of now has spent and holds; `None` where that is not known.
async fn standing(world: &World, scope: QuotaScope) -> Option<(i64, i64)> {
    let standing = world.limiter.standing(&counter(world, scope)).await.unwrap().standing();
    standing.map(|Standing { spent, held }| (spent.0, held.0))
}

fn up_to(model: &str, tokens: u64) -> WireCall {
    with(model, &format!(r#","max_tokens":{tokens}"#))
}

/// What a call is explained to hold of the caller's budgets, and of each target's.
fn held(world: &World, call: &WireCall) -> (Option<i64>, Vec<Option<i64>>) {
    let explained = world.explainer().explain(&Principal::Program, call).unwrap();
    let nano = |held: Option<NanoUsd>| held.map(|held| held.0);
    (nano(explained.held), explained.targets.iter().map(|target| nano(target.held)).collect())
}

fn counts(output: u64) -> TokenUsage {
    TokenUsage { input: 9, output, ..TokenUsage::default() }
}

fn says(output: u64) -> Act {
    Act::say(["some words"]).counted(counts(output))
}

async fn refusal(world: &World, call: WireCall) -> CallError {
    world.finish(world.call(call)).await.err().unwrap()
}

#[tokio::test]
async fn a_call_holds_the_most_that_it_may_cost_and_is_charged_what_it_did() {
    let world = budgeted(100).await;
    world.factory.always("a/m", Act::Hang);
    let mut running = world.call(up_to("a/m", 60));
    until(&mut running, || world.factory.open() == 1).await;
    assert_eq!(standing(&world, QuotaScope::Global).await, Some((0, 60)));
    let error = refusal(&world, up_to("b/m", 41)).await;
    assert_eq!(error.kind, CallErrorKind::InsufficientQuota);
    world.factory.always("b/m", says(7));
    world.finish(world.call(up_to("b/m", 40))).await.unwrap();
    assert_eq!(standing(&world, QuotaScope::Global).await, Some((7, 60)));
    drop(running);
    assert_eq!(standing(&world, QuotaScope::Global).await, Some((7, 0)));
    world.is_idle();
}

#[tokio::test]
async fn what_is_held_is_the_most_that_each_kind_of_call_can_cost() {
    let world = priced(Setting::default()).await;
    world.prices.put("acme", "both", 1, 1);
    world.prices.put("thinker", "m", 0, 1);
    world.provider("e", &["both"]).await;
    world.provider_of("thinker", "t", &["m"]).await;
    world.factory.offer("e", [Operation::Chat, Operation::Embedding]);
    set(&world, QuotaScope::Global, Limits::NONE, 1_000_000, BudgetWindow::Total).await;
    // Eleven bytes, a message's frame and what a vendor may put before them are the most that the prompt can be.
    let prompt = 11 + 8 + 1_000;
    for (call, held) in [
        (up_to("a/m", 50), 50),
        (with("a/m", r#","max_tokens":50,"n":4"#), 200),
        (up_to("e/both", 50), prompt + 50),
        (buffered("e/both").of_dialect(Dialect::OPENAI_EMBEDDINGS), prompt),
        // It may reason beside the limit.
        (up_to("t/m", 50), 50 + 128 * 1_024),
        (buffered("a/free"), 0),
    ] {
        let target = switchyard_ports::client_call::ClientCall::facts(&call).model.clone();
        world.factory.next(&target, [Act::Hang]);
        let mut running = world.call(call);
        until(&mut running, || world.factory.open() == 1).await;
        let known = standing(&world, QuotaScope::Global).await;
        assert_eq!(known.unwrap_or_default(), (0, held), "{target}");
        drop(running);
    }
    for (call, param) in [(buffered("a/m"), "max_tokens"), (up_to("a/unpriced", 5), "model")] {
        let error = refusal(&world, call).await;
        assert_eq!((error.kind, error.param.as_deref()), (CallErrorKind::PriceUnknown, Some(param)));
    }
    world.is_idle();
}

#[tokio::test]
async fn a_call_without_a_price_is_held_and_charged_by_the_ceiling() {
    let budgets = BudgetTerms { unpriced_ceiling: Some(NanoUsd(25)), ..BudgetTerms::default() };
    let world = priced(Setting { budgets, ..Setting::default() }).await;
    set(&world, QuotaScope::Global, Limits::NONE, 49, BudgetWindow::Day).await;
    world.ask("a/unpriced").await.unwrap();
    let event = world.only_event();
    assert_eq!((event.cost, event.price_version.as_deref()), (Some(NanoUsd(25)), Some(RESERVED_PRICE)));
    assert_eq!(standing(&world, QuotaScope::Global).await, Some((25, 0)));
    assert_eq!(refusal(&world, buffered("a/unpriced")).await.kind, CallErrorKind::InsufficientQuota);
    assert_eq!(held(&world, &buffered("a/unpriced")), (Some(25), vec![Some(25)]));
    let without = priced(Setting::default()).await;
    assert_eq!(held(&without, &buffered("a/unpriced")), (None, vec![None]));
}

#[tokio::test]
async fn what_is_explained_to_be_held_is_what_the_callers_budget_must_have_left() {
    let world = budgeted(100).await;
    world.route("near", &["a/m", "b/dear", "c/m", "d/m"]).await;
    world.route("far", &["a/m", "b/m", "c/m", "d/dear"]).await;
    let of_near = vec![Some(5), Some(5_000), Some(5), Some(5)];
    assert_eq!(held(&world, &up_to("near", 5)), (Some(5_000), of_near));
    let of_far = vec![Some(5), Some(5), Some(5), Some(5_000)];
    assert_eq!(held(&world, &up_to("far", 5)), (Some(5), of_far));
    for (amount, is_refused) in [(4_999, true), (5_000, false)] {
        set(&world, QuotaScope::Global, Limits::NONE, amount, BudgetWindow::Week).await;
        assert_eq!(world.finish(world.call(up_to("near", 5))).await.is_err(), is_refused, "{amount}");
    }
}

#[tokio::test]
async fn a_call_is_told_when_its_budget_begins_anew_unless_it_never_fits() {
    for (window, waits) in [(BudgetWindow::Day, true), (BudgetWindow::Total, false)] {
        let world = priced(Setting::default()).await;
        set(&world, QuotaScope::Global, Limits::NONE, 100, window).await;
        world.factory.always("a/m", says(60));
        let never = refusal(&world, up_to("a/m", 101)).await;
        assert_eq!(never.retry_after, None, "{window:?}");
        assert!(never.message.contains("this call alone may cost 0.000000101 USD"), "{}", never.message);
        world.finish(world.call(up_to("a/m", 100))).await.unwrap();
        let spent = refusal(&world, up_to("a/m", 41)).await;
        assert_eq!(spent.retry_after.is_some(), waits, "{window:?}");
        assert!(spent.message.contains("begin"), "{}", spent.message);
    }
}

#[tokio::test]
async fn only_targets_that_a_call_can_reach_decide_what_it_holds() {
    let world = budgeted(100).await;
    world.route("far", &["a/m", "b/m", "c/m", "d/dear"]).await;
    world.route("near", &["a/m", "b/dear", "c/m", "d/m"]).await;
    world.finish(world.call(up_to("far", 50))).await.unwrap();
    assert_eq!(refusal(&world, up_to("near", 50)).await.kind, CallErrorKind::InsufficientQuota);
    // One that is reached after all, as others were passed over, is covered then or not asked.
    for name in ["a", "b"] {
        world.factory.offer(name, [Operation::Embedding]);
    }
    world.factory.always("c/m", Act::fail(FaultKind::ServerError));
    let error = refusal(&world, up_to("far", 50)).await;
    assert_eq!(error.kind, CallErrorKind::InsufficientQuota, "{}", error.message);
    assert!(world.factory.targets().iter().all(|target| target != "d/dear"));
}

#[tokio::test]
async fn what_costs_nothing_asks_nobody_while_the_ledger_is_away() {
    let world = budgeted(100).await;
    world.store.set_away(true);
    world.ask("a/free").await.unwrap();
    assert_eq!(refusal(&world, up_to("a/m", 5)).await.kind, CallErrorKind::StorageUnavailable);
    assert_eq!(standing(&world, QuotaScope::Global).await, None);
}

#[tokio::test]
async fn a_ledger_that_fails_is_asked_once_a_second_however_many_call() {
    let world = budgeted(100).await;
    world.store.set_away(true);
    let before = world.store.reads();
    for _ in 0..20 {
        assert_eq!(refusal(&world, up_to("a/m", 5)).await.kind, CallErrorKind::StorageUnavailable);
    }
    assert_eq!(world.store.reads() - before, 1);
    world.clock.advance(SECOND);
    refusal(&world, up_to("a/m", 5)).await;
    assert_eq!(world.store.reads() - before, 2);
    world.store.set_away(false);
    world.clock.advance(SECOND);
    world.finish(world.call(up_to("a/m", 5))).await.unwrap();
}

#[tokio::test]
async fn usage_that_does_not_reach_the_ledger_is_not_taken_for_nothing() {
    let world = budgeted(100).await;
    let old = sample_event(1);
    let spent =
        switchyard_domain::usage::UsageEvent { at: world.clock.now(), cost: Some(NanoUsd(98)), ..old };
    world.journal.reserve().unwrap().append(&[spent]).await.unwrap();
    world.store.next_writes([Fate::Refused]);
    assert_eq!(refusal(&world, up_to("a/m", 5)).await.kind, CallErrorKind::StorageUnavailable);
    world.clock.advance(SECOND);
    assert_eq!(refusal(&world, up_to("a/m", 5)).await.kind, CallErrorKind::InsufficientQuota);
    assert_eq!(standing(&world, QuotaScope::Global).await, Some((98, 0)));
}

/// A journal that never gives what it holds.
struct StuckJournal;

#[async_trait]
impl Journal for StuckJournal {
    fn reserve(&self) -> Result<Box<dyn JournalPermit>, JournalError> {
        Err(JournalError::Closed)
    }

    async fn sealed(&self) -> Result<Option<Segment>, JournalError> {
        std::future::pending().await
    }

    async fn release(&self, _: &str) -> Result<(), JournalError> {
        Ok(())
    }

    fn backlog(&self) -> u64 {
        0
    }

    fn is_writable(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn calls_that_wait_for_the_ledger_give_up_together() {
    let world = priced(Setting { drained: Some(Arc::new(StuckJournal)), ..Setting::default() }).await;
    set(&world, QuotaScope::Global, Limits::NONE, 100, BudgetWindow::Day).await;
    let mut waiting: Vec<_> = (0..50).map(|_| world.call(up_to("a/m", 1))).collect();
    for calling in &mut waiting {
        assert!(poll_once(calling).await.is_pending());
    }
    world.clock.advance(2 * SECOND);
    for calling in &mut waiting {
        let Poll::Ready(Err(error)) = poll_once(calling).await else { panic!("it waits for the others") };
        assert_eq!(error.kind, CallErrorKind::StorageUnavailable);
    }
    let Poll::Ready(Err(_)) = poll_once(&mut world.call(up_to("a/m", 1))).await else {
        panic!("the next one waits again")
    };
    drop(waiting);
    world.is_idle();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_that_meet_a_budget_at_once_ask_the_ledger_once() {
    let world = budgeted(1_000).await;
    let before = world.store.reads();
    let calls: Vec<_> = (0..64).map(|_| world.call(up_to("a/m", 10))).collect();
    let served = at_once(calls).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(served, 64);
    assert_eq!(world.store.reads() - before, 1);
    // Unless told otherwise it says `fine` and counts one token.
    assert_eq!(standing(&world, QuotaScope::Global).await, Some((64, 0)));
}

#[tokio::test]
async fn budgets_are_known_before_a_call_needs_them() {
    let world = priced(Setting::default()).await;
    let (budgets, limiter) = (Arc::clone(&world.budgets), Arc::clone(&world.limiter));
    let (keeper, stopping) = (Arc::clone(&world.keeper), world.tasks.stopping());
    world.tasks.spawn("budgets", async move { budgets.keep_known(&*limiter, &keeper, stopping).await });
    world.clock.until_sleeping(1).await;
    let key = world.key("ci", Limits::NONE, None).await;
    let scope = QuotaScope::Key(key.key_id().unwrap());
    world.store.set_away(true);
    world.clock.advance(SECOND);
    world.clock.until_sleeping(1).await;
    world.store.set_away(false);
    set(&world, scope, Limits::NONE, 100, BudgetWindow::Day).await;
    assert_eq!(standing(&world, scope).await, None);
    world.store.next_writes([Fate::Made]);
    world.clock.advance(SECOND);
    eventually(|| {
        let counter = counter(&world, scope);
        futures_util::FutureExt::now_or_never(world.limiter.standing(&counter))
            .is_some_and(|known| known.unwrap().standing().is_some())
    })
    .await;
    world.store.set_away(true);
    world.finish(world.call_as(key, up_to("a/m", 5))).await.unwrap();
    assert_eq!(standing(&world, scope).await, Some((1, 0)));
    assert!(world.tasks.shutdown(Duration::from_secs(10)).await);
}

#[tokio::test]
async fn a_budget_that_begins_or_changes_while_a_call_runs_is_told_what_it_used() {
    let world = priced(Setting::default()).await;
    let provider = QuotaScope::Provider(world.keeper.snapshot().providers["a"].id);
    let key = world.key("ci", Limits::NONE, None).await;
    let scope = QuotaScope::Key(key.key_id().unwrap());
    set(&world, scope, Limits::NONE, 100, BudgetWindow::Day).await;
    world.factory.always("a/m", says(7));
    let call = with("a/m", r#","max_tokens":50,"stream":true"#);
    let ReplyBody::Stream(keyed) = world.finish(world.call_as(key, call)).await.unwrap().body else {
        panic!("no stream")
    };
    let free = world.stream("a/m").await;
    let daily = counter(&world, scope);
    // Now the key's budget is another one, and everybody and the provider have one.
    for (scope, window) in [
        (scope, BudgetWindow::Month),
        (QuotaScope::Global, BudgetWindow::Week),
        (provider, BudgetWindow::Total),
    ] {
        set(&world, scope, Limits::NONE, 100, window).await;
        make_known(&*world.limiter, &counter(&world, scope), NanoUsd::ZERO).await;
    }
    drain(keyed).await;
    assert_eq!(standing(&world, scope).await, Some((7, 0)));
    assert_eq!(world.limiter.standing(&daily).await.unwrap().standing().unwrap().spent, NanoUsd(7));
    assert_eq!(standing(&world, QuotaScope::Global).await, Some((7, 0)));
    assert_eq!(standing(&world, provider).await, Some((7, 0)));
    drain(free).await;
    assert_eq!(standing(&world, scope).await, Some((7, 0)), "it was not this key's");
    assert_eq!(standing(&world, QuotaScope::Global).await, Some((14, 0)));
    assert_eq!(standing(&world, provider).await, Some((14, 0)));
    // As in the ledger.
    let event = world.journal.events().pop().unwrap();
    world.store.record(&world.journal.events()).await.unwrap();
    for scope in [QuotaScope::Global, provider] {
        let span = counter(&world, scope).span;
        assert_eq!(world.store.spent(scope, span).await.unwrap(), NanoUsd(14), "{}", event.at);
    }
}

/// A call at a second before midnight whose first attempt failed, and which waits to try once more behind it.
async fn before_midnight(held_by_others: i64) -> (World, Result<(), CallErrorKind>) {
    let world = budgeted(100).await;
    world.clock.set_now(Timestamp::parse("2026-11-22T23:59:59Z").unwrap());
    world.factory.next("a/m", [Act::fail(FaultKind::ServerError), says(7)]);
    let mut calling = world.call(up_to("a/m", 50));
    assert!(poll_once(&mut calling).await.is_pending());
    assert_eq!(standing(&world, QuotaScope::Global).await, Some((0, 50)));
    let evening = counter(&world, QuotaScope::Global);
    world.clock.set_now(Timestamp::parse("2026-11-23T00:00:01Z").unwrap());
    make_known(&*world.limiter, &counter(&world, QuotaScope::Global), NanoUsd::ZERO).await;
    let Payer { scope, allowance } = payer(&world, QuotaScope::Global);
    let demand = Demand { scope, limits: Limits::NONE, allowance: Some(allowance) };
    let ask = Ask { demands: [demand].into(), tokens: 0, money: NanoUsd(held_by_others) };
    let others = world.limiter.acquire(&[ask]).await.unwrap();
    let ended = world.finish(calling).await.map(|_| ()).map_err(|error| error.kind);
    drop(others);
    assert_eq!(world.limiter.standing(&evening).await.unwrap(), Known::Exactly(Standing::default()));
    (world, ended)
}

#[tokio::test]
async fn an_attempt_behind_midnight_holds_money_of_the_new_day_or_is_not_made() {
    let (world, ended) = before_midnight(50).await;
    assert_eq!(ended, Ok(()));
    assert_eq!(standing(&world, QuotaScope::Global).await, Some((7, 0)));
    let at: Vec<String> = world.journal.events().iter().map(|event| event.at.to_string()).collect();
    assert!(at[0].starts_with("2026-11-22") && at[1].starts_with("2026-11-23"), "{at:?}");
    let (world, ended) = before_midnight(51).await;
    assert_eq!(ended, Err(CallErrorKind::UpstreamError), "the first fault is told");
    assert_eq!(world.factory.targets().len(), 1, "nothing was held for a second attempt");
    assert_eq!(standing(&world, QuotaScope::Global).await, Some((0, 0)));
}

#[tokio::test]
async fn a_failed_attempt_does_not_stand_in_the_way_of_the_next_one() {
    let world = priced(Setting::default()).await;
    let provider = QuotaScope::Provider(world.keeper.snapshot().providers["a"].id);
    let one = Limits { concurrency: Some(1), ..Limits::NONE };
    set(&world, provider, one, 110, BudgetWindow::Day).await;
    // What the first one used is counted at the end of the call: its prompt, and its money stays held until then.
    world.factory.next("a/m", [Act::fail_after_head(FaultKind::Interrupted), Act::Hang]);
    let mut calling = world.call(up_to("a/m", 50));
    for _ in 0..200 {
        assert!(poll_once(&mut calling).await.is_pending(), "the retry was refused");
        world.clock.advance(Duration::from_millis(10));
        if world.factory.targets().len() == 2 {
            break;
        }
    }
    assert_eq!(world.factory.targets(), ["a/m", "a/m"]);
    assert_eq!(world.limiter.scope(&provider.to_string()).held, 1);
    assert_eq!(standing(&world, provider).await, Some((0, 100)));
    drop(calling);
    assert_eq!(standing(&world, provider).await, Some((0, 0)));
    world.is_idle();
}

#[tokio::test]
async fn calls_that_nobody_began_to_answer_cost_nothing_unless_they_are_charged_as_reserved() {
    for charges_unanswered in [false, true] {
        let budgets = BudgetTerms { charges_unanswered, ..BudgetTerms::default() };
        let world = priced(Setting { budgets, ..Setting::default() }).await;
        set(&world, QuotaScope::Global, Limits::NONE, 240, BudgetWindow::Day).await;
        world.route("all", &["a/m", "b/m", "c/m"]).await;
        world.factory.always("a/m", Act::fail(FaultKind::Connect));
        world.factory.always("b/m", Act::fail(FaultKind::FirstByteTimeout));
        world.factory.always("c/m", Act::Hang);
        let mut left = world.call(up_to("all", 50));
        until(&mut left, || world.factory.open() == 1).await;
        let held = if charges_unanswered { 100 } else { 50 };
        assert_eq!(standing(&world, QuotaScope::Global).await, Some((0, held)));
        drop(left);
        let costs: Vec<_> =
            world.journal.events().iter().map(|event| event.cost.map(|cost| cost.0)).collect();
        let events = world.journal.events();
        assert_eq!(events[2].outcome, Outcome::ClientClosed);
        if charges_unanswered {
            assert_eq!(costs, [None, Some(50), Some(50)]);
            assert_eq!(standing(&world, QuotaScope::Global).await, Some((100, 0)));
            assert_eq!(events[1].price_version.as_deref(), Some(RESERVED_PRICE));
            assert_eq!(events[2].usage_source, UsageSource::Estimated);
            // Who always leaves in time uses the budget up.
            for _ in 0..2 {
                let mut left = world.call(up_to("c/m", 50));
                until(&mut left, || world.factory.open() == 1).await;
            }
            assert_eq!(refusal(&world, up_to("c/m", 50)).await.kind, CallErrorKind::InsufficientQuota);
        } else {
            assert_eq!(costs, [None, None, None]);
            assert_eq!(standing(&world, QuotaScope::Global).await, Some((0, 0)));
        }
        world.is_idle();
    }
}

#[tokio::test]
async fn without_a_budget_nothing_is_held_and_what_nobody_began_to_answer_is_free() {
    let budgets = BudgetTerms { charges_unanswered: true, ..BudgetTerms::default() };
    let world = priced(Setting { budgets, ..Setting::default() }).await;
    world.factory.always("a/m", Act::Hang);
    let mut left = world.call(streamed("a/m"));
    until(&mut left, || world.factory.open() == 1).await;
    drop(left);
    let event = world.only_event();
    assert_eq!((event.cost, event.usage_source), (None, UsageSource::None));
}
