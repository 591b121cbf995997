//! The canonical chat form: the hub between dialects. A client's request becomes a [`ChatRequest`]; a provider's answer
//! becomes [`ChatEvent`]s; a buffered answer is the same events, collected into a [`ChatAnswer`].

mod answer;
mod citation;
mod event;
mod loss;
mod message;
mod request;
mod tokens;

pub use answer::{ChatAnswer, Choice, Collector};
pub use citation::{Citation, CitationSource};
pub use event::{ChatEvent, Delta, FinishReason};
pub use loss::{Loss, LossKind, LossReport};
pub use message::{
    Audio, Document, MediaSource, Message, Part, Reasoning, Role, Signature, ToolCall, ToolCallKind,
    ToolResult,
};
pub use request::{
    CacheMark, ChatRequest, EffortLevel, Json, ReasoningMode, ReasoningWish, ResponseFormat, Sampling,
    StreamOptions, Tool, ToolChoice, ToolChoiceMode,
};
pub use tokens::{TokenUsage, UsageSource};

use std::fmt;

/// A wire protocol, named as in documents and configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dialect(pub &'static str);

impl Dialect {
    /// `POST /v1/chat/completions`, as OpenAI defined it and most vendors copied it.
    pub const OPENAI_CHAT: Self = Self("openai-chat");
    /// `POST /v1/responses`, OpenAI's newer one.
    pub const OPENAI_RESPONSES: Self = Self("openai-responses");
    /// `POST /v1/messages`, Anthropic's.
    pub const ANTHROPIC_MESSAGES: Self = Self("anthropic-messages");
    /// `POST /v1beta/models/{model}:generateContent`, Google's.
    pub const GEMINI: Self = Self("gemini");
    /// `POST /api/chat`, Ollama's own. Spoken to providers only.
    pub const OLLAMA: Self = Self("ollama");
    /// `POST /v2/chat`, Cohere's. Spoken to providers only.
    pub const COHERE: Self = Self("cohere");
    /// `POST /model/{model}/converse`, Amazon Bedrock's. Spoken to providers only.
    pub const BEDROCK_CONVERSE: Self = Self("bedrock-converse");
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
