//! Fireworks AI.

use super::{COPIED, HttpFacts, Reach, SYSTEM_ROLE, Vendor};

pub(super) static VENDOR: Vendor = Vendor {
    key: "fireworks",
    name: "Fireworks AI",
    reach: Reach::Http(HttpFacts {
        base_url: Some("https://api.fireworks.ai/inference/v1"),
        requests: COPIED,
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[],
    notes: &[SYSTEM_ROLE],
};
