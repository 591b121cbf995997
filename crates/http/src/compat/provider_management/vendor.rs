//! Which vendor a provider is of, where its document does not ask for one: told by its name or its address.

use switchyard_domain::chat::Dialect;
use switchyard_ports::provider::VendorSummary;

/// Whoever is known by nothing is taken for this.
const ANY: &str = "openai_compatible";

/// The vendor that a name or an address is known by. Else, the one at whose own host the address is, if that speaks OpenAI's dialect, so
/// that its models and prices are known; or just any server that does.
pub(super) fn known_by(vendors: &[VendorSummary], name: &str, base_url: &str) -> &'static str {
    let (name, base_url) = (name.to_lowercase(), base_url.to_lowercase());
    let has_word = |vendor: &&VendorSummary| {
        vendor.words.iter().any(|word| name.contains(word) || base_url.contains(word))
    };
    let is_there = |vendor: &&VendorSummary| {
        vendor.dialect == Some(Dialect::OPENAI_CHAT)
            && vendor.base_url.is_some_and(|own| host(own) == host(&base_url))
    };
    let found = vendors.iter().find(has_word).or_else(|| vendors.iter().find(is_there));
    found.map_or(ANY, |vendor| vendor.key)
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vendor_is_told_by_name_or_address_and_else_by_its_own_host() {
        let vendor = |key, base_url, dialect, words| VendorSummary {
            key,
            name: key,
            base_url,
            called_at: None,
            needs_credential: true,
            is_simulated: false,
            dialect: Some(dialect),
            words,
        };
        let vendors = [
            vendor(
                "anthropic",
                Some("https://api.anthropic.com/v1"),
                Dialect::ANTHROPIC_MESSAGES,
                &["anthropic", "claude"],
            ),
            vendor("gemini", None, Dialect::GEMINI, &["gemini", "google", "googleapis.com"]),
            vendor("mistral", Some("https://api.mistral.ai/v1"), Dialect::OPENAI_CHAT, &[]),
            vendor("odd", Some("https://odd.example/v1"), Dialect::GEMINI, &[]),
        ];
        for (name, base_url, expected) in [
            ("My Claude", "http://127.0.0.1:9/v1", "anthropic"),
            ("x", "https://api.anthropic.com", "anthropic"),
            ("GEMINI pro", "http://127.0.0.1:9", "gemini"),
            ("x", "https://generativelanguage.googleapis.com/v1beta", "gemini"),
            ("x", "https://API.mistral.ai/v1", "mistral"),
            ("mistral", "http://127.0.0.1:9/v1", ANY),
            ("x", "https://odd.example/v1", ANY),
            ("x", "https://api.mistral.ai.example/v1", ANY),
        ] {
            assert_eq!(known_by(&vendors, name, base_url), expected, "{name} {base_url}");
        }
    }
}
