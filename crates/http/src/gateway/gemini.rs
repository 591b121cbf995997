use super::call::{DialectCall, Place};
use super::dialects::{GEMINI, GEMINI_COUNT};
use super::error::{Door, GatewayError};
use super::schema::CallFailures;
use super::serve::serve;
use crate::extract::{CallHeaders, GatewayBody, GatewayCaller};
use crate::middleware::RequestId;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;
use switchyard_orchestrator::chat::ChatService;
use switchyard_ports::clock::Clock;

/// What follows the colon of a Gemini path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Generate,
    Stream,
    Count,
}

impl Action {
    /// The model and the action of a path such as `gemini-2.5-flash:generateContent`. Names may have colons and slashes.
    fn of(call: &str) -> Option<(&str, Self)> {
        let (model, action) = call.rsplit_once(':')?;
        let action = match action {
            "generateContent" => Self::Generate,
            "streamGenerateContent" => Self::Stream,
            "countTokens" => Self::Count,
            _ => return None,
        };
        (!model.is_empty()).then_some((model, action))
    }
}

/// Answers in Google's dialect: `:generateContent`, `:streamGenerateContent` (server-sent events with `?alt=sse`, else one JSON
/// array), `:countTokens`.
///
/// Members that are not known here go to a provider of the same dialect as they are.
#[utoipa::path(
    post,
    path = "/v1beta/models/{call}",
    tag = "gateway",
    security(("virtual_key" = [])),
    params(
        ("call" = String, Path, description = "The model and what to do, such as `gemini-2.5-flash:generateContent`"),
        ("alt" = Option<String>, Query, description = "`sse` for a stream of events"),
        ("x-switchyard-strict" = Option<bool>, Header,
            description = "Refuse the call rather than leave out what the chosen model can't express"),
    ),
    request_body(content = Value, description = "Google's request: `contents` at least"),
    responses(
        (status = 200, description = "The answer, its events, or its pieces in an array", body = Value),
        CallFailures,
    )
)]
pub(crate) async fn generate(
    caller: GatewayCaller,
    headers: CallHeaders,
    body: GatewayBody,
    id: RequestId,
    request: HttpRequest,
    chat: web::Data<ChatService>,
) -> Result<HttpResponse, GatewayError> {
    let call = request.match_info().get("call").unwrap_or_default();
    let Some((model, action)) = Action::of(call) else {
        return Err(unknown_action().in_dialect(GEMINI));
    };
    let stream = action == Action::Stream;
    let place = Place { model: Some(model.to_owned()), stream: Some(stream), reframes: stream && !wants_events(&request) };
    if action == Action::Count {
        let call = DialectCall::read(GEMINI_COUNT, place, body.0, headers.strict)?;
        return count(&chat, &caller.0, call, write_count).await;
    }
    let call = DialectCall::read(GEMINI, place, body.0, headers.strict)?;
    serve(&chat, &caller.0, call, &id, clock.as_ref(), Door::V1).await
}
