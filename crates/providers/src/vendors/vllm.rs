//! vLLM: a server of one's own.

use super::{COPIED, CredentialRule, HttpFacts, Note, Reach, SYSTEM_ROLE, Vendor};
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_chat::request::{ReasoningForm, TargetFacts};
use switchyard_dialects::openai_operations::{OpenAiCompletions, OpenAiEmbeddings, OpenAiTranscriptions};

static CHAT: OpenAiChat = OpenAiChat {
    requests: TargetFacts { reasoning: ReasoningForm::ReasoningContent, top_k: true, ..COPIED },
    ..OpenAiChat::PLAIN
};

pub(super) static VENDOR: Vendor = Vendor {
    key: "vllm",
    name: "vLLM",
    reach: Reach::Http(HttpFacts {
        dialects: &[&CHAT],
        operations: &[&OpenAiEmbeddings::PLAIN, &OpenAiCompletions::PLAIN, &OpenAiTranscriptions],
        base_url: Some("http://localhost:8000/v1"),
        credential: CredentialRule::Optional,
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[("openai/gpt-oss", crate::vocabulary::Vocabulary::O200k)],
    notes: &[
        SYSTEM_ROLE,
        Note {
            fact: "Text completions, vectors and transcriptions are OpenAI's.",
            evidence: "docs.vllm.ai/en/v0.32.0/serving/online_serving; 2026-11-21",
        },
        Note {
            fact: "`top_k` is known.",
            evidence: "docs.vllm.ai, OpenAI-compatible server, extra parameters; 2026-11-21",
        },
    ],
};
