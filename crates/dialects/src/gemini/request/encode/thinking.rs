use bytes::BytesMut;
use switchyard_domain::chat::ReasoningMode;

use super::contents::object_of;
use super::{Body, THINKING};
use crate::gemini::address::{is_third_generation, plain};
use crate::json::ObjectWriter;
use crate::reasoning::{budget_of_effort, is_off};

/// The largest budget that every model with budgets takes.
const MAX_BUDGET: u64 = 24_576;

/// The smallest budget of the models that can't be kept from reasoning (Gemini 2.5 Pro).
const LEAST_BUDGET: u64 = 128;

/// How much to reason, in this dialect's words. Models of the second generation know a budget, later ones a level too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Amount<'a> {
    Budget(i64),
    Level(&'a str),
}

impl Body<'_, '_> {
    pub(super) fn write_thinking(&mut self, config: &mut ObjectWriter<'_>) {
        let wish = &self.request.reasoning;
        let mut out = BytesMut::new();
        let mut thinking = ObjectWriter::begin(&mut out);
        if self.same_dialect {
            self.write_as_given(&mut thinking);
        } else {
            match self.amount() {
                Some(Amount::Budget(budget)) => thinking.plain("thinkingBudget", budget),
                Some(Amount::Level(level)) => thinking.text("thinkingLevel", level),
                None => {}
            }
        }
        if let Some(visible) = wish.visible.or(wish.summary.as_ref().map(|_| true)) {
            thinking.plain("includeThoughts", visible);
        }
        if wish.summary.as_deref().is_some_and(|summary| summary != "auto") {
            self.losses.degraded("reasoning.summary", "the provider sums up in one way");
        }
        self.nested(THINKING).into_iter().for_each(|(name, value)| thinking.json(name, value));
        thinking.end();
        object_of(config, "thinkingConfig", &out);
    }

    /// What a client of this dialect said, whatever the model knows.
    fn write_as_given(&self, thinking: &mut ObjectWriter<'_>) {
        let wish = &self.request.reasoning;
        if let Some(budget) = wish.budget_tokens {
            thinking.plain("thinkingBudget", budget);
        } else if wish.mode == Some(ReasoningMode::Adaptive) {
            thinking.plain("thinkingBudget", -1);
        } else if wish.mode == Some(ReasoningMode::Off) {
            thinking.plain("thinkingBudget", 0);
        }
        if let Some(effort) = &wish.effort {
            thinking.text("thinkingLevel", &effort.0.to_ascii_uppercase());
        }
    }

    fn amount(&mut self) -> Option<Amount<'static>> {
        let wish = &self.request.reasoning;
        let has_levels = is_third_generation(self.model);
        let is_pro = plain(self.model).contains("pro");
        if is_off(wish) {
            return Some(match (has_levels, is_pro) {
                (true, true) => self.weaker(Amount::Level("LOW"), "the model can't be kept from reasoning"),
                (true, false) => {
                    self.weaker(Amount::Level("MINIMAL"), "the model can't be kept from reasoning")
                }
                (false, true) => {
                    let least = Amount::Budget(i64::try_from(LEAST_BUDGET).unwrap_or_default());
                    self.weaker(least, "the model can't be kept from reasoning")
                }
                (false, false) => Amount::Budget(0),
            });
        }
        let effort = wish.effort.as_ref().map(|effort| effort.0.to_ascii_lowercase());
        match (effort, wish.budget_tokens) {
            // Both at once are refused; each model gets the one that is made for it.
            (Some(effort), None) | (Some(effort), Some(_)) if has_levels => Some(self.level(&effort)),
            (_, Some(budget)) => Some(Amount::Budget(i64::try_from(budget).unwrap_or(i64::MAX))),
            (Some(effort), None) => {
                let budget = budget_of_effort(&effort).min(MAX_BUDGET);
                let reason = format!("the effort `{effort}` goes as a budget of {budget} tokens");
                Some(self.weaker(Amount::Budget(i64::try_from(budget).unwrap_or_default()), &reason))
            }
            (None, None) if wish.mode == Some(ReasoningMode::Adaptive) && !has_levels => {
                Some(Amount::Budget(-1))
            }
            (None, None) => None,
        }
    }

    fn level(&mut self, effort: &str) -> Amount<'static> {
        match effort {
            "minimal" => Amount::Level("MINIMAL"),
            "low" => Amount::Level("LOW"),
            "medium" => Amount::Level("MEDIUM"),
            "high" => Amount::Level("HIGH"),
            "xhigh" | "max" => {
                self.weaker(Amount::Level("HIGH"), "the provider knows nothing harder than `high`")
            }
            _ => self.weaker(Amount::Level("MEDIUM"), "the provider does not know this effort"),
        }
    }

    fn weaker(&mut self, amount: Amount<'static>, reason: &str) -> Amount<'static> {
        self.losses.degraded("reasoning", reason);
        amount
    }
}
