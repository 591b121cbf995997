//! Anthropic, the messages dialect's own vendor.

use super::{AuthScheme, HttpFacts, Note, Reach, Vendor};
use switchyard_dialects::anthropic_messages::AnthropicMessages;

pub(super) static VENDOR: Vendor = Vendor {
    key: "anthropic",
    name: "Anthropic",
    reach: Reach::Http(HttpFacts {
        dialects: &[&AnthropicMessages::PLAIN],
        base_url: Some("https://api.anthropic.com/v1"),
        auth: AuthScheme::Header("x-api-key"),
        headers: &[("anthropic-version", "2023-06-01")],
        listing: "models?limit=1000",
        request_id_header: Some("request-id"),
        version: Some("v1"),
        words: &["anthropic", "claude"],
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[],
    notes: &[
        Note {
            fact: "A base URL may leave the version out, as those of its own SDKs do: calls go below `v1` then, and models are listed at the base as it is.",
            evidence: "docs.claude.com, Client SDKs; 2026-11-21",
        },
        Note {
            fact: "The version of the interface goes along in a header, always the same one.",
            evidence: "anthropic-messages-d5957fd530 and all other recorded requests; 2026-11-21",
        },
        Note {
            fact: "`retry-after` may come with a success; it means nothing then.",
            evidence: "anthropic-messages-077a8b59aa; 2026-11-21",
        },
        Note {
            fact: "`x-should-retry` says whether another try may help.",
            evidence: "anthropic-messages-059575b787; 2026-11-21",
        },
        Note {
            fact: "Models are listed in pages, of at most 1000.",
            evidence: "docs.claude.com, List Models; 2026-11-21",
        },
    ],
};
