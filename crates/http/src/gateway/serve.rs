//! The one way of every surface on which models are called: from a judged call to the response.

use super::error::{Door, GatewayError};
use super::rate_limits;
use crate::middleware::RequestId;
use actix_web::HttpResponse;
use actix_web::http::header::HeaderMap;
use std::sync::Arc;
use switchyard_dialects::codec::ClientCodec;
use switchyard_orchestrator::chat::{CallOrigin, ChatService, Reply};
use switchyard_orchestrator::principal::Principal;
use switchyard_ports::client_call::ClientCall;
use switchyard_ports::clock::Clock;

/// A judged call, and how its answer is written.
pub(super) trait Served: ClientCall + 'static {
    /// Whose words errors are written in.
    fn errors(&self) -> &'static dyn ClientCodec;

    /// The response of this call.
    ///
    /// # Errors
    /// When the answer can't be written as the client wants it.
    fn respond(&self, reply: Reply, id: &RequestId, clock: &dyn Clock) -> Result<HttpResponse, GatewayError>;
}

/// Has a call answered that came at this address, in the dialect in which it came.
pub(super) async fn serve<C: Served>(
    chat: &ChatService,
    principal: &Principal,
    call: C,
    id: &RequestId,
    clock: &dyn Clock,
    address: &'static str,
) -> Result<HttpResponse, GatewayError> {
    let call = Arc::new(call);
    let client = Arc::clone(&call) as Arc<dyn ClientCall>;
    let origin = CallOrigin { request_id: id.as_str().to_owned(), address: Some(address) };
    let reply = chat.call(principal, client, origin).await;
    let dialect = call.facts().dialect;
    let reply = reply.map_err(|mut error| {
        let mut left = HeaderMap::new();
        if let Some(rooms) = error.rooms.take() {
            rate_limits::write(&mut left, &rooms, dialect, clock);
        }
        GatewayError::of_call(error, Door::of(address)).leaving(left)
    });
    let response = reply.and_then(|reply| {
        let rooms = reply.head.rooms;
        let mut response = call.respond(reply, id, clock)?;
        rate_limits::write(response.headers_mut(), &rooms, dialect, clock);
        Ok(response)
    });
    response.map_err(|error| error.in_dialect(call.errors()))
}
