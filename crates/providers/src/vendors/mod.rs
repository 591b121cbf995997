//! What is known of each vendor: one file of facts each, and the list.
//!
//! A fact that departs from the dialect's own rule carries its evidence: the id of a recorded exchange, or where it was
//! reported. Nothing is taken out of a client's request on a guess: what a vendor may not know, it is left to refuse.

mod anthropic;
mod azure;
mod bedrock;
mod cerebras;
mod cohere;
mod dashscope;
mod deepseek;
mod facts;
mod fireworks;
mod gemini;
mod groq;
mod hooks;
mod huggingface;
mod list;
mod lmstudio;
mod mistral;
mod moonshot;
mod ngrok;
mod ollama;
mod ollama_native;
mod openai;
mod openai_compatible;
mod openrouter;
mod perplexity;
mod reference;
mod sim;
mod together;
mod versioned;
mod vertex;
mod vllm;
mod xai;
mod zai;
mod zhipu;

pub use crate::transport::OutboundRequest;
use facts::{ALL_OF_OPENAI, COPIED, NO_PROOFS, SYSTEM_ROLE, UNKNOWN};
pub use facts::{AuthScheme, CredentialRule, HttpFacts, Note, Reach, Vendor};
pub use hooks::{Authorizer, Called, Hooks, Means, below, put_secret, segment, unusable};
pub use list::Vendors;
pub use reference::reference_page;
pub(crate) use versioned::calls_base;

/// All vendors, as they are listed to people.
pub static VENDORS: &[&Vendor] = &[
    &openai::VENDOR,
    &openai_compatible::VENDOR,
    &anthropic::VENDOR,
    &gemini::VENDOR,
    &vertex::VENDOR,
    &bedrock::VENDOR,
    &azure::VENDOR,
    &mistral::VENDOR,
    &cohere::VENDOR,
    &xai::VENDOR,
    &groq::VENDOR,
    &deepseek::VENDOR,
    &openrouter::VENDOR,
    &together::VENDOR,
    &fireworks::VENDOR,
    &cerebras::VENDOR,
    &huggingface::VENDOR,
    &moonshot::VENDOR,
    &zai::VENDOR,
    &zhipu::VENDOR,
    &dashscope::VENDOR,
    &perplexity::VENDOR,
    &ollama::VENDOR,
    &ollama_native::VENDOR,
    &vllm::VENDOR,
    &lmstudio::VENDOR,
    &ngrok::VENDOR,
    &sim::VENDOR,
];

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};
    use std::collections::HashSet;
    use switchyard_dialects::codec::ProviderCodec;
    use switchyard_dialects::openai_chat::OpenAiChat;
    use url::Url;

    #[test]
    fn keys_are_unique_lower_case_words() {
        let keys: HashSet<_> = VENDORS.iter().map(|vendor| vendor.key).collect();
        assert_eq!(keys.len(), VENDORS.len());
        for key in keys {
            assert!(key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{key}");
        }
    }

    #[test]
    fn base_urls_are_urls_without_a_slash_at_the_end() {
        for vendor in VENDORS {
            let Some(base) = vendor.base_url() else { continue };
            let url = Url::parse(base).unwrap();
            assert!(!base.ends_with('/') && url.query().is_none(), "{base}");
        }
    }

    #[test]
    fn fixed_headers_can_be_sent() {
        for vendor in VENDORS {
            let Reach::Http(facts) = &vendor.reach else { continue };
            for (name, value) in facts.headers {
                assert!(HeaderName::from_lowercase(name.as_bytes()).is_ok(), "{}: {name}", vendor.key);
                assert!(HeaderValue::from_str(value).is_ok(), "{}: {name}", vendor.key);
            }
        }
    }

    #[test]
    fn every_departure_from_the_dialect_is_explained_by_a_note() {
        for vendor in VENDORS {
            let Reach::Http(facts) = &vendor.reach else { continue };
            let plain = OpenAiChat::PLAIN.departures();
            let departs = facts.dialects.iter().any(|codec| {
                let departures = codec.departures();
                !departures.is_empty() && departures != plain
            });
            assert!(!departs || !vendor.notes.is_empty(), "{}", vendor.key);
            assert!(!facts.dialects.is_empty(), "{}", vendor.key);
            assert!(vendor.notes.iter().all(|note| !note.evidence.is_empty()), "{}", vendor.key);
        }
    }
}
