//! The request as it goes out: headers and the credential round a body that is ready.

use super::{Driver, no_credential};
use crate::transport::{OutboundRequest, secret_header};
use crate::vendors::{AuthScheme, CredentialRule};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use secrecy::SecretString;
use switchyard_dialects::codec::Framing;
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_ports::provider::{AttemptContext, Prepared};
use url::Url;

const USER_AGENT: &str = concat!("switchyard/", env!("CARGO_PKG_VERSION"));
/// The media type of requests, and of answers that are no streams.
pub(super) const JSON: &str = "application/json";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The media type of an answer in a dialect's own form.
pub(super) fn accepted(stream: bool, framing: Framing) -> &'static str {
    match framing {
        _ if !stream => JSON,
        Framing::Sse => "text/event-stream",
        Framing::JsonLines => "application/x-ndjson",
        Framing::AwsEventStream => "application/vnd.amazon.eventstream",
    }
}

/// The headers that a dry run shows: all but the credential and the request's id.
pub(super) fn shown_headers(
    content_type: &str,
    accept: &str,
    own: &[(&'static str, &str)],
) -> Vec<(&'static str, String)> {
    let common = [
        ("content-type", content_type),
        ("accept", accept),
        ("accept-encoding", "identity"),
        ("user-agent", USER_AGENT),
    ];
    common.into_iter().chain(own.iter().copied()).map(|(name, value)| (name, value.to_owned())).collect()
}

impl Driver {
    pub(super) fn outbound(
        &self,
        prepared: &Prepared,
        context: &AttemptContext,
    ) -> Result<OutboundRequest, ProviderFault> {
        let mut headers = HeaderMap::with_capacity(8);
        for (name, value) in &prepared.headers {
            let value = HeaderValue::from_str(value).map_err(|_| unsendable())?;
            headers.insert(HeaderName::from_static(name), value);
        }
        // Ours are plain; an id that came from elsewhere is not worth a failed call.
        if let Ok(id) = HeaderValue::from_str(&context.request_id) {
            headers.insert(REQUEST_ID, id);
        }
        self.authorize(&mut headers, context.credential.as_deref())?;
        let url = Url::parse(&prepared.url).map_err(|_| unsendable())?;
        Ok(OutboundRequest { method: Method::POST, url, headers, body: prepared.body.clone() })
    }

    pub(super) fn listing(
        &self,
        credential: Option<&SecretString>,
    ) -> Result<OutboundRequest, ProviderFault> {
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        for (name, value) in self.facts.headers {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        self.authorize(&mut headers, credential)?;
        Ok(OutboundRequest {
            method: Method::GET,
            url: self.models.clone(),
            headers,
            body: Bytes::new().into(),
        })
    }

    fn authorize(
        &self,
        headers: &mut HeaderMap,
        credential: Option<&SecretString>,
    ) -> Result<(), ProviderFault> {
        match (credential, self.facts.credential) {
            (Some(secret), _) => {
                let (name, scheme) = match self.facts.auth {
                    AuthScheme::Bearer => (header::AUTHORIZATION, "Bearer "),
                    AuthScheme::Header(name) => (HeaderName::from_static(name), ""),
                };
                let value = secret_header(scheme, secret).map_err(|_| {
                    ProviderFault::new(
                        FaultKind::NoCredential,
                        "the stored credential has characters that can't be sent; store it again",
                    )
                })?;
                headers.insert(name, value);
                Ok(())
            }
            (None, CredentialRule::Optional) => Ok(()),
            (None, CredentialRule::Required) => Err(no_credential()),
        }
    }
}

fn unsendable() -> ProviderFault {
    ProviderFault::new(FaultKind::Internal, "the prepared request can't be sent")
}
