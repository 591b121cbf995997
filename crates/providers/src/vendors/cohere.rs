//! Cohere, by the second version of its own chat.

use super::{Hooks, HttpFacts, Note, Reach, Vendor, below};
use switchyard_dialects::cohere::{Cohere as Chat, CohereEmbeddings};
use url::Url;

pub(super) static VENDOR: Vendor = Vendor {
    key: "cohere",
    name: "Cohere",
    reach: Reach::Http(HttpFacts {
        dialects: &[&Chat],
        operations: &[&CohereEmbeddings],
        base_url: Some("https://api.cohere.com/v2"),
        listing: "models?page_size=1000",
        request_id_header: Some("x-debug-trace-id"),
        hooks: Some(&Cohere),
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[],
    notes: &[
        Note {
            fact: "Errors have a `message` and an id, and no class.",
            evidence: "cohere-chat-9a1dba5522; 2026-11-21",
        },
        Note {
            fact: "A stream that fails ends as others do, with the finish word `ERROR`.",
            evidence: "cohere-chat-53400b0038; 2026-11-21",
        },
        Note {
            fact: "Vectors must be asked for with a purpose (`input_type`): of texts for which none is said, that they are to be found.",
            evidence: "cohere-embed-2a74478e6e, cohere-embed-1c91e33753; docs.cohere.com/reference/embed; 2026-11-21",
        },
        Note {
            fact: "Models are listed by the first version only, in pages of at most 1000.",
            evidence: "docs.cohere.com, List Models, no recorded exchange; 2026-11-21",
        },
    ],
};

#[derive(Debug)]
struct Cohere;

impl Hooks for Cohere {
    fn models(&self, base: &Url, listing: &str) -> Url {
        let path = base.path().trim_end_matches('/');
        let mut first = base.clone();
        first.set_path(&path.strip_suffix("/v2").map_or(path.to_owned(), |root| format!("{root}/v1")));
        below(&first, listing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_listed_by_the_first_version() {
        for (base, expected) in [
            ("https://api.cohere.com/v2", "https://api.cohere.com/v1/models"),
            ("https://gate.example.com/cohere", "https://gate.example.com/cohere/models"),
        ] {
            assert_eq!(Cohere.models(&Url::parse(base).unwrap(), "models").as_str(), expected);
        }
    }
}
