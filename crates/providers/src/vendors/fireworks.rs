//! Fireworks AI.

use super::{COPIED, HttpFacts, Note, Reach, SYSTEM_ROLE, Vendor};
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_chat::request::TargetFacts;
use switchyard_dialects::openai_operations::{OpenAiCompletions, OpenAiEmbeddings};

static CHAT: OpenAiChat = OpenAiChat { requests: TargetFacts { top_k: true, ..COPIED }, ..OpenAiChat::PLAIN };

pub(super) static VENDOR: Vendor = Vendor {
    key: "fireworks",
    name: "Fireworks AI",
    reach: Reach::Http(HttpFacts {
        dialects: &[&CHAT],
        operations: &[&OpenAiEmbeddings::PLAIN, &OpenAiCompletions::PLAIN],
        base_url: Some("https://api.fireworks.ai/inference/v1"),
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[],
    notes: &[
        SYSTEM_ROLE,
        Note {
            fact: "Text completions and vectors are OpenAI's.",
            evidence: "docs.litellm.ai/docs/providers/fireworks_ai; docs.getbifrost.ai/providers/supported-providers/fireworks; 2026-11-21",
        },
        Note {
            fact: "`top_k` is known.",
            evidence: "docs.fireworks.ai, chat completions, no recorded exchange; 2026-11-21",
        },
    ],
};
