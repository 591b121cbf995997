//! Ollama, by its own chat: for those who want nothing of OpenAI's dialect in between.

use super::{CredentialRule, HttpFacts, Note, Reach, Vendor};
use crate::vocabulary::Vocabulary;
use switchyard_dialects::ollama::{Ollama, OllamaEmbeddings};

pub(super) static VENDOR: Vendor = Vendor {
    key: "ollama_native",
    name: "Ollama (native API)",
    reach: Reach::Http(HttpFacts {
        dialects: &[&Ollama],
        operations: &[&OllamaEmbeddings],
        base_url: Some("http://localhost:11434"),
        credential: CredentialRule::Optional,
        listing: "api/tags",
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[("gpt-oss", Vocabulary::O200k)],
    notes: &[
        Note {
            fact: "A vendor beside `ollama`, as every call is translated here, while that one takes what clients of OpenAI's dialect send as it is.",
            evidence: "ollama-chat-2004d25a25: arguments of calls are objects here; 2026-11-21",
        },
        Note {
            fact: "The prompt's count is left out where the prompt was cached.",
            evidence: "ollama-chat-1728e421c4; 2026-11-21",
        },
        Note {
            fact: "Vectors come by `/api/embed`, which counts what it read.",
            evidence: "docs.ollama.com/api/embed, no recorded exchange; 2026-11-21",
        },
        Note { fact: "Models are listed by `/api/tags`.", evidence: "ollama-models-dd795c5dcb; 2026-11-21" },
    ],
};
