//! What an answer cost: the one place where tokens become money.

use super::{DatedRates, ModelPrice, PriceSource, Rates, ServiceTier, units};
use crate::chat::{TokenUsage, Units};
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

impl TokenKind {
    /// Whether it is a part of what was asked, rather than of the answer.
    #[must_use]
    pub fn is_input(self) -> bool {
        match self {
            Self::Input
            | Self::CachedInput
            | Self::CacheWrite
            | Self::CacheWrite1h
            | Self::AudioInput
            | Self::ImageInput
            | Self::Character
            | Self::AudioSecond => true,
            Self::Output | Self::Reasoning | Self::AudioOutput | Self::ImageOutput | Self::Image => false,
        }
    }
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

/// The cost of `usage` at `price` at an instant, as the service tier that the provider served; `None` when any kind that occurs
/// has no price there. The standard tier's price never stands in for another one's. What a vendor counted in tokens is billed by
/// tokens if they have a price, and by the piece otherwise.
#[must_use]
pub fn cost(price: &ModelPrice, usage: &TokenUsage, at: Timestamp, tier: ServiceTier) -> Option<Cost> {
    let set = price.at(at)?;
    let standard = set.rates_for(usage.input);
    // What is free by its nature is free however it is served.
    if tier == ServiceTier::Standard || price.source == PriceSource::Simulated {
        return bill(&standard, None, usage);
    }
    let service = set.service.iter().find(|service| service.tier == tier)?;
    bill(&service.rates_for(usage.input, &set.tiers)?, Some(&standard), usage)
}

/// The most that a call can cost: its prompt at the dearest input rate and its output limit at the dearest output rate, over
/// all sizes that the prompt may reach and all service tiers with a price. `None` when that is not known.
#[must_use]
pub fn max_cost(
    price: &ModelPrice,
    prompt_tokens: u64,
    output_tokens: u64,
    at: Timestamp,
) -> Option<NanoUsd> {
    let possible = possible_rates(price.at(at)?, prompt_tokens);
    let dearest_in = possible.iter().flat_map(Rates::of_input).flatten().max()?;
    let dearest_out = possible.iter().flat_map(Rates::of_output).flatten().max();
    // Vectors have no output, and their models no price of one.
    let dearest_out =
        if output_tokens == 0 { dearest_out.unwrap_or(PricePerMillion(0)) } else { dearest_out? };
    let mut sum = UnroundedCost::default();
    sum.add_tokens(prompt_tokens, dearest_in);
    sum.add_tokens(output_tokens, dearest_out);
    sum.add_amount(possible.iter().filter_map(|rates| rates.per_request).max().unwrap_or_default());
    Some(sum.round())
}

/// The most that a call can cost where pieces may be what is billed: as many tokens of output as are allowed, or these pieces,
/// whichever is dearer where both have a price. `None` when that is not known.
#[must_use]
pub fn max_cost_with_pieces(
    price: &ModelPrice,
    prompt_tokens: u64,
    output_tokens: Option<u64>,
    pieces: &Units,
    at: Timestamp,
) -> Option<NanoUsd> {
    let possible = possible_rates(price.at(at)?, prompt_tokens);
    let fee = possible.iter().filter_map(|rates| rates.per_request).max().unwrap_or_default();
    let bills = possible.iter().filter_map(|rates| units::bill(rates, pieces, fee));
    let by_pieces = bills.map(|bill| bill.amount).max();
    if possible.iter().all(|rates| rates.input.is_none() && rates.output.is_none()) {
        return by_pieces;
    }
    let by_tokens = max_cost(price, prompt_tokens, output_tokens?, at)?;
    Some(by_pieces.map_or(by_tokens, |by_pieces| by_pieces.max(by_tokens)))
}

/// All rates that a prompt of at most so many tokens may meet.
fn possible_rates(set: &DatedRates, prompt_tokens: u64) -> Vec<Rates> {
    let services = set.service.iter().map(|service| (&service.rates, &service.tiers));
    let mut possible = Vec::new();
    for (rates, tiers) in std::iter::once((&set.rates, &set.tiers)).chain(services) {
        possible.push(*rates);
        let reached = tiers.iter().filter(|tier| prompt_tokens > tier.above_input_tokens);
        possible.extend(reached.map(|tier| tier.rates.over(*rates)));
    }
    possible
}

/// A kind's own price, else its parent's. Of a service tier beside the standard one, a kind that the standard tier prices apart
/// from its parent has no price of its parent's: what the difference is there, nobody said.
fn priced(
    own: Option<PricePerMillion>,
    parent: Option<PricePerMillion>,
    standard: Option<(Option<PricePerMillion>, Option<PricePerMillion>)>,
) -> Option<PricePerMillion> {
    let is_apart = standard.is_some_and(|(own, parent)| own.is_some() && own != parent);
    own.or(parent.filter(|_| !is_apart))
}

fn bill(rates: &Rates, standard: Option<&Rates>, usage: &TokenUsage) -> Option<Cost> {
    let fee = fee(rates, standard)?;
    let by_tokens = if units::are_all(usage) { None } else { bill_tokens(rates, standard, usage, fee) };
    by_tokens.or_else(|| units::bill(rates, &usage.units, fee))
}

/// The fee per request; `None` where only the standard tier names one, and another one is served.
fn fee(rates: &Rates, standard: Option<&Rates>) -> Option<NanoUsd> {
    match (rates.per_request, standard.and_then(|standard| standard.per_request)) {
        (Some(fee), _) => Some(fee),
        (None, Some(fee)) if fee != NanoUsd::ZERO => None,
        (None, _) => Some(NanoUsd::ZERO),
    }
}

fn bill_tokens(rates: &Rates, standard: Option<&Rates>, usage: &TokenUsage, fee: NanoUsd) -> Option<Cost> {
    if rates.input.is_none() && rates.output.is_none() {
        return None;
    }
    let usage = usage.clamped(u64::MAX);
    let plain_input = usage.input
        - usage.cached_input
        - usage.cache_write
        - usage.cache_write_1h
        - usage.audio_input
        - usage.image_input;
    let plain_output = usage.output - usage.reasoning - usage.audio_output - usage.image_output;
    let input = |of: fn(&Rates) -> Option<PricePerMillion>| {
        priced(of(rates), rates.input, standard.map(|standard| (of(standard), standard.input)))
    };
    let output = |of: fn(&Rates) -> Option<PricePerMillion>| {
        priced(of(rates), rates.output, standard.map(|standard| (of(standard), standard.output)))
    };
    let cache_write = input(|rates| rates.cache_write);
    let write_apart =
        standard.map(|standard| (standard.cache_write_1h, standard.cache_write.or(standard.input)));
    let kinds = [
        (TokenKind::Input, plain_input, rates.input),
        (TokenKind::CachedInput, usage.cached_input, input(|rates| rates.cached_input)),
        (TokenKind::CacheWrite, usage.cache_write, cache_write),
        (
            TokenKind::CacheWrite1h,
            usage.cache_write_1h,
            priced(rates.cache_write_1h, cache_write, write_apart),
        ),
        (TokenKind::AudioInput, usage.audio_input, input(|rates| rates.audio_input)),
        (TokenKind::ImageInput, usage.image_input, input(|rates| rates.image_input)),
        (TokenKind::Output, plain_output, rates.output),
        (TokenKind::Reasoning, usage.reasoning, output(|rates| rates.reasoning)),
        (TokenKind::AudioOutput, usage.audio_output, output(|rates| rates.audio_output)),
        (TokenKind::ImageOutput, usage.image_output, output(|rates| rates.image_output)),
    ];
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
    sum.add_amount(fee);
    Some(Cost { amount: sum.round(), lines, fee })
}

#[cfg(test)]
mod tests {
    use super::super::{DailyWindow, PriceTier, ServiceRates, Weekdays};
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
        let cost = cost(&price(rates), &usage, NOW, ServiceTier::Standard).unwrap();
        assert_eq!(cost.amount, NanoUsd(500 * 2500 + 400 * 1250 + 100 * 3125 + 100 * 10_000 + 200 * 12_000));
        assert_eq!(cost.lines.len(), 5);
    }

    #[test]
    fn a_kind_without_a_price_costs_what_its_parent_costs() {
        let rates = Rates { input: usd(1000), output: usd(2000), ..Rates::default() };
        let usage = TokenUsage { input: 10, cached_input: 10, output: 5, reasoning: 5, ..Default::default() };
        assert_eq!(
            cost(&price(rates), &usage, NOW, ServiceTier::Standard).unwrap().amount,
            NanoUsd(10 * 1000 + 5 * 2000)
        );
    }

    #[test]
    fn unknown_stays_unknown_and_is_never_zero() {
        let usage = TokenUsage { input: 1, output: 1, ..Default::default() };
        assert_eq!(cost(&price(Rates::default()), &usage, NOW, ServiceTier::Standard), None);
        assert_eq!(
            cost(&price(Rates { input: usd(1), ..Rates::default() }), &usage, NOW, ServiceTier::Standard),
            None
        );
        assert_eq!(cost(&price(Rates::default()), &TokenUsage::default(), NOW, ServiceTier::Standard), None);
    }

    #[test]
    fn a_tier_holds_for_the_whole_request_above_its_bound_only() {
        let mut model = price(Rates { input: usd(1250), output: usd(10_000), ..Rates::default() });
        model.sets.first_mut().unwrap().tiers = vec![PriceTier {
            above_input_tokens: 200_000,
            rates: Rates { input: usd(2500), ..Rates::default() },
        }];
        let at = |input| {
            cost(&model, &TokenUsage { input, output: 1, ..Default::default() }, NOW, ServiceTier::Standard)
                .unwrap()
                .amount
                .0
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
            daily: Some(DailyWindow { start: 1380, end: 60, weekdays: Weekdays::ALL }),
            rates: Rates { input: usd(1), output: usd(1), ..Rates::default() },
            ..Default::default()
        };
        let model =
            ModelPrice { version: "t".into(), source: PriceSource::Catalogue, sets: vec![always, night] };
        let usage = TokenUsage { input: 1, ..Default::default() };
        let at = |time: &str| {
            cost(&model, &usage, Timestamp::parse(time).unwrap(), ServiceTier::Standard).unwrap().amount.0
        };
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
        assert!(
            max_cost(&model, 100, 50, NOW).unwrap()
                >= cost(&model, &usage, NOW, ServiceTier::Standard).unwrap().amount
        );
    }

    /// A model whose standard tier has a cache, pictures, sound and a long-prompt price.
    fn with_flex() -> ModelPrice {
        let mut model = price(Rates {
            input: usd(1000),
            cached_input: usd(100),
            image_input: usd(1000),
            audio_input: usd(7000),
            output: usd(4000),
            ..Rates::default()
        });
        let set = model.sets.first_mut().unwrap();
        set.tiers = vec![PriceTier {
            above_input_tokens: 500,
            rates: Rates { input: usd(2000), ..Rates::default() },
        }];
        set.service = vec![ServiceRates {
            tier: ServiceTier::Flex,
            rates: Rates { input: usd(500), cached_input: usd(50), output: usd(2000), ..Rates::default() },
            tiers: Vec::new(),
        }];
        model
    }

    #[test]
    fn a_service_tier_costs_its_own_price_and_never_the_standard_one() {
        let usage = TokenUsage { input: 10, cached_input: 4, output: 3, ..Default::default() };
        let at = |tier| cost(&with_flex(), &usage, NOW, tier).map(|cost| cost.amount.0);
        assert_eq!(at(ServiceTier::Standard), Some(6 * 1000 + 4 * 100 + 3 * 4000));
        assert_eq!(at(ServiceTier::Flex), Some(6 * 500 + 4 * 50 + 3 * 2000));
        assert_eq!(at(ServiceTier::Priority), None);
        assert_eq!(at(ServiceTier::Other), None);
    }

    #[test]
    fn what_the_standard_tier_prices_apart_has_no_price_at_a_tier_that_is_silent_about_it() {
        let flex = |usage: TokenUsage| cost(&with_flex(), &usage, NOW, ServiceTier::Flex);
        let sound = TokenUsage { input: 10, audio_input: 1, output: 1, ..Default::default() };
        assert_eq!(flex(sound), None, "sound is seven times as dear as text at the standard tier");
        let picture = TokenUsage { input: 10, image_input: 5, output: 1, ..Default::default() };
        assert_eq!(flex(picture).unwrap().amount.0, 10 * 500 + 2000, "pictures cost what text costs there");
        let reasoning = TokenUsage { input: 10, output: 2, reasoning: 1, ..Default::default() };
        assert_eq!(flex(reasoning).unwrap().amount.0, 10 * 500 + 2 * 2000);
    }

    #[test]
    fn a_long_prompt_has_no_price_at_a_tier_that_names_none_for_its_size() {
        let usage = |input| TokenUsage { input, output: 1, ..Default::default() };
        let mut model = with_flex();
        assert!(cost(&model, &usage(500), NOW, ServiceTier::Flex).is_some());
        assert_eq!(cost(&model, &usage(501), NOW, ServiceTier::Flex), None);
        let flex = model.sets.first_mut().unwrap().service.first_mut().unwrap();
        let long = Rates { input: usd(900), ..Rates::default() };
        flex.tiers = vec![PriceTier { above_input_tokens: 500, rates: long }];
        let bill = cost(&model, &usage(501), NOW, ServiceTier::Flex).unwrap();
        assert_eq!(bill.amount.0, 501 * 900 + 2000);
    }

    #[test]
    fn a_fee_that_only_the_standard_tier_names_leaves_another_unpriced() {
        let mut model = with_flex();
        let set = model.sets.first_mut().unwrap();
        set.rates.per_request = Some(NanoUsd(5));
        let usage = TokenUsage { input: 1, output: 1, ..Default::default() };
        assert_eq!(cost(&model, &usage, NOW, ServiceTier::Flex), None);
        model.sets.first_mut().unwrap().service.first_mut().unwrap().rates.per_request = Some(NanoUsd(2));
        assert_eq!(cost(&model, &usage, NOW, ServiceTier::Flex).unwrap().amount.0, 500 + 2000 + 2);
    }

    #[test]
    fn what_is_simulated_is_free_at_every_tier() {
        let free = Rates { input: usd(0), output: usd(0), ..Rates::default() };
        let model = ModelPrice::constant("simulated", PriceSource::Simulated, free);
        let usage = TokenUsage { input: 1, output: 1, ..Default::default() };
        assert_eq!(cost(&model, &usage, NOW, ServiceTier::Other).unwrap().amount, NanoUsd::ZERO);
    }

    #[test]
    fn the_most_a_call_can_cost_covers_every_tier_that_it_may_be_served_at() {
        let mut model = with_flex();
        model.sets.first_mut().unwrap().service.push(ServiceRates {
            tier: ServiceTier::Priority,
            rates: Rates { input: usd(9000), output: usd(9000), ..Rates::default() },
            tiers: Vec::new(),
        });
        assert_eq!(max_cost(&model, 10, 2, NOW), Some(NanoUsd(12 * 9000)));
        // A long prompt's cheaper size does not hide the dearer one below it.
        let mut model = price(Rates { input: usd(5), output: usd(5), ..Rates::default() });
        model.sets.first_mut().unwrap().tiers =
            vec![PriceTier { above_input_tokens: 9, rates: Rates { input: usd(1), ..Rates::default() } }];
        assert_eq!(max_cost(&model, 10, 0, NOW), Some(NanoUsd(50)));
    }

    #[test]
    fn pieces_bound_a_call_and_tokens_too_where_both_have_a_price() {
        let pictures = Units { images: 2, ..Units::default() };
        let by_image =
            Rates { per_image: Some(NanoUsd(500)), per_request: Some(NanoUsd(7)), ..Rates::default() };
        let most = |rates, output, units: &Units| max_cost_with_pieces(&price(rates), 10, output, units, NOW);
        assert_eq!(most(by_image, None, &pictures), Some(NanoUsd(1_007)));
        assert_eq!(most(by_image, None, &Units::default()), None, "nobody says how many");
        let both = Rates { input: usd(1), output: usd(2), ..by_image };
        assert_eq!(most(both, None, &pictures), None, "billed by tokens that nothing limits");
        assert_eq!(most(both, Some(1_000), &pictures), Some(NanoUsd(10 + 1_000 * 2 + 7)));
        assert_eq!(most(both, Some(1), &pictures), Some(NanoUsd(1_007)));
        let spoken = Rates { per_million_characters: Some(NanoUsd(2_000_000)), ..Rates::default() };
        let letters = Units { characters: 11, ..Units::default() };
        assert_eq!(most(spoken, None, &letters), Some(NanoUsd(22)));
        let vectors = Rates { input: usd(3), ..Rates::default() };
        assert_eq!(most(vectors, Some(0), &Units::default()), Some(NanoUsd(30)), "they have no output");
    }
}
