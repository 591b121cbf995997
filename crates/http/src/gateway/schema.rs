//! The wire of a call as the API document describes it. The codec reads and writes it; nothing here does.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// OpenAI's chat completion request, as far as the gateway itself looks at it.
#[derive(Serialize, ToSchema)]
pub(crate) struct CompletionRequest {
    /// A route, `<route>/<model>`, `<provider>/<model>`, or a model that only one provider serves.
    model: String,
    /// The conversation, oldest first; 1 to 2,048 messages.
    messages: Vec<Value>,
    /// Whether the answer is streamed.
    stream: Option<bool>,
    /// The most tokens of one choice.
    max_completion_tokens: Option<u64>,
    /// The older name of `max_completion_tokens`.
    max_tokens: Option<u64>,
    /// How many choices, 1 to 128.
    n: Option<u32>,
}

/// OpenAI's chat completion.
#[derive(Serialize, ToSchema)]
pub(crate) struct CompletionAnswer {
    id: String,
    /// `chat.completion`
    object: String,
    /// Unix seconds.
    created: i64,
    /// The model that answered.
    model: String,
    choices: Vec<Value>,
    usage: Option<Value>,
}

/// An error of the gateway.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorAnswer {
    error: ErrorDetail,
}

/// What went wrong.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorDetail {
    /// For people.
    message: String,
    /// The class of error.
    r#type: String,
    /// The member of the request that is wrong.
    param: Option<String>,
    /// For programs.
    code: Option<String>,
}
