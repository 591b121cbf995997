//! Speaks to one provider: makes the exact request, sends it, and judges what comes back, all by the facts of its vendor.

mod answer;
mod body;
mod faults;
mod models;
mod operation;
mod probe;
mod request;
mod stream;
mod tally;
mod unfinished;

use self::request::Sent;
use crate::transport::{
    Deadlines as WireDeadlines, InboundResponse, Transport, TransportFault, Unprocessed, connecting_within,
    relayed, upstream_request_id,
};
use crate::vendors::{Authorizer, Called, CredentialRule, HttpFacts, below};
use async_trait::async_trait;
use http::{HeaderMap, HeaderName};
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;
use switchyard_dialects::codec::{OperationCodec, ProviderCodec};
use switchyard_domain::chat::{Dialect, Units};
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_domain::operation::Operation;
use switchyard_ports::client_call::ClientCall;
use switchyard_ports::clock::{Clock, Monotonic};
use switchyard_ports::probe::ProbeReport;
use switchyard_ports::provider::{Answer, AttemptContext, Carriage, Deadlines, Prepared, Provider};
use url::Url;

/// A provider that is reached over HTTP.
pub(crate) struct Driver {
    facts: &'static HttpFacts,
    transport: Transport,
    clock: Arc<dyn Clock>,
    base: Url,
    places: Vec<(Dialect, Url)>,
    models: Listing,
    /// Where the vendor authorizes in its own way.
    authorizer: Option<Box<dyn Authorizer>>,
    request_id_header: Option<HeaderName>,
    response_headers: Vec<HeaderName>,
}

/// Where models are listed.
pub(crate) struct Listing {
    pub(crate) url: Url,
    /// The way there, where it is at another origin than the calls.
    pub(crate) transport: Option<Transport>,
}

impl Driver {
    /// A driver for `base`, over a transport that is bound to its origin.
    pub(crate) fn new(
        facts: &'static HttpFacts,
        transport: Transport,
        base: &Url,
        models: Listing,
        authorizer: Option<Box<dyn Authorizer>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let names = facts.response_headers.iter().copied().chain(facts.request_id_header);
        Self {
            facts,
            transport,
            clock,
            base: base.clone(),
            places: places(facts, base),
            models,
            authorizer,
            request_id_header: facts.request_id_header.map(HeaderName::from_static),
            response_headers: names.map(HeaderName::from_static).collect(),
        }
    }

    /// Where a call of a dialect goes that has one address for all models and no hook, as most have.
    fn place(&self, dialect: Dialect) -> Option<&Url> {
        self.places.iter().find(|(known, _)| *known == dialect).map(|(_, url)| url)
    }

    fn chat_address(&self, codec: &dyn ProviderCodec, model: &str, stream: bool) -> String {
        match self.place(codec.dialect()) {
            Some(url) => url.as_str().to_owned(),
            None => self.address(codec.dialect(), &codec.endpoint(model, stream), model),
        }
    }

    fn address(&self, dialect: Dialect, endpoint: &str, model: &str) -> String {
        let called = Called { dialect, endpoint, model };
        let hooked = self.facts.hooks.map(|hooks| hooks.address(&self.base, &called));
        hooked.unwrap_or_else(|| below(&self.base, endpoint)).into()
    }

    /// Sends, and hides one kept connection that was closed just before it was used again. The context's credential is from then on
    /// what was sent.
    async fn exchange(
        &self,
        prepared: &Prepared,
        context: &mut AttemptContext,
    ) -> Result<InboundResponse, ProviderFault> {
        let began = self.clock.monotonic();
        let (mut answer, mut sent) = self.send_once(prepared, context, began, false).await?;
        if let Err(TransportFault::ClosedBeforeAnswer { unprocessed }) = answer
            && unprocessed != Unprocessed::No
        {
            // Rare, so that its state has no place in that of every call.
            let anew = unprocessed == Unprocessed::Stale;
            (answer, sent) = Box::pin(self.send_once(prepared, context, began, anew)).await?;
        }
        context.credential = sent;
        answer.map_err(|fault| faults::of_exchange(&fault, prepared.dialect.operation()))
    }

    /// Sends in the time that is left of an attempt which began at `began`, over any connection or over one that is made `anew`.
    async fn send_once(
        &self,
        prepared: &Prepared,
        context: &AttemptContext,
        began: Monotonic,
        anew: bool,
    ) -> Result<(Result<InboundResponse, TransportFault>, Sent), ProviderFault> {
        let (outbound, sent) = self.outbound(prepared, context).await?;
        let left = less(context.deadlines, self.clock.monotonic().since(began));
        let deadlines = wire_deadlines(&left);
        let sending = self.transport.send_over(anew, outbound, &deadlines);
        let answer = match context.connect_timeout {
            Some(timeout) => connecting_within(timeout, sending).await,
            None => sending.await,
        };
        Ok((answer, sent))
    }

    /// Sends and takes in the answer, as far as it must have come to be one.
    async fn ask(&self, prepared: Prepared, mut context: AttemptContext) -> Result<Answer, ProviderFault> {
        let response = self.exchange(&prepared, &mut context).await?;
        let (status, headers) = (response.status, self.passed_on(&response.headers));
        tracing::debug!(
            request.id = context.request_id,
            upstream.status = status.as_u16(),
            upstream.request_id = upstream_request_id(&response.headers, self.request_id_header.as_ref()),
            "upstream answered"
        );
        let now = self.clock.now();
        if prepared.dialect.operation() != Operation::Chat {
            let codec = self.operation(prepared.dialect)?;
            // Rarer than chats, so that its state has no place in that of every call.
            let received = Box::pin(operation::receive(codec, response, &prepared, &context, now));
            let (body, media_type) = received.await?;
            return Ok(Answer { status: status.as_u16(), headers, media_type, body });
        }
        let codec = self.codec(prepared.dialect)?;
        if !status.is_success() {
            let judge =
                |status, body: &[u8], hints, secret: Option<&str>| codec.fault(status, body, hints, secret);
            return Err(faults::of_error(&judge, response, &context, now).await);
        }
        let success = answer::Success { codec, prepared: &prepared, context: &context, now };
        let body = success.receive(response).await?;
        Ok(Answer { status: status.as_u16(), headers, media_type: None, body })
    }

    fn codec(&self, dialect: Dialect) -> Result<&'static dyn ProviderCodec, ProviderFault> {
        let found = self.facts.dialects.iter().find(|codec| codec.dialect() == dialect);
        found.copied().ok_or_else(prepared_elsewhere)
    }

    fn operation(&self, dialect: Dialect) -> Result<&'static dyn OperationCodec, ProviderFault> {
        let found = self.facts.operations.iter().find(|codec| codec.dialect() == dialect);
        found.copied().ok_or_else(prepared_elsewhere)
    }

    fn passed_on(&self, headers: &HeaderMap) -> Vec<(String, String)> {
        let chosen = relayed(headers, &self.response_headers);
        let text = |(name, value): (&HeaderName, &http::HeaderValue)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        };
        chosen.iter().filter_map(text).collect()
    }
}

/// The addresses that depend on neither model nor stream, made once rather than for each call.
fn places(facts: &HttpFacts, base: &Url) -> Vec<(Dialect, Url)> {
    if facts.hooks.is_some() {
        return Vec::new();
    }
    let fixed = facts.dialects.iter().filter_map(|codec| {
        let endpoint = codec.endpoint("a", false);
        let is_fixed = endpoint == codec.endpoint("b", false) && endpoint == codec.endpoint("a", true);
        is_fixed.then(|| (codec.dialect(), below(base, &endpoint)))
    });
    fixed.collect()
}

/// What is left of the time once some of it was used. The silence within an answer is as before.
fn less(deadlines: Deadlines, used: Duration) -> Deadlines {
    Deadlines {
        first_content: deadlines.first_content.saturating_sub(used),
        idle: deadlines.idle,
        total: deadlines.total.saturating_sub(used),
    }
}

fn wire_deadlines(deadlines: &Deadlines) -> WireDeadlines {
    WireDeadlines { first_byte: deadlines.first_content, idle: deadlines.idle, total: deadlines.total }
}

#[async_trait]
impl Provider for Driver {
    fn dialects(&self) -> Vec<Dialect> {
        let chats = self.facts.dialects.iter().map(|codec| codec.dialect());
        chats.chain(self.facts.operations.iter().map(|codec| codec.dialect())).collect()
    }

    fn offers(&self, operation: Operation) -> bool {
        match operation {
            Operation::Chat => !self.facts.dialects.is_empty(),
            other => self.facts.operations.iter().any(|codec| codec.dialect().operation() == other),
        }
    }

    fn works_without_credential(&self) -> bool {
        self.facts.credential == CredentialRule::Optional
    }

    fn is_simulated(&self) -> bool {
        false
    }

    fn reasons_beside_limit(&self) -> bool {
        self.facts.reasons_beside_limit
    }

    fn prepare(&self, call: &dyn ClientCall, model: &str) -> Result<Prepared, ProviderFault> {
        if matches!(model, "." | "..") {
            return Err(no_model());
        }
        if call.facts().dialect.operation() != Operation::Chat {
            return operation::prepare(self, call, model);
        }
        let mut body = body::make(self.facts, call, model)?;
        let stream = call.facts().stream;
        let verbatim = body.carriage == Carriage::Verbatim;
        let accept = request::accepted(stream, body.codec.framing());
        let mut headers = request::shown_headers(request::JSON, accept, self.facts.headers);
        request::pass_headers(call.facts(), body.codec.dialect(), &mut headers, &mut body.losses);
        Ok(Prepared {
            url: self.chat_address(body.codec, model, stream),
            headers,
            body: body.bytes,
            carriage: body.carriage,
            dialect: body.codec.dialect(),
            stream,
            // Whether we asked for it or the vendor sends it unasked: a client that did not ask expects a choice in every chunk.
            hide_usage_chunk: stream && verbatim && !call.facts().wants_stream_usage,
            model: model.to_owned(),
            losses: body.losses,
            units: Units::default(),
            pieces: call.facts().choices,
        })
    }

    async fn send(&self, prepared: Prepared, context: AttemptContext) -> Result<Answer, ProviderFault> {
        let answer = self.ask(prepared, context).await;
        answer.map_err(|fault| faults::in_words_of(self.facts, fault))
    }

    async fn probe(&self, credential: Option<Arc<SecretString>>, timeout: Duration) -> ProbeReport {
        probe::probe(self, credential, timeout).await
    }
}

fn prepared_elsewhere() -> ProviderFault {
    ProviderFault::new(FaultKind::Internal, "the request was prepared for another vendor")
}

/// Where a model stands in the path, dots alone would be a step in it, in whatever spelling.
fn no_model() -> ProviderFault {
    let message = "dots alone are no model's id";
    ProviderFault { param: Some("model".to_owned()), ..ProviderFault::new(FaultKind::Rejected, message) }
}

/// What a provider that needs a credential says without one.
fn no_credential() -> ProviderFault {
    ProviderFault::new(FaultKind::NoCredential, "the provider has no credential")
}
