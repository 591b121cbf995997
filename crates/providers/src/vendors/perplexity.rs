//! Perplexity.

use super::{COPIED, HttpFacts, Note, Reach, SYSTEM_ROLE, Vendor};
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_chat::request::{StreamUsage, TargetFacts};
use switchyard_dialects::openai_operations::OpenAiEmbeddings;

static CHAT: OpenAiChat = OpenAiChat {
    requests: TargetFacts { stream_usage: StreamUsage::Unasked, top_k: true, ..COPIED },
    ..OpenAiChat::PLAIN
};

static EMBEDDINGS: OpenAiEmbeddings = OpenAiEmbeddings { path: "v1/embeddings", ..OpenAiEmbeddings::PLAIN };

pub(super) static VENDOR: Vendor = Vendor {
    key: "perplexity",
    name: "Perplexity",
    reach: Reach::Http(HttpFacts {
        dialects: &[&CHAT],
        operations: &[&EMBEDDINGS],
        base_url: Some("https://api.perplexity.ai"),
        listing: "v1/models",
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[],
    notes: &[
        SYSTEM_ROLE,
        Note {
            fact: "Every chunk has the usage so far; the last one counts.",
            evidence: "perplexity-chat_completions-dfae2e1008, perplexity-chat_completions-d50e342d3d; 2026-11-21",
        },
        Note {
            fact: "Lines end with CR LF, and a stream may end without `[DONE]`.",
            evidence: "perplexity-chat_completions-dfae2e1008, perplexity-chat_completions-d50e342d3d; 2026-11-21",
        },
        Note {
            fact: "Models are listed below `v1`, and only those of its agent API, of other makers: they show that the key is good, but chats are had of Perplexity's own (`sonar` and the like), which are in no list.",
            evidence: "perplexity-models-b1da4f7454; docs.perplexity.ai/api-reference/models-get; 2026-11-21",
        },
        Note {
            fact: "Vectors are asked for below `v1`, other than chats, and come as packed bytes of eight bits each unless another form is asked for.",
            evidence: "perplexity-embeddings-b1a302114f; 2026-11-21",
        },
        Note {
            fact: "`top_k` is known.",
            evidence: "docs.perplexity.ai, chat completions, no recorded exchange; 2026-11-21",
        },
    ],
};
