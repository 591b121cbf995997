//! Groq.

use super::{COPIED, HttpFacts, NO_PROOFS, Note, Reach, Vendor};
use crate::vocabulary::Vocabulary;
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_chat::request::{
    MaxTokensMember, ReasoningForm, TargetFacts, UnknownMembers,
};
use switchyard_dialects::openai_operations::{OpenAiSpeech, OpenAiTranscriptions};

static CHAT: OpenAiChat = OpenAiChat {
    requests: TargetFacts {
        max_tokens: MaxTokensMember::MaxCompletionTokens,
        developer_role: true,
        reasoning: ReasoningForm::Reasoning,
        unknown_members: UnknownMembers::LeftOut,
        ..COPIED
    },
    ..OpenAiChat::PLAIN
};

pub(super) static VENDOR: Vendor = Vendor {
    key: "groq",
    name: "Groq",
    reach: Reach::Http(HttpFacts {
        dialects: &[&CHAT],
        operations: &[&OpenAiSpeech, &OpenAiTranscriptions],
        base_url: Some("https://api.groq.com/openai/v1"),
        ..HttpFacts::OPENAI_CHAT
    }),
    // The open models of OpenAI keep their published vocabulary.
    vocabularies: &[("openai/gpt-oss", Vocabulary::O200k)],
    notes: &[
        Note {
            fact: "Usage stands in `x_groq` of the last chunk when not asked for, and in a chunk without choices when asked.",
            evidence: "groq-chat_completions-1ac3e79036, groq-chat_completions-19151aaaab; 2026-11-21",
        },
        Note {
            fact: "A tool call that the model got wrong is an error event in mid-stream, with status 200.",
            evidence: "groq-chat_completions-9e866a6389; 2026-11-21",
        },
        Note {
            fact: "The role `developer` and `max_completion_tokens` are known.",
            evidence: "request types of its SDK 1.7.0; 2026-11-21",
        },
        Note {
            fact: "A tool call that the model got wrong, or did not make, is 400 `tool_use_failed` where nothing was streamed.",
            evidence: "groq-chat_completions-7c6655724d; 2026-11-21",
        },
        Note {
            fact: "Reasoning comes as `reasoning`.",
            evidence: "groq-chat_completions-9e866a6389; 2026-11-21",
        },
        Note {
            fact: "Speech and transcriptions are OpenAI's.",
            evidence: "resources `audio.speech` and `audio.transcriptions` of its SDK; rdrr.io/cran/tidyllm/man/groq_transcribe.html; 2026-11-21",
        },
        Note {
            fact: NO_PROOFS,
            evidence: "github.com/janhq/jan/issues/8136, github.com/tashfeenahmed/freellmapi/issues/1070; 2026-11-21",
        },
    ],
};
