//! Messages and their parts.

use super::request::Json;
use serde::{Deserialize, Serialize};

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Instructions that outrank the user.
    System,
    /// The newer name for instructions; dialects that know only `system` merge the two.
    Developer,
    /// The person or program that asks.
    User,
    /// The model.
    Assistant,
    /// Results of tools that the model called.
    Tool,
}

/// One message: a role and its parts in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub parts: Vec<Part>,
    /// A name that tells participants of one role apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Members of the message that have no canonical form (`prefix`, `reasoning_details`, ...), in their order. They
    /// survive to a target of the same dialect and are reported as lost elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<(String, Json)>,
}

impl Message {
    /// A message of one text.
    #[must_use]
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self { role, parts: vec![Part::Text { text: text.into() }], name: None, extensions: Vec::new() }
    }
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Plain text.
    Text {
        /// The text.
        text: String,
    },
    /// A picture.
    Image {
        /// Where its bytes are.
        source: MediaSource,
        /// How closely to look, in the vendor's word (`low`, `high`, `auto`).
        detail: Option<String>,
    },
    /// A file such as a PDF.
    Document {
        /// Where its bytes are.
        source: MediaSource,
        /// Its file name.
        filename: Option<String>,
    },
    /// Sound.
    Audio(Audio),
    /// The model calls a tool.
    ToolCall(ToolCall),
    /// What a tool answered.
    ToolResult(ToolResult),
    /// The model's reasoning.
    Reasoning(Reasoning),
    /// The model declines, in words of its own.
    Refusal {
        /// What it said.
        text: String,
    },
    /// Everything up to here, earlier messages included, may be kept in the vendor's prompt cache.
    CacheMark {
        /// How long to keep it, in the vendor's word (`5m`, `1h`).
        ttl: Option<String>,
    },
    /// A form that only this dialect knows, kept as written.
    Native {
        /// The dialect's word for its type.
        kind: String,
        /// The whole part.
        json: Json,
    },
}

/// Where media bytes are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaSource {
    /// The provider fetches it; we never do.
    Url(String),
    /// Carried in the message.
    Inline {
        /// Such as `image/png`.
        media_type: String,
        /// Base64 as the client wrote it.
        base64: String,
    },
    /// A file that was uploaded to the provider before.
    FileId(String),
}

/// Sound carried in a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audio {
    /// Base64 as the client wrote it.
    pub base64: String,
    /// Such as `wav` or `mp3`.
    pub format: String,
}

/// What kind of tool is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolCallKind {
    /// A function with JSON arguments.
    #[default]
    Function,
    /// A custom tool with free text input.
    Custom,
    /// The first form of function calling: one call, no id.
    LegacyFunction,
}

/// The model calls a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Links the result to the call. Empty for [`ToolCallKind::LegacyFunction`].
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments as the model wrote them: usually JSON, but a cut answer leaves a cut text, which is passed on as is.
    pub arguments: String,
    /// What kind of tool.
    #[serde(default)]
    pub kind: ToolCallKind,
    /// An opaque proof of the reasoning that led to the call; must go back unchanged with the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// What a tool answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The id of the call that this answers.
    pub call_id: String,
    /// Text and images, in order.
    pub content: Vec<Part>,
    /// Whether the tool failed.
    pub is_error: bool,
    /// The tool's name, where the dialect carries it.
    pub name: Option<String>,
}

/// The model's reasoning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reasoning {
    /// Readable text; may be empty where only a signature is given.
    pub text: String,
    /// An opaque proof that must go back unchanged with the next turn.
    pub signature: Option<String>,
}
