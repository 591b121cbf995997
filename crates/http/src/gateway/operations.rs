//! The handlers of the operations that are no chats. Members that a document does not list go to the provider as they are.

use super::dialects::{
    OPENAI_COMPLETIONS, OPENAI_EMBEDDINGS, OPENAI_IMAGES, OPENAI_MODERATIONS, OPENAI_SPEECH,
};
use super::error::{Door, GatewayError};
use super::operation::{FormOperation, JsonOperation};
use super::operation_schema::{
    EmbeddingAnswer, EmbeddingRequest, ImageAnswer, ImageRequest, ModerationAnswer, ModerationRequest,
    SpeechRequest, TextAnswer, TextRequest, TranscriptionAnswer, TranscriptionRequest,
};
use super::schema::ErrorAnswer;
use super::serve::serve;
use crate::extract::{CallHeaders, GatewayBody, GatewayCaller, GatewayForm};
use crate::middleware::RequestId;
use actix_web::{HttpResponse, web};
use switchyard_orchestrator::chat::ChatService;
use switchyard_ports::clock::Clock;

/// Turns texts into vectors.
///
/// The body is OpenAI's.
#[utoipa::path(
    post,
    path = "/v1/embeddings",
    tag = "gateway",
    security(("virtual_key" = [])),
    params(
        ("x-switchyard-strict" = Option<bool>, Header,
            description = "Refuse the call rather than leave out what the chosen model can't express"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters of ASCII"),
    ),
    request_body = EmbeddingRequest,
    responses(
        (status = 200, description = "The vectors", body = EmbeddingAnswer),
        (status = 400, description = "Not JSON, not a call, ambiguous, or the model can't be called so", body = ErrorAnswer),
        (status = 401, description = "No virtual key, or none of ours", body = ErrorAnswer),
        (status = 403, description = "The key may not call this model", body = ErrorAnswer),
        (status = 404, description = "No such model", body = ErrorAnswer),
        (status = 408, description = "The body did not come in time", body = ErrorAnswer),
        (status = 413, description = "The body is too large", body = ErrorAnswer),
        (status = 415, description = "The body is not plain JSON", body = ErrorAnswer),
        (status = 429, description = "A limit is used up; see `retry-after`", body = ErrorAnswer),
        (status = 500, description = "Our own defect", body = ErrorAnswer),
        (status = 502, description = "The provider failed", body = ErrorAnswer),
        (status = 503, description = "No target, or usage can't be recorded", body = ErrorAnswer),
        (status = 504, description = "The provider did not answer in time", body = ErrorAnswer),
    )
)]
pub(crate) async fn embeddings(
    caller: GatewayCaller,
    headers: CallHeaders,
    body: GatewayBody,
    id: RequestId,
    chat: web::Data<ChatService>,
    clock: web::Data<dyn Clock>,
) -> Result<HttpResponse, GatewayError> {
    let call = JsonOperation::read(OPENAI_EMBEDDINGS, None, body.0, headers.strict)?;
    serve(&chat, &caller.0, call, &id, clock.as_ref(), Door::V1).await
}

/// Goes on with a text: OpenAI's first operation.
///
/// The body is OpenAI's.
#[utoipa::path(
    post,
    path = "/v1/completions",
    tag = "gateway",
    security(("virtual_key" = [])),
    params(
        ("x-switchyard-strict" = Option<bool>, Header,
            description = "Refuse the call rather than leave out what the chosen model can't express"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters of ASCII"),
    ),
    request_body = TextRequest,
    responses(
        (status = 200, description = "The answer, or `text/event-stream` of its chunks", body = TextAnswer),
        (status = 400, description = "Not JSON, not a call, ambiguous, or the model can't be called so", body = ErrorAnswer),
        (status = 401, description = "No virtual key, or none of ours", body = ErrorAnswer),
        (status = 403, description = "The key may not call this model", body = ErrorAnswer),
        (status = 404, description = "No such model", body = ErrorAnswer),
        (status = 408, description = "The body did not come in time", body = ErrorAnswer),
        (status = 413, description = "The body is too large", body = ErrorAnswer),
        (status = 415, description = "The body is not plain JSON", body = ErrorAnswer),
        (status = 429, description = "A limit is used up; see `retry-after`", body = ErrorAnswer),
        (status = 500, description = "Our own defect", body = ErrorAnswer),
        (status = 502, description = "The provider failed", body = ErrorAnswer),
        (status = 503, description = "No target, or usage can't be recorded", body = ErrorAnswer),
        (status = 504, description = "The provider did not answer in time", body = ErrorAnswer),
    )
)]
pub(crate) async fn completions(
    caller: GatewayCaller,
    headers: CallHeaders,
    body: GatewayBody,
    id: RequestId,
    chat: web::Data<ChatService>,
    clock: web::Data<dyn Clock>,
) -> Result<HttpResponse, GatewayError> {
    let call = JsonOperation::read(OPENAI_COMPLETIONS, None, body.0, headers.strict)?;
    serve(&chat, &caller.0, call, &id, clock.as_ref(), Door::V1).await
}

/// Judges content.
///
/// The body is OpenAI's.
#[utoipa::path(
    post,
    path = "/v1/moderations",
    tag = "gateway",
    security(("virtual_key" = [])),
    params(
        ("x-switchyard-strict" = Option<bool>, Header,
            description = "Refuse the call rather than leave out what the chosen model can't express"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters of ASCII"),
    ),
    request_body = ModerationRequest,
    responses(
        (status = 200, description = "The judgement", body = ModerationAnswer),
        (status = 400, description = "Not JSON, not a call, ambiguous, or the model can't be called so", body = ErrorAnswer),
        (status = 401, description = "No virtual key, or none of ours", body = ErrorAnswer),
        (status = 403, description = "The key may not call this model", body = ErrorAnswer),
        (status = 404, description = "No such model", body = ErrorAnswer),
        (status = 408, description = "The body did not come in time", body = ErrorAnswer),
        (status = 413, description = "The body is too large", body = ErrorAnswer),
        (status = 415, description = "The body is not plain JSON", body = ErrorAnswer),
        (status = 429, description = "A limit is used up; see `retry-after`", body = ErrorAnswer),
        (status = 500, description = "Our own defect", body = ErrorAnswer),
        (status = 502, description = "The provider failed", body = ErrorAnswer),
        (status = 503, description = "No target, or usage can't be recorded", body = ErrorAnswer),
        (status = 504, description = "The provider did not answer in time", body = ErrorAnswer),
    )
)]
pub(crate) async fn moderations(
    caller: GatewayCaller,
    headers: CallHeaders,
    body: GatewayBody,
    id: RequestId,
    chat: web::Data<ChatService>,
    clock: web::Data<dyn Clock>,
) -> Result<HttpResponse, GatewayError> {
    let call = JsonOperation::read(OPENAI_MODERATIONS, None, body.0, headers.strict)?;
    serve(&chat, &caller.0, call, &id, clock.as_ref(), Door::V1).await
}

/// Makes pictures.
///
/// The body is OpenAI's.
#[utoipa::path(
    post,
    path = "/v1/images/generations",
    tag = "gateway",
    security(("virtual_key" = [])),
    params(
        ("x-switchyard-strict" = Option<bool>, Header,
            description = "Refuse the call rather than leave out what the chosen model can't express"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters of ASCII"),
    ),
    request_body = ImageRequest,
    responses(
        (status = 200, description = "The pictures, or `text/event-stream` of partial ones", body = ImageAnswer),
        (status = 400, description = "Not JSON, not a call, ambiguous, or the model can't be called so", body = ErrorAnswer),
        (status = 401, description = "No virtual key, or none of ours", body = ErrorAnswer),
        (status = 403, description = "The key may not call this model", body = ErrorAnswer),
        (status = 404, description = "No such model", body = ErrorAnswer),
        (status = 408, description = "The body did not come in time", body = ErrorAnswer),
        (status = 413, description = "The body is too large", body = ErrorAnswer),
        (status = 415, description = "The body is not plain JSON", body = ErrorAnswer),
        (status = 429, description = "A limit is used up; see `retry-after`", body = ErrorAnswer),
        (status = 500, description = "Our own defect", body = ErrorAnswer),
        (status = 502, description = "The provider failed", body = ErrorAnswer),
        (status = 503, description = "No target, or usage can't be recorded", body = ErrorAnswer),
        (status = 504, description = "The provider did not answer in time", body = ErrorAnswer),
    )
)]
pub(crate) async fn images(
    caller: GatewayCaller,
    headers: CallHeaders,
    body: GatewayBody,
    id: RequestId,
    chat: web::Data<ChatService>,
    clock: web::Data<dyn Clock>,
) -> Result<HttpResponse, GatewayError> {
    let call = JsonOperation::read(OPENAI_IMAGES, None, body.0, headers.strict)?;
    serve(&chat, &caller.0, call, &id, clock.as_ref(), Door::V1).await
}

/// Speaks a text.
///
/// The body is OpenAI's.
#[utoipa::path(
    post,
    path = "/v1/audio/speech",
    tag = "gateway",
    security(("virtual_key" = [])),
    params(
        ("x-switchyard-strict" = Option<bool>, Header,
            description = "Refuse the call rather than leave out what the chosen model can't express"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters of ASCII"),
    ),
    request_body = SpeechRequest,
    responses(
        (status = 200, description = "The sound as it is made, or `text/event-stream` with `stream_format: sse`", body = Vec<u8>, content_type = "audio/mpeg"),
        (status = 400, description = "Not JSON, not a call, ambiguous, or the model can't be called so", body = ErrorAnswer),
        (status = 401, description = "No virtual key, or none of ours", body = ErrorAnswer),
        (status = 403, description = "The key may not call this model", body = ErrorAnswer),
        (status = 404, description = "No such model", body = ErrorAnswer),
        (status = 408, description = "The body did not come in time", body = ErrorAnswer),
        (status = 413, description = "The body is too large", body = ErrorAnswer),
        (status = 415, description = "The body is not plain JSON", body = ErrorAnswer),
        (status = 429, description = "A limit is used up; see `retry-after`", body = ErrorAnswer),
        (status = 500, description = "Our own defect", body = ErrorAnswer),
        (status = 502, description = "The provider failed", body = ErrorAnswer),
        (status = 503, description = "No target, or usage can't be recorded", body = ErrorAnswer),
        (status = 504, description = "The provider did not answer in time", body = ErrorAnswer),
    )
)]
pub(crate) async fn speech(
    caller: GatewayCaller,
    headers: CallHeaders,
    body: GatewayBody,
    id: RequestId,
    chat: web::Data<ChatService>,
    clock: web::Data<dyn Clock>,
) -> Result<HttpResponse, GatewayError> {
    let call = JsonOperation::read(OPENAI_SPEECH, None, body.0, headers.strict)?;
    serve(&chat, &caller.0, call, &id, clock.as_ref(), Door::V1).await
}

/// Writes down what is said.
///
/// The body is OpenAI's form of up to 25 MiB. It waits in a nameless file until it was sent on.
#[utoipa::path(
    post,
    path = "/v1/audio/transcriptions",
    tag = "gateway",
    security(("virtual_key" = [])),
    params(
        ("x-switchyard-strict" = Option<bool>, Header,
            description = "Refuse the call rather than leave out what the chosen model can't express"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters of ASCII"),
    ),
    request_body(content = TranscriptionRequest, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The text in the form that was asked for, or `text/event-stream` of its pieces", body = TranscriptionAnswer),
        (status = 400, description = "Not a form, not a call, ambiguous, or the model can't be called so", body = ErrorAnswer),
        (status = 401, description = "No virtual key, or none of ours", body = ErrorAnswer),
        (status = 403, description = "The key may not call this model", body = ErrorAnswer),
        (status = 404, description = "No such model", body = ErrorAnswer),
        (status = 408, description = "The body did not come in time", body = ErrorAnswer),
        (status = 413, description = "The body is too large", body = ErrorAnswer),
        (status = 415, description = "The body is not a form with files", body = ErrorAnswer),
        (status = 429, description = "A limit is used up; see `retry-after`", body = ErrorAnswer),
        (status = 500, description = "Our own defect", body = ErrorAnswer),
        (status = 502, description = "The provider failed", body = ErrorAnswer),
        (status = 503, description = "No target, or usage can't be recorded", body = ErrorAnswer),
        (status = 504, description = "The provider did not answer in time", body = ErrorAnswer),
    )
)]
pub(crate) async fn transcriptions(
    caller: GatewayCaller,
    headers: CallHeaders,
    body: GatewayForm,
    id: RequestId,
    chat: web::Data<ChatService>,
    clock: web::Data<dyn Clock>,
) -> Result<HttpResponse, GatewayError> {
    let call = FormOperation::new(body, headers.strict);
    serve(&chat, &caller.0, call, &id, clock.as_ref(), Door::V1).await
}
