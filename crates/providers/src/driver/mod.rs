//! Speaks to one provider: makes the exact request, sends it, and judges what comes back, all by the facts of its vendor.

mod answer;
mod body;
mod faults;
mod models;
mod operation;
mod request;
mod stream;
mod tally;
mod unfinished;

use crate::transport::{
    Deadlines as WireDeadlines, InboundResponse, Transport, TransportFault, relayed, upstream_request_id,
};
use crate::vendors::{CredentialRule, HttpFacts};
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
use switchyard_ports::clock::Clock;
use switchyard_ports::provider::{
    Answer, AttemptContext, Carriage, Deadlines, DiscoveredModel, Prepared, Provider,
};
use url::Url;

/// A provider that is reached over HTTP.
pub(crate) struct Driver {
    facts: &'static HttpFacts,
    transport: Transport,
    clock: Arc<dyn Clock>,
    base: Url,
    models: Url,
    request_id_header: Option<HeaderName>,
    response_headers: Vec<HeaderName>,
}

impl Driver {
    /// A driver for `base`, over a transport that is bound to its origin.
    pub(crate) fn new(
        facts: &'static HttpFacts,
        transport: Transport,
        base: &Url,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let names = facts.response_headers.iter().copied().chain(facts.request_id_header);
        Self {
            facts,
            transport,
            clock,
            base: base.clone(),
            models: below(base, "models"),
            request_id_header: facts.request_id_header.map(HeaderName::from_static),
            response_headers: names.map(HeaderName::from_static).collect(),
        }
    }

    /// Sends, and hides one connection that was closed just before it was used again.
    async fn exchange(
        &self,
        prepared: &Prepared,
        context: &AttemptContext,
    ) -> Result<InboundResponse, ProviderFault> {
        let began = self.clock.monotonic();
        match self.send_once(prepared, context, context.deadlines).await? {
            Err(TransportFault::ClosedBeforeAnswer { unprocessed: true }) => {
                let used = self.clock.monotonic().since(began);
                // Rare, so that its state has no place in that of every call.
                let again = Box::pin(self.send_once(prepared, context, less(context.deadlines, used)));
                again.await?.map_err(|fault| faults::of_transport(&fault))
            }
            first => first.map_err(|fault| faults::of_transport(&fault)),
        }
    }

    async fn send_once(
        &self,
        prepared: &Prepared,
        context: &AttemptContext,
        deadlines: Deadlines,
    ) -> Result<Result<InboundResponse, TransportFault>, ProviderFault> {
        let outbound = self.outbound(prepared, context)?;
        Ok(self.transport.send(outbound, &wire_deadlines(&deadlines)).await)
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

/// A path, and its query if it has one, below the base, whatever query the base has.
fn below(base: &Url, place: &str) -> Url {
    let (path, query) = place.split_once('?').map_or((place, None), |(path, query)| (path, Some(query)));
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url.set_query(query);
    url
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

    fn prepare(&self, call: &dyn ClientCall, model: &str) -> Result<Prepared, ProviderFault> {
        if call.facts().dialect.operation() != Operation::Chat {
            return operation::prepare(self, call, model);
        }
        let body = body::make(self.facts, call, model)?;
        let stream = call.facts().stream;
        let verbatim = body.carriage == Carriage::Verbatim;
        Ok(Prepared {
            url: below(&self.base, &body.codec.endpoint(model, stream)).into(),
            headers: request::shown_headers(
                request::JSON,
                request::accepted(stream, body.codec.framing()),
                self.facts.headers,
            ),
            body: body.bytes.into(),
            carriage: body.carriage,
            dialect: body.codec.dialect(),
            stream,
            // Whether we asked for it or the vendor sends it unasked: a client that did not ask expects a choice in every chunk.
            hide_usage_chunk: stream && verbatim && !call.facts().wants_stream_usage,
            model: model.to_owned(),
            losses: body.losses,
            units: Units::default(),
        })
    }

    async fn send(&self, prepared: Prepared, context: AttemptContext) -> Result<Answer, ProviderFault> {
        let response = self.exchange(&prepared, &context).await?;
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

    async fn list_models(
        &self,
        credential: Option<Arc<SecretString>>,
        timeout: Duration,
    ) -> Result<Vec<DiscoveredModel>, ProviderFault> {
        models::list(self, credential, timeout).await
    }
}

fn prepared_elsewhere() -> ProviderFault {
    ProviderFault::new(FaultKind::Internal, "the request was prepared for another vendor")
}

/// What a provider that needs a credential says without one.
fn no_credential() -> ProviderFault {
    ProviderFault::new(FaultKind::NoCredential, "the provider has no credential")
}
