//! The built-in price catalogue against what vendors publish, and the loader against files that are none.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on fails")]

use std::collections::HashSet;
use std::sync::Arc;
use switchyard_domain::chat::TokenUsage;
use switchyard_domain::money::{NanoUsd, PricePerMillion};
use switchyard_domain::price::{DatedRates, ModelPrice, PriceSource, ServiceTier, cost};
use switchyard_domain::time::Timestamp;
use switchyard_ports::prices::PriceBook;
use switchyard_providers::catalogue::{Catalogue, CatalogueError, Mode, Problem, Unit};

fn catalogue() -> Arc<Catalogue> {
    Catalogue::built_in().unwrap()
}

fn at(time: &str) -> Timestamp {
    Timestamp::parse(time).unwrap()
}

fn today() -> Timestamp {
    at("2026-11-21T12:00:00Z")
}

fn price(vendor: &str, model: &str) -> Arc<ModelPrice> {
    catalogue().facts(vendor, model).unwrap().price.unwrap()
}

fn set(vendor: &str, model: &str, time: Timestamp) -> DatedRates {
    price(vendor, model).at(time).unwrap().clone()
}

/// Thousandths of a USD per million tokens.
fn milli(amount: i64) -> Option<PricePerMillion> {
    Some(PricePerMillion(amount * 1_000_000))
}

fn billed(vendor: &str, model: &str, usage: &TokenUsage) -> NanoUsd {
    cost(&price(vendor, model), usage, today(), ServiceTier::Standard).unwrap().amount
}

#[test]
fn the_catalogue_is_large_and_says_where_it_comes_from() {
    let catalogue = catalogue();
    assert!(catalogue.models().len() >= 1_400, "{}", catalogue.models().len());
    let priced = catalogue.models().iter().filter(|model| model.facts().price.is_some()).count();
    assert!(priced >= 1_400, "{priced}");
    let (day, digest) = catalogue.version().split_once('.').unwrap();
    assert_eq!(day, catalogue.imported().to_string());
    assert_eq!(digest.len(), 8);
    assert_eq!(catalogue.origins().len(), 2);
    for origin in catalogue.origins() {
        assert_eq!(&*origin.licence, "MIT");
        assert!(origin.notice.starts_with("Copyright"), "{origin:?}");
        assert!(!origin.version.is_empty());
    }
}

#[test]
fn the_licence_notices_of_both_lists_are_shipped_beside_the_data() {
    let notices = include_str!("../src/catalogue/LICENCES.md");
    for origin in catalogue().origins() {
        assert!(notices.contains(&format!("{} {}", origin.package, origin.version)), "{origin:?}");
        assert!(notices.contains(&*origin.notice), "{origin:?}");
    }
    assert_eq!(notices.matches("Permission is hereby granted, free of charge").count(), 2);
}

#[test]
fn every_id_and_alias_is_one_model_of_its_vendor_and_finds_it() {
    let catalogue = catalogue();
    let mut seen = HashSet::new();
    for model in catalogue.models() {
        for id in std::iter::once(model.id()).chain(model.aliases()) {
            assert!(seen.insert((model.vendor(), id)), "{}/{id} stands twice", model.vendor());
            let found = catalogue.model(model.vendor(), id).unwrap();
            assert!(std::ptr::eq(found, model), "{}/{id} finds {}", model.vendor(), found.id());
        }
    }
}

#[test]
fn every_price_names_the_version_of_the_catalogue() {
    let catalogue = catalogue();
    for model in catalogue.models() {
        if let Some(price) = model.facts().price {
            assert_eq!(&price.version, catalogue.version());
            assert_eq!(price.source, PriceSource::Catalogue);
        }
    }
}

#[test]
fn gpt_4o_costs_what_openai_publishes() {
    let rates = set("openai", "gpt-4o", today()).rates;
    assert_eq!((rates.input, rates.cached_input, rates.output), (milli(2_500), milli(1_250), milli(10_000)));
    let usage = TokenUsage { input: 1_000, cached_input: 400, output: 100, ..TokenUsage::default() };
    assert_eq!(billed("openai", "gpt-4o", &usage), NanoUsd(600 * 2_500 + 400 * 1_250 + 100 * 10_000));
}

#[test]
fn gpt_4_1_reads_its_cache_at_a_quarter() {
    let rates = set("openai", "gpt-4.1", today()).rates;
    assert_eq!((rates.input, rates.cached_input, rates.output), (milli(2_000), milli(500), milli(8_000)));
}

#[test]
fn claude_writes_its_cache_for_five_minutes_and_for_an_hour_at_two_prices() {
    let rates = set("anthropic", "claude-sonnet-4-5", today()).rates;
    assert_eq!((rates.input, rates.output), (milli(3_000), milli(15_000)));
    assert_eq!(
        (rates.cached_input, rates.cache_write, rates.cache_write_1h),
        (milli(300), milli(3_750), milli(6_000))
    );
    let usage = TokenUsage {
        input: 1_000,
        cached_input: 500,
        cache_write: 200,
        cache_write_1h: 100,
        output: 10,
        ..Default::default()
    };
    let published = 200 * 3_000 + 500 * 300 + 200 * 3_750 + 100 * 6_000 + 10 * 15_000;
    assert_eq!(billed("anthropic", "claude-sonnet-4-5", &usage), NanoUsd(published));
}

#[test]
fn gemini_2_5_pro_is_dearer_above_200_000_input_tokens() {
    let set = set("gemini", "gemini-2.5-pro", today());
    assert_eq!((set.rates.input, set.rates.output), (milli(1_250), milli(10_000)));
    let tier = set.tiers.first().unwrap();
    assert_eq!(tier.above_input_tokens, 200_000);
    assert_eq!((tier.rates.input, tier.rates.output), (milli(2_500), milli(15_000)));
    let bill =
        |input| billed("gemini", "gemini-2.5-pro", &TokenUsage { input, output: 1, ..Default::default() });
    assert_eq!(bill(200_000), NanoUsd(200_000 * 1_250 + 10_000));
    assert_eq!(bill(200_001), NanoUsd(200_001 * 2_500 + 15_000));
}

#[test]
fn deepseek_costs_by_date_and_by_hour_of_the_day() {
    let input = |time| set("deepseek", "deepseek-v4-flash", at(time)).rates.input;
    assert_eq!(input("2026-08-16T12:00:00Z"), milli(140));
    assert_eq!(input("2026-08-17T00:00:00Z"), milli(220));
    assert_eq!(input("2026-11-20T00:59:59Z"), milli(150));
    assert_eq!(input("2026-11-20T01:00:00Z"), milli(300));
    assert_eq!(input("2026-11-20T04:00:00Z"), milli(150));
    assert_eq!(input("2026-11-20T06:00:00Z"), milli(300));
    assert_eq!(input("2026-11-20T10:00:00Z"), milli(150));
}

// The peak is on working days only. Its hours, 9 to 12 and 14 to 18 in Beijing, are of one day there and in UTC.
#[test]
fn deepseek_has_no_peak_at_weekends() {
    for model in ["deepseek-v4-flash", "deepseek-flash", "deepseek-v4-flash-vision-exp"] {
        let input = |time| set("deepseek", model, at(time)).rates.input;
        assert_eq!(input("2026-11-20T09:59:59Z"), milli(300), "{model}, Friday");
        assert_eq!(input("2026-11-20T10:00:00Z"), milli(150), "{model}, Friday");
        for time in ["2026-11-21T02:00:00Z", "2026-11-21T09:00:00Z", "2026-11-22T02:00:00Z"] {
            assert_eq!(input(time), milli(150), "{model}, {time}");
        }
        assert_eq!(input("2026-11-23T00:59:59Z"), milli(150), "{model}, Monday");
        assert_eq!(input("2026-11-23T01:00:00Z"), milli(300), "{model}, Monday");
    }
    assert_eq!(set("deepseek", "deepseek-v4-pro", at("2026-11-21T02:00:00Z")).rates.output, milli(1_980));
    assert_eq!(set("deepseek", "deepseek-v4-pro", at("2026-11-20T02:00:00Z")).rates.output, milli(3_960));
}

#[test]
fn openais_service_tiers_cost_what_it_publishes_and_others_are_unknown() {
    let usage = TokenUsage { input: 1_000, cached_input: 400, output: 100, ..TokenUsage::default() };
    let bill = |model, tier| cost(&price("openai", model), &usage, today(), tier).map(|cost| cost.amount.0);
    assert_eq!(bill("gpt-5", ServiceTier::Standard), Some(600 * 1_250 + 400 * 125 + 100 * 10_000));
    assert_eq!(bill("gpt-5", ServiceTier::Priority), Some(600 * 2_500 + 400 * 250 + 100 * 20_000));
    assert_eq!(bill("gpt-5", ServiceTier::Flex), Some((600 * 1_250 + 400 * 125 + 100 * 10_000) / 2));
    assert_eq!(bill("gpt-5", ServiceTier::Other), None);
    assert_eq!(bill("gpt-4o", ServiceTier::Priority), Some(600 * 4_250 + 400 * 2_125 + 100 * 17_000));
    assert_eq!(bill("gpt-4o", ServiceTier::Flex), None, "it is not sold as flex");
}

#[test]
fn a_price_that_was_lowered_keeps_the_day_of_it() {
    let input = |time| set("openai", "o3", at(time)).rates.input;
    assert_eq!(input("2025-06-09T23:59:59Z"), milli(10_000));
    assert_eq!(input("2025-06-10T00:00:00Z"), milli(2_000));
}

#[test]
fn sound_costs_more_than_text_where_the_vendor_says_so() {
    let rates = set("gemini", "gemini-2.5-flash", today()).rates;
    assert_eq!((rates.input, rates.audio_input), (milli(300), milli(1_000)));
}

#[test]
fn an_alias_finds_the_model_and_its_price() {
    let catalogue = catalogue();
    let model = catalogue.model("openai", "gpt-4.1-2025-04-14").unwrap();
    assert_eq!(model.id(), "gpt-4.1");
    assert_eq!(price("openai", "gpt-4.1-2025-04-14"), price("openai", "gpt-4.1"));
}

#[test]
fn nothing_is_found_by_prefix_suffix_or_letter_case() {
    let catalogue = catalogue();
    for stranger in ["gpt-4o-xyz", "xgpt-4o", "gpt-4o-", "gpt", "", "GPT-4o", "openai/gpt-4o", " gpt-4o"] {
        assert!(catalogue.facts("openai", stranger).is_none(), "{stranger}");
    }
    assert!(catalogue.facts("openai", "claude-sonnet-4-5").is_none());
    assert!(catalogue.facts("openai-eu", "gpt-4o").is_none());
    assert!(catalogue.facts("", "gpt-4o").is_none());
}

#[test]
fn a_model_of_a_dearer_family_is_not_priced_by_the_cheaper_name_it_begins_with() {
    let catalogue = catalogue();
    let mini = set("openai", "gpt-4o-mini", today()).rates.input;
    let full = set("openai", "gpt-4o", today()).rates.input;
    assert_eq!((mini, full), (milli(150), milli(2_500)));
    assert!(catalogue.facts("openai", "gpt-4o-mini-next").is_none());
    assert!(catalogue.facts("anthropic", "claude-sonnet-4-5-20991231").is_none());
}

#[test]
fn models_of_other_vendors_keep_their_slashes() {
    for (vendor, model) in [
        ("openrouter", "anthropic/claude-sonnet-4.5"),
        ("fireworks", "accounts/fireworks/models/deepseek-v4-pro"),
        ("together", "openai/gpt-oss-120b"),
        ("groq", "openai/gpt-oss-120b"),
        ("huggingface", "openai/gpt-oss-120b:groq"),
    ] {
        assert!(price(vendor, model).at(today()).unwrap().rates.input > milli(0), "{vendor}/{model}");
    }
}

#[test]
fn only_what_a_list_calls_free_costs_nothing() {
    for model in catalogue().models() {
        let Some(price) = model.facts().price else { continue };
        for set in &price.sets {
            let free = set.rates.input == milli(0);
            let called_free = model.vendor() == "openrouter" && model.id().ends_with(":free");
            assert!(called_free || !free, "{}/{}", model.vendor(), model.id());
            let silent =
                matches!(model.mode(), Some(Mode::Embedding | Mode::Rerank)) || model.vendor() == "voyage";
            assert!(free || silent || set.rates.output != milli(0), "{}/{}", model.vendor(), model.id());
        }
    }
}

#[test]
fn a_model_without_a_known_price_is_listed_with_its_facts_and_no_price() {
    let catalogue = catalogue();
    let unpriced = catalogue.facts("zai", "glm-4.7-flash").unwrap();
    assert_eq!(unpriced.price, None);
    assert!(unpriced.context_window.is_some());
}

#[test]
fn sizes_and_abilities_are_told_where_they_are_known() {
    let facts = catalogue().facts("openai", "gpt-4o").unwrap();
    assert_eq!((facts.context_window, facts.max_output_tokens), (Some(128_000), Some(16_384)));
    let able = facts.capabilities;
    assert_eq!((able.vision, able.tools, able.json_schema), (Some(true), Some(true), Some(true)));
    assert_eq!(able.reasoning, None);
}

#[test]
fn other_things_than_tokens_have_prices_of_their_own() {
    let catalogue = catalogue();
    let unit = |vendor: &str, model: &str, unit| {
        let model = catalogue.model(vendor, model).unwrap();
        model.units_at(today()).iter().find(|price| price.unit == unit).map(|price| price.price)
    };
    assert_eq!(unit("groq", "whisper-large-v3", Unit::AudioHour), Some(NanoUsd(111_000_000)));
    assert_eq!(unit("openai", "gpt-4.1", Unit::WebSearch), Some(NanoUsd(10_000_000)));
    assert_eq!(unit("openai", "tts-1", Unit::MillionCharacters), Some(NanoUsd(15_000_000_000)));
    let rates = |vendor, model| price(vendor, model).at(today()).unwrap().rates;
    let speech = rates("openai", "tts-1");
    assert_eq!((speech.per_million_characters, speech.input), (Some(NanoUsd(15_000_000_000)), None));
    assert_eq!(rates("openai", "whisper-1").per_audio_hour, Some(NanoUsd(360_000_000)));
    assert_eq!(rates("openai", "text-embedding-3-small").input, milli(20));
    assert!(
        catalogue.facts("openai", "omni-moderation-latest").unwrap().price.is_none(),
        "nobody says that it is free"
    );
}

fn document(models: &str) -> String {
    format!(r#"{{"format":2,"version":"v","imported":"2026-11-21","sources":[],"models":[{models}]}}"#)
}

fn problem(models: &str) -> Problem {
    match Catalogue::from_json(document(models).as_bytes()) {
        Err(CatalogueError::Row { problem, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

fn row(id: &str, prices: &str) -> String {
    format!(r#"{{"vendor":"acme","id":"{id}","prices":[{prices}],"sources":["made up"]}}"#)
}

#[test]
fn a_catalogue_with_an_impossible_row_is_refused_whole() {
    let (a, b) = (row("a", ""), row("b", ""));
    assert!(Catalogue::from_json(document(&format!("{a},{b}")).as_bytes()).is_ok());
    assert_eq!(problem(&format!("{a},{b},{a}")), Problem::Duplicate);
    assert_eq!(problem(&row("a", r#"{"rates":{"input":-1}}"#)), Problem::Negative);
    assert_eq!(problem(&row("a", r#"{"rates":{},"units":{"page":-1}}"#)), Problem::Negative);
    assert_eq!(
        problem(&row("a", r#"{"rates":{},"tiers":[{"above":9,"rates":{"output":-1}}]}"#)),
        Problem::Negative
    );
    assert_eq!(problem(&row("a", r#"{"rates":{},"from":"2026-13-01"}"#)), Problem::From);
    for daily in ["01:00", "24:00-01:00", "01:00-02:60", "1-2", "a:b-c:d"] {
        assert_eq!(
            problem(&row("a", &format!(r#"{{"rates":{{}},"daily":"{daily}"}}"#))),
            Problem::Daily,
            "{daily}"
        );
    }
    for weekdays in [
        r#"{"rates":{},"daily":"01:00-02:00","weekdays":[]}"#,
        r#"{"rates":{},"daily":"01:00-02:00","weekdays":[8]}"#,
        r#"{"rates":{},"weekdays":[1]}"#,
    ] {
        assert_eq!(problem(&row("a", weekdays)), Problem::Weekdays, "{weekdays}");
    }
    let service =
        |price: &str| problem(&row("a", &format!(r#"{{"rates":{{}},"service":{{"flex":{price}}}}}"#)));
    assert_eq!(service(r#"{"rates":{"input":-1}}"#), Problem::Negative);
    assert_eq!(
        service(r#"{"rates":{},"tiers":[{"above":9,"rates":{}},{"above":8,"rates":{}}]}"#),
        Problem::Tiers
    );
    let tiers = r#"{"rates":{},"tiers":[{"above":9,"rates":{}},{"above":9,"rates":{}}]}"#;
    assert_eq!(problem(&row("a", tiers)), Problem::Tiers);
}

#[test]
fn a_file_of_another_shape_is_refused() {
    let bad = |text: &str| Catalogue::from_json(text.as_bytes()).unwrap_err();
    assert!(matches!(bad("{}"), CatalogueError::Syntax(_)));
    assert!(matches!(bad(&document(&row("a", r#"{"rates":{"imput":1}}"#))), CatalogueError::Syntax(_)));
    assert!(matches!(bad(&document(&row("a", r#"{"rates":{"input":0.5}}"#))), CatalogueError::Syntax(_)));
    assert!(matches!(
        bad(&document("").replace(r#""format":2"#, r#""format":1"#)),
        CatalogueError::Format(1)
    ));
    assert!(matches!(bad(&document("").replace("2026-11-21", "today")), CatalogueError::Imported));
}
