//! What a client asks for.

use super::message::Message;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A JSON text kept byte for byte: schemas and unknown members must not lose their order or their numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(pub Box<RawValue>);

impl Json {
    /// Checks and takes a JSON text.
    ///
    /// # Errors
    /// When the text is not one JSON value.
    pub fn parse(text: impl Into<String>) -> Result<Self, serde_json::Error> {
        RawValue::from_string(text.into()).map(Self)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Whether this is a list.
    #[must_use]
    pub fn is_list(&self) -> bool {
        self.as_str().starts_with('[')
    }

    /// One list of the elements of all these lists, in order. What is no list is left out.
    #[must_use]
    pub fn joined(lists: &[Self]) -> Option<Self> {
        let inside = lists.iter().filter_map(|list| list.as_str().strip_prefix('[')?.strip_suffix(']'));
        let inside: Vec<&str> = inside.map(str::trim).filter(|elements| !elements.is_empty()).collect();
        Self::parse(format!("[{}]", inside.join(","))).ok()
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Json {}

/// A chat request in no dialect's words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChatRequest {
    /// What the client asked for; the target's upstream id once an attempt is prepared.
    pub model: String,
    /// The conversation, oldest first.
    pub messages: Vec<Message>,
    /// Tools that the model may call.
    pub tools: Vec<Tool>,
    /// Whether and which tool must be called.
    pub tool_choice: Option<ToolChoice>,
    /// Whether several tools may be called in one turn.
    pub parallel_tool_calls: Option<bool>,
    /// How to sample.
    pub sampling: Sampling,
    /// The most output tokens for one choice.
    pub max_output_tokens: Option<u64>,
    /// Texts at which the answer ends.
    pub stop: Vec<String>,
    /// The form of the answer.
    pub response_format: Option<ResponseFormat>,
    /// Whether and how hard to reason.
    pub reasoning: ReasoningWish,
    /// How many choices; absent is one.
    pub choices: Option<u32>,
    /// Whether the answer is streamed, and how.
    pub stream: Option<StreamOptions>,
    /// Labels that the vendor stores with the call.
    pub metadata: BTreeMap<String, String>,
    /// The end user, as the vendor's abuse detection wants it.
    pub user: Option<String>,
    /// The vendor's word for speed and price class.
    pub service_tier: Option<String>,
    /// Whether the tools were given in the first form of function calling (`functions`), so that the answer must call them
    /// in that form too.
    pub legacy_functions: bool,
    /// Members of the client's dialect that have no canonical form, in their order. They survive to a target of the same
    /// dialect and are reported as lost elsewhere. A name that is a path (`messages[2].tool_calls[0].x`) is a nested
    /// member for which there is no place at all: it is always reported.
    pub extensions: Vec<(String, Json)>,
}

/// Sampling parameters. Decimals are kept as the client wrote them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sampling {
    /// Randomness.
    pub temperature: Option<f64>,
    /// Nucleus.
    pub top_p: Option<f64>,
    /// Candidates.
    pub top_k: Option<u32>,
    /// Against tokens that occurred, by count.
    pub frequency_penalty: Option<f64>,
    /// Against tokens that occurred at all.
    pub presence_penalty: Option<f64>,
    /// Repeatability.
    pub seed: Option<i64>,
    /// Whether to give the log probabilities of the tokens.
    pub logprobs: Option<bool>,
    /// How many alternatives to give for each token.
    pub top_logprobs: Option<u32>,
    /// Bias by token id.
    pub logit_bias: BTreeMap<String, i32>,
}

/// How to stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamOptions {
    /// Whether the client wants usage at the end.
    pub include_usage: bool,
}

/// A tool that the model may call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tool {
    /// A function with a JSON schema.
    Function {
        /// Its name.
        name: String,
        /// What it does.
        description: Option<String>,
        /// JSON schema of its arguments.
        parameters: Option<Json>,
        /// Whether the arguments must match the schema exactly.
        strict: Option<bool>,
        /// Whether everything up to here may be kept in the vendor's prompt cache.
        cache: Option<CacheMark>,
        /// Members of the tool that have no canonical form, in their order.
        extensions: Vec<(String, Json)>,
    },
    /// A tool that the vendor runs, or a form that only this dialect knows, kept as written.
    Native {
        /// The dialect's word for its type.
        kind: String,
        /// The whole tool.
        json: Json,
    },
}

/// Whether tools are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoiceMode {
    /// Never.
    None,
    /// The model decides.
    Auto,
    /// At least one.
    Required,
}

/// Whether and which tool must be called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoice {
    /// By mode.
    Mode(ToolChoiceMode),
    /// This function.
    Function(String),
    /// A form that only this dialect knows, kept as written.
    Native(Json),
}

/// The form of the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseFormat {
    /// Prose.
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON of this schema.
    JsonSchema {
        /// The schema's name.
        name: String,
        /// What it is for.
        description: Option<String>,
        /// The schema.
        schema: Option<Json>,
        /// Whether the answer must match exactly.
        strict: Option<bool>,
    },
}

/// A mark for the vendor's prompt cache.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheMark {
    /// How long to keep it, in the vendor's word (`5m`, `1h`).
    pub ttl: Option<String>,
}

/// Whether, how hard and how visibly to reason. Dialects say it by a word, by a budget of tokens, or by a switch; a target
/// that knows another of these is given what comes nearest, and the difference is reported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReasoningWish {
    /// The switch.
    pub mode: Option<ReasoningMode>,
    /// How hard, by a word.
    pub effort: Option<EffortLevel>,
    /// How hard, by the most tokens of reasoning.
    pub budget_tokens: Option<u64>,
    /// Whether the client wants to read it: Gemini's `includeThoughts`, any `summary` of OpenAI's Responses, Anthropic's `display`.
    pub visible: Option<bool>,
    /// How the vendor shall sum it up, in OpenAI's word (`auto`, `concise`, `detailed`).
    pub summary: Option<String>,
}

impl ReasoningWish {
    /// Whether the client said nothing about it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A switch of the reasoning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasoningMode {
    /// None.
    Off,
    /// On; the budget or the effort says how much.
    On,
    /// The model decides how much.
    Adaptive,
}

/// How hard to reason, in the vendors' common words; an unknown word is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EffortLevel(pub String);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Part, Role};

    #[test]
    fn a_stored_request_comes_back_with_its_schemas_byte_for_byte() {
        let json = |text: &str| Json::parse(text).unwrap();
        let mut message = Message::text(Role::User, "hi");
        message.parts.push(Part::Native { kind: "video_url".to_owned(), json: json(r#"{"b": 1.0, "a":2}"#) });
        message.extensions.push(("prefix".to_owned(), json("true")));
        let request = ChatRequest {
            messages: vec![message],
            tools: vec![
                Tool::Function {
                    name: "f".to_owned(),
                    description: None,
                    parameters: Some(json(r#"{"z":1e2, "a":{}}"#)),
                    strict: Some(true),
                    cache: Some(CacheMark::default()),
                    extensions: vec![("cache".to_owned(), json("null"))],
                },
                Tool::Native { kind: "web_search".to_owned(), json: json("{}") },
            ],
            tool_choice: Some(ToolChoice::Native(json(r#"{"type":"allowed_tools"}"#))),
            response_format: Some(ResponseFormat::JsonSchema {
                name: "n".to_owned(),
                description: None,
                schema: Some(json(r#"{"y":0.10}"#)),
                strict: None,
            }),
            extensions: vec![("min_p".to_owned(), json("0.050"))],
            ..ChatRequest::default()
        };
        let stored = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<ChatRequest>(&stored).unwrap(), request);
    }
}
