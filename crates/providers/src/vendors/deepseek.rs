//! DeepSeek.

use super::{COPIED, HttpFacts, Note, Reach, Vendor};
use switchyard_dialects::codec::MemberRule;
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_chat::request::{ReasoningForm, StreamUsage, TargetFacts};
use switchyard_dialects::openai_responses::{OpenAiResponses, ProofsWanted};

static CHAT: OpenAiChat = OpenAiChat {
    requests: TargetFacts {
        stream_usage: StreamUsage::Unasked,
        reasoning: ReasoningForm::ReasoningContent,
        ..COPIED
    },
    members: &[MemberRule::Rename { from: "max_completion_tokens", to: "max_tokens" }],
    ..OpenAiChat::PLAIN
};

static RESPONSES: OpenAiResponses = OpenAiResponses {
    issuer: "deepseek",
    stores: false,
    proofs: ProofsWanted::Never,
    developer_role: false,
    reasoning_text: true,
    members: &[],
};

pub(super) static VENDOR: Vendor = Vendor {
    key: "deepseek",
    name: "DeepSeek",
    reach: Reach::Http(HttpFacts {
        dialects: &[&CHAT, &RESPONSES],
        base_url: Some("https://api.deepseek.com"),
        request_id_header: Some("x-ds-trace-id"),
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[],
    notes: &[
        Note {
            fact: "Usage comes in the last chunk with a choice, asked for or not.",
            evidence: "deepseek-chat_completions-0176dfcad2, deepseek-chat_completions-7bbf4a9ec3; 2026-11-21",
        },
        Note {
            fact: "It speaks Responses as well, keeps none of them, and takes reasoning back as readable text.",
            evidence: "deepseek-responses-bc8fa7e143; 2026-11-21",
        },
        Note {
            fact: "The role `developer` is 400 `unknown variant`.",
            evidence: "github.com/earendil-works/pi/issues/1048; 2026-11-21",
        },
        Note {
            fact: "`max_tokens` is the member that it documents.",
            evidence: "deepseek-chat_completions-042c6455fc and all other recorded requests; 2026-11-21",
        },
        Note {
            fact: "Reasoning comes as `reasoning_content` before the content, and is given back so.",
            evidence: "deepseek-chat_completions-46b1ae2b80; 2026-11-21",
        },
        Note {
            fact: "A model that reasons refuses a tool choice with 400, and models of texts refuse pictures and sound. Both depend on the model, so that answer is passed on.",
            evidence: "deepseek-chat_completions-042c6455fc, deepseek-chat_completions-6a6ab7105c, deepseek-chat_completions-b03cf4b562; 2026-11-21",
        },
    ],
};
