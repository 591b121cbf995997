//! What pieces cost where tokens are not what counts.

use super::{Cost, LineItem, Rates, TokenKind};
use crate::chat::{TokenUsage, Units};
use crate::money::{NanoUsd, PricePerMillion, UnroundedCost};

const MILLION: i128 = 1_000_000;
const SECONDS_OF_AN_HOUR: i128 = 3_600;

/// Whether pieces are all that was counted.
pub(super) fn are_all(usage: &TokenUsage) -> bool {
    usage.total() == 0 && !usage.units.is_empty()
}

/// The bill for pieces with a fee; `None` when there are none or any kind that occurs has no price.
pub(super) fn bill(rates: &Rates, units: &Units, fee: NanoUsd) -> Option<Cost> {
    if units.is_empty() {
        return None;
    }
    let kinds = [
        (TokenKind::Image, units.images, rates.per_image.map(|image| scaled(image, MILLION, 1))),
        (TokenKind::Character, units.characters, rates.per_million_characters.map(|all| scaled(all, 1, 1))),
        (
            TokenKind::AudioSecond,
            units.audio_seconds,
            rates.per_audio_hour.map(|hour| scaled(hour, MILLION, SECONDS_OF_AN_HOUR)),
        ),
    ];
    let mut sum = UnroundedCost::default();
    let mut lines = Vec::new();
    for (kind, count, price) in kinds {
        let count = u64::from(count);
        if count > 0 {
            let price = price?;
            sum.add_tokens(count, price);
            lines.push(LineItem { kind, tokens: count, price });
        }
    }
    sum.add_amount(fee);
    Some(Cost { amount: sum.round(), lines, fee })
}

/// A price of a piece as the price of a million of them, so that the bill's lines are all of one form. Of an hour it is off by
/// less than a nano-dollar in a million seconds.
fn scaled(price: NanoUsd, times: i128, by: i128) -> PricePerMillion {
    let exact = i128::from(price.0) * times;
    PricePerMillion(i64::try_from((exact + by / 2) / by).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::super::{ModelPrice, PriceSource, ServiceTier, cost};
    use super::*;
    use crate::time::Timestamp;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn at(rates: Rates, usage: TokenUsage) -> Option<i64> {
        let price = ModelPrice::constant("test", PriceSource::Override, rates);
        cost(&price, &usage, NOW, ServiceTier::Standard).map(|cost| cost.amount.0)
    }

    fn pieces(images: u32, characters: u32, audio_seconds: u32) -> TokenUsage {
        TokenUsage { units: Units { images, characters, audio_seconds }, ..TokenUsage::default() }
    }

    #[test]
    fn pictures_letters_and_seconds_have_prices_of_their_own() {
        let rates = Rates {
            per_image: Some(NanoUsd(40_000_000)),
            per_million_characters: Some(NanoUsd(15_000_000_000)),
            per_audio_hour: Some(NanoUsd(360_000_000)),
            ..Rates::default()
        };
        assert_eq!(at(rates, pieces(3, 0, 0)), Some(120_000_000));
        assert_eq!(at(rates, pieces(0, 11, 0)), Some(165_000));
        // Six thousandths of a dollar a minute.
        assert_eq!(at(rates, pieces(0, 0, 60)), Some(6_000_000));
        assert_eq!(at(rates, pieces(0, 0, 1_000_000)), Some(100_000_000_000));
        let odd = Rates { per_audio_hour: Some(NanoUsd(1_020_000_001)), ..Rates::default() };
        assert_eq!(at(odd, pieces(0, 0, 3_600)), Some(1_020_000_001));
    }

    #[test]
    fn what_has_no_price_of_its_kind_is_unknown_and_never_zero() {
        let by_tokens =
            Rates { input: Some(PricePerMillion(1)), output: Some(PricePerMillion(1)), ..Rates::default() };
        assert_eq!(at(by_tokens, pieces(1, 0, 0)), None);
        let by_image = Rates { per_image: Some(NanoUsd(5)), ..Rates::default() };
        assert_eq!(at(by_image, pieces(1, 1, 0)), None);
        assert_eq!(at(by_image, TokenUsage::default()), None);
        assert_eq!(at(by_image, TokenUsage { input: 3, ..TokenUsage::default() }), None);
    }

    #[test]
    fn tokens_outrank_pieces_where_they_have_a_price() {
        let both = Rates {
            input: Some(PricePerMillion(1_000_000)),
            output: Some(PricePerMillion(2_000_000)),
            per_image: Some(NanoUsd(5)),
            ..Rates::default()
        };
        let usage = TokenUsage { input: 10, output: 100, ..pieces(2, 0, 0) };
        assert_eq!(at(both, usage), Some(210));
        let by_image = Rates { per_image: Some(NanoUsd(5)), ..Rates::default() };
        assert_eq!(at(by_image, usage), Some(10));
    }
}
