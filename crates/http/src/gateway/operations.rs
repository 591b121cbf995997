//! The handlers of the operations that are no chats. Members that a document does not list go to the provider as they are.

use super::dialects::{
    OPENAI_COMPLETIONS, OPENAI_EMBEDDINGS, OPENAI_IMAGES, OPENAI_MODERATIONS, OPENAI_SPEECH,
};
use super::error::GatewayError;
use super::operation::{FormOperation, JsonOperation};
use super::operation_schema::{
    EmbeddingAnswer, EmbeddingRequest, ImageAnswer, ImageRequest, ModerationAnswer, ModerationRequest,
    SpeechRequest, TextAnswer, TextRequest, TranscriptionAnswer, TranscriptionRequest,
};
use super::schema::{CallFailures, CallParams};
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
    params(CallParams),
    request_body = EmbeddingRequest,
    responses(
        (status = 200, description = "The vectors", body = EmbeddingAnswer),
        CallFailures,
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
    let call = JsonOperation::read(OPENAI_EMBEDDINGS, None, body.0, headers)?;
    serve(&chat, &caller.0, call, &id, clock.as_ref(), "/v1/embeddings").await
}

/// Goes on with a text: OpenAI's first operation.
///
/// The body is OpenAI's.
#[utoipa::path(
    post,
    path = "/v1/completions",
    tag = "gateway",
    security(("virtual_key" = [])),
    params(CallParams),
    request_body = TextRequest,
    responses(
        (status = 200, description = "The answer, or `text/event-stream` of its chunks", body = TextAnswer),
        CallFailures,
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
    let call = JsonOperation::read(OPENAI_COMPLETIONS, None, body.0, headers)?;
    serve(&chat, &caller.0, call, &id, clock.as_ref(), "/v1/completions").await
}

/// Judges content.
///
/// The body is OpenAI's.
#[utoipa::path(
    post,
    path = "/v1/moderations",
    tag = "gateway",
    security(("virtual_key" = [])),
    params(CallParams),
    request_body = ModerationRequest,
    responses(
        (status = 200, description = "The judgement", body = ModerationAnswer),
        CallFailures,
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
    let call = JsonOperation::read(OPENAI_MODERATIONS, None, body.0, headers)?;
    serve(&chat, &caller.0, call, &id, clock.as_ref(), "/v1/moderations").await
}

/// Makes pictures.
///
/// The body is OpenAI's.
#[utoipa::path(
    post,
    path = "/v1/images/generations",
    tag = "gateway",
    security(("virtual_key" = [])),
    params(CallParams),
    request_body = ImageRequest,
    responses(
        (status = 200, description = "The pictures, or `text/event-stream` of partial ones", body = ImageAnswer),
        CallFailures,
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
    let call = JsonOperation::read(OPENAI_IMAGES, None, body.0, headers)?;
    serve(&chat, &caller.0, call, &id, clock.as_ref(), "/v1/images/generations").await
}

/// Speaks a text.
///
/// The body is OpenAI's.
#[utoipa::path(
    post,
    path = "/v1/audio/speech",
    tag = "gateway",
    security(("virtual_key" = [])),
    params(CallParams),
    request_body = SpeechRequest,
    responses(
        (status = 200, description = "The sound as it is made, or `text/event-stream` with `stream_format: sse`", body = Vec<u8>, content_type = "audio/mpeg"),
        CallFailures,
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
    let call = JsonOperation::read(OPENAI_SPEECH, None, body.0, headers)?;
    serve(&chat, &caller.0, call, &id, clock.as_ref(), "/v1/audio/speech").await
}

/// Writes down what is said.
///
/// The body is OpenAI's form of up to 25 MiB. It waits in a nameless file until it was sent on.
#[utoipa::path(
    post,
    path = "/v1/audio/transcriptions",
    tag = "gateway",
    security(("virtual_key" = [])),
    params(CallParams),
    request_body(content = TranscriptionRequest, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The text in the form that was asked for, or `text/event-stream` of its pieces", body = TranscriptionAnswer),
        CallFailures,
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
    let call = FormOperation::new(body, headers);
    serve(&chat, &caller.0, call, &id, clock.as_ref(), "/v1/audio/transcriptions").await
}
