//! LM Studio: models on one's own desk.

use super::{COPIED, CredentialRule, HttpFacts, Note, Reach, SYSTEM_ROLE, Vendor};
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_chat::request::TargetFacts;
use switchyard_dialects::openai_operations::{OpenAiCompletions, OpenAiEmbeddings};

static CHAT: OpenAiChat = OpenAiChat { requests: TargetFacts { top_k: true, ..COPIED }, ..OpenAiChat::PLAIN };

pub(super) static VENDOR: Vendor = Vendor {
    key: "lmstudio",
    name: "LM Studio",
    reach: Reach::Http(HttpFacts {
        dialects: &[&CHAT],
        operations: &[&OpenAiEmbeddings::PLAIN, &OpenAiCompletions::PLAIN],
        base_url: Some("http://localhost:1234/v1"),
        credential: CredentialRule::Optional,
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[("openai/gpt-oss", crate::vocabulary::Vocabulary::O200k)],
    notes: &[
        SYSTEM_ROLE,
        Note {
            fact: "Text completions and vectors are OpenAI's.",
            evidence: "lmstudio.ai/docs/api/openai-api; 2026-11-21",
        },
        Note {
            fact: "`top_k` is known.",
            evidence: "lmstudio.ai/docs, chat completions, supported payload parameters; 2026-11-21",
        },
    ],
};
