use std::borrow::Cow;

use switchyard_domain::chat::{EffortLevel, ReasoningMode, ToolChoice, ToolChoiceMode};

use super::Body;
use super::turns::Turns;
use crate::reasoning::{budget_of_effort, effort_of_budget, is_off};

/// The least budget that the vendor takes.
const LEAST: u64 = 1024;

/// How hard to think when only that is asked for.
const USUAL_EFFORT: &str = "medium";

/// Whether and how to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thinking {
    Off,
    Adaptive,
    Budget(u64),
}

/// What comes of a wish for reasoning.
#[derive(Debug)]
pub(super) struct Plan<'r> {
    pub(super) thinking: Option<Thinking>,
    pub(super) effort: Option<Cow<'r, str>>,
    pub(super) max_tokens: u64,
}

impl Plan<'_> {
    /// Whether the model thinks, which bounds how it can be sampled.
    pub(super) fn thinks(&self) -> bool {
        matches!(self.thinking, Some(Thinking::Adaptive | Thinking::Budget(_)))
    }
}

impl<'r> Body<'r, '_> {
    pub(super) fn plan_reasoning(&mut self, model: &str, turns: &Turns<'_>) -> Plan<'r> {
        let (thinking, effort) = if self.same_dialect { self.as_asked() } else { self.as_known(model) };
        let mut plan = Plan { thinking, effort, max_tokens: 0 };
        if self.request.reasoning.summary.as_deref().is_some_and(|word| word != "auto") {
            self.losses.dropped("reasoning.summary", "the provider sums up in one way only");
        }
        let asked = self.request.max_output_tokens;
        plan.max_tokens = asked.unwrap_or(self.facts.default_max_tokens);
        if !plan.thinks() {
            return plan;
        }
        if self.forces_tools() && !self.same_dialect {
            self.losses
                .degraded("reasoning", "a tool must be called, which the model can't be made to think about");
            (plan.thinking, plan.effort) = (None, None);
            return plan;
        }
        if asked.is_none() {
            let word = plan.effort.as_deref().unwrap_or(USUAL_EFFORT);
            let thoughts = match plan.thinking {
                Some(Thinking::Budget(tokens)) => tokens,
                _ => budget_of_effort(word),
            };
            plan.max_tokens = plan.max_tokens.saturating_add(thoughts);
        }
        if let Some(Thinking::Budget(tokens)) = plan.thinking {
            plan.thinking = self.fitted(tokens, plan.max_tokens, turns);
        }
        plan
    }

    /// A wish in this dialect's own words.
    fn as_asked(&self) -> (Option<Thinking>, Option<Cow<'r, str>>) {
        let wish = &self.request.reasoning;
        let thinking = wish.mode.map(|mode| match mode {
            ReasoningMode::Off => Thinking::Off,
            ReasoningMode::Adaptive => Thinking::Adaptive,
            ReasoningMode::On => {
                Thinking::Budget(wish.budget_tokens.unwrap_or_else(|| budget_of_effort(USUAL_EFFORT)))
            }
        });
        (thinking, wish.effort.as_ref().map(|EffortLevel(word)| Cow::Borrowed(word.as_str())))
    }

    /// A wish in another dialect's words, as this model knows it.
    fn as_known(&mut self, model: &str) -> (Option<Thinking>, Option<Cow<'r, str>>) {
        let wish = &self.request.reasoning;
        if is_off(wish) {
            return (Some(Thinking::Off), None);
        }
        let asks = wish.mode.is_some() || wish.effort.is_some() || wish.budget_tokens.is_some();
        if !asks {
            if wish.visible == Some(true) {
                self.losses.dropped("reasoning", "the model thinks only when it is told how hard");
            }
            return (None, None);
        }
        let word = wish.effort.as_ref().map(|EffortLevel(word)| word.as_str());
        if self.facts.budget_models.iter().any(|part| model.contains(part)) {
            let tokens = wish.budget_tokens.unwrap_or_else(|| {
                let tokens = budget_of_effort(word.unwrap_or(USUAL_EFFORT));
                self.losses.degraded("reasoning", format!("goes as a budget of {tokens} tokens"));
                tokens
            });
            return (Some(Thinking::Budget(tokens)), None);
        }
        let effort = match (word, wish.budget_tokens) {
            (Some("minimal"), _) => Some(self.nearest("minimal", "low")),
            // Not all models know it: `anthropic-messages-0f862f39bb`, 2026.
            (Some("xhigh"), _) => Some(self.nearest("xhigh", "high")),
            (Some(word), _) => Some(Cow::Borrowed(word)),
            (None, Some(tokens)) => {
                let word = effort_of_budget(tokens);
                self.losses.degraded(
                    "reasoning",
                    format!("a budget of {tokens} tokens goes as the effort `{word}`"),
                );
                Some(Cow::Borrowed(word))
            }
            (None, None) => None,
        };
        (Some(Thinking::Adaptive), effort)
    }

    fn nearest(&mut self, asked: &str, word: &'static str) -> Cow<'r, str> {
        self.losses.degraded("reasoning", format!("the effort `{asked}` goes as `{word}`"));
        Cow::Borrowed(word)
    }

    fn forces_tools(&self) -> bool {
        let forced = matches!(
            self.request.tool_choice,
            Some(ToolChoice::Mode(ToolChoiceMode::Required) | ToolChoice::Function(_))
        );
        forced && !self.request.tools.is_empty()
    }

    /// A budget within its bounds: below the limit of the whole answer, of which a quarter is left for what is said.
    fn fitted(&mut self, tokens: u64, max_tokens: u64, turns: &Turns<'_>) -> Option<Thinking> {
        if turns.calls_without_thinking() {
            self.losses.degraded("reasoning", "the calls that are being answered were made without thinking");
            return None;
        }
        if max_tokens <= LEAST && !self.counts() {
            let reason = format!("the answer may have {max_tokens} tokens, less than the least thinking");
            self.losses.degraded("reasoning", reason);
            return None;
        }
        let most = (max_tokens / 4).saturating_mul(3).max(LEAST);
        let fitted = match tokens {
            0..LEAST => LEAST,
            tokens if tokens >= max_tokens && !self.counts() => most,
            tokens => tokens,
        };
        if fitted != tokens {
            let reason = format!("the budget of {tokens} tokens is fitted to {fitted}");
            self.losses.degraded("reasoning", reason);
        }
        Some(Thinking::Budget(fitted))
    }

    /// Writes what was planned.
    pub(super) fn write_thinking(&mut self, plan: &Plan<'_>) {
        let Some(thinking) = plan.thinking else { return };
        let display = self.request.reasoning.visible.filter(|_| thinking != Thinking::Off);
        let nested = self.nested("thinking.");
        self.object.object("thinking", |object| {
            match thinking {
                Thinking::Off => object.text("type", "disabled"),
                Thinking::Adaptive => object.text("type", "adaptive"),
                Thinking::Budget(tokens) => {
                    object.text("type", "enabled");
                    object.plain("budget_tokens", tokens);
                }
            }
            if let Some(visible) = display {
                object.text("display", if visible { "summarized" } else { "omitted" });
            }
            nested.iter().for_each(|(name, value)| object.json(name, value));
        });
    }
}
