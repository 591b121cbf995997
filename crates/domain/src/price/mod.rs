//! Prices: what a token of each kind costs at a model, at which time and above which prompt size. Unknown is unknown, never
//! zero.

mod cost;
mod service;
mod units;
mod window;

pub use cost::{Cost, LineItem, TokenKind, cost, max_cost, max_cost_with_pieces};
pub use service::{ServiceRates, ServiceTier};
pub use window::{DailyWindow, Weekdays};

use crate::money::{NanoUsd, PricePerMillion};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Prices by kind of token. A kind without a price of its own costs what its parent costs: cached input and cache writes as
/// input, reasoning as output, sound and pictures as the direction they go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rates {
    /// Input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<PricePerMillion>,
    /// Input read from the prompt cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<PricePerMillion>,
    /// Input written to the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<PricePerMillion>,
    /// Input written to the cache for an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<PricePerMillion>,
    /// Sound in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_input: Option<PricePerMillion>,
    /// Pictures in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_input: Option<PricePerMillion>,
    /// Output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<PricePerMillion>,
    /// Reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<PricePerMillion>,
    /// Sound out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_output: Option<PricePerMillion>,
    /// Pictures out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_output: Option<PricePerMillion>,
    /// A fee for each request, on top.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_request: Option<NanoUsd>,
    /// A picture made, where pictures are not billed by tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_image: Option<NanoUsd>,
    /// A million characters of text, spoken, where speech is not billed by tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_million_characters: Option<NanoUsd>,
    /// An hour of sound, written down, where transcriptions are not billed by tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_audio_hour: Option<NanoUsd>,
}

/// Rates that hold for the whole request once its input passes a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceTier {
    /// The tier holds when input tokens are above this.
    pub above_input_tokens: u64,
    /// Its rates; a kind that it does not name keeps the base rate.
    pub rates: Rates,
}

/// Rates and tiers that hold in a span of time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DatedRates {
    /// They hold from here on; absent means always.
    pub from: Option<Timestamp>,
    /// They hold until before this.
    pub until: Option<Timestamp>,
    /// They hold in this part of the day only.
    pub daily: Option<DailyWindow>,
    /// The rates.
    pub rates: Rates,
    /// Dearer or cheaper rates for long prompts, ascending.
    pub tiers: Vec<PriceTier>,
    /// What the service tiers beside the standard one cost. One that is not here has no known price.
    pub service: Vec<ServiceRates>,
}

impl DatedRates {
    fn holds(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from)
            && self.until.is_none_or(|until| at < until)
            && self.daily.is_none_or(|window| window.holds(at))
    }

    /// The rates of the standard service tier for a prompt of `input` tokens.
    #[must_use]
    pub fn rates_for(&self, input: u64) -> Rates {
        let tier = self.tiers.iter().rfind(|tier| input > tier.above_input_tokens);
        tier.map_or(self.rates, |tier| tier.rates.over(self.rates))
    }
}

impl Rates {
    /// These rates, with those of `base` where these are silent.
    #[must_use]
    pub fn over(self, base: Self) -> Self {
        Self {
            input: self.input.or(base.input),
            cached_input: self.cached_input.or(base.cached_input),
            cache_write: self.cache_write.or(base.cache_write),
            cache_write_1h: self.cache_write_1h.or(base.cache_write_1h),
            audio_input: self.audio_input.or(base.audio_input),
            image_input: self.image_input.or(base.image_input),
            output: self.output.or(base.output),
            reasoning: self.reasoning.or(base.reasoning),
            audio_output: self.audio_output.or(base.audio_output),
            image_output: self.image_output.or(base.image_output),
            per_request: self.per_request.or(base.per_request),
            per_image: self.per_image.or(base.per_image),
            per_million_characters: self.per_million_characters.or(base.per_million_characters),
            per_audio_hour: self.per_audio_hour.or(base.per_audio_hour),
        }
    }

    /// The rates of input tokens.
    #[must_use]
    pub fn of_input(&self) -> [Option<PricePerMillion>; 6] {
        let Self { input, cached_input, cache_write, cache_write_1h, audio_input, image_input, .. } = *self;
        [input, cached_input, cache_write, cache_write_1h, audio_input, image_input]
    }

    /// The rates of output tokens.
    #[must_use]
    pub fn of_output(&self) -> [Option<PricePerMillion>; 4] {
        [self.output, self.reasoning, self.audio_output, self.image_output]
    }

    /// Whether a rate is negative, which would turn usage into a credit.
    #[must_use]
    pub fn has_negative(&self) -> bool {
        let tokens = self.of_input().into_iter().chain(self.of_output());
        let amounts = [self.per_request, self.per_image, self.per_million_characters, self.per_audio_hour];
        tokens.flatten().any(|price| price.0 < 0) || amounts.into_iter().flatten().any(|amount| amount.0 < 0)
    }

    /// Whether they price anything at all besides a fee.
    #[must_use]
    pub fn price_something(&self) -> bool {
        self.input.is_some()
            || self.output.is_some()
            || self.per_image.is_some()
            || self.per_million_characters.is_some()
            || self.per_audio_hour.is_some()
    }
}

/// Where a price comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceSource {
    /// The built-in catalogue.
    Catalogue,
    /// The operator.
    Override,
    /// A simulated model, which costs nothing by nature.
    Simulated,
}

/// What the version of an operator's price begins with.
const OVERRIDE: &str = "override:";
/// The version of the price of simulated models.
const SIMULATED: &str = "simulated";

impl PriceSource {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Catalogue => "catalogue",
            Self::Override => "override",
            Self::Simulated => "simulated",
        }
    }

    /// Where a price of this version came from.
    #[must_use]
    pub fn of_version(version: &str) -> Self {
        match version {
            SIMULATED => Self::Simulated,
            version if version.starts_with(OVERRIDE) => Self::Override,
            _ => Self::Catalogue,
        }
    }
}

/// The price of a model over time. Immutable and shared: a snapshot holds it, a ledger row names its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelPrice {
    /// What a ledger row stores to say which price was used.
    pub version: Arc<str>,
    /// Where it comes from.
    pub source: PriceSource,
    /// The sets of rates; of those that hold, the last one counts.
    pub sets: Vec<DatedRates>,
}

impl ModelPrice {
    /// A price that holds always.
    #[must_use]
    pub fn constant(version: impl Into<Arc<str>>, source: PriceSource, rates: Rates) -> Self {
        Self { version: version.into(), source, sets: vec![DatedRates { rates, ..DatedRates::default() }] }
    }

    /// An operator's price, set with a version of the row of this name. The `digest` of its rates tells it from any other price that
    /// has stood under this name and version: another model's, that of a row of before, or what a hand wrote into the tables.
    #[must_use]
    pub fn overriding(name: &str, version: i64, digest: &str, rates: Rates) -> Self {
        Self::constant(format!("{OVERRIDE}{name}@{version}.{digest}"), PriceSource::Override, rates)
    }

    /// What simulated models cost: nothing.
    #[must_use]
    pub fn simulated() -> Self {
        let free = Some(PricePerMillion(0));
        let rates = Rates { input: free, output: free, ..Rates::default() };
        Self::constant(SIMULATED, PriceSource::Simulated, rates)
    }

    /// The rates that hold at an instant; absent when none does.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> Option<&DatedRates> {
        self.sets.iter().rfind(|set| set.holds(at))
    }
}
