use switchyard_domain::chat::FinishReason;

/// What a stop reason means. An unknown one is kept: models bring new ones. None at all says only that it ended.
pub(super) fn parse(word: &str) -> FinishReason {
    match word {
        // Which stop text is told only on demand, in another member.
        "end_turn" | "stop_sequence" | "" => FinishReason::Stop,
        "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
        "tool_use" => FinishReason::ToolCalls,
        "guardrail_intervened" | "content_filtered" => FinishReason::ContentFilter,
        "malformed_model_output" | "malformed_tool_use" => FinishReason::Error,
        word => FinishReason::Other(word.to_owned()),
    }
}
