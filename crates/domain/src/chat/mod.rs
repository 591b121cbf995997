//! The canonical chat form: the hub between dialects. A client's request becomes a [`ChatRequest`]; a provider's answer
//! becomes [`ChatEvent`]s; a buffered answer is the same events, collected into a [`ChatAnswer`].

mod answer;
mod event;
mod loss;
mod message;
mod request;
mod tokens;

pub use answer::{ChatAnswer, Choice, Collector};
pub use event::{ChatEvent, Delta, FinishReason};
pub use loss::{Loss, LossKind, LossReport};
pub use message::{Audio, MediaSource, Message, Part, Reasoning, Role, ToolCall, ToolCallKind, ToolResult};
pub use request::{
    ChatRequest, EffortLevel, Json, ResponseFormat, Sampling, StreamOptions, Tool, ToolChoice, ToolChoiceMode,
};
pub use tokens::{TokenUsage, UsageSource};

use std::fmt;

/// A wire protocol, named as in documents and configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dialect(pub &'static str);

impl Dialect {
    /// `POST /v1/chat/completions`, as OpenAI defined it and most vendors copied it.
    pub const OPENAI_CHAT: Self = Self("openai-chat");
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
