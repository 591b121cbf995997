//! What tokens cost here, computed apart from the product.

use switchyard_domain::money::{NanoUsd, PricePerMillion};
use switchyard_domain::price::Rates;

/// Prices of which a single token is no whole number of nano-USD, so that rounding shows.
const INPUT: i64 = 2_500_333_333;
const CACHED: i64 = 625_083_333;
const OUTPUT: i64 = 10_000_777_777;
const REASONING: i64 = 12_345_678_901;

/// What the models here are declared with.
pub(super) const RATES: Rates = Rates {
    input: Some(PricePerMillion(INPUT)),
    cached_input: Some(PricePerMillion(CACHED)),
    cache_write: None,
    cache_write_1h: None,
    audio_input: None,
    image_input: None,
    output: Some(PricePerMillion(OUTPUT)),
    reasoning: Some(PricePerMillion(REASONING)),
    audio_output: None,
    image_output: None,
    per_request: None,
    per_image: None,
    per_million_characters: None,
    per_audio_hour: None,
};

/// Tokens by price.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tokens {
    /// All of the prompt.
    pub(super) prompt: u64,
    /// Of these, read from the cache.
    pub(super) cached: u64,
    /// All of the answer.
    pub(super) completion: u64,
    /// Of these, reasoning.
    pub(super) reasoning: u64,
}

/// What they cost, rounded half to even once.
pub(super) fn cost(tokens: Tokens) -> NanoUsd {
    let product = |count: u64, price: i64| i128::from(count) * i128::from(price);
    let sum = product(tokens.prompt - tokens.cached, INPUT)
        + product(tokens.cached, CACHED)
        + product(tokens.completion - tokens.reasoning, OUTPUT)
        + product(tokens.reasoning, REASONING);
    let (whole, rest) = (sum / 1_000_000, sum % 1_000_000);
    let up = rest > 500_000 || (rest == 500_000 && whole % 2 == 1);
    NanoUsd(i64::try_from(whole + i128::from(up)).expect("a small sum"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_by_hand() {
        let tokens = Tokens { prompt: 10, cached: 4, completion: 7, reasoning: 3 };
        // 6 * 2500.333333 + 4 * 625.083333 + 4 * 10000.777777 + 3 * 12345.678901 = 94542.480141
        assert_eq!(cost(tokens), NanoUsd(94_542));
        assert_eq!(cost(Tokens::default()), NanoUsd(0));
    }
}
