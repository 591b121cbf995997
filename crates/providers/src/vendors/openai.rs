//! OpenAI: the dialect's own vendor.

use super::{HttpFacts, NO_PROOFS, Note, Reach, Vendor};
use crate::vocabulary::Vocabulary::{Cl100k, O200k};
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_responses::OpenAiResponses;

pub(super) static VENDOR: Vendor = Vendor {
    key: "openai",
    name: "OpenAI",
    reach: Reach::Http(HttpFacts {
        dialects: &[&OpenAiChat::PLAIN, &OpenAiResponses::PLAIN],
        operations: super::ALL_OF_OPENAI,
        base_url: Some("https://api.openai.com/v1"),
        response_headers: &["openai-processing-ms", "openai-version"],
        ..HttpFacts::OPENAI_CHAT
    }),
    // As OpenAI's own tokenizer library (tiktoken 0.14.0) names them; looked at 2026-11-21.
    vocabularies: &[
        ("gpt-4o", O200k),
        ("chatgpt-4o", O200k),
        ("gpt-4.1", O200k),
        ("gpt-4.5", O200k),
        ("gpt-5", O200k),
        ("o1", O200k),
        ("o3", O200k),
        ("o4", O200k),
        ("gpt-oss", O200k),
        ("gpt-4", Cl100k),
        ("gpt-3.5", Cl100k),
    ],
    notes: &[
        Note {
            fact: "A stream tells its usage only when asked, in a last chunk without choices.",
            evidence: "openai-chat_completions-00f6060430, openai-chat_completions-060aac4f4c; 2026-11-21",
        },
        Note {
            fact: "Answers with vectors count their input alone; moderations count nothing.",
            evidence: "openai-embeddings-cb6e260ae5, openai-moderations-0c035a46a4; 2026-11-21",
        },
        Note {
            fact: "Some models refuse some members with 400 (`unsupported_parameter`, `unknown_parameter`). Which ones changes with every model, so that answer is passed on.",
            evidence: "openai-chat_completions-0bd7ebaae4, openai-chat_completions-5269e597a0; 2026-11-21",
        },
        Note {
            fact: NO_PROOFS,
            evidence: "openai-chat_completions-0bd7ebaae4, `unknown_parameter` of another member; 2026-11-21",
        },
        Note {
            fact: "`top_k` is 400 `Unrecognized request argument supplied`.",
            evidence: "github.com/xlinx/sd-webui-decadetw-auto-prompt-llm/issues/29; 2026-11-21",
        },
        Note {
            fact: "Results of tools take texts alone: pictures are only allowed in messages of the user.",
            evidence: "github.com/OpenHands/OpenHands/issues/7700, github.com/openai/openai-openapi/issues/523; 2026-11-21",
        },
    ],
};
