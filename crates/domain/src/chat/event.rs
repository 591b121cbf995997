//! An answer as it arrives.

use super::citation::Citation;
use super::message::{Part, Signature, ToolCallKind};
use super::request::Json;
use super::tokens::TokenUsage;
use serde::{Deserialize, Serialize};

/// Why a choice ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model was done, or met a stop text that the vendor does not name.
    Stop,
    /// This stop text was met.
    StopSequence(String),
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

impl ChatEvent {
    /// Whether it says anything: a piece that is content, or why a choice ended. An answer without any is none.
    #[must_use]
    pub fn is_content(&self) -> bool {
        match self {
            Self::Delta { delta, .. } => delta.is_content(),
            Self::Finished { .. } => true,
            Self::Started { .. } | Self::Extension { .. } | Self::Usage(_) => false,
        }
    }
}

/// A piece of a choice.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// Text of the answer.
    Text(String),
    /// Text of the reasoning.
    Reasoning(String),
    /// Proof of the reasoning, whole. It closes the block of reasoning: what follows is another one.
    ReasoningSignature(Signature),
    /// A block of reasoning of which the vendor shows nothing but this.
    RedactedReasoning(Signature),
    /// Proof that belongs to the text before it, see `Part::Signature`.
    Signature(Signature),
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
        signature: Signature,
    },
    /// A part that comes whole: a picture, sound, what a tool of the vendor did.
    Part(Part),
    /// A source that the text before it rests on.
    Citation(Citation),
    /// Log probabilities of the tokens of this piece, in OpenAI's form (`{"content":[{"token","logprob","bytes","top_logprobs"}]}`).
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
            | Self::RedactedReasoning(_)
            | Self::Signature(_)
            | Self::Part(_)
            | Self::ToolCallSignature { .. } => true,
            Self::Citation(_) | Self::Logprobs(_) | Self::Extension { .. } => false,
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
            | Self::RedactedReasoning(_)
            | Self::Signature(_)
            | Self::ToolCallSignature { .. }
            | Self::Part(_)
            | Self::Citation(_)
            | Self::Logprobs(_)
            | Self::Extension { .. } => "",
        }
    }
}
