//! The one way of every chat surface: from a judged call to the response.

use super::call::DialectCall;
use super::error::{Door, GatewayError};
use super::reply::{AnswerNames, respond};
use crate::middleware::RequestId;
use actix_web::HttpResponse;
use std::sync::Arc;
use switchyard_dialects::codec::StreamFraming;
use switchyard_orchestrator::chat::ChatService;
use switchyard_orchestrator::principal::Principal;
use switchyard_ports::client_call::ClientCall;
use switchyard_ports::clock::Clock;

/// Has a call answered, in the dialect in which it came.
pub(super) async fn serve(
    chat: &ChatService,
    principal: &Principal,
    call: DialectCall,
    id: &RequestId,
    clock: &dyn Clock,
    door: Door,
) -> Result<HttpResponse, GatewayError> {
    let call = Arc::new(call);
    let client = Arc::clone(&call) as Arc<dyn ClientCall>;
    let reply = chat
        .call(principal, client, id.as_str().to_owned())
        .await
        .map_err(|error| GatewayError::of_call(error, door).in_dialect(call.codec()))?;
    let names = AnswerNames {
        codec: call.codec(),
        id: id.as_str().to_owned(),
        model: reply.head.target.clone(),
        created: clock.now().unix_seconds(),
        request: call.decoded(),
        include_usage: call.facts().wants_stream_usage,
        framing: if call.place().reframes { StreamFraming::JsonArray } else { StreamFraming::Sse },
    };
    Ok(respond(reply, names))
}
