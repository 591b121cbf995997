//! An answer as it arrives.

use super::message::ToolCallKind;
use super::request::Json;
use super::tokens::TokenUsage;
use serde::{Deserialize, Serialize};

/// Why a choice ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model was done, or met a stop text.
    Stop,
    /// The token limit was met.
    Length,
    /// The model calls tools.
    ToolCalls,
    /// The vendor's filter stopped it, or the model refused.
    ContentFilter,
    /// The vendor says that generation failed.
    Error,
    /// A word that we do not know, kept: vendors add new ones.
    Other(String),
}

/// One step of an answer. Steps of several choices may interleave; steps of one choice come in order.
#[derive(Clone, Debug, PartialEq)]
pub enum ChatEvent {
    /// The answer begins. Comes once, first.
    Started {
        /// The vendor's id of the answer.
        id: String,
        /// The model that answers, in the vendor's word.
        model: String,
        /// Unix seconds, where the vendor gives them.
        created: Option<i64>,
        /// Members beside the choices that have no canonical form (`system_fingerprint`, `service_tier`, ...).
        extensions: Vec<(String, Json)>,
    },
    /// A piece of a choice.
    Delta {
        /// Which choice.
        choice: u32,
        /// The piece.
        delta: Delta,
    },
    /// A choice ended.
    Finished {
        /// Which choice.
        choice: u32,
        /// Why.
        reason: FinishReason,
    },
    /// A member beside the choices that came, or changed, after the beginning. It replaces an earlier one of its name.
    Extension {
        /// The member's name.
        name: String,
        /// Its value.
        value: Json,
    },
    /// What the vendor counted. A later one replaces an earlier one: some vendors send running totals.
    Usage(TokenUsage),
}

/// A piece of a choice.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// Text of the answer.
    Text(String),
    /// Text of the reasoning.
    Reasoning(String),
    /// Proof of the reasoning, whole.
    ReasoningSignature(String),
    /// Text of a refusal.
    Refusal(String),
    /// A tool call begins.
    ToolCall {
        /// Its place among the calls of the choice.
        index: u32,
        /// Its id; empty where the dialect has none.
        id: String,
        /// The tool's name.
        name: String,
        /// What kind of tool.
        kind: ToolCallKind,
    },
    /// More of a tool call's arguments.
    Arguments {
        /// Which call.
        index: u32,
        /// The next piece of the text.
        fragment: String,
    },
    /// Proof of the reasoning behind a tool call, whole.
    ToolCallSignature {
        /// Which call.
        index: u32,
        /// The proof.
        signature: String,
    },
    /// Log probabilities of the tokens of this piece, in the vendor's JSON.
    Logprobs(Json),
    /// Members of the choice that have no canonical form (`annotations`, `audio`, ...), kept as written. A later list goes on
    /// where an earlier one of its name ended; any other later value replaces the earlier.
    Extension {
        /// The member's name.
        name: String,
        /// Its value.
        value: Json,
    },
}

impl Delta {
    /// Whether this is content: what commits an attempt, after which no other target may answer.
    #[must_use]
    pub fn is_content(&self) -> bool {
        match self {
            Self::Text(text) | Self::Reasoning(text) | Self::Refusal(text) => !text.is_empty(),
            Self::ToolCall { .. }
            | Self::Arguments { .. }
            | Self::ReasoningSignature(_)
            | Self::ToolCallSignature { .. } => true,
            Self::Logprobs(_) | Self::Extension { .. } => false,
        }
    }

    /// What of it the model made as text: what counts as output when nobody else counted.
    #[must_use]
    pub fn output_text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Reasoning(text) | Self::Refusal(text) => text,
            Self::ToolCall { name, .. } => name,
            Self::Arguments { fragment, .. } => fragment,
            Self::ReasoningSignature(_)
            | Self::ToolCallSignature { .. }
            | Self::Logprobs(_)
            | Self::Extension { .. } => "",
        }
    }
}
