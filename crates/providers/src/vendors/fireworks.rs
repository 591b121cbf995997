//! Fireworks AI.

use super::{COPIED, HttpFacts, Reach, SYSTEM_ROLE, Vendor};
use switchyard_dialects::openai_chat::OpenAiChat;

static CHAT: OpenAiChat = OpenAiChat { requests: COPIED, ..OpenAiChat::PLAIN };

pub(super) static VENDOR: Vendor = Vendor {
    key: "fireworks",
    name: "Fireworks AI",
    reach: Reach::Http(HttpFacts {
        dialects: &[&CHAT],
        base_url: Some("https://api.fireworks.ai/inference/v1"),
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[],
    notes: &[SYSTEM_ROLE],
};
