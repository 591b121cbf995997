//! Ollama, by its OpenAI endpoint: on one's own machine without a key, in its cloud with one.

use super::{COPIED, CredentialRule, HttpFacts, Note, Reach, SYSTEM_ROLE, Vendor};
use crate::vocabulary::Vocabulary;
use switchyard_dialects::codec::MemberRule;
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_chat::request::{ReasoningForm, TargetFacts};
use switchyard_dialects::openai_operations::{
    OpenAiCompletions, OpenAiEmbeddings, OpenAiSpeech, OpenAiTranscriptions,
};

static CHAT: OpenAiChat = OpenAiChat {
    requests: TargetFacts { reasoning: ReasoningForm::Reasoning, media_in_results: true, ..COPIED },
    members: &[MemberRule::Rename { from: "max_completion_tokens", to: "max_tokens" }],
    ..OpenAiChat::PLAIN
};

pub(super) static VENDOR: Vendor = Vendor {
    key: "ollama",
    name: "Ollama",
    reach: Reach::Http(HttpFacts {
        dialects: &[&CHAT],
        operations: &[
            &OpenAiEmbeddings::PLAIN,
            &OpenAiCompletions::PLAIN,
            &OpenAiSpeech,
            &OpenAiTranscriptions,
        ],
        base_url: Some("http://localhost:11434/v1"),
        credential: CredentialRule::Optional,
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[("gpt-oss", Vocabulary::O200k)],
    notes: &[
        SYSTEM_ROLE,
        Note {
            fact: "`max_completion_tokens` is taken and ignored; `max_tokens` limits.",
            evidence: "github.com/ollama/ollama/issues/7125; 2026-11-21",
        },
        Note {
            fact: "Usage comes when asked for, in a last chunk without choices.",
            evidence: "ollama-chat_completions-0797e88d1b; 2026-11-21",
        },
        Note {
            fact: "Text completions and vectors are OpenAI's, and so are speech and transcriptions since 0.40.8.",
            evidence: "docs.ollama.com/api/openai-compatibility; 2026-11-21",
        },
        Note {
            fact: "Results of tools may hold pictures.",
            evidence: "ollama-chat_completions-af6e57c7a8; 2026-11-21",
        },
    ],
};
