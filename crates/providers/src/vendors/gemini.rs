//! Google's Gemini, by its own service for developers.

use super::{AuthScheme, HttpFacts, Note, Reach, Vendor};
use switchyard_dialects::gemini::Gemini;
use switchyard_dialects::gemini::embeddings::GeminiEmbeddings;

pub(super) static VENDOR: Vendor = Vendor {
    key: "gemini",
    name: "Google Gemini",
    reach: Reach::Http(HttpFacts {
        dialects: &[&Gemini::GOOGLE],
        operations: &[&GeminiEmbeddings::GOOGLE, &GeminiEmbeddings::GOOGLE_ONE],
        base_url: Some("https://generativelanguage.googleapis.com/v1beta"),
        auth: AuthScheme::Header("x-goog-api-key"),
        listing: "models?pageSize=1000",
        version: Some("v1beta"),
        words: &["gemini", "google", "googleapis.com"],
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[],
    notes: &[
        Note {
            fact: "A base URL may leave the version out, as those of its own SDKs do: calls go below `v1beta` then, and models are listed at the base as it is.",
            evidence: "ai.google.dev, SDKs; 2026-11-21",
        },
        Note {
            fact: "A wrong key is 400 `INVALID_ARGUMENT`.",
            evidence: "google-generatecontent-e6dfb1c86d; 2026-11-21",
        },
        Note {
            fact: "Models are listed as `models/ID`, in pages of at most 1000, and called by either name.",
            evidence: "google-batchembedcontents-b303ea9c74; ai.google.dev, models.list; 2026-11-21",
        },
        Note {
            fact: "Vectors come by `batchEmbedContents`, and by `embedContent` where a client asks so. Not every model counts tokens there: then they are counted here.",
            evidence: "google-batchembedcontents-9446cd0a82 with counts, google-batchembedcontents-e94fed959d without; ai.google.dev/api/embeddings; 2026-11-21",
        },
        Note {
            fact: "Streams have no last word: they end with the connection's body.",
            evidence: "google-streamgeneratecontent-03f83418bd; 2026-11-21",
        },
    ],
};
