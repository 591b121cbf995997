use super::error::GatewayError;
use super::reply::{AnswerNames, respond};
use super::serve::Served;
use crate::extract::CallHeaders;
use crate::middleware::RequestId;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use bytes::Bytes;
use std::sync::{Arc, OnceLock};
use switchyard_dialects::codec::{Address, ClientCodec, StreamFraming, fit_answer, fit_events};
use switchyard_dialects::request::{RequestError, RequestLimits};
use switchyard_dialects::scan::Document;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{ChatRequest, Dialect, LossReport};
use switchyard_orchestrator::chat::Reply;
use switchyard_ports::client_call::{AnswerPiece, Canonical, ClientCall, InvalidCall, WireBody, WireForm};
use switchyard_ports::clock::Clock;

/// A client's call in its dialect: judged once, decoded only where a target speaks another dialect.
pub(crate) struct DialectCall {
    codec: &'static dyn ClientCodec,
    place: Place,
    facts: CallFacts,
    wire: WireBody,
    document: Document,
    canonical: OnceLock<Result<Arc<ChatRequest>, InvalidCall>>,
}

/// What a call says in its address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) model: Option<String>,
    pub(crate) stream: Option<bool>,
    /// Whether the client wants a stream in a form that no provider gives.
    pub(crate) reframes: bool,
    /// Whether the answer says what it cost.
    pub(crate) tells_cost: bool,
}

impl Place {
    fn address(&self) -> Address<'_> {
        Address { model: self.model.as_deref(), stream: self.stream }
    }
}

impl DialectCall {
    /// Judges a body. Its size is the reader's to bound.
    pub(crate) fn read(
        codec: &'static dyn ClientCodec,
        place: Place,
        body: Bytes,
        asked: CallHeaders,
    ) -> Result<Self, GatewayError> {
        let limits = RequestLimits { max_body_bytes: body.len(), ..RequestLimits::default() };
        let checked =
            codec.check(body, place.address(), &limits).map_err(|error| refused(error).in_dialect(codec))?;
        let decodes_answer = checked.facts.decodes_answer || place.reframes;
        let CallHeaders { strict, tags, mut passing } = asked;
        passing.retain(|(name, _)| codec.headers().contains(name));
        Ok(Self {
            codec,
            facts: CallFacts { strict, tags, decodes_answer, headers: passing, ..checked.facts },
            wire: WireBody { bytes: checked.document.body().clone(), members: checked.members },
            document: checked.document,
            place,
            canonical: OnceLock::new(),
        })
    }

    /// The canonical form, if somebody asked for it: only then is the answer one that we write.
    fn decoded(&self) -> Option<Arc<ChatRequest>> {
        self.canonical.get().and_then(|decoded| decoded.clone().ok())
    }
}

impl Served for DialectCall {
    fn errors(&self) -> &'static dyn ClientCodec {
        self.codec
    }

    fn respond(&self, reply: Reply, id: &RequestId, clock: &dyn Clock) -> Result<HttpResponse, GatewayError> {
        let names = AnswerNames {
            codec: self.codec,
            id: id.as_str().to_owned(),
            model: reply.head.target.clone(),
            created: clock.now().unix_seconds(),
            request: self.decoded(),
            include_usage: self.facts.wants_stream_usage,
            framing: if self.place.reframes { StreamFraming::JsonArray } else { StreamFraming::Sse },
            tells_cost: self.place.tells_cost,
        };
        respond(reply, names)
    }
}

impl ClientCall for DialectCall {
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
        let decoded = || match self.codec.decode(&self.document, self.place.address()) {
            Ok(request) => Ok(Arc::new(request)),
            Err(error) => Err(invalid(error)),
        };
        self.canonical.get_or_init(decoded).clone().map(Canonical::Chat)
    }

    fn fit(&self, source: Dialect, piece: AnswerPiece<'_>) -> LossReport {
        let request = self.canonical.get().and_then(|decoded| decoded.as_deref().ok());
        match piece {
            AnswerPiece::Events(events) => fit_events(self.codec, source, request, events),
            AnswerPiece::Whole(answer) => fit_answer(self.codec, source, request, answer),
        }
    }
}

/// What is wrong with a body.
pub(super) fn refused(error: RequestError) -> GatewayError {
    let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
    GatewayError::bad_body(status, error.code.as_str(), error.message, error.param)
}

/// A call that can't be put in canonical form.
pub(super) fn invalid(error: RequestError) -> InvalidCall {
    InvalidCall { message: error.message, param: error.param }
}
