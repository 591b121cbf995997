//! Fireworks AI.

use super::{COPIED, HttpFacts, Note, Reach, Vendor};

pub(super) static VENDOR: Vendor = Vendor {
    key: "fireworks",
    name: "Fireworks AI",
    reach: Reach::Http(HttpFacts {
        base_url: Some("https://api.fireworks.ai/inference/v1"),
        requests: COPIED,
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[],
    notes: &[
        Note {
            fact: "Instructions have the role `system`.",
            evidence: "general knowledge of its documentation, not recorded; 2026-11-21",
        },
    ],
};
