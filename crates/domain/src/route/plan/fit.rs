//! Whether a target can serve a call at all, and why not.

use super::{Availability, Candidate};
use crate::route::{Need, Needs, TokenRange};
use std::fmt;

/// A call as the plan sees it.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlannedCall<'a> {
    /// Its prompt's tokens by estimate.
    pub prompt_tokens: u64,
    /// The most tokens that the caller wants of an answer, where it says.
    pub output_tokens: Option<u64>,
    /// What it needs of the model.
    pub needs: Needs,
    /// What the caller calls it.
    pub tags: &'a [String],
}

/// Why a target is left out of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SkipReason {
    /// It, or its provider, is switched off or can't be called as it is configured.
    SwitchedOff,
    /// It does not serve the model that the caller named.
    ModelNotServed,
    /// The prompt and the answer that is asked for do not fit into its model's context.
    ContextTooSmall {
        /// What fits.
        window: u64,
        /// What is asked for, by estimate.
        needed: u64,
    },
    /// The call needs something that its model is known not to give.
    Lacks(Need),
    /// Its condition wants a prompt of another size.
    PromptSize {
        /// What it wants.
        wanted: TokenRange,
        /// What the prompt has, by estimate.
        tokens: u64,
    },
    /// Its condition wants calls that need this, and this one does not.
    NotNeeded(Need),
    /// Its condition wants one of its tags on the call.
    TagMissing,
}

impl SkipReason {
    /// The word for programs, stable.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SwitchedOff => "switched_off",
            Self::ModelNotServed => "model_not_served",
            Self::ContextTooSmall { .. } => "context_too_small",
            Self::Lacks(Need::Tools) => "lacks_tools",
            Self::Lacks(Need::Vision) => "lacks_vision",
            Self::Lacks(Need::JsonSchema) => "lacks_json_schema",
            Self::PromptSize { .. } | Self::NotNeeded(_) | Self::TagMissing => "condition_not_met",
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SwitchedOff => {
                f.write_str("switched off, or its provider can't be called as it is configured")
            }
            Self::ModelNotServed => f.write_str("it does not serve the model that was named"),
            Self::ContextTooSmall { window, needed } => write!(
                f,
                "its model holds {window} tokens, and the prompt with the answer that is asked for has about {needed}"
            ),
            Self::Lacks(need) => write!(f, "its model can't give {need}"),
            Self::PromptSize { wanted: TokenRange { min, max }, tokens } => {
                f.write_str("its condition wants a prompt of ")?;
                match (min, max) {
                    (Some(min), Some(max)) => write!(f, "{min} to {max}")?,
                    (Some(min), None) => write!(f, "at least {min}")?,
                    (None, Some(max)) => write!(f, "at most {max}")?,
                    (None, None) => f.write_str("any number of")?,
                }
                write!(f, " tokens, and this one has about {tokens}")
            }
            Self::NotNeeded(need) => write!(f, "its condition wants calls that need {need}"),
            Self::TagMissing => f.write_str("its condition wants a tag that the call does not carry"),
        }
    }
}

/// Why this target can't serve this call, whatever its health; `None` where it can. What is not known of a model counts as able.
#[must_use]
pub fn misfit(candidate: &Candidate<'_>, call: &PlannedCall<'_>) -> Option<SkipReason> {
    if !candidate.serves {
        return Some(SkipReason::ModelNotServed);
    }
    let when = candidate.when;
    if !when.prompt_tokens.holds(call.prompt_tokens) {
        return Some(SkipReason::PromptSize { wanted: when.prompt_tokens, tokens: call.prompt_tokens });
    }
    if let Some(need) = when.needs.iter().find(|need| !call.needs.has(**need)) {
        return Some(SkipReason::NotNeeded(*need));
    }
    if !when.tags.is_empty() && !call.tags.iter().any(|tag| when.tags.contains(tag)) {
        return Some(SkipReason::TagMissing);
    }
    if let Some(need) = call.needs.iter().find(|need| candidate.lacks(*need)) {
        return Some(SkipReason::Lacks(need));
    }
    let needed = call.prompt_tokens.saturating_add(call.output_tokens.unwrap_or_default());
    let window = candidate.context_window.filter(|window| *window < needed)?;
    Some(SkipReason::ContextTooSmall { window, needed })
}

/// Why a target is left out of the plan of a call.
pub(super) fn skip_reason(candidate: &Candidate<'_>, call: &PlannedCall<'_>) -> Option<SkipReason> {
    let is_off = candidate.availability == Availability::Unusable;
    misfit(candidate, call).or(is_off.then_some(SkipReason::SwitchedOff))
}
