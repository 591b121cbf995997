//! Together AI.

use super::{COPIED, HttpFacts, Note, Reach, SYSTEM_ROLE, Vendor};
use switchyard_dialects::codec::MemberRule;
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_chat::request::TargetFacts;
use switchyard_dialects::openai_operations::{
    OpenAiCompletions, OpenAiEmbeddings, OpenAiImages, OpenAiSpeech,
};

static CHAT: OpenAiChat = OpenAiChat {
    requests: TargetFacts { top_k: true, ..COPIED },
    members: &[MemberRule::Rename { from: "max_completion_tokens", to: "max_tokens" }],
    ..OpenAiChat::PLAIN
};

pub(super) static VENDOR: Vendor = Vendor {
    key: "together",
    name: "Together AI",
    reach: Reach::Http(HttpFacts {
        dialects: &[&CHAT],
        operations: &[&OpenAiEmbeddings::PLAIN, &OpenAiCompletions::PLAIN, &OpenAiImages, &OpenAiSpeech],
        base_url: Some("https://api.together.ai/v1"),
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[("openai/gpt-oss", crate::vocabulary::Vocabulary::O200k)],
    notes: &[
        SYSTEM_ROLE,
        Note {
            fact: "`max_tokens` is the member that it documents.",
            evidence: "together-chat_completions-9da46ee572; 2026-11-21",
        },
        Note {
            fact: "The finish reason `eos` means `stop`.",
            evidence: "together-chat_completions-e929ae984c; 2026-11-21",
        },
        Note {
            fact: "Text completions, vectors, pictures and speech are OpenAI's.",
            evidence: "docs.together.ai/docs/inference/openai-compatibility; 2026-11-21",
        },
        Note { fact: "`top_k` is known.", evidence: "together-chat_completions-e929ae984c; 2026-11-21" },
    ],
};
