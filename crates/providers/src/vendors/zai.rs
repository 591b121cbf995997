//! Z.ai: what Zhipu is called abroad.

use super::{COPIED, HttpFacts, Note, Reach, SYSTEM_ROLE, Vendor};
use switchyard_dialects::codec::MemberRule;
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_chat::request::{ReasoningForm, TargetFacts};

/// At home it is the same service.
pub(super) static CHAT: OpenAiChat = OpenAiChat {
    requests: TargetFacts { reasoning: ReasoningForm::ReasoningContent, ..COPIED },
    members: &[MemberRule::Rename { from: "max_completion_tokens", to: "max_tokens" }],
    ..OpenAiChat::PLAIN
};

pub(super) static VENDOR: Vendor = Vendor {
    key: "zai",
    name: "Z.ai",
    reach: Reach::Http(HttpFacts {
        dialects: &[&CHAT],
        base_url: Some("https://api.z.ai/api/paas/v4"),
        spent: &["1113"],
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[],
    notes: &[
        SYSTEM_ROLE,
        Note {
            fact: "What the model thought comes in `reasoning_content`; its own `thinking` switches it.",
            evidence: "zai-chat_completions-5763cbfb92, zai-chat_completions-2bbbce829c; 2026-11-21",
        },
        Note {
            fact: "`max_tokens` is the member that it documents.",
            evidence: "docs.z.ai, chat completion; 2026-11-21",
        },
        Note {
            fact: "An account without balance is 429 with the code `1113`.",
            evidence: "docs.z.ai/api-reference/api-code, no recorded exchange; 2026-11-21",
        },
    ],
};
