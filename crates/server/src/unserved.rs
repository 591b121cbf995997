//! Settings that this version knows and does not use: what is given in vain must not pass in silence.

use switchyard::settings::{Listed, Origin};

/// Each with what happens instead.
pub(crate) const UNSERVED: &[(&str, &str)] = &[
    ("RESPONSE_CACHE_TTL_SECONDS", "nothing is cached"),
    ("CONVERSATION_TTL_SECONDS", "/llm/chat is not served"),
    ("OPEN_LLM_CHAT", "/llm/chat is not served"),
    ("API_RATE_LIMIT", "/api/v1/chat and /api/v1/compare are not served"),
    ("LLM_MAX_TOKENS", "the calls whose documented form has no output limit are not served"),
];

/// Names those that were given.
pub(crate) fn tell(listing: &[Listed]) {
    for listed in listing.iter().filter(|listed| listed.origin != Origin::Default) {
        let name = listed.variable.trim_start_matches("SWITCHYARD_");
        if let Some((name, instead)) = UNSERVED.iter().find(|(unserved, _)| *unserved == name) {
            tracing::warn!("{name} is not used by this version: {instead}");
        }
    }
}
