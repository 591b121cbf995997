//! DashScope: Alibaba Cloud's Model Studio, the home of Qwen.

use super::{COPIED, HttpFacts, Note, Reach, SYSTEM_ROLE, Vendor};
use switchyard_dialects::codec::MemberRule;
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_chat::request::{ReasoningForm, TargetFacts};

static CHAT: OpenAiChat = OpenAiChat {
    requests: TargetFacts { reasoning: ReasoningForm::ReasoningContent, top_k: true, ..COPIED },
    members: &[MemberRule::Rename { from: "max_completion_tokens", to: "max_tokens" }],
    ..OpenAiChat::PLAIN
};

pub(super) static VENDOR: Vendor = Vendor {
    key: "dashscope",
    name: "Alibaba Cloud Model Studio (DashScope)",
    reach: Reach::Http(HttpFacts {
        dialects: &[&CHAT],
        base_url: Some("https://dashscope-intl.aliyuncs.com/compatible-mode/v1"),
        spent: &["Arrearage"],
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[],
    notes: &[
        SYSTEM_ROLE,
        Note {
            fact: "The address is the international one; in mainland China it is https://dashscope.aliyuncs.com/compatible-mode/v1.",
            evidence: "alibabacloud.com/help, OpenAI compatibility, no recorded exchange; 2026-11-21",
        },
        Note {
            fact: "`max_tokens` is the member that it documents.",
            evidence: "alibabacloud.com/help, OpenAI compatibility, no recorded exchange; 2026-11-21",
        },
        Note {
            fact: "`top_k` is known.",
            evidence: "alibabacloud.com/help, OpenAI compatibility, no recorded exchange; 2026-11-21",
        },
        Note {
            fact: "An account with overdue payments is 400 with the code `Arrearage`.",
            evidence: "alibabacloud.com/help/en/model-studio/error-code, no recorded exchange; 2026-11-21",
        },
    ],
};
