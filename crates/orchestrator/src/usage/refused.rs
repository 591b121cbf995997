//! Calls that were refused, on their way to where people read of them. They are no usage: what is more than there is room for, or can't
//! be written, is left out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use switchyard_domain::usage::RefusedCall;
use switchyard_ports::clock::Clock;
use switchyard_ports::repositories::UsageRepository;
use tokio_util::sync::CancellationToken;

/// How long they wait to be written together.
const REST: Duration = Duration::from_millis(500);
/// The most that are written together: those who are refused over and over are not written without end.
const MOST_AT_ONCE: usize = 200;
/// The most of one person among them, or of a key that is nobody's, so that nobody takes the others' room here.
const MOST_OF_ONE: usize = 20;
/// The most that are kept.
const KEPT: u32 = 10_000;

/// Refused calls that wait to be written.
pub struct RefusedCalls {
    repository: Arc<dyn UsageRepository>,
    clock: Arc<dyn Clock>,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    calls: Vec<RefusedCall>,
    left_out: usize,
}

impl RefusedCalls {
    /// Over the given repository.
    #[must_use]
    pub fn new(repository: Arc<dyn UsageRepository>, clock: Arc<dyn Clock>) -> Self {
        Self { repository, clock, waiting: Mutex::default() }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes one. Holds up nobody.
    pub fn note(&self, call: RefusedCall) {
        let mut waiting = self.waiting();
        let caller = |call: &RefusedCall| (call.user, call.key.filter(|_| call.user.is_none()));
        let of_caller = |known: &&RefusedCall| caller(known) == caller(&call);
        let is_full = waiting.calls.len() >= MOST_AT_ONCE;
        if is_full || waiting.calls.iter().filter(of_caller).count() >= MOST_OF_ONE {
            waiting.left_out += 1;
        } else {
            waiting.calls.push(call);
        }
    }

    /// Writes them until `stopping`, then once more.
    pub async fn run(&self, stopping: CancellationToken) {
        while !stopping.is_cancelled() {
            tokio::select! {
                () = stopping.cancelled() => {}
                () = self.clock.sleep(REST) => {}
            }
            self.write().await;
        }
    }

    /// Writes those that wait.
    pub async fn write(&self) {
        let Waiting { calls, left_out } = std::mem::take(&mut *self.waiting());
        if left_out > 0 {
            tracing::debug!(calls = left_out, "refused calls are left out of the log of calls");
        }
        if calls.is_empty() {
            return;
        }
        if let Err(error) = self.repository.record_refused(&calls, KEPT).await {
            tracing::debug!(calls = calls.len(), error = %error, "refused calls could not be written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchyard_domain::ids::{CallId, VirtualKeyId};
    use switchyard_domain::time::Timestamp;
    use switchyard_testkit::clock::ManualClock;
    use switchyard_testkit::fakes::store::MemoryStore;
    use uuid::Uuid;

    fn call(number: u128, key: i64) -> RefusedCall {
        RefusedCall {
            id: CallId(Uuid::from_u128(number)),
            at: Timestamp(1),
            request_id: String::new(),
            key: Some(VirtualKeyId(key)),
            user: None,
            address: None,
            dialect: "openai-chat".to_owned(),
            model: "m".to_owned(),
            reason: "rate_limited".to_owned(),
            duration_ms: 0,
        }
    }

    #[tokio::test]
    async fn nobody_takes_the_room_of_others_and_all_together_have_so_much() {
        let store = Arc::new(MemoryStore::default());
        let refused = RefusedCalls::new(Arc::clone(&store) as _, Arc::new(ManualClock::default()));
        for number in 0..1_000 {
            refused.note(call(number, 1));
        }
        for number in 1_000..1_900 {
            refused.note(call(number, i64::try_from(number).unwrap()));
        }
        refused.write().await;
        let written = UsageRepository::refused(&*store, None, 1_000).await.unwrap();
        let of_first = written.iter().filter(|call| call.key == Some(VirtualKeyId(1))).count();
        assert_eq!((written.len(), of_first), (200, 20));
        refused.note(call(5_000, 1));
        refused.write().await;
        assert_eq!(UsageRepository::refused(&*store, None, 1_000).await.unwrap().len(), 201);
    }
}
