//! Token counts by kind, and who counted.

use super::units::Units;
use serde::{Deserialize, Serialize};

/// Tokens of one answer. `input` and `output` are totals; the other members say what is inside them. Vendors whose
/// numbers exclude the cache or the reasoning are normalised when their answer is decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenUsage {
    /// All input tokens, cached ones included.
    pub input: u64,
    /// Input read from the vendor's prompt cache.
    pub cached_input: u64,
    /// Input written to the cache, short-lived (5 minutes where the vendor tells kinds apart).
    pub cache_write: u64,
    /// Input written to the cache for an hour.
    pub cache_write_1h: u64,
    /// Input that was sound.
    pub audio_input: u64,
    /// Input that was pictures, where the vendor counts it apart.
    pub image_input: u64,
    /// All output tokens, reasoning included.
    pub output: u64,
    /// Output that was reasoning.
    pub reasoning: u64,
    /// Output that was sound.
    pub audio_output: u64,
    /// Output that was pictures, where the vendor counts it apart.
    pub image_output: u64,
    /// What is billed by the piece where tokens are not what counts.
    #[serde(skip_serializing_if = "Units::is_empty")]
    pub units: Units,
}

impl TokenUsage {
    /// Counts of which each is at most `max`, with the inner kinds no larger than their totals: a vendor's absurd number
    /// (negative, 2^53, more than was allowed) must not become money.
    #[must_use]
    pub fn clamped(mut self, max: u64) -> Self {
        self.input = self.input.min(max);
        self.output = self.output.min(max);
        let mut left = self.input;
        for part in [
            &mut self.cached_input,
            &mut self.cache_write,
            &mut self.cache_write_1h,
            &mut self.audio_input,
            &mut self.image_input,
        ] {
            *part = (*part).min(left);
            left -= *part;
        }
        let mut left = self.output;
        for part in [&mut self.reasoning, &mut self.audio_output, &mut self.image_output] {
            *part = (*part).min(left);
            left -= *part;
        }
        self
    }

    /// The sum of two answers' counts, each held at the end of its range.
    #[must_use]
    pub fn saturating_add(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            cached_input: self.cached_input.saturating_add(other.cached_input),
            cache_write: self.cache_write.saturating_add(other.cache_write),
            cache_write_1h: self.cache_write_1h.saturating_add(other.cache_write_1h),
            audio_input: self.audio_input.saturating_add(other.audio_input),
            image_input: self.image_input.saturating_add(other.image_input),
            output: self.output.saturating_add(other.output),
            reasoning: self.reasoning.saturating_add(other.reasoning),
            audio_output: self.audio_output.saturating_add(other.audio_output),
            image_output: self.image_output.saturating_add(other.image_output),
            units: self.units.saturating_add(other.units),
        }
    }

    /// Input and output together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.input.saturating_add(self.output)
    }
}

/// Who counted the tokens of a usage event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageSource {
    /// The provider, in its answer.
    Provider,
    /// We did, with the model's tokenizer.
    Counted,
    /// We did, by length: the tokenizer is not known or the provider's numbers were absurd.
    Estimated,
    /// We did, for an answer that was cut or cancelled: what was received so far.
    Partial,
    /// Nothing was used: the attempt failed before the provider worked.
    None,
}

impl UsageSource {
    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Counted => "counted",
            Self::Estimated => "estimated",
            Self::Partial => "partial",
            Self::None => "none",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Provider, Self::Counted, Self::Estimated, Self::Partial, Self::None]
            .into_iter()
            .find(|source| source.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_counts_are_clamped_and_stay_consistent() {
        let usage = TokenUsage {
            input: 10,
            cached_input: 1 << 53,
            cache_write: 5,
            output: 1 << 53,
            reasoning: u64::MAX,
            ..Default::default()
        };
        let clamped = usage.clamped(1000);
        assert_eq!((clamped.input, clamped.cached_input, clamped.cache_write), (10, 10, 0));
        assert_eq!((clamped.output, clamped.reasoning), (1000, 1000));
    }
}
