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
    /// A file such as a PDF. Moving pictures are documents too: by their media type.
    Document(Document),
    /// Sound.
    Audio(Audio),
    /// The model calls a tool.
    ToolCall(ToolCall),
    /// What a tool answered.
    ToolResult(ToolResult),
    /// The model's reasoning, one block.
    Reasoning(Reasoning),
    /// A proof that belongs to the text before it, or stands for itself where there is none (Google's, on text parts:
    /// `google-generatecontent-026a9a8f7b`, 2026). It must go back in its place, unchanged.
    Signature(Signature),
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
    /// Plain text that stands for a document.
    Text(String),
}

/// A file in a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Where its bytes are.
    pub source: MediaSource,
    /// Its file name or title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// What the model should know about it that is no part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Whether the answer shall say which places of it it rests on.
    #[serde(default)]
    pub cited: bool,
}

impl Document {
    /// A file of this name.
    #[must_use]
    pub fn new(source: MediaSource, filename: Option<String>) -> Self {
        Self { source, filename, context: None, cited: false }
    }
}

/// An opaque proof that a vendor gives with what its model thought, and wants back unchanged. It means nothing to any other
/// vendor: sent elsewhere it must be left out, and that is a loss to report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Who made it and can read it, one of the constants here or another vendor's key. Providers that serve the models of one
    /// maker accept each other's (Anthropic's own API, Bedrock and Vertex).
    pub issuer: String,
    /// The proof as it came, byte for byte.
    pub value: String,
}

impl Signature {
    /// Anthropic's models, wherever they run.
    pub const ANTHROPIC: &str = "anthropic";
    /// Google's models.
    pub const GOOGLE: &str = "google";
    /// OpenAI's models.
    pub const OPENAI: &str = "openai";
    /// A dialect that has a place for proofs but does not say whose they are.
    pub const UNKNOWN: &str = "unknown";

    /// A proof of this issuer.
    #[must_use]
    pub fn new(issuer: impl Into<String>, value: impl Into<String>) -> Self {
        Self { issuer: issuer.into(), value: value.into() }
    }
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
    pub signature: Option<Signature>,
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

/// The model's reasoning: one block, which goes back as one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reasoning {
    /// Readable text; may be empty where only a signature is given.
    pub text: String,
    /// An opaque proof that must go back unchanged with the next turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// Whether the vendor hid the text, so that the signature holds all there is (Anthropic's `redacted_thinking`).
    #[serde(default)]
    pub redacted: bool,
}

impl Reasoning {
    /// Readable reasoning without a proof.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), signature: None, redacted: false }
    }
}
