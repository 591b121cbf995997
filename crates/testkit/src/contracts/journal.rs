//! What every journal does. Run it with [`journal_contract!`](crate::journal_contract).

#![expect(clippy::unwrap_used, reason = "a suite fails by panicking")]

use std::collections::BTreeSet;
use std::sync::Arc;
use switchyard_domain::chat::{TokenUsage, UsageSource};
use switchyard_domain::ids::{AttemptId, CallId, ProviderId, TargetId, UserId, VirtualKeyId};
use switchyard_domain::money::{NanoUsd, PricePerMillion};
use switchyard_domain::price::{LineItem, TokenKind};
use switchyard_domain::provider::CredentialSource;
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::{Outcome, PassedTarget, UsageEvent};
use switchyard_ports::journal::Journal;
use tokio::task::JoinSet;
use uuid::Uuid;

/// Makes a test of each case. The argument is a function that opens an empty journal and returns whatever must live as long,
/// and the journal in an `Arc`.
#[macro_export]
macro_rules! journal_contract {
    ($open:path) => {
        $crate::journal_contract!(@cases $open,
            an_empty_journal_has_nothing_to_drain,
            what_was_appended_is_drained_in_order,
            every_fact_of_an_event_survives,
            a_segment_that_was_not_released_is_read_again,
            a_released_segment_is_forgotten,
            what_comes_after_sealing_is_in_a_later_segment,
            a_detached_append_is_kept,
            a_permit_is_used_up_by_its_append,
            a_permit_that_was_never_used_leaves_nothing,
            an_append_of_no_events_leaves_nothing,
            releasing_an_unknown_segment_harms_nothing,
            the_backlog_is_what_waits,
            many_at_once_lose_and_double_nothing,
        );
    };
    (@cases $open:path, $($case:ident,)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            let (_alive, journal) = $open();
            $crate::contracts::journal::$case(journal).await;
        }
    )+};
}

/// An event of which every member is filled in, told apart by `number`.
#[must_use]
pub fn sample_event(number: u128) -> UsageEvent {
    UsageEvent {
        id: AttemptId(Uuid::from_u128(number)),
        call: CallId(Uuid::from_u128(number << 64)),
        attempt: 2,
        is_final: true,
        request_id: format!("req-{number}"),
        at: Timestamp(1_795_161_600_000),
        key: Some(VirtualKeyId(7)),
        dialect: "openai-chat".to_owned(),
        requested_model: "fast \"é\u{1F600}\n".to_owned(),
        route: Some("fast".to_owned()),
        provider: ProviderId(3),
        provider_name: "acme".to_owned(),
        model: "gpt-4o-mini".to_owned(),
        stream: true,
        simulated: true,
        outcome: Outcome::Partial,
        status: Some(200),
        fault: Some("idle_timeout".to_owned()),
        usage: TokenUsage { input: u64::MAX, output: 17, ..TokenUsage::default() },
        usage_source: UsageSource::Counted,
        service_tier: Some("priority".to_owned()),
        user: Some(UserId(9)),
        credential: Some(CredentialSource::Key),
        address: Some("/chat/completions".to_owned()),
        target: Some(TargetId(5)),
        rule: Some("cheapest".into()),
        passed_over: vec![PassedTarget { target: "acme/tiny".to_owned(), reason: "lacks_tools".into() }],
        cost: Some(NanoUsd(i64::MAX)),
        price_version: Some("2026-11-01".to_owned()),
        lines: vec![LineItem { kind: TokenKind::Output, tokens: 17, price: PricePerMillion(600_000_000) }],
        dropped: Some("logit_bias".to_owned()),
        first_content_ms: Some(120),
        duration_ms: 4_321,
    }
}

/// See the name.
pub async fn an_empty_journal_has_nothing_to_drain(journal: Arc<dyn Journal>) {
    assert_eq!(journal.sealed().await.unwrap(), None);
    assert_eq!(journal.backlog(), 0);
    assert!(journal.is_writable());
}

/// See the name.
pub async fn what_was_appended_is_drained_in_order(journal: Arc<dyn Journal>) {
    append(&*journal, vec![sample_event(1), sample_event(2)]).await;
    append(&*journal, vec![sample_event(3)]).await;
    let segment = journal.sealed().await.unwrap().unwrap();
    assert_eq!(segment.events, [sample_event(1), sample_event(2), sample_event(3)]);
    assert_eq!(segment.damaged, 0);
}

/// See the name.
pub async fn every_fact_of_an_event_survives(journal: Arc<dyn Journal>) {
    let bare = UsageEvent {
        key: None,
        route: None,
        status: None,
        fault: None,
        cost: None,
        price_version: None,
        lines: Vec::new(),
        dropped: None,
        first_content_ms: None,
        target: None,
        rule: None,
        passed_over: Vec::new(),
        usage_source: UsageSource::None,
        ..sample_event(9)
    };
    append(&*journal, vec![bare.clone()]).await;
    append(&*journal, vec![sample_event(10)]).await;
    let segment = journal.sealed().await.unwrap().unwrap();
    assert_eq!(segment.events, [bare, sample_event(10)]);
}

/// See the name.
pub async fn a_segment_that_was_not_released_is_read_again(journal: Arc<dyn Journal>) {
    append(&*journal, vec![sample_event(1)]).await;
    let first = journal.sealed().await.unwrap().unwrap();
    assert!(first.is_last);
    append(&*journal, vec![sample_event(2)]).await;
    let again = journal.sealed().await.unwrap().unwrap();
    assert!(!again.is_last, "something waits behind it by now");
    assert_eq!((&again.id, &again.events, again.damaged), (&first.id, &first.events, 0));
    journal.release(&again.id).await.unwrap();
    assert!(journal.sealed().await.unwrap().unwrap().is_last);
}

/// See the name.
pub async fn a_released_segment_is_forgotten(journal: Arc<dyn Journal>) {
    append(&*journal, vec![sample_event(1)]).await;
    let segment = journal.sealed().await.unwrap().unwrap();
    journal.release(&segment.id).await.unwrap();
    assert_eq!(journal.sealed().await.unwrap(), None);
    journal.release(&segment.id).await.unwrap();
}

/// See the name.
pub async fn what_comes_after_sealing_is_in_a_later_segment(journal: Arc<dyn Journal>) {
    append(&*journal, vec![sample_event(1)]).await;
    let first = journal.sealed().await.unwrap().unwrap();
    append(&*journal, vec![sample_event(2)]).await;
    journal.release(&first.id).await.unwrap();
    let second = journal.sealed().await.unwrap().unwrap();
    assert_ne!(second.id, first.id);
    assert_eq!((first.events, second.events), (vec![sample_event(1)], vec![sample_event(2)]));
}

/// See the name.
pub async fn a_detached_append_is_kept(journal: Arc<dyn Journal>) {
    let mut permit = journal.reserve().unwrap();
    permit.append_detached(vec![sample_event(1)]);
    drop(permit);
    let drained = drain(&*journal).await;
    assert_eq!(drained, [sample_event(1)]);
}

/// See the name.
pub async fn a_permit_is_used_up_by_its_append(journal: Arc<dyn Journal>) {
    let mut permit = journal.reserve().unwrap();
    permit.append(&[sample_event(1)]).await.unwrap();
    permit.append(&[sample_event(2)]).await.unwrap_err();
    permit.append_detached(vec![sample_event(3)]);
    drop(permit);
    assert_eq!(drain(&*journal).await, [sample_event(1)]);
}

/// See the name.
pub async fn a_permit_that_was_never_used_leaves_nothing(journal: Arc<dyn Journal>) {
    drop(journal.reserve().unwrap());
    assert_eq!(journal.sealed().await.unwrap(), None);
}

/// See the name.
pub async fn an_append_of_no_events_leaves_nothing(journal: Arc<dyn Journal>) {
    append(&*journal, Vec::new()).await;
    journal.reserve().unwrap().append_detached(Vec::new());
    assert_eq!(journal.sealed().await.unwrap(), None);
    assert_eq!(journal.backlog(), 0);
}

/// See the name.
pub async fn releasing_an_unknown_segment_harms_nothing(journal: Arc<dyn Journal>) {
    append(&*journal, vec![sample_event(1)]).await;
    for unknown in ["", "nonsense", "../000000000001", "000000999999"] {
        journal.release(unknown).await.unwrap();
    }
    assert_eq!(drain(&*journal).await, [sample_event(1)]);
}

/// See the name.
pub async fn the_backlog_is_what_waits(journal: Arc<dyn Journal>) {
    for number in 1..=3 {
        append(&*journal, vec![sample_event(number)]).await;
    }
    assert_eq!(journal.backlog(), 3);
    let segment = journal.sealed().await.unwrap().unwrap();
    append(&*journal, vec![sample_event(4)]).await;
    assert_eq!(journal.backlog(), 4);
    journal.release(&segment.id).await.unwrap();
    assert_eq!(journal.backlog(), 1);
    assert_eq!(drain(&*journal).await, [sample_event(4)]);
    assert_eq!(journal.backlog(), 0);
}

/// See the name.
pub async fn many_at_once_lose_and_double_nothing(journal: Arc<dyn Journal>) {
    const WRITERS: u128 = 16;
    const CALLS: u128 = 200;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let journal = Arc::clone(&journal);
        writers.spawn(async move {
            for call in 0..CALLS {
                let event = sample_event(writer * CALLS + call);
                if call % 3 == 0 {
                    journal.reserve().unwrap().append_detached(vec![event]);
                } else {
                    append(&*journal, vec![event]).await;
                }
            }
        });
    }
    let mut drained = Vec::new();
    while let Some(ended) = writers.try_join_next() {
        ended.unwrap();
    }
    while !writers.is_empty() {
        drained.extend(drain(&*journal).await);
        tokio::task::yield_now().await;
        while let Some(ended) = writers.try_join_next() {
            ended.unwrap();
        }
    }
    drained.extend(drain(&*journal).await);
    let ids: BTreeSet<_> = drained.iter().map(|event| event.id).collect();
    assert_eq!(drained.len(), ids.len(), "doubled");
    assert_eq!(ids, (0..WRITERS * CALLS).map(|number| sample_event(number).id).collect(), "lost");
}

/// Appends under a permit of its own.
async fn append(journal: &dyn Journal, events: Vec<UsageEvent>) {
    journal.reserve().unwrap().append(&events).await.unwrap();
}

/// Everything that waits, in order.
async fn drain(journal: &dyn Journal) -> Vec<UsageEvent> {
    let mut drained = Vec::new();
    while let Some(segment) = journal.sealed().await.unwrap() {
        assert_eq!(segment.damaged, 0);
        drained.extend(segment.events);
        journal.release(&segment.id).await.unwrap();
    }
    drained
}
