use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};

/// The member names that the look in passing knows, at whatever level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Choices,
    Usage,
    XGroq,
    Model,
    ServiceTier,
    Error,
    Index,
    Delta,
    Message,
    FinishReason,
    FinishDetails,
    Content,
    Reasoning,
    Refusal,
    ToolCalls,
    FunctionCall,
    Function,
    Name,
    Arguments,
    Text,
    Thinking,
    Media,
    Other,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Word;
        impl Visitor<'_> for Word {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E>(self, name: &str) -> Result<Key, E> {
                Ok(match name {
                    "choices" => Key::Choices,
                    "usage" => Key::Usage,
                    "x_groq" => Key::XGroq,
                    "model" => Key::Model,
                    "service_tier" => Key::ServiceTier,
                    "error" => Key::Error,
                    "index" => Key::Index,
                    "delta" => Key::Delta,
                    "message" => Key::Message,
                    "finish_reason" => Key::FinishReason,
                    "finish_details" => Key::FinishDetails,
                    "content" => Key::Content,
                    "reasoning_content" | "reasoning" => Key::Reasoning,
                    "refusal" => Key::Refusal,
                    "tool_calls" => Key::ToolCalls,
                    "function_call" => Key::FunctionCall,
                    "function" | "custom" => Key::Function,
                    "name" => Key::Name,
                    "arguments" | "input" => Key::Arguments,
                    "text" => Key::Text,
                    "thinking" => Key::Thinking,
                    "audio" | "images" => Key::Media,
                    _ => Key::Other,
                })
            }
        }
        deserializer.deserialize_identifier(Word)
    }
}
