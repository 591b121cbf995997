//! The canonical chat form: the hub between dialects. A client's request becomes a [`ChatRequest`]; a provider's answer
//! becomes [`ChatEvent`]s; a buffered answer is the same events, collected into a [`ChatAnswer`].

mod answer;
mod citation;
mod event;
mod loss;
mod message;
mod request;
mod tokens;
mod units;

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
pub use units::Units;

use crate::operation::Operation;
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
    /// `POST /v1/embeddings`, as OpenAI defined it.
    pub const OPENAI_EMBEDDINGS: Self = Self("openai-embeddings");
    /// `POST /v1beta/models/{model}:batchEmbedContents`, Google's, of several texts.
    pub const GEMINI_EMBEDDINGS: Self = Self("gemini-embeddings");
    /// `POST /v1beta/models/{model}:embedContent`, Google's, of one text, whose answer has another shape.
    pub const GEMINI_EMBED_CONTENT: Self = Self("gemini-embed-content");
    /// `POST /v2/embed`, Cohere's. Spoken to providers only.
    pub const COHERE_EMBED: Self = Self("cohere-embed");
    /// `POST /api/embed`, Ollama's own. Spoken to providers only.
    pub const OLLAMA_EMBED: Self = Self("ollama-embed");
    /// `POST /v1/completions`, OpenAI's first one.
    pub const OPENAI_COMPLETIONS: Self = Self("openai-completions");
    /// `POST /v1/moderations`, OpenAI's.
    pub const OPENAI_MODERATIONS: Self = Self("openai-moderations");
    /// `POST /v1/images/generations`, OpenAI's.
    pub const OPENAI_IMAGES: Self = Self("openai-images");
    /// `POST /v1/audio/speech`, OpenAI's.
    pub const OPENAI_SPEECH: Self = Self("openai-speech");
    /// `POST /v1/audio/transcriptions`, OpenAI's.
    pub const OPENAI_TRANSCRIPTIONS: Self = Self("openai-transcriptions");

    /// What it asks a model to do. Calls are translated between the dialects of one operation, never between operations.
    #[must_use]
    pub fn operation(self) -> Operation {
        match self {
            // The commonest by far, so that it is asked for first.
            Self::OPENAI_CHAT => Operation::Chat,
            Self::OPENAI_EMBEDDINGS
            | Self::GEMINI_EMBEDDINGS
            | Self::GEMINI_EMBED_CONTENT
            | Self::COHERE_EMBED
            | Self::OLLAMA_EMBED => Operation::Embedding,
            Self::OPENAI_COMPLETIONS => Operation::Completion,
            Self::OPENAI_MODERATIONS => Operation::Moderation,
            Self::OPENAI_IMAGES => Operation::Image,
            Self::OPENAI_SPEECH => Operation::Speech,
            Self::OPENAI_TRANSCRIPTIONS => Operation::Transcription,
            _ => Operation::Chat,
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
