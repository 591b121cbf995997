//! The entropy port over the operating system's generator.

use rand::Rng;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use switchyard_ports::clock::Clock;
use switchyard_ports::entropy::Entropy;
use uuid::{Builder, Uuid};

const COUNTER_BITS: u32 = 12;
/// An id has 48 bits for the milliseconds: the year 10889.
const MAX_MILLIS: u64 = (1 << 48) - 1;

/// Ids and random numbers. Both come from a generator of each thread that the operating system seeds and re-seeds, so that a
/// call does not pay for a system call.
///
/// Ids of one process grow strictly: the 12 bits after the milliseconds count within a millisecond and carry into it, and a
/// clock that steps back does not take the ids with it. The other 62 bits are random, which keeps replicas apart.
pub struct OsEntropy {
    clock: Arc<dyn Clock>,
    /// The last id's milliseconds and counter, as one number.
    last: AtomicU64,
}

impl OsEntropy {
    /// Entropy whose ids carry the time of `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, last: AtomicU64::new(0) }
    }

    /// The next pair of milliseconds and counter. A new millisecond starts in the counter's lower half, at random.
    fn tick(&self, random: u64) -> u64 {
        let millis = u64::try_from(self.clock.now().0).unwrap_or(0);
        let fresh = (millis.min(MAX_MILLIS) << COUNTER_BITS) | (random & ((1 << (COUNTER_BITS - 1)) - 1));
        let next = |last: u64| fresh.max(last.saturating_add(1));
        self.last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last)))
            .map_or(fresh, next)
    }
}

impl std::fmt::Debug for OsEntropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OsEntropy(..)")
    }
}

impl Entropy for OsEntropy {
    fn new_id(&self) -> Uuid {
        let mut rng = rand::rng();
        let tick = self.tick(rng.next_u64());
        let [.., high, low] = (tick & ((1 << COUNTER_BITS) - 1)).to_be_bytes();
        let [a, b, c, d, e, f, g, h] = rng.next_u64().to_be_bytes();
        Builder::from_unix_timestamp_millis(tick >> COUNTER_BITS, &[high, low, a, b, c, d, e, f, g, h])
            .into_uuid()
    }

    fn random(&self) -> u64 {
        rand::rng().next_u64()
    }
}
