//! Counting a prompt for a client that wants to know before it asks.

use super::call::refused;
use super::error::{Door, GatewayError};
use actix_web::HttpResponse;
use actix_web::http::header::ContentType;
use bytes::Bytes;
use std::sync::Arc;
use switchyard_dialects::codec::ClientCodec;
use switchyard_dialects::request::{CheckedRequest, RequestError, RequestLimits};
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{ChatRequest, Dialect, LossReport};
use switchyard_orchestrator::chat::ChatService;
use switchyard_orchestrator::principal::Principal;
use switchyard_ports::client_call::{AnswerPiece, ClientCall, InvalidCall, WireBody};

/// A prompt that nobody is to answer.
struct Prompt {
    facts: CallFacts,
    request: Arc<ChatRequest>,
}

impl ClientCall for Prompt {
    fn facts(&self) -> &CallFacts {
        &self.facts
    }

    fn wire(&self) -> Option<&WireBody> {
        None
    }

    fn canonical(&self) -> Result<Arc<ChatRequest>, InvalidCall> {
        Ok(Arc::clone(&self.request))
    }

    fn fit(&self, _source: Dialect, _piece: AnswerPiece<'_>) -> LossReport {
        LossReport::default()
    }
}

/// A body for counting, and how its dialect judges, reads and answers it.
pub(super) struct CountedBody<'a> {
    pub(super) codec: &'static dyn ClientCodec,
    pub(super) body: Bytes,
    pub(super) check: &'a dyn Fn(Bytes, &RequestLimits) -> Result<CheckedRequest, RequestError>,
    pub(super) decode: &'a dyn Fn(&CheckedRequest) -> Result<ChatRequest, RequestError>,
    pub(super) write: fn(u64) -> Bytes,
}

impl CountedBody<'_> {
    fn judged(&self) -> Result<Prompt, RequestError> {
        let limits = RequestLimits { max_body_bytes: self.body.len(), ..RequestLimits::default() };
        let checked = (self.check)(self.body.clone(), &limits)?;
        let request = Arc::new((self.decode)(&checked)?);
        Ok(Prompt { facts: checked.facts, request })
    }
}

/// Counts a prompt, and says whether that is exact.
pub(super) async fn count(
    chat: &ChatService,
    principal: &Principal,
    counted: CountedBody<'_>,
) -> Result<HttpResponse, GatewayError> {
    let CountedBody { codec, write, .. } = counted;
    let prompt = counted.judged().map_err(|error| refused(error).in_dialect(codec))?;
    let count = chat
        .count_prompt(principal, Arc::new(prompt))
        .await
        .map_err(|error| GatewayError::of_call(error, Door::V1).in_dialect(codec))?;
    Ok(HttpResponse::Ok()
        .insert_header(ContentType::json())
        .insert_header(("x-switchyard-count", if count.exact { "exact" } else { "estimated" }))
        .body(write(count.tokens)))
}
