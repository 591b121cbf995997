//! Cerebras.

use super::{COPIED, HttpFacts, NO_PROOFS, Note, Reach, SYSTEM_ROLE, Vendor};
use crate::vocabulary::Vocabulary;
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_chat::request::{
    MaxTokensMember, ReasoningForm, TargetFacts, UnknownMembers,
};

static CHAT: OpenAiChat = OpenAiChat {
    requests: TargetFacts {
        max_tokens: MaxTokensMember::MaxCompletionTokens,
        reasoning: ReasoningForm::Reasoning,
        unknown_members: UnknownMembers::LeftOut,
        ..COPIED
    },
    ..OpenAiChat::PLAIN
};

pub(super) static VENDOR: Vendor = Vendor {
    key: "cerebras",
    name: "Cerebras",
    reach: Reach::Http(HttpFacts {
        dialects: &[&CHAT],
        base_url: Some("https://api.cerebras.ai/v1"),
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[("gpt-oss", Vocabulary::O200k)],
    notes: &[
        SYSTEM_ROLE,
        Note {
            fact: "What the model thought comes in `reasoning`; `reasoning_effort` and its own `clear_thinking` are known.",
            evidence: "cerebras-chat_completions-3617cd7179; 2026-11-21",
        },
        Note {
            fact: NO_PROOFS,
            evidence: "github.com/Kilo-Org/kilocode/issues/10375, github.com/QwenLM/qwen-code/issues/11045; 2026-11-21",
        },
    ],
};
