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
        if is_off(wish) {
            let least = match (has_levels, plain(self.model).contains("pro")) {
                (true, _) => Amount::Level(self.known("MINIMAL")),
                (false, true) => Amount::Budget(i64::try_from(LEAST_BUDGET).unwrap_or_default()),
                (false, false) => return Some(Amount::Budget(0)),
            };
            return Some(self.weaker(least, "the model can't be kept from reasoning"));
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
        let wanted = match effort {
            "minimal" => "MINIMAL",
            "low" => "LOW",
            "medium" => "MEDIUM",
            "high" => "HIGH",
            "xhigh" | "max" => {
                return self.weaker(Amount::Level("HIGH"), "the provider knows nothing harder than `high`");
            }
            _ => {
                let level = Amount::Level(self.known("MEDIUM"));
                return self.weaker(level, "the provider does not know this effort");
            }
        };
        let level = self.known(wanted);
        if level == wanted {
            return Amount::Level(level);
        }
        let reason = format!("the model does not know the level `{wanted}`, so it goes as `{level}`");
        self.weaker(Amount::Level(level), &reason)
    }

    /// The level that the model knows nearest to this one. Asked for another, it refuses the call ("Thinking level MINIMAL is
    /// not supported for this model", 2026): no Pro knows `MINIMAL`, nor does Gemini 3.7 Flash, and the first Pro of the third
    /// generation knows no `MEDIUM` either. All others know all four, and every one of them `LOW` and `HIGH` (Google's
    /// documentation on thinking, August 2026; `google-streamgeneratecontent-6279b48dfa`).
    fn known(&self, level: &'static str) -> &'static str {
        let model = plain(self.model);
        match level {
            "MINIMAL" if model.contains("pro") || model.starts_with("gemini-3.7-flash") => "LOW",
            "MEDIUM" if model.starts_with("gemini-3-pro") => "HIGH",
            level => level,
        }
    }

    fn weaker(&mut self, amount: Amount<'static>, reason: &str) -> Amount<'static> {
        self.losses.degraded("reasoning", reason);
        amount
    }
}
