//! A model server behind an ngrok tunnel.

use super::{CredentialRule, HttpFacts, Note, Reach, Vendor};
use switchyard_dialects::openai_chat::request::{MaxTokensMember, TargetFacts};

pub(super) static VENDOR: Vendor = Vendor {
    key: "ngrok",
    name: "Model behind an ngrok tunnel",
    reach: Reach::Http(HttpFacts {
        credential: CredentialRule::Optional,
        answers_flat: true,
        requests: TargetFacts { max_tokens: MaxTokensMember::MaxTokens, ..HttpFacts::OPENAI_CHAT.requests },
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[],
    notes: &[Note {
        fact: "Its documented answer may be one flat object: `text` or `content`, `model`, `usage`.",
        evidence: "the documented `/llm/chat` integration; 2026-11-21",
    }],
};
