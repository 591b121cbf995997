//! Randomness that repeats itself.

use std::sync::atomic::{AtomicU64, Ordering};
use switchyard_ports::entropy::Entropy;
use uuid::{Builder, Uuid};

/// The milliseconds of the first id: that of [`crate::clock::START`].
const FIRST_MILLIS: u64 = crate::clock::START.0.unsigned_abs();

/// The same numbers and ids in the same order for the same seed. Ids grow as real ones do, a millisecond each.
#[derive(Debug)]
pub struct SeededEntropy {
    state: AtomicU64,
    ids: AtomicU64,
}

impl SeededEntropy {
    /// Entropy of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: AtomicU64::new(seed), ids: AtomicU64::new(0) }
    }
}

impl Default for SeededEntropy {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Entropy for SeededEntropy {
    fn new_id(&self) -> Uuid {
        let count = self.ids.fetch_add(1, Ordering::Relaxed);
        let [a, b, c, d, e, f, g, h] = self.random().to_be_bytes();
        Builder::from_unix_timestamp_millis(FIRST_MILLIS + count, &[0, 0, a, b, c, d, e, f, g, h]).into_uuid()
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    fn random(&self) -> u64 {
        const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut z = self.state.fetch_add(GOLDEN, Ordering::Relaxed).wrapping_add(GOLDEN);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}
