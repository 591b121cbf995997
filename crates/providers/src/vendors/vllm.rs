//! vLLM: a server of one's own.

use super::{COPIED, CredentialRule, HttpFacts, Reach, SYSTEM_ROLE, Vendor};
use switchyard_dialects::openai_chat::request::{ReasoningForm, TargetFacts};

pub(super) static VENDOR: Vendor = Vendor {
    key: "vllm",
    name: "vLLM",
    reach: Reach::Http(HttpFacts {
        base_url: Some("http://localhost:8000/v1"),
        credential: CredentialRule::Optional,
        requests: TargetFacts { reasoning: ReasoningForm::ReasoningContent, ..COPIED },
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[("openai/gpt-oss", crate::tokenizer::Vocabulary::O200k)],
    notes: &[SYSTEM_ROLE],
};
