//! What the gateway is told of each recorded provider, and what it may therefore change in a request. Written down a second
//! time here, so that a change of a vendor's facts is seen in what becomes of recorded requests. Members that go by another
//! name somewhere are not told here: no recorded request has one that its provider would not know.

/// A provider's vendor, as an administrator would choose it.
pub(crate) fn key(provider: &str) -> &str {
    match provider {
        "openai" | "mistral" | "groq" | "deepseek" | "openrouter" | "together" | "perplexity" | "ollama"
        | "xai" | "cerebras" | "huggingface" | "zai" => provider,
        _ => "openai_compatible",
    }
}

/// Whether a stream is asked for its usage on the client's behalf. The others tell it unasked.
pub(crate) fn is_asked_for_usage(provider: &str) -> bool {
    !matches!(provider, "mistral" | "deepseek" | "openrouter" | "perplexity" | "xai")
}

/// Whether ids of tool calls must be nine letters or digits.
pub(crate) fn wants_short_call_ids(provider: &str) -> bool {
    provider == "mistral"
}
