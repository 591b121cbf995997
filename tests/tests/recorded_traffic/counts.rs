//! Where the ledger departs from a provider's numbers.

/// Successes of which something else is recorded than what the official SDKs show of the provider's count: why, which, and
/// what is recorded.
pub(crate) const OTHERWISE: &[(&str, &[(&str, &str)])] = &[
    (
        "more cached tokens than the prompt has (Azure's Grok) are recorded as the whole prompt",
        &[
            ("azure-chat_completions-01941b4740", "provider: 7 (7 cached, 0 written), 1 (0 reasoning)"),
            ("azure-chat_completions-0587b167be", "provider: 377 (377 cached, 0 written), 69 (0 reasoning)"),
            ("azure-chat_completions-0b097da049", "provider: 235 (235 cached, 0 written), 90 (0 reasoning)"),
            ("azure-chat_completions-1f8b79bcef", "provider: 447 (447 cached, 0 written), 17 (0 reasoning)"),
            ("azure-chat_completions-26040358f1", "provider: 298 (298 cached, 0 written), 14 (0 reasoning)"),
            ("azure-chat_completions-6cac3fe200", "provider: 371 (371 cached, 0 written), 40 (0 reasoning)"),
            ("azure-chat_completions-7dcc19bc53", "provider: 29 (29 cached, 0 written), 6 (0 reasoning)"),
            ("azure-chat_completions-87602098b5", "provider: 154 (154 cached, 0 written), 274 (0 reasoning)"),
            ("azure-chat_completions-a1503e4cb9", "provider: 23 (23 cached, 0 written), 110 (0 reasoning)"),
            ("azure-chat_completions-c5f8de1f07", "provider: 10 (10 cached, 0 written), 213 (0 reasoning)"),
            ("azure-chat_completions-e41b6aff07", "provider: 347 (347 cached, 0 written), 18 (0 reasoning)"),
        ],
    ),
    (
        "more reasoning than output is recorded as the whole output",
        &[
            (
                "doubleword-chat_completions-51dc1bee81",
                "provider: 17 (0 cached, 0 written), 128 (128 reasoning)",
            ),
            (
                "doubleword-chat_completions-62a2c70ffa",
                "provider: 16 (0 cached, 0 written), 128 (128 reasoning)",
            ),
        ],
    ),
    (
        "tokens that the cache both gave and took are recorded as given",
        &[(
            "openrouter-chat_completions-2f99ba74a8",
            "provider: 2168 (2161 cached, 7 written), 100 (0 reasoning)",
        )],
    ),
    (
        "Mistral's prompt lacks the sound, which its total has",
        &[
            ("mistral-chat_completions-c434b0f9ee", "provider: 386 (9 cached, 0 written), 15 (0 reasoning)"),
            ("mistral-chat_completions-f813ef578d", "provider: 384 (0 cached, 0 written), 248 (0 reasoning)"),
        ],
    ),
    (
        "xAI's completion lacks the reasoning, which its total has",
        &[
            ("xai-chat_completions-d9bd1b0ea3", "provider: 12 (11 cached, 0 written), 291 (290 reasoning)"),
            ("xai-chat_completions-fd7dbe5e33", "provider: 291 (244 cached, 0 written), 215 (189 reasoning)"),
        ],
    ),
];
