//! Zhipu: the service of Z.ai within mainland China, with prices of its own.

use super::zai::CHAT;
use super::{HttpFacts, Note, Reach, SYSTEM_ROLE, Vendor};

pub(super) static VENDOR: Vendor = Vendor {
    key: "zhipu",
    name: "Zhipu AI",
    reach: Reach::Http(HttpFacts {
        dialects: &[&CHAT],
        base_url: Some("https://open.bigmodel.cn/api/paas/v4"),
        spent: &["1113"],
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[],
    notes: &[
        SYSTEM_ROLE,
        Note {
            fact: "It answers as Z.ai does, which is the same service.",
            evidence: "docs.bigmodel.cn, chat completion, no recorded exchange; 2026-11-21",
        },
        Note {
            fact: "An account without balance is 429 with the code `1113`.",
            evidence: "docs.bigmodel.cn, error codes, as docs.z.ai/api-reference/api-code, no recorded exchange; 2026-11-21",
        },
    ],
};
