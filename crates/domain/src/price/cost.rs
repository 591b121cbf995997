//! What an answer cost: the one place where tokens become money.

use super::{ModelPrice, Rates, units};
use crate::chat::TokenUsage;
use crate::money::{NanoUsd, PricePerMillion, UnroundedCost};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A kind of token that is billed apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// Input that is of no other kind.
    Input,
    /// Input read from the cache.
    CachedInput,
    /// Input written to the cache.
    CacheWrite,
    /// Input written to the cache for an hour.
    CacheWrite1h,
    /// Sound in.
    AudioInput,
    /// Pictures in.
    ImageInput,
    /// Output that is of no other kind.
    Output,
    /// Reasoning.
    Reasoning,
    /// Sound out.
    AudioOutput,
    /// Pictures out.
    ImageOutput,
    /// No token: a picture made.
    Image,
    /// No token: a character of spoken text.
    Character,
    /// No token: a second of sound, written down.
    AudioSecond,
}

/// One line of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineItem {
    /// The kind of token.
    pub kind: TokenKind,
    /// How many.
    pub tokens: u64,
    /// At which price.
    pub price: PricePerMillion,
}

/// What an answer cost, and how that comes about. The amount is the sum of the lines and the fee, rounded once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// The amount.
    pub amount: NanoUsd,
    /// The lines with tokens in them.
    pub lines: Vec<LineItem>,
    /// The fee per request.
    pub fee: NanoUsd,
}

/// The cost of `usage` at `price` at an instant; `None` when any kind that occurs has no price. What a vendor counted in tokens
/// is billed by tokens if they have a price, and by the piece otherwise.
#[must_use]
pub fn cost(price: &ModelPrice, usage: &TokenUsage, at: Timestamp) -> Option<Cost> {
    let rates = price.at(at)?.rates_for(usage.input);
    let by_tokens = if units::are_all(usage) { None } else { cost_at_rates(&rates, usage) };
    by_tokens.or_else(|| units::cost(&rates, &usage.units))
}

/// The most that a call can cost: its prompt at the dearest input rate and its output limit at the dearest output rate, over
/// all tiers that the prompt may reach. `None` when that is not known.
#[must_use]
pub fn max_cost(
    price: &ModelPrice,
    prompt_tokens: u64,
    output_tokens: u64,
    at: Timestamp,
) -> Option<NanoUsd> {
    let set = price.at(at)?;
    let rates = set.rates_for(prompt_tokens);
    let dearest_in = [
        rates.input,
        rates.cached_input,
        rates.cache_write,
        rates.cache_write_1h,
        rates.audio_input,
        rates.image_input,
    ]
    .into_iter()
    .flatten()
    .max()?;
    let dearest_out = [rates.output, rates.reasoning, rates.audio_output, rates.image_output]
        .into_iter()
        .flatten()
        .max()?;
    let mut sum = UnroundedCost::default();
    sum.add_tokens(prompt_tokens, dearest_in);
    sum.add_tokens(output_tokens, dearest_out);
    sum.add_amount(rates.per_request.unwrap_or_default());
    Some(sum.round())
}

fn cost_at_rates(rates: &Rates, usage: &TokenUsage) -> Option<Cost> {
    let usage = usage.clamped(u64::MAX);
    let plain_input = usage.input
        - usage.cached_input
        - usage.cache_write
        - usage.cache_write_1h
        - usage.audio_input
        - usage.image_input;
    let plain_output = usage.output - usage.reasoning - usage.audio_output - usage.image_output;
    let kinds = [
        (TokenKind::Input, plain_input, rates.input),
        (TokenKind::CachedInput, usage.cached_input, rates.cached_input.or(rates.input)),
        (TokenKind::CacheWrite, usage.cache_write, rates.cache_write.or(rates.input)),
        (
            TokenKind::CacheWrite1h,
            usage.cache_write_1h,
            rates.cache_write_1h.or(rates.cache_write).or(rates.input),
        ),
        (TokenKind::AudioInput, usage.audio_input, rates.audio_input.or(rates.input)),
        (TokenKind::ImageInput, usage.image_input, rates.image_input.or(rates.input)),
        (TokenKind::Output, plain_output, rates.output),
        (TokenKind::Reasoning, usage.reasoning, rates.reasoning.or(rates.output)),
        (TokenKind::AudioOutput, usage.audio_output, rates.audio_output.or(rates.output)),
        (TokenKind::ImageOutput, usage.image_output, rates.image_output.or(rates.output)),
    ];
    if rates.input.is_none() && rates.output.is_none() {
        return None;
    }
    let mut sum = UnroundedCost::default();
    let mut lines = Vec::with_capacity(4);
    for (kind, tokens, price) in kinds {
        if tokens == 0 {
            continue;
        }
        let price = price?;
        sum.add_tokens(tokens, price);
        lines.push(LineItem { kind, tokens, price });
    }
    let fee = rates.per_request.unwrap_or_default();
    sum.add_amount(fee);
    Some(Cost { amount: sum.round(), lines, fee })
}

#[cfg(test)]
mod tests {
    use super::super::{DailyWindow, DatedRates, PriceSource, PriceTier};
    use super::*;

    fn usd(per_million: i64) -> Option<PricePerMillion> {
        Some(PricePerMillion(per_million * 1_000_000))
    }

    fn price(rates: Rates) -> ModelPrice {
        ModelPrice::constant("test", PriceSource::Override, rates)
    }

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    #[test]
    fn every_kind_is_billed_at_its_own_rate_and_totals_are_not_billed_twice() {
        let rates = Rates {
            input: usd(2500),
            cached_input: usd(1250),
            cache_write: usd(3125),
            output: usd(10_000),
            reasoning: usd(12_000),
            ..Rates::default()
        };
        let usage = TokenUsage {
            input: 1000,
            cached_input: 400,
            cache_write: 100,
            output: 300,
            reasoning: 200,
            ..Default::default()
        };
        let cost = cost(&price(rates), &usage, NOW).unwrap();
        assert_eq!(cost.amount, NanoUsd(500 * 2500 + 400 * 1250 + 100 * 3125 + 100 * 10_000 + 200 * 12_000));
        assert_eq!(cost.lines.len(), 5);
    }

    #[test]
    fn a_kind_without_a_price_costs_what_its_parent_costs() {
        let rates = Rates { input: usd(1000), output: usd(2000), ..Rates::default() };
        let usage = TokenUsage { input: 10, cached_input: 10, output: 5, reasoning: 5, ..Default::default() };
        assert_eq!(cost(&price(rates), &usage, NOW).unwrap().amount, NanoUsd(10 * 1000 + 5 * 2000));
    }

    #[test]
    fn unknown_stays_unknown_and_is_never_zero() {
        let usage = TokenUsage { input: 1, output: 1, ..Default::default() };
        assert_eq!(cost(&price(Rates::default()), &usage, NOW), None);
        assert_eq!(cost(&price(Rates { input: usd(1), ..Rates::default() }), &usage, NOW), None);
        assert_eq!(cost(&price(Rates::default()), &TokenUsage::default(), NOW), None);
    }

    #[test]
    fn a_tier_holds_for_the_whole_request_above_its_bound_only() {
        let mut model = price(Rates { input: usd(1250), output: usd(10_000), ..Rates::default() });
        model.sets.first_mut().unwrap().tiers = vec![PriceTier {
            above_input_tokens: 200_000,
            rates: Rates { input: usd(2500), ..Rates::default() },
        }];
        let at = |input| {
            cost(&model, &TokenUsage { input, output: 1, ..Default::default() }, NOW).unwrap().amount.0
        };
        assert_eq!(at(200_000), 200_000 * 1250 + 10_000);
        assert_eq!(at(200_001), 200_001 * 2500 + 10_000);
    }

    #[test]
    fn of_the_sets_that_hold_the_last_one_counts() {
        let always = DatedRates {
            rates: Rates { input: usd(10), output: usd(10), ..Rates::default() },
            ..Default::default()
        };
        let night = DatedRates {
            daily: Some(DailyWindow { start: 1380, end: 60 }),
            rates: Rates { input: usd(1), output: usd(1), ..Rates::default() },
            ..Default::default()
        };
        let model =
            ModelPrice { version: "t".into(), source: PriceSource::Catalogue, sets: vec![always, night] };
        let usage = TokenUsage { input: 1, ..Default::default() };
        let at = |time: &str| cost(&model, &usage, Timestamp::parse(time).unwrap()).unwrap().amount.0;
        assert_eq!(at("2026-01-01T22:59:00Z"), 10);
        assert_eq!(at("2026-01-01T23:00:00Z"), 1);
        assert_eq!(at("2026-01-01T00:59:00Z"), 1);
        assert_eq!(at("2026-01-01T01:00:00Z"), 10);
    }

    #[test]
    fn the_most_a_call_can_cost_is_never_below_what_it_cost() {
        let rates = Rates { input: usd(3), cache_write: usd(6), output: usd(15), ..Rates::default() };
        let model = price(rates);
        let usage = TokenUsage { input: 100, cache_write: 100, output: 50, ..Default::default() };
        assert!(max_cost(&model, 100, 50, NOW).unwrap() >= cost(&model, &usage, NOW).unwrap().amount);
    }
}
