//! Any server that speaks OpenAI's chat completions. Nothing is known of it, so nothing is changed for it.

use super::{CredentialRule, HttpFacts, Reach, Vendor};

pub(super) static VENDOR: Vendor = Vendor {
    key: "openai_compatible",
    name: "OpenAI-compatible server",
    reach: Reach::Http(HttpFacts {
        // What such a server lacks it says itself.
        operations: super::ALL_OF_OPENAI,
        credential: CredentialRule::Optional,
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[],
    notes: &[],
};
