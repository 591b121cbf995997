//! OpenRouter: many vendors behind one address.

use super::{COPIED, HttpFacts, Note, Reach, Vendor};
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_chat::request::{
    CacheForm, DocumentForm, MaxTokensMember, ProofForm, ReasoningForm, StreamUsage, TargetFacts,
};
use switchyard_dialects::openai_operations::OpenAiEmbeddings;
use switchyard_dialects::openai_responses::OpenAiResponses;

static CHAT: OpenAiChat = OpenAiChat {
    requests: TargetFacts {
        max_tokens: MaxTokensMember::MaxCompletionTokens,
        developer_role: true,
        stream_usage: StreamUsage::Unasked,
        reasoning: ReasoningForm::Reasoning,
        proofs: ProofForm::ReasoningDetails,
        top_k: true,
        cache: CacheForm::CacheControl,
        documents: DocumentForm::FileData,
        ..COPIED
    },
    ..OpenAiChat::PLAIN
};

static RESPONSES: OpenAiResponses =
    OpenAiResponses { issuer: "openrouter", stores: false, ..OpenAiResponses::PLAIN };

pub(super) static VENDOR: Vendor = Vendor {
    key: "openrouter",
    name: "OpenRouter",
    reach: Reach::Http(HttpFacts {
        dialects: &[&CHAT, &RESPONSES],
        operations: &[&OpenAiEmbeddings::PLAIN],
        base_url: Some("https://openrouter.ai/api/v1"),
        request_id_header: Some("x-generation-id"),
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[],
    notes: &[
        Note {
            fact: "Usage comes unasked, in the last chunk with a choice.",
            evidence: "openrouter-chat_completions-0ab608426c, openrouter-chat_completions-4101723de3; 2026-11-21",
        },
        Note {
            fact: "It speaks Responses as well, of which it keeps none.",
            evidence: "openrouter-responses-0468579320, openrouter-responses-73bed276a8; 2026-11-21",
        },
        Note {
            fact: "Comment lines keep a waiting stream alive; a slow buffered answer begins with blank lines.",
            evidence: "openrouter-chat_completions-242957ffe5, openrouter-chat_completions-1ad5215bab; 2026-11-21",
        },
        Note {
            fact: "The role `developer` and `max_completion_tokens` are known.",
            evidence: "openrouter-chat_completions-215645e348; 2026-11-21",
        },
        Note {
            fact: "An input that moderation flagged is 403 with the reasons in `metadata`: the caller's fault, not the key's.",
            evidence: "openrouter.ai/docs/api/reference/errors-and-debugging, no recorded exchange; 2026-11-21",
        },
        Note {
            fact: "Vectors are OpenAI's; their answer may begin with blank lines.",
            evidence: "openrouter-embeddings-123df2e812, openrouter-embeddings-2e57104bc9; 2026-11-21",
        },
        Note {
            fact: "Proofs go back in `reasoning_details`, those of calls by the call's id.",
            evidence: "openrouter-chat_completions-b7c19efdee; github.com/RooCodeInc/Roo-Code/pull/10640; 2026-11-21",
        },
        Note { fact: "`top_k` is known.", evidence: "openrouter.ai/docs/parameters; 2026-11-21" },
    ],
};
