//! Whose turn it is among those that weigh differently.

/// A turn of a round in which each comes as often as it weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    /// The place of the one whose turn it is.
    pub(super) place: usize,
    /// Which turn of the round it is, from 0.
    pub(super) number: u64,
    /// How many a round has.
    pub(super) of: u64,
}

/// The turn that the call of this number takes among so many places, whose weights are at least 1.
///
/// The turns of each are spread over the round as evenly as whole turns can be: what weighs 70 beside 30 does not get seventy calls on end.
/// The k-th turn (from 0) of one that weighs w has its due time at (2k + 1) / w, and turns come in the order of their due times; those
/// that are due at once, in the order of their places.
pub(super) fn turn(places: usize, weight_of: impl Fn(usize) -> u64, call: u64) -> Option<Turn> {
    let unit = (0..places).map(&weight_of).reduce(greatest_common_divisor)?.max(1);
    let weight_of = |place| weight_of(place) / unit;
    let of: u64 = (0..places).map(weight_of).sum();
    let number = call.checked_rem(of)?;
    let place = if of == u64::try_from(places).ok()? {
        usize::try_from(number).ok()?
    } else {
        (0..places).find(|place| has_turn(places, weight_of, *place, number))?
    };
    Some(Turn { place, number, of })
}

/// Whether one of the turns of this place is the one of this number.
fn has_turn(places: usize, weight_of: impl Fn(usize) -> u64 + Copy, place: usize, number: u64) -> bool {
    let (mut low, mut high) = (0, weight_of(place));
    while low < high {
        let middle = low.midpoint(high);
        match before(places, weight_of, place, middle).cmp(&number) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    false
}

/// How many turns of the round come before the `own`-th turn of a place.
fn before(places: usize, weight_of: impl Fn(usize) -> u64, place: usize, own: u64) -> u64 {
    let due = u128::from(2 * own + 1);
    let weight = u128::from(weight_of(place).max(1));
    let others = (0..places).filter(|other| *other != place);
    let earlier = others.map(|other| {
        // Its k-th turn is due before this one where (2k + 1) * weight < due * its_weight, or at once with it and in an earlier place.
        let scaled = due * u128::from(weight_of(other));
        let latest = if other < place { scaled / weight } else { scaled.saturating_sub(1) / weight };
        u64::try_from(latest.div_ceil(2)).unwrap_or(u64::MAX)
    });
    earlier.fold(own, u64::saturating_add)
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn among(weights: &[u64], call: u64) -> Option<Turn> {
        turn(weights.len(), |place| weights[place], call)
    }

    fn places(weights: &[u64]) -> Vec<usize> {
        let round = among(weights, 0).unwrap().of;
        (0..round).map(|call| among(weights, call).unwrap().place).collect()
    }

    #[test]
    fn equals_take_turns_in_their_order() {
        assert_eq!(places(&[1, 1, 1]), [0, 1, 2]);
        assert_eq!(places(&[50, 50]), [0, 1]);
        assert_eq!(among(&[50, 50], 7), Some(Turn { place: 1, number: 1, of: 2 }));
        assert_eq!(among(&[], 7), None);
    }

    #[test]
    fn turns_are_spread_over_the_round() {
        assert_eq!(places(&[3, 1]), [0, 0, 1, 0]);
        assert_eq!(places(&[70, 30]), [0, 1, 0, 0, 0, 1, 0, 0, 1, 0]);
        assert_eq!(places(&[1, 1, 4]), [2, 2, 0, 1, 2, 2]);
    }

    #[test]
    fn in_a_round_each_gets_as_many_as_it_weighs_and_never_two_more_or_less_than_its_share_on_the_way() {
        for weights in [
            vec![5, 3, 2],
            vec![97, 89, 1],
            vec![1, 1_000],
            vec![7, 7, 3, 2, 1],
            vec![u64::from(u32::MAX), 1],
        ] {
            let of: u64 = weights.iter().sum();
            let mut counts = vec![0_u64; weights.len()];
            for call in 0..of.min(2_000) {
                counts[among(&weights, call).unwrap().place] += 1;
                for (count, weight) in counts.iter().zip(&weights) {
                    let off = (u128::from(*count) * u128::from(of))
                        .abs_diff(u128::from(call + 1) * u128::from(*weight));
                    assert!(off < 2 * u128::from(of), "{weights:?} after {call}: {counts:?}");
                }
            }
            if of <= 2_000 {
                assert_eq!(counts, weights);
            }
        }
    }
}
