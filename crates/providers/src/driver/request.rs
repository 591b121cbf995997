//! The request as it goes out: headers and the credential round a body that is ready.

use super::{Driver, no_credential};
use crate::transport::OutboundRequest;
use crate::vendors::{AuthScheme, CredentialRule, put_secret};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;
use switchyard_dialects::codec::Framing;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{Dialect, LossReport};
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_ports::provider::{AttemptContext, Prepared};
use url::Url;

const USER_AGENT: &str = concat!("switchyard/", env!("CARGO_PKG_VERSION"));
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The headers that a dry run shows: all but the credential and the request's id.
pub(super) fn shown_headers(
    stream: bool,
    framing: Framing,
    own: &[(&'static str, &str)],
) -> Vec<(&'static str, String)> {
    let accept = match framing {
        _ if !stream => "application/json",
        Framing::Sse => "text/event-stream",
        Framing::JsonLines => "application/x-ndjson",
        Framing::AwsEventStream => "application/vnd.amazon.eventstream",
    };
    let common = [
        ("content-type", "application/json"),
        ("accept", accept),
        ("accept-encoding", "identity"),
        ("user-agent", USER_AGENT),
    ];
    common.into_iter().chain(own.iter().copied()).map(|(name, value)| (name, value.to_owned())).collect()
}

/// Adds those of the client's headers that a provider of its dialect understands; at any other they are lost.
pub(super) fn pass_headers(
    call: &CallFacts,
    dialect: Dialect,
    headers: &mut Vec<(&'static str, String)>,
    losses: &mut LossReport,
) {
    for (name, value) in &call.headers {
        if call.dialect == dialect {
            headers.push((name, value.clone()));
        } else {
            losses.dropped(*name, "is a header that the provider's dialect does not know");
        }
    }
}

/// What was sent as the secret, if anything was.
pub(super) type Sent = Option<Arc<SecretString>>;

impl Driver {
    pub(super) async fn outbound(
        &self,
        prepared: &Prepared,
        context: &AttemptContext,
    ) -> Result<(OutboundRequest, Sent), ProviderFault> {
        let mut headers = HeaderMap::with_capacity(8);
        for (name, value) in &prepared.headers {
            let value = HeaderValue::from_str(value).map_err(|_| unsendable())?;
            headers.insert(HeaderName::from_static(name), value);
        }
        // Ours are plain; an id that came from elsewhere is not worth a failed call.
        if let Ok(id) = HeaderValue::from_str(&context.request_id) {
            headers.insert(REQUEST_ID, id);
        }
        let place = self.place(prepared.dialect).filter(|place| place.as_str() == prepared.url);
        let url = match place {
            Some(place) => place.clone(),
            None => Url::parse(&prepared.url).map_err(|_| unsendable())?,
        };
        let mut request = OutboundRequest { method: Method::POST, url, headers, body: prepared.body.clone() };
        let credential = context.credential.as_ref();
        let sent = self.authorize(&mut request, credential, context.deadlines.first_content).await?;
        Ok((request, sent))
    }

    pub(super) async fn listing(
        &self,
        credential: Option<&Arc<SecretString>>,
        timeout: Duration,
    ) -> Result<(OutboundRequest, Sent), ProviderFault> {
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        for (name, value) in self.facts.headers {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let url = self.models.url.clone();
        let mut request = OutboundRequest { method: Method::GET, url, headers, body: Bytes::new() };
        let sent = self.authorize(&mut request, credential, timeout).await?;
        Ok((request, sent))
    }

    async fn authorize(
        &self,
        request: &mut OutboundRequest,
        credential: Option<&Arc<SecretString>>,
        timeout: Duration,
    ) -> Result<Sent, ProviderFault> {
        let Some(credential) = credential else {
            let optional = self.facts.credential == CredentialRule::Optional;
            return if optional { Ok(None) } else { Err(no_credential()) };
        };
        let Some(authorizer) = &self.authorizer else {
            let (name, scheme) = match self.facts.auth {
                AuthScheme::Bearer => (header::AUTHORIZATION, "Bearer "),
                AuthScheme::Header(name) => (HeaderName::from_static(name), ""),
            };
            put_secret(request, name, scheme, credential)?;
            return Ok(Some(Arc::clone(credential)));
        };
        let authorized = authorizer.authorize(request, credential, self.clock.now());
        match tokio::time::timeout(timeout, authorized).await {
            Ok(sent) => sent.map(Some),
            Err(_) => {
                Err(ProviderFault::new(FaultKind::FirstByteTimeout, "no token came for the provider in time"))
            }
        }
    }
}

fn unsendable() -> ProviderFault {
    ProviderFault::new(FaultKind::Internal, "the prepared request can't be sent")
}
