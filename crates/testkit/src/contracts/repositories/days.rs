//! The requests of a day that count for limits.

#![expect(clippy::unwrap_used, reason = "a suite fails by panicking")]

use super::samples::{AT, sample_event};
use super::usage::{DAY_MS, lone_key};
use switchyard_domain::ids::{ProviderId, TargetId, UserId};
use switchyard_domain::time::{Day, Timestamp};
use switchyard_domain::usage::{Outcome, RequestsOf, UsageEvent};
use switchyard_ports::repositories::UsageRepository;

pub(super) async fn the_requests_of_a_day_are_those_that_came_to_something(repository: &dyn UsageRepository) {
    let (key, user, provider) = (lone_key(), UserId(lone_key().0), ProviderId(lone_key().0));
    let target = TargetId(lone_key().0);
    let (day, midnight) = (Timestamp(AT.0 - 900 * DAY_MS).day(), |later| {
        Timestamp(Timestamp(AT.0 - 900 * DAY_MS).day().start().0 + later)
    });
    let event = |outcome, at| UsageEvent {
        outcome,
        user: Some(user),
        provider,
        target: Some(target),
        ..sample_event(Some(key), at)
    };
    let events = [
        event(Outcome::Complete, midnight(0)),
        event(Outcome::Partial, midnight(5)),
        event(Outcome::ClientClosed, midnight(DAY_MS - 1)),
        event(Outcome::Failed, midnight(7)),
        event(Outcome::Throttled, midnight(8)),
        UsageEvent { is_final: false, ..event(Outcome::TimedOut, midnight(9)) },
        UsageEvent { target: None, ..event(Outcome::Complete, midnight(10)) },
        event(Outcome::Complete, midnight(-1)),
        event(Outcome::Complete, midnight(DAY_MS)),
    ];
    repository.record(&events).await.unwrap();
    repository.record(&events).await.unwrap();
    let of = async |day: Day, of: RequestsOf, word: String| {
        let requests = repository.requests_of_day(day, &of).await.unwrap();
        requests.into_iter().find(|(scope, _)| *scope == word).map_or(0, |(_, count)| count)
    };
    for (day, attempts, of_target, calls) in [(day, 4, 3, 6), (day.next(), 1, 1, 1)] {
        assert_eq!(of(day, RequestsOf::Targets, format!("target:{target}")).await, of_target);
        assert_eq!(of(day, RequestsOf::Models, format!("model:{provider}/large")).await, attempts);
        assert_eq!(of(day, RequestsOf::Providers, format!("provider:{provider}")).await, attempts);
        assert_eq!(of(day, RequestsOf::Users, format!("user:{user}")).await, calls);
        let keys = vec![lone_key(), key];
        assert_eq!(of(day, RequestsOf::Keys(keys), format!("key:{key}")).await, calls);
        assert!(of(day, RequestsOf::Everybody, "global".to_owned()).await >= calls);
    }
    assert_eq!(repository.requests_of_day(day, &RequestsOf::Keys(Vec::new())).await.unwrap(), []);
    assert_eq!(repository.requests_of_day(Day(-1), &RequestsOf::Targets).await.unwrap(), []);
}
