//! Calls of other operations than chats. Their errors are those of the chats of the same surface.

use super::call::{invalid, refused};
use super::dialects::{OPENAI_CHAT, named};
use super::error::GatewayError;
use super::passing::PassingBody;
use super::reply::{write_head, write_pieces_head};
use super::serve::Served;
use crate::extract::{CallHeaders, GatewayForm};
use crate::idempotency::StreamFate;
use crate::middleware::RequestId;
use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;
use bytes::Bytes;
use std::sync::{Arc, OnceLock};
use switchyard_dialects::codec::{Address, ClientCodec, EmbeddingClient, OperationClient};
use switchyard_dialects::request::RequestLimits;
use switchyard_dialects::scan::Document;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{Dialect, LossReport};
use switchyard_domain::embedding::{EmbeddingAnswer, EmbeddingRequest};
use switchyard_orchestrator::chat::{Reply, ReplyBody};
use switchyard_orchestrator::error::{CallError, CallErrorKind};
use switchyard_ports::client_call::{AnswerPiece, Canonical, ClientCall, InvalidCall, WireBody, WireForm};
use switchyard_ports::clock::Clock;
use switchyard_ports::provider::Payload;

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";

/// A call whose body is JSON.
pub(crate) struct JsonOperation {
    codec: &'static dyn OperationClient,
    /// The model that the address names, in dialects that name it there.
    model: Option<String>,
    facts: CallFacts,
    wire: WireBody,
    document: Document,
    embedding: OnceLock<Result<Arc<EmbeddingRequest>, InvalidCall>>,
}

impl JsonOperation {
    /// Judges a body. Its size is the reader's to bound.
    pub(crate) fn read(
        codec: &'static dyn OperationClient,
        model: Option<String>,
        body: Bytes,
        CallHeaders { strict, tags, .. }: CallHeaders,
    ) -> Result<Self, GatewayError> {
        let limits = RequestLimits { max_body_bytes: body.len(), ..RequestLimits::default() };
        let checked = codec.check(body, address(model.as_deref()), &limits);
        let checked = checked.map_err(|error| refused(error).in_dialect(errors(codec)))?;
        Ok(Self {
            codec,
            model,
            facts: CallFacts { strict, tags, ..checked.facts },
            wire: WireBody { bytes: checked.document.body().clone(), members: checked.members },
            document: checked.document,
            embedding: OnceLock::new(),
        })
    }

    fn decoded(&self, codec: &dyn EmbeddingClient) -> Result<Arc<EmbeddingRequest>, InvalidCall> {
        let decode =
            || codec.decode(&self.document, address(self.model.as_deref())).map(Arc::new).map_err(invalid);
        self.embedding.get_or_init(decode).clone()
    }

    fn encoded(&self, answer: &EmbeddingAnswer, model: &str) -> Option<Bytes> {
        let codec = self.codec.as_embedding()?;
        codec.encode(answer, self.decoded(codec).ok()?.as_ref(), model).ok()
    }
}

impl ClientCall for JsonOperation {
    fn facts(&self) -> &CallFacts {
        &self.facts
    }

    fn wire(&self) -> Option<&WireBody> {
        Some(&self.wire)
    }

    fn form(&self) -> Option<&WireForm> {
        None
    }

    fn canonical(&self) -> Result<Canonical, InvalidCall> {
        match self.codec.as_embedding() {
            Some(codec) => self.decoded(codec).map(Canonical::Embedding),
            None => Ok(Canonical::Verbatim),
        }
    }

    fn fit(&self, _source: Dialect, _piece: AnswerPiece<'_>) -> LossReport {
        LossReport::default()
    }
}

impl Served for JsonOperation {
    fn errors(&self) -> &'static dyn ClientCodec {
        errors(self.codec)
    }

    fn respond(
        &self,
        reply: Reply,
        id: &RequestId,
        _clock: &dyn Clock,
    ) -> Result<HttpResponse, GatewayError> {
        let target = reply.head.target.clone();
        let end = self.codec.verbatim_end();
        respond(reply, &self.facts, end, id, |answer| self.encoded(&answer, &target))
    }
}

/// Whose words the errors of a dialect's calls are written in.
fn errors(codec: &dyn OperationClient) -> &'static dyn ClientCodec {
    named(codec.surface().0).unwrap_or(OPENAI_CHAT)
}

fn address(model: Option<&str>) -> Address<'_> {
    Address { model, stream: None }
}

/// A call whose body is a form with a file.
pub(crate) struct FormOperation {
    facts: CallFacts,
    form: WireForm,
}

impl FormOperation {
    /// Of a form that was judged while it came.
    pub(crate) fn new(form: GatewayForm, CallHeaders { strict, tags, .. }: CallHeaders) -> Self {
        Self { facts: CallFacts { strict, tags, ..form.checked.facts }, form: form.form }
    }
}

impl ClientCall for FormOperation {
    fn facts(&self) -> &CallFacts {
        &self.facts
    }

    fn wire(&self) -> Option<&WireBody> {
        None
    }

    fn form(&self) -> Option<&WireForm> {
        Some(&self.form)
    }

    fn canonical(&self) -> Result<Canonical, InvalidCall> {
        Ok(Canonical::Verbatim)
    }

    fn fit(&self, _source: Dialect, _piece: AnswerPiece<'_>) -> LossReport {
        LossReport::default()
    }
}

impl Served for FormOperation {
    fn errors(&self) -> &'static dyn ClientCodec {
        OPENAI_CHAT
    }

    fn respond(
        &self,
        reply: Reply,
        id: &RequestId,
        _clock: &dyn Clock,
    ) -> Result<HttpResponse, GatewayError> {
        respond(reply, &self.facts, Bytes::new(), id, |_| None)
    }
}

/// The response of a call that is being answered. `end` ends an event stream of the provider's own bytes.
fn respond(
    reply: Reply,
    facts: &CallFacts,
    end: Bytes,
    id: &RequestId,
    encode: impl FnOnce(EmbeddingAnswer) -> Option<Bytes>,
) -> Result<HttpResponse, GatewayError> {
    let mut response = HttpResponse::Ok();
    write_head(&mut response, &reply.head);
    let media_type = reply.head.media_type.as_deref();
    match reply.body {
        ReplyBody::Buffered(payload) => {
            response.insert_header((CONTENT_TYPE, media_type.unwrap_or(JSON)));
            let body = match payload {
                Payload::Verbatim(bytes) => Some(bytes),
                Payload::Embeddings(answer) => encode(answer),
                Payload::Canonical(_) => None,
            };
            Ok(response.body(body.ok_or_else(unwritable)?))
        }
        // What is of another kind than events can't be put into them: it passes as what it is.
        ReplyBody::Stream(frames) if facts.stream && media_type.is_none() => {
            write_pieces_head(&mut response, EVENTS);
            let fate = StreamFate::of(&mut response);
            Ok(response.body(PassingBody::events(frames, end, id.as_str(), fate)))
        }
        ReplyBody::Stream(frames) => {
            write_pieces_head(&mut response, media_type.unwrap_or(JSON));
            Ok(response.body(PassingBody::bytes(frames)))
        }
    }
}

/// An answer that was paid for and can't be put into the form that the client asked for.
fn unwritable() -> GatewayError {
    let message = "The provider's answer can't be written in the form that was asked for.";
    let error = CallError::new(CallErrorKind::UpstreamInvalidResponse, message);
    GatewayError::of_call(CallError { may_be_done: true, ..error }, super::error::Door::V1)
}
