//! Service tiers: the same model, served sooner for more or later for less.

use super::{PriceTier, Rates};
use serde::{Deserialize, Serialize};

/// How a provider served an answer, where it sells that apart. What counts is what the answer says, not what was asked for: a
/// vendor may serve another tier than the one that was wanted, and bills the one that it served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceTier {
    /// As usual, or the answer did not say.
    #[default]
    Standard,
    /// Sooner, for more.
    Priority,
    /// Later, for less.
    Flex,
    /// Another one, of which no price is known.
    Other,
}

impl ServiceTier {
    /// The tier that an answer's word means. Words of the usual tier were seen of OpenAI (`default`, 2026-11, exchange
    /// openai-chat_completions-4c8e9cc67c) and Groq (`on_demand`, groq-chat_completions-2e80968a5e); `standard` is Anthropic's
    /// and Gemini's by their documents. `auto` says that the vendor chose, not what.
    #[must_use]
    pub fn of_answer(word: &str) -> Self {
        match word {
            "" | "auto" | "default" | "on_demand" | "standard" => Self::Standard,
            "priority" => Self::Priority,
            "flex" => Self::Flex,
            _ => Self::Other,
        }
    }
}

/// What a service tier costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceRates {
    /// The tier.
    pub tier: ServiceTier,
    /// Its rates.
    pub rates: Rates,
    /// Its rates for long prompts, ascending.
    pub tiers: Vec<PriceTier>,
}

impl ServiceRates {
    /// The rates for a prompt of `input` tokens; `None` where the standard tier (`standard`, ascending) has a price of its own for
    /// a prompt of that size and this one has none.
    pub(super) fn rates_for(&self, input: u64, standard: &[PriceTier]) -> Option<Rates> {
        let reached = |tiers: &[PriceTier]| {
            tiers.iter().rfind(|tier| input > tier.above_input_tokens).map(|tier| tier.above_input_tokens)
        };
        let own = self.tiers.iter().rfind(|tier| input > tier.above_input_tokens);
        match own {
            Some(own) if reached(standard) <= Some(own.above_input_tokens) => {
                Some(own.rates.over(self.rates))
            }
            None if reached(standard).is_none() => Some(self.rates),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_tier_has_many_names_and_one_that_is_not_known_is_another() {
        for word in ["", "auto", "default", "on_demand", "standard"] {
            assert_eq!(ServiceTier::of_answer(word), ServiceTier::Standard, "{word}");
        }
        assert_eq!(ServiceTier::of_answer("priority"), ServiceTier::Priority);
        assert_eq!(ServiceTier::of_answer("flex"), ServiceTier::Flex);
        for word in ["scale", "ultrafast", "batch", "Priority", "performance"] {
            assert_eq!(ServiceTier::of_answer(word), ServiceTier::Other, "{word}");
        }
    }
}
