use super::call::{DialectCall, Place};
use super::cost::PricedCompletionAnswer;
use super::dialects::OPENAI_CHAT;
use super::error::{BARE, GatewayError};
use super::schema::{CallFailures, CallParams, CompletionAnswer, CompletionRequest, KeyCallFailures};
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
    params(CallParams),
    request_body = CompletionRequest,
    responses(
        (status = 200, description = "The answer, or `text/event-stream` of its chunks", body = CompletionAnswer),
        CallFailures,
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
    let call = DialectCall::read(OPENAI_CHAT, Place::default(), body.0, headers)?;
    serve(&chat, &caller.0, call, &id, clock.as_ref(), "/v1/chat/completions").await
}

/// Answers a chat at the address that its document gives it: the same call, always with a virtual key; an unknown model
/// is a 400, and an answer says what it cost, a stream in its last chunk.
#[utoipa::path(
    post,
    path = "/chat/completions",
    tag = "gateway",
    security(("virtual_key" = [])),
    params(CallParams),
    request_body = CompletionRequest,
    responses(
        (status = 200, description = "The answer, or `text/event-stream` of its chunks", body = PricedCompletionAnswer),
        KeyCallFailures,
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
    let place = Place { tells_cost: true, ..Place::default() };
    let call = DialectCall::read(OPENAI_CHAT, place, body.0, headers)?;
    serve(&chat, &caller.0, call, &id, clock.as_ref(), BARE).await
}
