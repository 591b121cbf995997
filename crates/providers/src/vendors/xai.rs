//! xAI: counts reasoning beside the completion.

use super::{COPIED, HttpFacts, Note, Reach, SYSTEM_ROLE, Vendor};
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_chat::UsageRule;
use switchyard_dialects::openai_chat::request::{MaxTokensMember, StreamUsage, TargetFacts};
use switchyard_dialects::openai_responses::OpenAiResponses;

static CHAT: OpenAiChat = OpenAiChat {
    requests: TargetFacts {
        max_tokens: MaxTokensMember::MaxCompletionTokens,
        stream_usage: StreamUsage::Unasked,
        ..COPIED
    },
    usage: UsageRule { completion_excludes_reasoning: true, prompt_excludes_audio: false },
    ..OpenAiChat::PLAIN
};

static RESPONSES: OpenAiResponses =
    OpenAiResponses { issuer: "xai", developer_role: false, ..OpenAiResponses::PLAIN };

pub(super) static VENDOR: Vendor = Vendor {
    key: "xai",
    name: "xAI",
    reach: Reach::Http(HttpFacts {
        dialects: &[&CHAT, &RESPONSES],
        base_url: Some("https://api.x.ai/v1"),
        reasons_beside_limit: true,
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[],
    notes: &[
        SYSTEM_ROLE,
        Note {
            fact: "`completion_tokens` leaves out the reasoning; `total_tokens` has it.",
            evidence: "xai-chat_completions-fd7dbe5e33; 2026-11-21",
        },
        Note {
            fact: "Models reason beside the output limit: 162 tokens of reasoning and 3 to be seen where 16 were allowed.",
            evidence: "xai-responses-3456a7c0b4; 2026-11-22",
        },
        Note {
            fact: "Usage comes unasked, in a last chunk without choices.",
            evidence: "xai-chat_completions-d9bd1b0ea3; 2026-11-21",
        },
        Note {
            fact: "It speaks Responses as well, which keep answers unless told not to.",
            evidence: "xai-responses-0014892214, xai-responses-00c161b8ed; 2026-11-21",
        },
        Note {
            fact: "A wrong key is 400 with the error as a plain text.",
            evidence: "xai-responses-03354a21a5; 2026-11-21",
        },
        Note {
            fact: "Reasoning comes as `reasoning_content`.",
            evidence: "xai-chat_completions-fd7dbe5e33, xai-chat_completions-d9bd1b0ea3; 2026-11-21",
        },
    ],
};
