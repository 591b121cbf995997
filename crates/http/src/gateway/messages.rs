use super::call::{DialectCall, Place};
use super::counting::{CountedBody, count};
use super::dialects::ANTHROPIC_MESSAGES;
use super::error::GatewayError;
use super::schema::{CallFailures, CallParams};
use super::serve::serve;
use crate::extract::{CallHeaders, GatewayBody, GatewayCaller};
use crate::middleware::RequestId;
use actix_web::{HttpResponse, web};
use switchyard_dialects::anthropic_messages::{AnthropicMessagesClient, count_tokens};
use switchyard_dialects::codec::{Address, ClientCodec};
use switchyard_orchestrator::chat::ChatService;
use switchyard_ports::clock::Clock;

/// Answers in Anthropic's dialect.
///
/// Members that are not known here go to a provider of the same dialect as they are.
#[utoipa::path(
    post,
    path = "/v1/messages",
    tag = "gateway",
    security(("virtual_key" = [])),
    params(CallParams),
    request_body(content = serde_json::Value, description = "Anthropic's message request: `model`, `max_tokens` and `messages` at least"),
    responses(
        (status = 200, description = "The message, or `text/event-stream` of its events", body = serde_json::Value),
        CallFailures,
    )
)]
pub(crate) async fn messages(
    caller: GatewayCaller,
    headers: CallHeaders,
    body: GatewayBody,
    id: RequestId,
    chat: web::Data<ChatService>,
    clock: web::Data<dyn Clock>,
) -> Result<HttpResponse, GatewayError> {
    let call = DialectCall::read(ANTHROPIC_MESSAGES, Place::default(), body.0, headers)?;
    serve(&chat, &caller.0, call, &id, clock.as_ref(), "/v1/messages").await
}

/// Counts the tokens of a prompt.
///
/// Nobody is asked and nothing is billed: the count is made here, with the vocabulary of the model that would answer where that
/// is public, else as an estimate (`x-switchyard-count: estimated`).
#[utoipa::path(
    post,
    path = "/v1/messages/count_tokens",
    tag = "gateway",
    security(("virtual_key" = [])),
    request_body(content = serde_json::Value, description = "Anthropic's message request without `max_tokens`"),
    responses(
        (status = 200, description = "`{\"input_tokens\": n}`", body = serde_json::Value),
        CallFailures,
    )
)]
pub(crate) async fn count_prompt(
    caller: GatewayCaller,
    body: GatewayBody,
    chat: web::Data<ChatService>,
) -> Result<HttpResponse, GatewayError> {
    let counted = CountedBody {
        codec: ANTHROPIC_MESSAGES,
        body: body.0,
        check: &|body, limits| AnthropicMessagesClient.check_count(body, limits),
        decode: &|checked| AnthropicMessagesClient.decode(&checked.document, Address::default()),
        write: count_tokens::write,
    };
    count(&chat, &caller.0, counted).await
}
