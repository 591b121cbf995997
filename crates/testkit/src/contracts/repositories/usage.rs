//! Usage events, the ledger and the daily sums.

#![expect(clippy::unwrap_used, reason = "a suite fails by panicking")]

use super::groups;
use super::samples::{AT, sample_event, unique};
use futures_util::future::join_all;
use switchyard_domain::budget::Span;
use switchyard_domain::chat::{TokenUsage, Units, UsageSource};
use switchyard_domain::ids::{TargetId, UserId, VirtualKeyId};
use switchyard_domain::money::{NanoUsd, PricePerMillion};
use switchyard_domain::price::{LineItem, TokenKind};
use switchyard_domain::provider::CredentialSource;
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::{
    GroupBy, LedgerProblem, Outcome, UsageEvent, UsageFilter, UsageRow, UsageSums,
};
use switchyard_ports::repositories::{Recorded, UsageRepository, VirtualKeyRepository};

pub(super) const DAY_MS: i64 = 86_400_000;

/// What every usage repository does. `keys` works on the same database.
pub async fn usage_contract(repository: &dyn UsageRepository, keys: &dyn VirtualKeyRepository) {
    an_event_reads_back_as_it_was_written(repository).await;
    events_of_a_request_come_oldest_first(repository).await;
    an_event_counts_once_however_often_it_comes(repository).await;
    nothing_to_record_is_no_fault(repository).await;
    attempts_calls_and_unknown_prices_are_told_apart(repository).await;
    events_of_one_batch_keep_what_each_has(repository).await;
    groups::sums_group_by_everything(repository, keys).await;
    a_filter_leaves_out_what_it_does_not_name(repository).await;
    a_persons_sums_are_those_of_their_events(repository).await;
    a_large_batch_is_recorded_whole(repository).await;
    writers_at_once_count_everything_once(repository).await;
    super::days::the_requests_of_a_day_are_those_that_came_to_something(repository).await;
    super::calls::contract(repository).await;
    super::refused_calls::refused_calls_are_kept_as_far_as_there_is_room(repository).await;
    the_books_agree(repository).await;
}

/// What becomes of numbers that no honest provider gives. Takes a repository of its own, since its books can't agree afterwards.
pub async fn absurd_usage_contract(repository: &dyn UsageRepository) {
    an_absurd_event_does_not_block_the_others(repository).await;
    absurd_sums_do_not_keep_the_report_from_the_others(repository).await;
    an_absurd_event_counts_alike_in_whole_days_and_in_parts_of_them(repository).await;
    an_absurd_event_is_named_when_the_books_are_proved(repository).await;
}

/// A key that no other case uses; usage may name keys that do not exist.
pub(super) fn lone_key() -> VirtualKeyId {
    VirtualKeyId(1_000_000_000 + i64::try_from(unique()).unwrap())
}

pub(super) async fn rows(
    repository: &dyn UsageRepository,
    key: VirtualKeyId,
    group_by: GroupBy,
) -> Vec<UsageRow> {
    let filter = UsageFilter { key: Some(key), include_simulated: true, ..UsageFilter::default() };
    repository.report(filter, group_by).await.unwrap()
}

async fn whole(repository: &dyn UsageRepository, key: VirtualKeyId) -> UsageSums {
    let rows = rows(repository, key, GroupBy::Key).await;
    rows.first().map(|row| row.sums).unwrap_or_default()
}

pub(super) fn sums_of(count: u64) -> UsageSums {
    UsageSums {
        calls: count,
        attempts: count,
        input_tokens: 100 * count,
        output_tokens: 10 * count,
        cost: NanoUsd(1_000 * i64::try_from(count).unwrap()),
        unpriced: 0,
    }
}

async fn an_event_reads_back_as_it_was_written(repository: &dyn UsageRepository) {
    let plain = sample_event(Some(lone_key()), AT);
    let full = UsageEvent {
        attempt: 2,
        is_final: false,
        stream: true,
        simulated: true,
        fault: Some("idle_timeout".to_owned()),
        outcome: Outcome::Partial,
        usage: TokenUsage {
            input: 9,
            cached_input: 1,
            cache_write: 2,
            cache_write_1h: 3,
            audio_input: 1,
            image_input: 1,
            output: 8,
            reasoning: 4,
            audio_output: 1,
            image_output: 1,
            units: Units { images: 2, characters: 3, audio_seconds: 4 },
        },
        usage_source: UsageSource::Partial,
        service_tier: Some("flex\u{1F600}".to_owned()),
        credential: Some(CredentialSource::User),
        address: Some("/chat/completions".to_owned()),
        target: Some(TargetId(i64::MAX)),
        lines: vec![LineItem { kind: TokenKind::Output, tokens: 10, price: PricePerMillion(100_000_000) }],
        dropped: Some("logit_bias, seed \"é\u{1F600}".to_owned()),
        ..sample_event(Some(lone_key()), AT)
    };
    let bare = UsageEvent {
        key: None,
        route: None,
        status: None,
        usage: TokenUsage::default(),
        usage_source: UsageSource::None,
        outcome: Outcome::Failed,
        cost: None,
        price_version: None,
        lines: Vec::new(),
        first_content_ms: None,
        ..sample_event(None, AT)
    };
    for event in [plain, full, bare] {
        let outcome = repository.record(std::slice::from_ref(&event)).await.unwrap();
        assert_eq!(outcome, Recorded { inserted: 1, known: 0 });
        assert_eq!(repository.events_of(&event.request_id).await.unwrap(), [event]);
    }
    assert_eq!(repository.events_of("never seen").await.unwrap(), []);
}

async fn an_absurd_event_does_not_block_the_others(repository: &dyn UsageRepository) {
    let key = lone_key();
    let absurd = || UsageEvent {
        usage: TokenUsage { input: u64::MAX, output: u64::MAX, ..TokenUsage::default() },
        cost: Some(NanoUsd(i64::MAX)),
        request_id: format!("nul\0{}", unique()),
        requested_model: "'; DROP TABLE usage_events; --".to_owned(),
        ..sample_event(Some(key), AT)
    };
    let first = absurd();
    repository.record(&[first.clone(), absurd(), absurd()]).await.unwrap();
    repository.record(&[absurd()]).await.unwrap();
    let stored = repository.events_of(&first.request_id).await.unwrap();
    let stored = stored.first().unwrap();
    assert_eq!((stored.id, stored.usage, stored.cost), (first.id, first.usage, first.cost));
    assert_eq!(stored.requested_model, first.requested_model);
    let sums = whole(repository, key).await;
    assert_eq!((sums.attempts, sums.calls), (4, 4));
    assert!(sums.cost.0 > i64::MAX / 4, "a sum that can't grow stands still instead of wrapping: {sums:?}");
}

async fn absurd_sums_do_not_keep_the_report_from_the_others(repository: &dyn UsageRepository) {
    let key = lone_key();
    let absurd = |model: &str| UsageEvent {
        usage: TokenUsage { input: u64::MAX, output: u64::MAX, ..TokenUsage::default() },
        cost: Some(NanoUsd(i64::MAX)),
        model: model.to_owned(),
        ..sample_event(Some(key), AT)
    };
    let lines = ["a", "b", "c", "d"].map(absurd);
    repository.record(&[lines.as_slice(), &[sample_event(Some(key), AT)]].concat()).await.unwrap();
    let sums = whole(repository, key).await;
    assert_eq!((sums.calls, sums.cost), (5, NanoUsd(i64::MAX)), "held at the end of the range");
    assert_eq!(sums.input_tokens, i64::MAX.unsigned_abs());
    let by_model = rows(repository, key, GroupBy::Model).await;
    assert!(by_model.iter().any(|row| row.group == "acme/large" && row.sums.cost == NanoUsd(1_000)));
}

async fn an_absurd_event_counts_alike_in_whole_days_and_in_parts_of_them(repository: &dyn UsageRepository) {
    let key = lone_key();
    // Five million dollars.
    let cost = NanoUsd(5_000_000_000_000_000);
    let event = UsageEvent { cost: Some(cost), ..sample_event(Some(key), AT) };
    repository.record(&[event, sample_event(Some(key), AT)]).await.unwrap();
    let day = AT.day();
    for (start, end) in [
        (day.start(), day.next().start()),
        (Timestamp(day.start().0 + 1), day.next().start()),
        (AT, Timestamp(AT.0 + 1)),
        (AT, Timestamp(AT.0 + 3_600_000)),
    ] {
        let span = Span { start, end };
        let spent = repository.spent(QuotaScope::Key(key), span).await.unwrap();
        assert_eq!(spent, NanoUsd(cost.0 + 1_000), "{span:?}");
        let by_keys = repository.spent_by_keys(&[key], span).await.unwrap();
        assert_eq!(by_keys.get(&key), Some(&spent), "{span:?}");
    }
    let more = UsageEvent { cost: Some(NanoUsd(i64::MAX)), ..sample_event(Some(key), AT) };
    let far =
        UsageEvent { cost: Some(NanoUsd(i64::MAX)), ..sample_event(Some(key), Timestamp(AT.0 + 86_400_000)) };
    repository.record(&[more, far]).await.unwrap();
    let spent = repository.spent(QuotaScope::Key(key), Span::ENDLESS).await.unwrap();
    assert!(spent.0 > i64::MAX / 2, "a sum that can't grow stands still instead of wrapping: {spent}");
}

async fn an_absurd_event_is_named_when_the_books_are_proved(repository: &dyn UsageRepository) {
    let event = UsageEvent { cost: Some(NanoUsd(i64::MAX)), ..sample_event(Some(lone_key()), AT) };
    repository.record(std::slice::from_ref(&event)).await.unwrap();
    let check = repository.verify().await.unwrap();
    let place = event.id.to_string();
    let named = |problem: &&LedgerProblem| problem.place.contains(&place);
    let problem = check.problems.iter().find(named).unwrap();
    assert!(problem.difference.contains(&i64::MAX.to_string()), "{problem:?}");
}

async fn events_of_a_request_come_oldest_first(repository: &dyn UsageRepository) {
    let key = lone_key();
    let first = sample_event(Some(key), AT);
    let attempt = |attempt, later| UsageEvent {
        call: first.call,
        attempt,
        request_id: first.request_id.clone(),
        at: Timestamp(AT.0 + later),
        ..sample_event(Some(key), AT)
    };
    let (second, third) = (attempt(2, 0), attempt(3, 10));
    repository.record(&[third.clone(), first.clone(), second.clone()]).await.unwrap();
    let request = first.request_id.clone();
    assert_eq!(repository.events_of(&request).await.unwrap(), [first, second, third]);
}

async fn an_event_counts_once_however_often_it_comes(repository: &dyn UsageRepository) {
    let key = lone_key();
    let [a, b, c] = [0, 1, 2].map(|later| sample_event(Some(key), Timestamp(AT.0 + later)));
    let outcome = repository.record(&[a.clone(), b.clone(), a.clone()]).await.unwrap();
    assert_eq!(outcome, Recorded { inserted: 2, known: 1 });
    let outcome = repository.record(&[b.clone(), c, a]).await.unwrap();
    assert_eq!(outcome, Recorded { inserted: 1, known: 2 });
    let changed = UsageEvent { cost: Some(NanoUsd(5)), ..b.clone() };
    let outcome = repository.record(&[changed]).await.unwrap();
    assert_eq!(outcome, Recorded { inserted: 0, known: 1 }, "what is written stays as it was first written");
    assert_eq!(repository.events_of(&b.request_id).await.unwrap(), [b]);
    assert_eq!(whole(repository, key).await, sums_of(3));
}

async fn nothing_to_record_is_no_fault(repository: &dyn UsageRepository) {
    assert_eq!(repository.record(&[]).await.unwrap(), Recorded::default());
}

async fn attempts_calls_and_unknown_prices_are_told_apart(repository: &dyn UsageRepository) {
    let key = lone_key();
    let event = || sample_event(Some(key), AT);
    let failed = UsageEvent {
        is_final: false,
        outcome: Outcome::TimedOut,
        usage: TokenUsage::default(),
        usage_source: UsageSource::None,
        cost: None,
        lines: Vec::new(),
        ..event()
    };
    let unpriced = UsageEvent { cost: None, price_version: None, lines: Vec::new(), ..event() };
    let free = UsageEvent { cost: Some(NanoUsd(0)), ..event() };
    repository.record(&[failed, unpriced, free, event()]).await.unwrap();
    let expected = UsageSums {
        calls: 3,
        attempts: 4,
        input_tokens: 300,
        output_tokens: 30,
        cost: NanoUsd(1_000),
        unpriced: 1,
    };
    assert_eq!(whole(repository, key).await, expected);
    let by_status = rows(repository, key, GroupBy::Status).await;
    let groups: Vec<_> = by_status.iter().map(|row| (row.group.as_str(), row.sums.attempts)).collect();
    assert_eq!(groups, [("complete", 3), ("timed_out", 1)]);
}

async fn a_filter_leaves_out_what_it_does_not_name(repository: &dyn UsageRepository) {
    let key = lone_key();
    // Days of its own, so that the count over all keys is this case's.
    let noon = Timestamp(DAY_MS / 2 + DAY_MS * 10_000);
    let at = |days: i64| Timestamp(noon.0 + days * DAY_MS);
    let simulated = UsageEvent { simulated: true, ..sample_event(Some(key), at(1)) };
    let keyless = sample_event(None, at(1));
    let events = [
        sample_event(Some(key), at(0)),
        sample_event(Some(key), at(1)),
        simulated,
        keyless,
        sample_event(Some(key), at(2)),
    ];
    repository.record(&events).await.unwrap();
    let midnight = |days| Some(at(days).day().start());
    let count = async |filter: UsageFilter| -> u64 {
        let rows = repository.report(filter, GroupBy::Day).await.unwrap();
        rows.iter().map(|row| row.sums.calls).sum()
    };
    let all =
        UsageFilter { from: midnight(0), to: midnight(3), include_simulated: true, ..UsageFilter::default() };
    assert_eq!(count(all).await, 5);
    assert_eq!(count(UsageFilter { include_simulated: false, ..all }).await, 4);
    assert_eq!(count(UsageFilter { key: Some(key), ..all }).await, 4);
    assert_eq!(count(UsageFilter { from: midnight(1), ..all }).await, 4);
    assert_eq!(count(UsageFilter { to: midnight(2), ..all }).await, 4);
    assert_eq!(count(UsageFilter { from: midnight(2), to: midnight(1), ..all }).await, 0);
    assert_eq!(count(UsageFilter { from: midnight(1), to: midnight(1), ..all }).await, 0);
    // Times that are no whole days.
    assert_eq!(count(UsageFilter { from: Some(at(1)), ..all }).await, 4);
    assert_eq!(count(UsageFilter { from: Some(Timestamp(at(1).0 + 1)), ..all }).await, 1);
    assert_eq!(count(UsageFilter { to: Some(at(1)), include_simulated: false, ..all }).await, 1);
    assert_eq!(count(UsageFilter { from: Some(at(1)), to: Some(at(2)), key: Some(key), ..all }).await, 2);
    let by_key = repository.report(all, GroupBy::Key).await.unwrap();
    let groups: Vec<_> = by_key.iter().map(|row| (row.group.clone(), row.sums.calls)).collect();
    assert_eq!(groups, [(format!("#{key}"), 4), ("(no key)".to_owned(), 1)]);
}

async fn a_persons_sums_are_those_of_their_events(repository: &dyn UsageRepository) {
    let key = lone_key();
    let user = UserId(key.0);
    let mine = |at: i64| UsageEvent { user: Some(user), ..sample_event(Some(key), Timestamp(at)) };
    let midnight = AT.day().start().0 - 900 * DAY_MS;
    let wasted = UsageEvent { is_final: false, outcome: Outcome::Failed, ..mine(midnight) };
    let unused = UsageEvent {
        is_final: false,
        usage: TokenUsage::default(),
        usage_source: UsageSource::None,
        cost: None,
        lines: Vec::new(),
        ..mine(midnight)
    };
    let unpriced = UsageEvent { cost: None, route: None, ..mine(midnight + DAY_MS - 1) };
    let others = UsageEvent { user: Some(UserId(user.0 + 1)), ..mine(midnight) };
    let nobodys = sample_event(Some(key), Timestamp(midnight));
    let events = [mine(midnight), wasted, unused, unpriced, mine(midnight + DAY_MS), others, nobodys];
    repository.record(&events).await.unwrap();
    let filter = UsageFilter { user: Some(user), ..UsageFilter::default() };
    let total = UsageSums {
        calls: 3,
        attempts: 5,
        input_tokens: 400,
        output_tokens: 40,
        cost: NanoUsd(3_000),
        unpriced: 1,
    };
    let name = format!("#{user}");
    for (group_by, expected) in [
        (GroupBy::User, vec![(name.as_str(), 3)]),
        (GroupBy::Key, vec![(name.as_str(), 3)]),
        (GroupBy::Day, vec![("2024-06-03", 2), ("2024-06-04", 1)]),
        (GroupBy::Model, vec![("acme/large", 3)]),
        (GroupBy::Provider, vec![("acme", 3)]),
        (GroupBy::Route, vec![("(no route)", 1), ("fast", 2)]),
        (GroupBy::Status, vec![("complete", 3), ("failed", 0)]),
    ] {
        let rows = repository.report(filter, group_by).await.unwrap();
        let calls: Vec<_> = rows.iter().map(|row| (row.group.as_str(), row.sums.calls)).collect();
        assert_eq!(calls, expected, "{group_by:?}");
        let sum = rows.iter().fold(UsageSums::default(), |sum, row| sum.plus(row.sums));
        assert_eq!(sum, total, "{group_by:?}");
        // The same for a time that is no whole day.
        let since = UsageFilter { from: Some(Timestamp(midnight - 1)), ..filter };
        assert_eq!(repository.report(since, group_by).await.unwrap(), rows, "{group_by:?}");
    }
    let of_key = UsageFilter { key: Some(key), ..UsageFilter::default() };
    let by_user = repository.report(of_key, GroupBy::User).await.unwrap();
    let groups: Vec<_> = by_user.iter().map(|row| (row.group.clone(), row.sums.calls)).collect();
    assert_eq!(groups, [(name, 3), (format!("#{}", user.0 + 1), 1), ("(no user)".to_owned(), 1)]);
}

async fn a_large_batch_is_recorded_whole(repository: &dyn UsageRepository) {
    let key = lone_key();
    let events: Vec<_> = (0..3_001)
        .map(|number| UsageEvent { model: format!("m{}", number % 1_500), ..sample_event(Some(key), AT) })
        .collect();
    let outcome = repository.record(&events).await.unwrap();
    assert_eq!(outcome, Recorded { inserted: 3_001, known: 0 });
    assert_eq!(whole(repository, key).await, sums_of(3_001));
    assert_eq!(rows(repository, key, GroupBy::Model).await.len(), 1_500);
}

async fn events_of_one_batch_keep_what_each_has(repository: &dyn UsageRepository) {
    let key = lone_key();
    // Few kinds of many each, and now and then another.
    let events: Vec<_> = (0..300_u64)
        .map(|number| UsageEvent {
            route: (number % 3 != 0).then(|| "fast".to_owned()),
            model: format!("m{}", number % 2),
            fault: (number % 50 == 7).then(|| format!("fault{number}")),
            usage: TokenUsage { input: number, cached_input: number % 2, ..TokenUsage::default() },
            cost: (number % 13 != 0).then_some(NanoUsd(number as i64)),
            first_content_ms: (number % 4 != 0).then_some(number),
            duration_ms: 1_000 + number,
            ..sample_event(Some(key), AT)
        })
        .collect();
    repository.record(&events).await.unwrap();
    for event in events {
        assert_eq!(repository.events_of(&event.request_id).await.unwrap(), [event]);
    }
}

async fn writers_at_once_count_everything_once(repository: &dyn UsageRepository) {
    let key = lone_key();
    let events: Vec<UsageEvent> = (0..400)
        .map(|number| UsageEvent { model: format!("m{}", number % 7), ..sample_event(Some(key), AT) })
        .collect();
    // Every event comes from two writers, in opposite orders.
    let mut backwards = events.clone();
    backwards.reverse();
    let batches = events.chunks(50).chain(backwards.chunks(80));
    let outcomes = join_all(batches.map(|batch| repository.record(batch))).await;
    let inserted: u64 = outcomes.into_iter().map(|outcome| outcome.unwrap().inserted).sum();
    assert_eq!(inserted, 400);
    assert_eq!(whole(repository, key).await, sums_of(400));
}

async fn the_books_agree(repository: &dyn UsageRepository) {
    let before = repository.verify().await.unwrap();
    let event = sample_event(Some(lone_key()), Timestamp(AT.0 - 400 * DAY_MS));
    let unused = UsageEvent { usage_source: UsageSource::None, cost: None, ..sample_event(None, AT) };
    repository.record(&[event, unused]).await.unwrap();
    let check = repository.verify().await.unwrap();
    assert_eq!((check.events, check.entries), (before.events + 2, before.entries + 1));
    assert_eq!(check.total.0 - before.total.0, 1_000);
    assert_eq!(check.problems, []);
}
