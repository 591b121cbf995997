//! Any server that speaks OpenAI's chat completions. Nothing is known of it, so nothing is changed for it.

use super::{CredentialRule, HttpFacts, Note, Reach, UNKNOWN, Vendor};
use switchyard_dialects::openai_chat::OpenAiChat;

static CHAT: OpenAiChat = OpenAiChat { requests: UNKNOWN, ..OpenAiChat::PLAIN };

pub(super) static VENDOR: Vendor = Vendor {
    key: "openai_compatible",
    name: "OpenAI-compatible server",
    reach: Reach::Http(HttpFacts {
        dialects: &[&CHAT],
        // What such a server lacks it says itself.
        operations: super::ALL_OF_OPENAI,
        credential: CredentialRule::Optional,
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[],
    notes: &[Note {
        fact: "Google's own compatible endpoint is called so: where a model's name says that it is a Gemini, its proofs of calls go back to it in `extra_content`.",
        evidence: "google-chat_completions-42dcaaad55; ai.google.dev/gemini-api/docs/thought-signatures; 2026-11-21",
    }],
};
