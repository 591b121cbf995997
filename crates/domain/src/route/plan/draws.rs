//! Many draws out of one number.

/// Draws that follow from a seed alone (SplitMix64), so that a plan is a function of its arguments.
#[derive(Clone, Copy, Debug)]
pub struct Draws(u64);

impl Draws {
    /// The draws of this seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number, uniform in `0..bound`; 0 where `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        // The upper half of a wide product: as even as a division, without its bias towards small numbers.
        u64::try_from((u128::from(mixed) * u128::from(bound)) >> 64).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_even_and_follow_from_their_seed() {
        let mut counts = [0_u32; 7];
        for seed in 0..7_000 {
            counts[usize::try_from(Draws::of(seed).below(7)).unwrap()] += 1;
        }
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
        let drawn = |seed| {
            let mut draws = Draws::of(seed);
            [draws.below(100), draws.below(100), draws.below(100)]
        };
        assert_eq!(drawn(5), drawn(5));
        assert_ne!(drawn(5), drawn(6));
        assert_eq!(Draws::of(1).below(0), 0);
    }
}
