use switchyard_domain::chat::{ReasoningWish, ToolChoice, ToolChoiceMode};

use super::Body;
use crate::bedrock_converse::model::{Maker, Version};
use crate::outbound::note_visible;
use crate::reasoning::{budget_of_effort, effort_of_budget, is_off};

/// A smaller budget is refused.
const SMALLEST_BUDGET: u64 = 1024;

impl Body<'_, '_> {
    /// Puts the wish for reasoning into the words of the model's maker.
    pub(super) fn wish_for_reasoning(&mut self) {
        let wish = &self.request.reasoning;
        let is_on = wish.effort.is_some() || wish.budget_tokens.is_some() || wish.mode.is_some();
        if !is_on {
            return;
        }
        if ["thinking", "reasoningConfig", "reasoning_effort"].iter().any(|name| self.fields.has(name)) {
            return self.losses.dropped("reasoning", "the model's own fields say it, and outrank it");
        }
        match self.maker {
            Maker::Claude(version) => self.claude(wish, version),
            Maker::Nova { reasons: true } if is_off(wish) => {
                self.fields.add("reasoningConfig", r#"{"type":"disabled"}"#);
            }
            Maker::Nova { reasons: true } => {
                let level = self.level(wish).unwrap_or("medium");
                let config = format!(r#"{{"type":"enabled","maxReasoningEffort":"{level}"}}"#);
                self.fields.add("reasoningConfig", config);
            }
            Maker::GptOss if !is_off(wish) => {
                if let Some(level) = self.level(wish) {
                    self.fields.add("reasoning_effort", format!("\"{level}\""));
                }
            }
            _ if is_off(wish) => {
                self.losses.degraded("reasoning", "whether it reasons is the model's own matter");
            }
            _ => self.losses.dropped("reasoning", "nothing is known that the model could be told"),
        }
    }

    /// How hard, by one of the three words that all know.
    fn level(&mut self, wish: &ReasoningWish) -> Option<&'static str> {
        note_visible(self.request, self.losses);
        let word = wish.effort.as_ref().map(|effort| effort.0.as_str());
        let level = match (word, wish.budget_tokens) {
            (Some("minimal" | "low"), _) => "low",
            (Some("high" | "xhigh" | "max"), _) => "high",
            (Some(_), _) => "medium",
            (None, Some(budget)) => effort_of_budget(budget),
            (None, None) => return None,
        };
        if word != Some(level) {
            self.losses.degraded("reasoning", format!("goes as the effort `{level}`"));
        }
        Some(level)
    }

    fn claude(&mut self, wish: &ReasoningWish, version: Option<Version>) {
        if is_off(wish) {
            return self.fields.add("thinking", r#"{"type":"disabled"}"#);
        }
        if self.must_call() {
            return self.losses.dropped("reasoning", "a model that must call a tool can't think first");
        }
        let adaptive = version.is_some_and(Version::is_adaptive);
        let takes_budgets = !version.is_some_and(Version::refuses_budgets);
        let thinking = match wish.budget_tokens {
            Some(budget) if takes_budgets => self.budget(budget),
            _ if adaptive => Some(r#""type":"adaptive""#.to_owned()),
            _ => {
                let word = wish.effort.as_ref().map_or("medium", |effort| effort.0.as_str());
                self.losses.degraded("reasoning", "goes as a budget of tokens");
                self.budget(budget_of_effort(word))
            }
        };
        let Some(thinking) = thinking else { return };
        if adaptive {
            self.effort = self.claude_effort(wish, takes_budgets);
        }
        let display = match wish.visible {
            Some(visible) if adaptive => {
                format!(r#","display":"{}""#, if visible { "summarized" } else { "omitted" })
            }
            _ => {
                note_visible(self.request, self.losses);
                String::new()
            }
        };
        self.thinks = true;
        self.fields.add("thinking", format!("{{{thinking}{display}}}"));
    }

    /// The budget must leave room for the answer.
    fn budget(&mut self, wanted: u64) -> Option<String> {
        let most = self.request.max_output_tokens.map_or(u64::MAX, |most| most.saturating_sub(1));
        let budget = wanted.max(SMALLEST_BUDGET).min(most);
        if budget < SMALLEST_BUDGET {
            self.losses.dropped("reasoning", "the limit of output tokens leaves no room for it");
            return None;
        }
        if budget != wanted {
            self.losses.degraded("reasoning", format!("goes as a budget of {budget} tokens"));
        }
        Some(format!(r#""type":"enabled","budget_tokens":{budget}"#))
    }

    fn claude_effort(&mut self, wish: &ReasoningWish, takes_budgets: bool) -> Option<&'static str> {
        const WORDS: &[&str] = &["low", "medium", "high", "xhigh", "max"];
        let word = match (&wish.effort, wish.budget_tokens) {
            (Some(effort), _) => effort.0.as_str(),
            (None, Some(budget)) if !takes_budgets => {
                let word = effort_of_budget(budget);
                self.losses.degraded("reasoning", format!("a budget goes as the effort `{word}`"));
                word
            }
            _ => return None,
        };
        let known = WORDS.iter().find(|known| **known == word).copied();
        if known.is_none() {
            let nearest = if word == "minimal" { "low" } else { "medium" };
            self.losses.degraded("reasoning", format!("goes as the effort `{nearest}`"));
            return Some(nearest);
        }
        known
    }

    fn must_call(&self) -> bool {
        matches!(
            self.request.tool_choice,
            Some(ToolChoice::Mode(ToolChoiceMode::Required) | ToolChoice::Function(_))
        )
    }
}
