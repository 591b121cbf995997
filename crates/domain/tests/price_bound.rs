//! What is held for a call before it is sent, against what it can cost afterwards.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use switchyard_domain::chat::{TokenUsage, Units};
use switchyard_domain::money::{NanoUsd, PricePerMillion};
use switchyard_domain::price::{
    DatedRates, ModelPrice, PriceSource, PriceTier, Rates, ServiceRates, ServiceTier, cost,
    max_cost_with_pieces,
};
use switchyard_domain::time::Timestamp;

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const TIERS: [ServiceTier; 4] =
    [ServiceTier::Standard, ServiceTier::Flex, ServiceTier::Priority, ServiceTier::Other];

fn rate() -> impl Strategy<Value = Option<PricePerMillion>> {
    // Also such as make less than a nano-dollar of a token.
    let nano = prop_oneof![0_i64..3_000_000, 0_i64..100_000_000_000];
    prop::option::weighted(0.6, nano.prop_map(PricePerMillion))
}

fn rates() -> impl Strategy<Value = Rates> {
    let amount = || prop::option::weighted(0.3, (0_i64..50_000_000).prop_map(NanoUsd));
    let tokens = prop::collection::vec(rate(), 10);
    (tokens, amount(), amount(), amount(), amount()).prop_map(
        |(tokens, per_request, per_image, per_million_characters, per_audio_hour)| {
            let at = |place: usize| tokens.get(place).copied().flatten();
            Rates {
                input: at(0),
                cached_input: at(1),
                cache_write: at(2),
                cache_write_1h: at(3),
                audio_input: at(4),
                image_input: at(5),
                output: at(6),
                reasoning: at(7),
                audio_output: at(8),
                image_output: at(9),
                per_request,
                per_image,
                per_million_characters,
                per_audio_hour,
            }
        },
    )
}

fn tiers() -> impl Strategy<Value = Vec<PriceTier>> {
    prop::collection::vec((0_u64..2_000, rates()), 0..3).prop_map(|mut tiers| {
        tiers.sort_by_key(|(above, _)| *above);
        let tier = |(above_input_tokens, rates)| PriceTier { above_input_tokens, rates };
        tiers.into_iter().map(tier).collect()
    })
}

fn price() -> impl Strategy<Value = ModelPrice> {
    let service = (prop::sample::select(&TIERS[1..3]), rates(), tiers())
        .prop_map(|(tier, rates, tiers)| ServiceRates { tier, rates, tiers });
    (rates(), tiers(), prop::collection::vec(service, 0..3)).prop_map(|(rates, tiers, service)| {
        let set = DatedRates { rates, tiers, service, ..DatedRates::default() };
        ModelPrice { version: "test".into(), source: PriceSource::Override, sets: vec![set] }
    })
}

/// A usage of any kinds of tokens, with no more of input and output than that.
fn usage(input: u64, output: u64, pieces: Units) -> impl Strategy<Value = TokenUsage> {
    let counts = prop::collection::vec(0_u64..1_500, 8);
    (0..=input, 0..=output, counts, any::<bool>()).prop_map(move |(input, output, counts, has_pieces)| {
        let at = |place: usize| counts.get(place).copied().unwrap();
        let usage = TokenUsage {
            input,
            cached_input: at(0),
            cache_write: at(1),
            cache_write_1h: at(2),
            audio_input: at(3),
            image_input: at(4),
            output,
            reasoning: at(5),
            audio_output: at(6),
            image_output: at(7),
            units: if has_pieces { pieces } else { Units::default() },
        };
        usage.clamped(u64::MAX)
    })
}

fn pieces() -> impl Strategy<Value = Units> {
    prop_oneof![
        Just(Units::default()),
        (1_u32..9).prop_map(|images| Units { images, ..Units::default() }),
        (1_u32..9_000).prop_map(|characters| Units { characters, ..Units::default() }),
        (1_u32..9_000).prop_map(|audio_seconds| Units { audio_seconds, ..Units::default() }),
    ]
}

fn case() -> impl Strategy<Value = (u64, u64, Units, TokenUsage)> {
    (0_u64..3_000, 0_u64..3_000, pieces()).prop_flat_map(|(prompt, output, pieces)| {
        (Just(prompt), Just(output), Just(pieces), usage(prompt, output, pieces))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_call_costs_more_than_what_was_held_for_it(
        price in price(),
        (prompt, output, pieces, usage) in case(),
    ) {
        let most = max_cost_with_pieces(&price, prompt, Some(output), &pieces, NOW);
        for tier in TIERS {
            if let (Some(cost), Some(most)) = (cost(&price, &usage, NOW, tier), most) {
                prop_assert!(cost.amount <= most, "{:?}: {} of {}", tier, cost.amount, most);
            }
        }
    }
}
