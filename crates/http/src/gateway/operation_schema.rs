//! The wires of the operations that are no chats as the API document describes them. The codecs read them; nothing here does.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// OpenAI's request for vectors, as far as the gateway itself looks at it.
#[derive(Serialize, ToSchema)]
pub(crate) struct EmbeddingRequest {
    /// A route, `<route>/<model>`, `<provider>/<model>`, or a model that only one provider serves.
    model: String,
    /// A text, a list of texts, a list of tokens, or a list of such lists.
    input: Value,
    /// How many numbers a vector shall have.
    dimensions: Option<u64>,
    /// `float` or `base64`.
    encoding_format: Option<String>,
    /// What the vectors are for, where a vendor makes others for each purpose: `search_query`, `search_document`, ...
    input_type: Option<String>,
}

/// OpenAI's vectors.
#[derive(Serialize, ToSchema)]
pub(crate) struct EmbeddingAnswer {
    /// `list`
    object: String,
    data: Vec<Value>,
    /// The model that answered.
    model: String,
    usage: Option<Value>,
}

/// OpenAI's first completion request, as far as the gateway itself looks at it.
#[derive(Serialize, ToSchema)]
pub(crate) struct TextRequest {
    /// A route, `<route>/<model>`, `<provider>/<model>`, or a model that only one provider serves.
    model: String,
    /// A text, a list of texts, a list of tokens, or a list of such lists.
    prompt: Value,
    /// Whether the answer is streamed.
    stream: Option<bool>,
    /// The most tokens of one choice.
    max_tokens: Option<u64>,
    /// How many choices for each prompt, 1 to 128.
    n: Option<u32>,
}

/// OpenAI's first completion.
#[derive(Serialize, ToSchema)]
pub(crate) struct TextAnswer {
    id: String,
    /// `text_completion`
    object: String,
    /// Unix seconds.
    created: i64,
    /// The model that answered.
    model: String,
    choices: Vec<Value>,
    usage: Option<Value>,
}

/// OpenAI's request for a judgement.
#[derive(Serialize, ToSchema)]
pub(crate) struct ModerationRequest {
    /// A route, `<route>/<model>`, `<provider>/<model>`, or a model that only one provider serves; absent is
    /// `omni-moderation-latest`.
    model: Option<String>,
    /// A text, or a list of texts and of parts.
    input: Value,
}

/// OpenAI's judgement.
#[derive(Serialize, ToSchema)]
pub(crate) struct ModerationAnswer {
    id: String,
    /// The model that answered.
    model: String,
    results: Vec<Value>,
}

/// OpenAI's request for pictures, as far as the gateway itself looks at it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImageRequest {
    /// A route, `<route>/<model>`, `<provider>/<model>`, or a model that only one provider serves.
    model: String,
    prompt: String,
    /// How many pictures.
    n: Option<u32>,
    /// Whether partial pictures are streamed.
    stream: Option<bool>,
}

/// OpenAI's pictures.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImageAnswer {
    /// Unix seconds.
    created: i64,
    data: Vec<Value>,
    usage: Option<Value>,
}

/// OpenAI's request for speech, as far as the gateway itself looks at it.
#[derive(Serialize, ToSchema)]
pub(crate) struct SpeechRequest {
    /// A route, `<route>/<model>`, `<provider>/<model>`, or a model that only one provider serves.
    model: String,
    /// What is spoken.
    input: String,
    /// By whom.
    voice: Value,
    /// `mp3`, `opus`, `aac`, `flac`, `wav` or `pcm`.
    response_format: Option<String>,
    /// `sse` for an event stream.
    stream_format: Option<String>,
}

/// OpenAI's request for a transcription, as far as the gateway itself looks at it.
#[derive(Serialize, ToSchema)]
pub(crate) struct TranscriptionRequest {
    /// A route, `<route>/<model>`, `<provider>/<model>`, or a model that only one provider serves.
    model: String,
    /// The sound.
    #[schema(format = Binary)]
    file: String,
    /// `json`, `text`, `srt`, `verbose_json` or `vtt`.
    response_format: Option<String>,
    /// Whether the answer is streamed.
    stream: Option<bool>,
}

/// OpenAI's transcription in JSON.
#[derive(Serialize, ToSchema)]
pub(crate) struct TranscriptionAnswer {
    text: String,
    usage: Option<Value>,
}
