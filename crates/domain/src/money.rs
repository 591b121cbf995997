//! Money as integers. An amount is nano-USD; a price is nano-USD per million tokens, as vendors quote it. Products are
//! taken in 128 bits and rounded half-even exactly once; no float ever holds money.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Nano-USD in one US dollar.
pub const NANO_PER_USD: i64 = 1_000_000_000;

const TOKENS_PER_PRICE: i128 = 1_000_000;

/// An amount in nano-USD (10^-9 US dollars).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NanoUsd(pub i64);

impl NanoUsd {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Reads decimal US dollars with at most nine places, such as `10`, `0.25` or `-1.5`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_plain(whole) || !is_plain(part) || part.len() > 9 {
            return None;
        }
        let nano: i64 = format!("{part:0<9}").parse().ok()?;
        let whole: i64 = whole.parse().ok()?;
        whole.checked_mul(NANO_PER_USD)?.checked_add(nano)?.checked_mul(sign).map(Self)
    }

    /// The sum, held at the ends of the range: a counter that can no longer count must not wrap to a credit.
    #[must_use]
    pub fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// Decimal US dollars with all nine places, e.g. `0.001350000`.
impl fmt::Display for NanoUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        let unit = NANO_PER_USD.unsigned_abs();
        write!(f, "{sign}{}.{:09}", magnitude / unit, magnitude % unit)
    }
}

/// A price in nano-USD per million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PricePerMillion(pub i64);

/// A sum of token products that is not rounded yet (nano-USD times one million).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnroundedCost(i128);

impl UnroundedCost {
    /// Adds `tokens` at `price`.
    pub fn add_tokens(&mut self, tokens: u64, price: PricePerMillion) {
        self.0 = self.0.saturating_add(i128::from(tokens) * i128::from(price.0));
    }

    /// Adds an amount that is not per token, such as a fee per request.
    pub fn add_amount(&mut self, amount: NanoUsd) {
        self.0 = self.0.saturating_add(i128::from(amount.0) * TOKENS_PER_PRICE);
    }

    /// The amount, rounded half to even, held at the ends of the range.
    #[must_use]
    pub fn round(self) -> NanoUsd {
        let quotient = self.0.div_euclid(TOKENS_PER_PRICE);
        let remainder = self.0.rem_euclid(TOKENS_PER_PRICE);
        let half = TOKENS_PER_PRICE / 2;
        let up = remainder > half || (remainder == half && quotient.rem_euclid(2) == 1);
        let rounded = quotient.saturating_add(i128::from(up));
        NanoUsd(i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(tokens: u64, price: i64) -> i64 {
        let mut sum = UnroundedCost::default();
        sum.add_tokens(tokens, PricePerMillion(price));
        sum.round().0
    }

    #[test]
    fn products_round_half_to_even_once() {
        assert_eq!(cost(1, 500_000), 0);
        assert_eq!(cost(3, 500_000), 2);
        assert_eq!(cost(1, 500_001), 1);
        assert_eq!(cost(1_000_000, 2_500_000_000), 2_500_000_000);
    }

    #[test]
    fn huge_products_saturate_instead_of_wrapping() {
        assert_eq!(cost(u64::MAX, i64::MAX), i64::MAX);
    }

    #[test]
    fn amounts_are_read_exactly_or_not_at_all() {
        for (text, nano) in
            [("10", 10_000_000_000), ("0.25", 250_000_000), ("-1.5", -1_500_000_000), ("0.000000001", 1)]
        {
            assert_eq!(NanoUsd::parse(text), Some(NanoUsd(nano)), "{text}");
        }
        for text in
            ["", ".", "1.", ".5", "1,5", "1e3", "+1", "0.0000000001", "9223372036.854775808", "$1", "１"]
        {
            assert_eq!(NanoUsd::parse(text), None, "{text}");
        }
        assert_eq!(NanoUsd::parse("9223372036.854775807"), Some(NanoUsd(i64::MAX)));
    }

    #[test]
    fn amounts_print_as_decimal_dollars() {
        assert_eq!(NanoUsd(1_350_000).to_string(), "0.001350000");
        assert_eq!(NanoUsd(-12_000_000_001).to_string(), "-12.000000001");
        assert_eq!(NanoUsd(i64::MIN).to_string(), "-9223372036.854775808");
    }
}
