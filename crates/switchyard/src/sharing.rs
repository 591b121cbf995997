//! What processes agree on while they run: within this one, or with others through Redis.

use crate::builder::RedisUse;
use crate::error::OpenError;
use std::sync::{Arc, Mutex, PoisonError};
use switchyard_coordination::memory::{MemoryIdempotency, MemoryLimiter, MemoryThrottle};
use switchyard_coordination::redis::{Desk, Line, RedisAddress, RedisLimiter, RedisStores};
use switchyard_orchestrator::tasks::Tasks;
use switchyard_ports::clock::Clock;
use switchyard_ports::entropy::Entropy;
use switchyard_ports::idempotency::IdempotencyStore;
use switchyard_ports::limiter::{Limiter, SharedStore};
use switchyard_ports::throttle::Throttle;
use switchyard_ports::vault::Vault;

/// The adapters of coordination.
#[derive(Clone)]
pub(crate) struct Sharing {
    pub(crate) limiter: Arc<dyn Limiter>,
    pub(crate) throttle: Arc<dyn Throttle>,
    pub(crate) idempotency: Arc<dyn IdempotencyStore>,
    redis: Option<Arc<RedisLimiter>>,
    work: Arc<Mutex<Option<(Desk, Line)>>>,
}

impl Sharing {
    /// With nobody.
    pub(crate) fn alone(clock: &Arc<dyn Clock>) -> Self {
        Self {
            limiter: Arc::new(MemoryLimiter::new(Arc::clone(clock))),
            throttle: Arc::new(MemoryThrottle::new(Arc::clone(clock))),
            idempotency: Arc::new(MemoryIdempotency::new(Arc::clone(clock))),
            redis: None,
            work: Arc::default(),
        }
    }

    /// With all processes that use the same Redis. Nothing of it answers before [`Sharing::begin`].
    pub(crate) fn through(
        redis: &RedisUse,
        clock: &Arc<dyn Clock>,
        vault: &Arc<dyn Vault>,
        entropy: &Arc<dyn Entropy>,
    ) -> Result<Self, OpenError> {
        let address = address(redis)?;
        let stores = RedisStores::new(&address, clock, Arc::clone(vault), entropy.new_id(), redis.processes);
        let limiter = Arc::new(stores.limiter);
        Ok(Self {
            limiter: Arc::clone(&limiter) as Arc<dyn Limiter>,
            throttle: Arc::new(stores.throttle),
            idempotency: Arc::new(stores.idempotency),
            redis: Some(limiter),
            work: Arc::new(Mutex::new(Some((stores.desk, stores.line)))),
        })
    }

    /// Begins the work behind the adapters. It ends with the tasks, once everything is said that became of calls.
    pub(crate) fn begin(&self, tasks: &Tasks) {
        let work = self.work.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((desk, line)) = work else { return };
        let (stopping, ending) = (tasks.stopping(), tasks.stopping());
        tasks.spawn("limits in Redis", async move { desk.run(stopping.cancelled_owned()).await });
        tasks.spawn("names and tries in Redis", async move { line.run(ending.cancelled_owned()).await });
    }

    /// An earlier process left usage that only now reached the ledger: said to the others as soon as they can hear it.
    pub(crate) fn doubt(&self) {
        if let Some(redis) = &self.redis {
            redis.doubt();
        }
    }

    /// The store that is shared, if one is.
    pub(crate) fn store(&self) -> Option<Arc<dyn SharedStore>> {
        self.redis.as_ref().map(|redis| redis.store())
    }
}

pub(crate) fn address(redis: &RedisUse) -> Result<RedisAddress, OpenError> {
    RedisAddress::parse(&redis.url)
        .map_err(|error| OpenError::Setting(format!("SWITCHYARD_REDIS_URL: {error}")))
}
