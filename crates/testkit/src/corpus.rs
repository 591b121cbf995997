//! Recorded exchanges with real providers: what they were sent, what they answered, and what the official SDKs make of it.
//! Sources and licences stand in `corpus/SOURCES.md`.

use std::io;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// One exchange.
#[derive(Debug, Deserialize)]
pub struct Exchange {
    /// Its name, as cited where a vendor fact needs evidence.
    pub id: String,
    /// What is special about it (`tool_calls`, `midstream_error`, `usage_in_choice_chunk`, ...).
    pub features: Vec<String>,
    /// What was done (`messages`, `count_tokens`, `streamGenerateContent`, ...), in dialects with several operations.
    #[serde(default)]
    pub operation: String,
    /// The model that was asked, where it stands outside the body.
    #[serde(default)]
    pub model: Option<String>,
    /// Path and query of the request, where they say something.
    #[serde(default)]
    pub path: Option<String>,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// The body that was sent; absent where only the answer was kept.
    pub request: Option<Box<RawValue>>,
    /// What was answered.
    pub response: RecordedResponse,
    /// What it means.
    pub expected: Expected,
    #[serde(skip)]
    provider: String,
}

impl Exchange {
    /// The provider that answered.
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// The bytes of the answer's body.
    #[must_use]
    pub fn answer(&self) -> Vec<u8> {
        if self.response.base64 {
            STANDARD.decode(&self.response.body).unwrap_or_default()
        } else {
            self.response.body.clone().into_bytes()
        }
    }

    /// Whether it has a feature.
    #[must_use]
    pub fn has(&self, feature: &str) -> bool {
        self.features.iter().any(|known| known == feature)
    }
}

/// An answer as it was recorded, decompressed.
#[derive(Debug, Deserialize)]
pub struct RecordedResponse {
    /// The HTTP status.
    pub status: u16,
    /// The few headers that were kept, lower-case.
    pub headers: std::collections::BTreeMap<String, String>,
    /// The whole body.
    pub body: String,
    /// Whether the body is binary and stands here in base64.
    #[serde(default)]
    pub base64: bool,
}

/// What the official SDKs make of an answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Whether it is an answer; absent where nobody interpreted it.
    pub ok: Option<bool>,
    /// Why nobody interpreted it.
    #[serde(default)]
    pub why: Option<String>,
    /// The choices of an answer.
    #[serde(default)]
    pub choices: Vec<ExpectedChoice>,
    /// The counts of an answer, by OpenAI's rule: `prompt_tokens`, `cached_tokens`, ...
    #[serde(default)]
    pub usage: Option<std::collections::BTreeMap<String, u64>>,
    /// Other pairs of prompt and completion tokens that are right too.
    #[serde(default)]
    pub usage_alt: Vec<(u64, u64)>,
    /// The status of an error.
    #[serde(default)]
    pub status: Option<u16>,
    /// The message of an error.
    #[serde(default)]
    pub message: Option<String>,
    /// Whether tools of the vendor ran, so that the text is not the whole answer.
    #[serde(default)]
    pub server_tools: bool,
    /// What the model planned to do with its tools (Cohere).
    #[serde(default)]
    pub tool_plan: Option<String>,
    /// Whether the error came inside a stream that had begun well.
    #[serde(default)]
    pub midstream: bool,
}

/// One choice as the SDKs read it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedChoice {
    /// The text.
    pub text: String,
    /// The tool calls.
    pub tool_calls: Vec<ExpectedCall>,
    /// The best finish reason.
    pub finish_reason: Option<String>,
    /// All finish reasons that are right.
    pub finish_accept: Vec<Option<String>>,
    /// The provider's own word.
    pub raw_finish: Option<String>,
    /// The reasoning, where the SDK shows it.
    pub reasoning: Option<String>,
    /// The refusal.
    pub refusal: Option<String>,
}

/// One tool call as the SDKs read it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedCall {
    /// Its id, where it has one.
    pub id: Option<String>,
    /// The tool's name.
    pub name: String,
    /// The arguments, parsed; `{"__unparsed__": "..."}` where the model was cut off.
    pub arguments: Value,
}

/// All exchanges with providers that speak OpenAI's chat dialect, provider by provider.
///
/// # Errors
/// When the corpus can't be read, or a line of it is no exchange.
pub fn openai_chat() -> io::Result<Vec<Exchange>> {
    of("openai-chat")
}

/// All exchanges of a dialect (`anthropic-messages`, `gemini`, `openai-responses`, `ollama`, `cohere`, `bedrock-converse`,
/// `openai-embeddings`, ...), provider by provider.
///
/// # Errors
/// When the corpus can't be read, or a line of it is no exchange.
pub fn of(dialect: &str) -> io::Result<Vec<Exchange>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(dialect);
    let mut files = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()?;
    files.sort();
    let mut exchanges = Vec::new();
    for file in files {
        let provider = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        for line in std::fs::read_to_string(&file)?.lines() {
            let exchange: Exchange = serde_json::from_str(line)?;
            exchanges.push(Exchange { provider: provider.to_owned(), ..exchange });
        }
    }
    Ok(exchanges)
}
