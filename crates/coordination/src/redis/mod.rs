//! Coordination of many processes through one Redis.
//!
//! One primary server is needed, with or without replicas of it: a script touches keys that a cluster would spread. It must not evict
//! keys (`maxmemory-policy noeviction`): what it would forget are limits. Budgets that it forgets are asked of the ledger again.

mod address;
mod answer;
mod idempotency;
mod limiter;
mod line;
mod presence;
mod programs;
mod throttle;
mod wire;

pub use address::{InvalidRedisAddress, RedisAddress};
pub use idempotency::RedisIdempotency;
pub use limiter::{Desk, RedisLimiter};
pub use line::Line;
pub use throttle::RedisThrottle;

use crate::memory::MemoryThrottle;
use std::sync::Arc;
use switchyard_ports::clock::Clock;
use switchyard_ports::vault::Vault;
use uuid::Uuid;

/// Everything that processes share, over one server.
pub struct RedisStores {
    /// Limits and budgets.
    pub limiter: RedisLimiter,
    /// Tries.
    pub throttle: RedisThrottle,
    /// Named requests.
    pub idempotency: RedisIdempotency,
    /// The work that must run for the limiter.
    pub desk: Desk,
    /// The work that must run for the others.
    pub line: Line,
}

impl RedisStores {
    /// Over the server at `address`. `process` tells this process from all others; `processes` is how many share the limits at least;
    /// the vault seals what must not lie open.
    #[must_use]
    pub fn new(
        address: &RedisAddress,
        clock: &Arc<dyn Clock>,
        vault: Arc<dyn Vault>,
        process: Uuid,
        processes: u32,
    ) -> Self {
        let (limiter, desk) = RedisLimiter::new(address, Arc::clone(clock), process, processes);
        let (asker, line) = Line::new(address, limiter.presence());
        let own = MemoryThrottle::new(Arc::clone(clock));
        let throttle = RedisThrottle::new(asker.clone(), own, limiter.store(), processes);
        Self { throttle, idempotency: RedisIdempotency::new(asker, vault), limiter, desk, line }
    }
}
