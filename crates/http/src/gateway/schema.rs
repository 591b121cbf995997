//! The wire of a call as the API document describes it. The codec reads and writes it; nothing here does.

use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::openapi::{RefOr, Response};
use utoipa::{IntoParams, IntoResponses, ToSchema};

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

/// An error of the gateway, in the shape of the client's dialect.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only described; the answers are written by the dialects")]
pub(crate) enum ErrorAnswer {
    /// In OpenAI's and in Anthropic's.
    Usual(UsualError),
    /// In Google's.
    Google(GoogleError),
}

/// An error in OpenAI's shape and in Anthropic's.
#[derive(Serialize, ToSchema)]
pub(crate) struct UsualError {
    error: ErrorDetail,
}

/// An error in Google's shape.
#[derive(Serialize, ToSchema)]
pub(crate) struct GoogleError {
    error: GoogleErrorDetail,
}

/// What went wrong, in Google's words.
#[derive(Serialize, ToSchema)]
pub(crate) struct GoogleErrorDetail {
    /// The status.
    code: u16,
    /// For people.
    message: String,
    /// The class of error.
    status: String,
    /// `reason` is for programs.
    details: Vec<Value>,
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

/// What any call may say in its headers.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only described; `CallHeaders` reads them")]
pub(crate) struct CallParams {
    /// Refuse the call rather than leave out what the chosen model can't express
    #[param(rename = "x-switchyard-strict")]
    strict: Option<bool>,
    /// At most 16 words of letters, digits, `-`, `_`, `.` and `:`, separated by commas: targets of a route may want one of them
    #[param(rename = "x-switchyard-tags")]
    tags: Option<String>,
}

/// How any call can fail, in the shape of the client's dialect.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described; the answers are written by the dialects")]
pub(crate) enum CallFailures {
    /// Not what its media type says, not a call, ambiguous, or the model can't be called so
    #[response(status = 400)]
    Invalid(ErrorAnswer),
    /// No virtual key, or none of ours
    #[response(status = 401)]
    Unauthenticated(ErrorAnswer),
    /// The key may not call this model
    #[response(status = 403)]
    NotAllowed(ErrorAnswer),
    /// No such model
    #[response(status = 404)]
    NotFound(ErrorAnswer),
    /// The body did not come in time
    #[response(status = 408)]
    TooSlow(ErrorAnswer),
    /// The `Idempotency-Key` belongs to another request, to one that is being answered, or to a stream that has ended
    #[response(status = 409)]
    Conflict(ErrorAnswer),
    /// The body is too large
    #[response(status = 413)]
    TooLarge(ErrorAnswer),
    /// The body is of another media type than this address takes
    #[response(status = 415)]
    MediaType(ErrorAnswer),
    /// A limit is used up; see `retry-after`
    #[response(status = 429)]
    Limited(ErrorAnswer),
    /// Our own defect
    #[response(status = 500)]
    Defect(ErrorAnswer),
    /// The provider failed
    #[response(status = 502)]
    ProviderFailed(ErrorAnswer),
    /// No target, or usage can't be recorded
    #[response(status = 503)]
    Unavailable(ErrorAnswer),
    /// The provider did not answer in time
    #[response(status = 504)]
    TimedOut(ErrorAnswer),
}

/// How a call at the address without a version can fail: as its document says, a model that is not there is a bad request, and
/// providers that fail are one failure, however each of them did.
pub(crate) struct KeyCallFailures;

impl IntoResponses for KeyCallFailures {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut responses = CallFailures::responses();
        responses.retain(|status, _| !matches!(status.as_str(), "404" | "504"));
        for (status, said) in [
            (
                "400",
                "Not what its media type says, not a call, no such model or an ambiguous one, or it can't be called so",
            ),
            (
                "502",
                "The model failed, and so did what may take its place: in time or not, throttled, or without a key",
            ),
            (
                "503",
                "Usage, or an `Idempotency-Key`, can't be recorded, or too many requests are being answered; see `retry-after`",
            ),
        ] {
            if let Some(RefOr::T(response)) = responses.get_mut(status) {
                response.description = said.to_owned();
            }
        }
        responses
    }
}
