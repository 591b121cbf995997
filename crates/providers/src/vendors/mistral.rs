//! Mistral: refuses what it does not know, and is strict about the ids of tool calls.

use super::{COPIED, HttpFacts, NO_PROOFS, Note, Reach, Vendor};
use switchyard_dialects::codec::MemberRule;
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_chat::UsageRule;
use switchyard_dialects::openai_chat::request::{
    DocumentForm, ReasoningForm, StreamUsage, TargetFacts, ToolCallIds, UnknownMembers,
};
use switchyard_dialects::openai_operations::OpenAiEmbeddings;

const UNKNOWN: &str = "Mistral refuses members that it does not know";

static CHAT: OpenAiChat = OpenAiChat {
    requests: TargetFacts {
        stream_usage: StreamUsage::Unasked,
        seed_member: "random_seed",
        reasoning: ReasoningForm::ThinkingPart,
        documents: DocumentForm::DocumentUrl,
        tool_call_ids: ToolCallIds::NineAlphanumeric,
        unknown_members: UnknownMembers::LeftOut,
        media_in_results: true,
        ..COPIED
    },
    usage: UsageRule { completion_excludes_reasoning: false, prompt_excludes_audio: true },
    members: &[
        MemberRule::Rename { from: "max_completion_tokens", to: "max_tokens" },
        MemberRule::Rename { from: "seed", to: "random_seed" },
        MemberRule::Omit { name: "stream_options" },
        MemberRule::Drop { name: "user", why: UNKNOWN },
        MemberRule::Drop { name: "store", why: UNKNOWN },
        MemberRule::Drop { name: "logit_bias", why: UNKNOWN },
    ],
    ..OpenAiChat::PLAIN
};

static EMBEDDINGS: OpenAiEmbeddings = OpenAiEmbeddings {
    members: &[
        MemberRule::Rename { from: "dimensions", to: "output_dimension" },
        MemberRule::Drop { name: "user", why: UNKNOWN },
    ],
    ..OpenAiEmbeddings::PLAIN
};

pub(super) static VENDOR: Vendor = Vendor {
    key: "mistral",
    name: "Mistral AI",
    reach: Reach::Http(HttpFacts {
        dialects: &[&CHAT],
        operations: &[&EMBEDDINGS],
        base_url: Some("https://api.mistral.ai/v1"),
        request_id_header: Some("mistral-correlation-id"),
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[],
    notes: &[
        Note {
            fact: "Unknown members are 422 `extra_forbidden`; `max_completion_tokens` is one of them. `max_tokens` and `random_seed` are the names that it knows. `user`, `store` and `logit_bias` have no like.",
            evidence: "request types of its SDK 3.7.0; github.com/editor-code-assistant/eca/issues/231; 2026-11-21",
        },
        Note {
            fact: "Vectors are asked for by `model`, `input`, `metadata`, `output_dimension`, `output_dtype` and `encoding_format`.",
            evidence: "mistral-embeddings-435b9b1d6b; docs.mistral.ai/api/endpoint/embeddings; 2026-11-21",
        },
        Note {
            fact: "Usage comes unasked, in the last chunk with a choice.",
            evidence: "mistral-chat_completions-093880d280, mistral-chat_completions-246b95741e; 2026-11-21",
        },
        Note {
            fact: "`prompt_tokens` leaves out the sound.",
            evidence: "mistral-chat_completions-c434b0f9ee; 2026-11-21",
        },
        Note {
            fact: "Messages have the roles `system`, `user`, `assistant` and `tool` only.",
            evidence: "message types of its SDK 3.7.0; 2026-11-21",
        },
        Note {
            fact: "Ids of tool calls are nine letters or digits when sent back.",
            evidence: "mistral-chat_completions-350f5f3db8; 2026-11-21",
        },
        Note {
            fact: "An error stands at the top of its body, with a code that is a text of digits; a wrong key is 401 with `detail` alone.",
            evidence: "mistral-chat_completions-c0bfb0da74, mistral-chat_completions-036699618d; 2026-11-21",
        },
        Note {
            fact: "Reasoning is a part of the content, in answers and in deltas, which turn to plain texts within one stream.",
            evidence: "mistral-chat_completions-0b943ec38b, mistral-chat_completions-25157c80b9; 2026-11-21",
        },
        Note {
            fact: NO_PROOFS,
            evidence: "github.com/charmbracelet/crush/issues/1590, github.com/BerriAI/litellm/issues/30835; 2026-11-21",
        },
        Note {
            fact: "Results of tools may hold pictures and documents.",
            evidence: "`ToolMessage` of its SDK 3.7.0; 2026-11-21",
        },
    ],
};
