use serde_json::Value;

use super::super::plan::Plan;

/// What an answer says that it used, by OpenAI's rule.
#[derive(Clone, Copy)]
pub(super) struct Counts {
    pub(super) prompt: i64,
    pub(super) completion: i64,
    pub(super) total: i64,
    pub(super) cached: i64,
    pub(super) reasoning: i64,
}

impl Counts {
    /// The numbers of an answer of `completion` tokens; none where they shall be missing.
    pub(super) fn of(plan: &Plan, completion: usize) -> Option<Self> {
        let usage = plan.usage(completion)?;
        let at = |place: &str| usage.pointer(place).and_then(Value::as_i64).unwrap_or_default();
        Some(Self {
            prompt: at("/prompt_tokens"),
            completion: at("/completion_tokens"),
            total: at("/total_tokens"),
            cached: at("/prompt_tokens_details/cached_tokens"),
            reasoning: at("/completion_tokens_details/reasoning_tokens"),
        })
    }
}
