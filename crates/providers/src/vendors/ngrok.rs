//! A model server behind an ngrok tunnel.

use super::{CredentialRule, HttpFacts, Note, Reach, UNKNOWN, Vendor};
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_chat::request::{MaxTokensMember, TargetFacts};

static CHAT: OpenAiChat = OpenAiChat {
    requests: TargetFacts { max_tokens: MaxTokensMember::MaxTokens, ..UNKNOWN },
    answers_flat: true,
    ..OpenAiChat::PLAIN
};

pub(super) static VENDOR: Vendor = Vendor {
    key: "ngrok",
    name: "Model behind an ngrok tunnel",
    reach: Reach::Http(HttpFacts {
        dialects: &[&CHAT],
        credential: CredentialRule::Optional,
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[],
    notes: &[Note {
        fact: "Its documented answer may be one flat object: `text` or `content`, `model`, `usage`.",
        evidence: "the documented `/llm/chat` integration; 2026-11-21",
    }],
};
