//! Tries by scope, which many processes count together.

use super::limiter::ANSWER;
use super::line::{Again, Asker, head};
use super::programs;
use crate::memory::MemoryThrottle;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use switchyard_ports::clock::Clock;
use switchyard_ports::limiter::SharedStore;
use switchyard_ports::throttle::{Rate, Throttle};

/// The most scopes of a kind that are kept.
const MOST_SCOPES: usize = 50_000;

/// Tries that many processes count together; see the port for the contract. While Redis is away each process counts for itself, by its
/// share of the rate, one try at least: nobody is locked out by an outage.
pub struct RedisThrottle {
    asker: Asker,
    own: MemoryThrottle,
    store: Arc<dyn SharedStore>,
    processes: u32,
    /// The time to go by; absent: the server's.
    clock: Option<Arc<dyn Clock>>,
    most: usize,
}

impl RedisThrottle {
    pub(super) fn new(
        asker: Asker,
        own: MemoryThrottle,
        store: Arc<dyn SharedStore>,
        processes: u32,
    ) -> Self {
        Self { asker, own, store, processes, clock: None, most: MOST_SCOPES }
    }

    /// The same by the time of a clock, which a test moves.
    #[must_use]
    pub fn by_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// The same, keeping at most so many scopes of a kind.
    #[must_use]
    pub fn keeping(self, scopes: usize) -> Self {
        Self { most: scopes.max(1), ..self }
    }

    async fn ask(&self, scope: &str, rate: Rate) -> Option<Result<(), Duration>> {
        let mut arguments = head(self.clock.as_deref());
        arguments.push("take");
        arguments.push(scope);
        arguments.push(rate.count);
        arguments.push(rate.window.as_micros());
        arguments.push(self.most);
        // A try is asked for once: what became of the question is not known where there is no answer.
        let awaited = self.asker.ask(&programs::TRY, arguments, Again::Counts).ok()?;
        let mut answer = tokio::time::timeout(ANSWER, awaited.answer()).await.ok()?.ok()?;
        match answer.word() {
            "taken" => Some(Ok(())),
            "used_up" => Some(Err(Duration::from_micros(answer.number()?))),
            _ => None,
        }
    }

    fn say(&self, verb: &str, scope: &str, again: Again) {
        let mut arguments = head(self.clock.as_deref());
        arguments.push(verb);
        arguments.push(scope);
        self.asker.say(&programs::TRY, arguments, again);
    }
}

#[async_trait]
impl Throttle for RedisThrottle {
    async fn take(&self, scope: &str, rate: Rate) -> Result<(), Duration> {
        if let Some(answer) = self.ask(scope, rate).await {
            return answer;
        }
        let share = rate.count / self.processes.max(self.store.processes()).max(1);
        self.own.take(scope, Rate { count: share.max(1), ..rate }).await
    }

    fn give_back(&self, scope: &str) {
        self.own.give_back(scope);
        self.say("give_back", scope, Again::Counts);
    }

    async fn forget(&self, scope: &str) {
        self.own.forget(scope).await;
        self.say("forget", scope, Again::Harmless);
    }
}
