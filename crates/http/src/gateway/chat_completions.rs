use super::call::{DialectCall, Place};
use super::dialects::OPENAI_CHAT;
use super::error::{Door, GatewayError};
use super::schema::{CompletionAnswer, CompletionRequest, ErrorAnswer};
use super::serve::serve;
use crate::extract::{CallHeaders, GatewayBody, GatewayCaller, KeyCaller};
use crate::middleware::RequestId;
use actix_web::{HttpResponse, web};
use switchyard_orchestrator::chat::ChatService;
use switchyard_ports::clock::Clock;

/// Answers a chat.
///
/// The body is OpenAI's; members that are not listed here go to the provider as they are.
#[utoipa::path(
    post,
    path = "/v1/chat/completions",
    tag = "gateway",
    security(("virtual_key" = [])),
    params(
        ("x-switchyard-strict" = Option<bool>, Header,
            description = "Refuse the call rather than leave out what the chosen model can't express"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters of ASCII"),
    ),
    request_body = CompletionRequest,
    responses(
        (status = 200, description = "The answer, or `text/event-stream` of its chunks", body = CompletionAnswer),
        (status = 400, description = "Not JSON, not a call, or ambiguous", body = ErrorAnswer),
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
pub(crate) async fn chat_completions(
    caller: GatewayCaller,
    headers: CallHeaders,
    body: GatewayBody,
    id: RequestId,
    chat: web::Data<ChatService>,
    clock: web::Data<dyn Clock>,
) -> Result<HttpResponse, GatewayError> {
    let call = DialectCall::read(OPENAI_CHAT, Place::default(), body.0, headers.strict)?;
    serve(&chat, &caller.0, call, &id, clock.as_ref(), Door::V1).await
}

/// Answers a chat at the address that its document gives it: the same call, always with a virtual key; an unknown model
/// is a 400.
#[utoipa::path(
    post,
    path = "/chat/completions",
    tag = "gateway",
    security(("virtual_key" = [])),
    params(
        ("x-switchyard-strict" = Option<bool>, Header,
            description = "Refuse the call rather than leave out what the chosen model can't express"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters of ASCII"),
    ),
    request_body = CompletionRequest,
    responses(
        (status = 200, description = "The answer, or `text/event-stream` of its chunks", body = CompletionAnswer),
        (status = 400, description = "Not JSON, not a call, or no such model", body = ErrorAnswer),
        (status = 401, description = "No virtual key, or none of ours", body = ErrorAnswer),
        (status = 403, description = "The key may not call this model", body = ErrorAnswer),
        (status = 404, description = "The provider does not know the model", body = ErrorAnswer),
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
pub(crate) async fn chat_completions_of_key(
    caller: KeyCaller,
    headers: CallHeaders,
    body: GatewayBody,
    id: RequestId,
    chat: web::Data<ChatService>,
    clock: web::Data<dyn Clock>,
) -> Result<HttpResponse, GatewayError> {
    let call = DialectCall::read(OPENAI_CHAT, Place::default(), body.0, headers.strict)?;
    serve(&chat, &caller.0, call, &id, clock.as_ref(), Door::Bare).await
}
