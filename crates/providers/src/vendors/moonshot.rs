//! Moonshot AI, the maker of Kimi.

use super::{COPIED, HttpFacts, Note, Reach, SYSTEM_ROLE, Vendor};
use switchyard_dialects::codec::MemberRule;
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_chat::request::{ReasoningForm, TargetFacts};

static CHAT: OpenAiChat = OpenAiChat {
    requests: TargetFacts { reasoning: ReasoningForm::ReasoningContent, ..COPIED },
    members: &[MemberRule::Rename { from: "max_completion_tokens", to: "max_tokens" }],
    ..OpenAiChat::PLAIN
};

pub(super) static VENDOR: Vendor = Vendor {
    key: "moonshot",
    name: "Moonshot AI",
    reach: Reach::Http(HttpFacts {
        dialects: &[&CHAT],
        base_url: Some("https://api.moonshot.ai/v1"),
        spent: &["exceeded_current_quota_error"],
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[],
    notes: &[
        SYSTEM_ROLE,
        Note {
            fact: "`max_tokens` is the member that it documents; thinking models give `reasoning_content` and want it back within a tool loop.",
            evidence: "platform.moonshot.ai/docs, no recorded exchange; 2026-11-21",
        },
        Note {
            fact: "An account without balance is 429 or 403 of the type `exceeded_current_quota_error`.",
            evidence: "github.com/MoonshotAI/Kimi-K2/issues/5, github.com/continuedev/continue/issues/11443; 2026-11-21",
        },
    ],
};
