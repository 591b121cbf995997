//! A store of idempotency keys without bounds.

use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use switchyard_ports::clock::{Clock, Monotonic};
use switchyard_ports::idempotency::{
    CLAIMED_FOR, Finish, IdempotencyStore, IdempotencyUnavailable, KEPT_FOR, NamedRequest, Standing,
};
use uuid::Uuid;

/// Remembers every name, and can be taken away.
pub struct NameBook {
    clock: Arc<dyn Clock>,
    names: Mutex<HashMap<[u8; 32], Known>>,
    away: AtomicBool,
}

struct Known {
    content: [u8; 32],
    claim: Uuid,
    finish: Option<Finish>,
    until: Monotonic,
}

impl NameBook {
    /// A book that goes by this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, names: Mutex::default(), away: AtomicBool::new(false) }
    }

    /// From now on the store does not answer.
    pub fn take_away(&self) {
        self.away.store(true, Ordering::Relaxed);
    }

    /// How many names are claimed and not finished.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.names().values().filter(|known| known.finish.is_none()).count()
    }

    fn names(&self) -> MutexGuard<'_, HashMap<[u8; 32], Known>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answers(&self) -> Result<Monotonic, IdempotencyUnavailable> {
        if self.away.load(Ordering::Relaxed) {
            return Err(IdempotencyUnavailable("a test took it away".to_owned()));
        }
        Ok(self.clock.monotonic())
    }
}

#[async_trait]
impl IdempotencyStore for NameBook {
    async fn claim(&self, request: &NamedRequest) -> Result<Standing, IdempotencyUnavailable> {
        let now = self.answers()?;
        let mut names = self.names();
        if let Some(known) = names.get(&request.name).filter(|known| now < known.until) {
            return Ok(match &known.finish {
                _ if known.content != request.content => Standing::Different,
                None => Standing::InFlight,
                Some(Finish::Answered(answer)) => Standing::Answered(answer.clone()),
                Some(Finish::Spent) => Standing::Spent,
            });
        }
        let until = Monotonic(now.0 + CLAIMED_FOR);
        let NamedRequest { name, content, claim, .. } = *request;
        names.insert(name, Known { content, claim, finish: None, until });
        Ok(Standing::Claimed)
    }

    async fn finish(&self, request: &NamedRequest, finish: Finish) -> Result<(), IdempotencyUnavailable> {
        let now = self.answers()?;
        if let Some(known) = self.names().get_mut(&request.name).filter(|known| known.claim == request.claim)
        {
            known.finish = Some(finish);
            known.until = Monotonic(now.0 + KEPT_FOR);
        }
        Ok(())
    }

    fn give_back(&self, request: &NamedRequest) {
        let mut names = self.names();
        let own = names.get(&request.name).filter(|known| known.claim == request.claim);
        if own.is_some_and(|known| known.finish.is_none()) {
            names.remove(&request.name);
        }
    }
}
