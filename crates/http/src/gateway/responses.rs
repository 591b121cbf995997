use super::call::{DialectCall, Place};
use super::dialects::OPENAI_RESPONSES;
use super::error::GatewayError;
use super::schema::{CallFailures, CallParams};
use super::serve::serve;
use crate::extract::{CallHeaders, GatewayBody, GatewayCaller};
use crate::middleware::RequestId;
use actix_web::{HttpResponse, web};
use switchyard_orchestrator::chat::ChatService;
use switchyard_ports::clock::Clock;

/// Answers in OpenAI's Responses dialect.
///
/// Members that are not known here go to a provider of the same dialect as they are.
#[utoipa::path(
    post,
    path = "/v1/responses",
    tag = "gateway",
    security(("virtual_key" = [])),
    params(CallParams),
    request_body(content = serde_json::Value, description = "OpenAI's `response` request: `model` and `input` at least"),
    responses(
        (status = 200, description = "The response, or `text/event-stream` of its events", body = serde_json::Value),
        CallFailures,
    )
)]
pub(crate) async fn responses(
    caller: GatewayCaller,
    headers: CallHeaders,
    body: GatewayBody,
    id: RequestId,
    chat: web::Data<ChatService>,
    clock: web::Data<dyn Clock>,
) -> Result<HttpResponse, GatewayError> {
    let call = DialectCall::read(OPENAI_RESPONSES, Place::default(), body.0, headers)?;
    serve(&chat, &caller.0, call, &id, clock.as_ref(), "/v1/responses").await
}
