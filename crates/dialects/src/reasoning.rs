//! Words and budgets for how hard to reason, told in terms of each other.

use switchyard_domain::chat::ReasoningWish;

/// Budgets of tokens and the words that come nearest, rising. The words are OpenAI's; the budgets are of the order that
/// vendors recommend for light, usual and hard questions.
const STEPS: &[(u64, &str)] =
    &[(1024, "minimal"), (2048, "low"), (8192, "medium"), (16_384, "high"), (32_768, "xhigh")];

/// The word that comes nearest to a budget, of those that every vendor with words knows.
pub(crate) fn effort_of_budget(tokens: u64) -> &'static str {
    match tokens {
        0..=2048 => "low",
        2049..=8192 => "medium",
        _ => "high",
    }
}

/// The budget that comes nearest to a word. One that we don't know counts as the usual one.
pub(crate) fn budget_of_effort(word: &str) -> u64 {
    let word = if word == "max" { "xhigh" } else { word };
    STEPS.iter().find(|(_, known)| *known == word).map_or(8192, |(tokens, _)| *tokens)
}

/// Whether a wish turns reasoning off, by the switch, by OpenAI's word for it, or by a budget of nothing.
pub(crate) fn is_off(wish: &ReasoningWish) -> bool {
    wish.mode == Some(switchyard_domain::chat::ReasoningMode::Off)
        || wish.effort.as_ref().is_some_and(|effort| effort.0 == "none")
        || wish.budget_tokens == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_budgets_agree() {
        for word in ["low", "medium", "high"] {
            assert_eq!(effort_of_budget(budget_of_effort(word)), word);
        }
        assert!(budget_of_effort("minimal") < budget_of_effort("low"));
        assert_eq!(budget_of_effort("max"), budget_of_effort("xhigh"));
        assert_eq!(effort_of_budget(1), "low");
    }
}
