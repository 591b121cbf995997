use switchyard_domain::chat::FinishReason;

/// What a provider's word means. Vendors differ in case and add words of their own; an unknown one is kept.
pub(super) fn parse(word: &str) -> FinishReason {
    let known: &[(&str, FinishReason)] = &[
        ("stop", FinishReason::Stop),
        // Together, 2026: `together-chat_completions-e929ae984c`.
        ("eos", FinishReason::Stop),
        ("end_turn", FinishReason::Stop),
        ("stop_sequence", FinishReason::Stop),
        ("length", FinishReason::Length),
        ("max_tokens", FinishReason::Length),
        // Mistral's word for a full context window.
        ("model_length", FinishReason::Length),
        ("tool_calls", FinishReason::ToolCalls),
        ("function_call", FinishReason::ToolCalls),
        ("tool_use", FinishReason::ToolCalls),
        ("content_filter", FinishReason::ContentFilter),
        ("refusal", FinishReason::ContentFilter),
        ("error", FinishReason::Error),
    ];
    known
        .iter()
        .find(|(name, _)| word.eq_ignore_ascii_case(name))
        .map_or_else(|| FinishReason::Other(word.to_owned()), |(_, reason)| reason.clone())
}

/// The word of this dialect. `legacy` says that the choice calls a function in the first form of function calling, which
/// has its own word.
pub(super) fn word(reason: &FinishReason, legacy: bool) -> &str {
    match reason {
        FinishReason::Stop | FinishReason::StopSequence(_) => "stop",
        FinishReason::Length => "length",
        FinishReason::ToolCalls if legacy => "function_call",
        FinishReason::ToolCalls => "tool_calls",
        FinishReason::ContentFilter => "content_filter",
        FinishReason::Error => "error",
        FinishReason::Other(word) => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_in_any_case_and_unknown_ones_are_kept() {
        assert_eq!(parse("STOP"), FinishReason::Stop);
        assert_eq!(parse("Model_Length"), FinishReason::Length);
        assert_eq!(word(&parse("insufficient_system_resource"), false), "insufficient_system_resource");
    }
}
