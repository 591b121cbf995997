//! Calls that were refused.

#![expect(clippy::unwrap_used, reason = "a suite fails by panicking")]

use super::samples::{AT, unique};
use switchyard_domain::ids::{CallId, UserId, VirtualKeyId};
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::RefusedCall;
use switchyard_ports::repositories::UsageRepository;
use uuid::Uuid;

/// Later than any other case's, so that nothing else counts among the newest.
const LATE: i64 = 1_000_000_000_000;

fn call(later: i64) -> RefusedCall {
    RefusedCall {
        id: CallId(Uuid::from_u128(u128::from(unique()) | u128::from(std::process::id()) << 64)),
        at: Timestamp(AT.0 + LATE + later),
        request_id: "request \u{1F600}".to_owned(),
        key: Some(VirtualKeyId(7)),
        user: Some(UserId(8)),
        address: Some("/chat/completions".to_owned()),
        dialect: "openai-chat".to_owned(),
        model: "'; DROP TABLE refused_calls; --".to_owned(),
        reason: "rate_limited".to_owned(),
        duration_ms: 3,
    }
}

/// What every repository does with refused calls.
pub(super) async fn refused_calls_are_kept_as_far_as_there_is_room(repository: &dyn UsageRepository) {
    let at = |later: i64| Timestamp(AT.0 + LATE + later);
    let listed = async |to, most| repository.refused(to, most).await.unwrap();
    let bare = RefusedCall { key: None, user: None, address: None, model: "nul\0".to_owned(), ..call(0) };
    let calls = [bare, call(1), call(2), call(2), call(3)];
    repository.record_refused(&calls, 1_000).await.unwrap();
    repository.record_refused(&calls, 1_000).await.unwrap();
    let mut found = listed(None, 10).await;
    found.retain(|call| call.at >= at(0));
    assert_eq!(found.len(), 5, "each once: {found:?}");
    assert!(found.is_sorted_by_key(|call| std::cmp::Reverse((call.at, call.id.0))), "{found:?}");
    assert_eq!((found.first(), found.get(3)), (calls.get(4), calls.get(1)), "to the letter");
    let oldest = found.last().unwrap();
    assert!(oldest.model.starts_with("nul") && oldest.key.is_none() && oldest.address.is_none());
    assert_eq!(listed(None, 2).await, found.get(..2).unwrap());
    assert_eq!(listed(Some(at(3)), 3).await, found.get(1..4).unwrap());
    let more = [call(4)];
    repository.record_refused(&more, 3).await.unwrap();
    let kept = listed(None, 100).await;
    assert_eq!(kept, [more.as_slice(), found.get(..2).unwrap()].concat(), "the newest three of all");
}
