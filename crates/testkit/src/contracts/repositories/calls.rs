//! Calls one by one, the newest first.

#![expect(clippy::unwrap_used, reason = "a suite fails by panicking")]

use super::samples::{AT, sample_event, unique};
use switchyard_domain::chat::UsageSource;
use switchyard_domain::ids::{AttemptId, UserId};
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::{CallCursor, CallFilter, CallRecord, Outcome, UsageEvent};
use switchyard_ports::repositories::UsageRepository;
use uuid::Uuid;

/// What every usage repository does with calls.
pub(super) async fn contract(repository: &dyn UsageRepository) {
    calls_come_newest_first_and_page_by_page(repository).await;
    a_call_has_its_attempts_and_is_counted_by_the_last(repository).await;
    a_listing_leaves_out_what_it_does_not_mean(repository).await;
}

/// A person whom no other case has.
fn lone_user() -> UserId {
    UserId(1_000_000_000 + i64::try_from(unique()).unwrap())
}

fn event(user: UserId, at: i64) -> UsageEvent {
    UsageEvent { user: Some(user), ..sample_event(None, Timestamp(AT.0 + at)) }
}

fn of(user: UserId) -> CallFilter {
    CallFilter { user: Some(user), ..CallFilter::default() }
}

fn ids(calls: &[CallRecord]) -> Vec<AttemptId> {
    calls.iter().map(|call| call.last.id).collect()
}

async fn calls_come_newest_first_and_page_by_page(repository: &dyn UsageRepository) {
    let user = lone_user();
    // Three of one moment, which their ids put in order.
    let events = [event(user, 0), event(user, 5), event(user, 5), event(user, 5), event(user, 9)];
    repository.record(&events).await.unwrap();
    let mut expected: Vec<AttemptId> = events.iter().map(|event| event.id).collect();
    expected.reverse();
    let all = repository.calls(&of(user), None, 100).await.unwrap();
    assert_eq!(ids(&all), expected);
    assert!(all.iter().all(|call| call.earlier.is_empty()));
    assert_eq!(all.first().unwrap().last, events[4], "a call reads back as it was recorded");
    let (mut paged, mut after) = (Vec::new(), None::<CallCursor>);
    loop {
        let page = repository.calls(&of(user), after, 2).await.unwrap();
        let Some(end) = page.last() else { break };
        after = Some(end.cursor());
        paged.extend(ids(&page));
    }
    assert_eq!(paged, expected, "no call is left out or comes twice");
    assert_eq!(repository.calls(&of(lone_user()), None, 100).await.unwrap(), []);
    assert_eq!(repository.calls(&of(user), None, 0).await.unwrap(), []);
}

async fn a_call_has_its_attempts_and_is_counted_by_the_last(repository: &dyn UsageRepository) {
    let user = lone_user();
    let last = UsageEvent { attempt: 3, ..event(user, 30) };
    let earlier = |attempt: u32, outcome| UsageEvent {
        attempt,
        outcome,
        call: last.call,
        request_id: last.request_id.clone(),
        is_final: false,
        ..event(user, i64::from(attempt))
    };
    let unused = UsageEvent {
        usage_source: UsageSource::None,
        cost: None,
        price_version: None,
        lines: Vec::new(),
        ..earlier(1, Outcome::TimedOut)
    };
    let wasted = earlier(2, Outcome::Failed);
    // Another call of the same request id, which clients may choose.
    let namesake = UsageEvent { request_id: last.request_id.clone(), ..event(user, 31) };
    repository.record(&[last.clone(), wasted.clone(), namesake.clone(), unused.clone()]).await.unwrap();
    let listed = repository.calls(&of(user), None, 10).await.unwrap();
    let alone = CallRecord { earlier: Vec::new(), last: namesake };
    let whole = CallRecord { earlier: vec![unused, wasted.clone()], last };
    assert_eq!(listed, [alone, whole.clone()]);
    assert_eq!(whole.cost(), Some(NanoUsd(2_000)), "what was wasted on the way is paid too");
    assert_eq!(repository.call(whole.last.id).await.unwrap(), Some(whole));
    assert_eq!(repository.call(wasted.id).await.unwrap(), None, "a call is known by its last attempt");
    assert_eq!(repository.call(AttemptId(Uuid::from_u128(7))).await.unwrap(), None);
    let of_request = CallFilter { request_id: Some(wasted.request_id), ..CallFilter::default() };
    assert_eq!(repository.calls(&of_request, None, 10).await.unwrap(), listed);
}

async fn a_listing_leaves_out_what_it_does_not_mean(repository: &dyn UsageRepository) {
    let user = lone_user();
    let key = switchyard_domain::ids::VirtualKeyId(user.0);
    let plain = event(user, 0);
    let keyed = UsageEvent { key: Some(key), ..event(user, 1) };
    let routeless = UsageEvent { route: None, ..event(user, 2) };
    let elsewhere =
        UsageEvent { provider_name: "o'zeta".to_owned(), model: "small".to_owned(), ..event(user, 3) };
    let failed = UsageEvent { outcome: Outcome::Failed, ..event(user, 4) };
    let simulated = UsageEvent { simulated: true, ..event(user, 5) };
    let all = [&plain, &keyed, &routeless, &elsewhere, &failed, &simulated];
    repository.record(&all.map(Clone::clone)).await.unwrap();
    let mine = || of(user);
    let at = |later: i64| Some(Timestamp(AT.0 + later));
    let cases = [
        (mine(), all.to_vec()),
        (CallFilter { key: Some(key), ..mine() }, vec![&keyed]),
        (CallFilter { key: Some(key), ..CallFilter::default() }, vec![&keyed]),
        (
            CallFilter { route: Some("fast".to_owned()), from: at(2), ..mine() },
            vec![&elsewhere, &failed, &simulated],
        ),
        (CallFilter { provider: Some("o'zeta".to_owned()), ..mine() }, vec![&elsewhere]),
        (CallFilter { model: Some("small".to_owned()), ..mine() }, vec![&elsewhere]),
        (CallFilter { model: Some("small' OR 1=1 --".to_owned()), ..mine() }, vec![]),
        (CallFilter { outcome: Some(Outcome::Failed), ..mine() }, vec![&failed]),
        (CallFilter { without_simulated: true, from: at(4), ..mine() }, vec![&failed]),
        (CallFilter { from: at(1), to: at(3), ..mine() }, vec![&keyed, &routeless]),
        (CallFilter { from: at(3), to: at(3), ..mine() }, vec![]),
        (CallFilter { request_id: Some(plain.request_id.clone()), ..mine() }, vec![&plain]),
    ];
    for (filter, expected) in cases {
        let found = repository.calls(&filter, None, 100).await.unwrap();
        let expected: Vec<AttemptId> = expected.into_iter().rev().map(|event| event.id).collect();
        assert_eq!(ids(&found), expected, "{filter:?}");
    }
}
