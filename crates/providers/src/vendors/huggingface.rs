//! Hugging Face: a router in front of many vendors.

use super::{COPIED, HttpFacts, Note, Reach, SYSTEM_ROLE, Vendor};
use switchyard_dialects::codec::MemberRule;
use switchyard_dialects::openai_chat::OpenAiChat;

static CHAT: OpenAiChat = OpenAiChat {
    requests: COPIED,
    members: &[MemberRule::Rename { from: "max_completion_tokens", to: "max_tokens" }],
    ..OpenAiChat::PLAIN
};

pub(super) static VENDOR: Vendor = Vendor {
    key: "huggingface",
    name: "Hugging Face",
    reach: Reach::Http(HttpFacts {
        dialects: &[&CHAT],
        base_url: Some("https://router.huggingface.co/v1"),
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[("openai/gpt-oss", crate::vocabulary::Vocabulary::O200k)],
    notes: &[
        SYSTEM_ROLE,
        Note {
            fact: "`max_tokens` is the member that its recorded clients send.",
            evidence: "huggingface-chat_completions-0438c0f5ee; 2026-11-21",
        },
        Note {
            fact: "A stream may end without `[DONE]`; usage comes when asked for.",
            evidence: "huggingface-chat_completions-04bb9dc0bd; 2026-11-21",
        },
        Note {
            fact: "A choice may repeat its content in `text`, for clients of an older endpoint.",
            evidence: "huggingface-chat_completions-1f5b5d1e90; 2026-11-21",
        },
    ],
};
