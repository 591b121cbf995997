//! Randomness and ids.

use uuid::Uuid;

/// Randomness. Production MUST draw from the operating system; a test may repeat itself.
pub trait Entropy: Send + Sync {
    /// A UUID version 7: sorts by time, unique over all replicas.
    fn new_id(&self) -> Uuid;
    /// Uniform over all values; for jitter and seeds, not for secrets.
    fn random(&self) -> u64;
}
