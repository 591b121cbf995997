//! What is sent to an upstream.

use std::fmt;

use bytes::BytesMut;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use secrecy::{ExposeSecret, SecretString};
use switchyard_ports::request_body::RequestBody;
use url::Url;

use super::{fault::TransportFault, outgoing::Outgoing};

const USER_AGENT: &str = concat!("switchyard/", env!("CARGO_PKG_VERSION"));

/// A request that is ready to be sent: URL, headers and body are final.
///
/// `Debug` shows neither header values nor the query nor the body: each may hold a credential or a prompt.
#[derive(Clone)]
pub struct OutboundRequest {
    /// The method.
    pub method: Method,
    /// Where to; of the origin that the transport is bound to.
    pub url: Url,
    /// Headers as composed by the caller; never a client's headers wholesale. Hop-by-hop, forwarding, cookie
    /// and metadata headers are removed before sending, and `Host` is the URL's.
    pub headers: HeaderMap,
    /// The body.
    pub body: RequestBody,
}

impl fmt::Debug for OutboundRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundRequest")
            .field("method", &self.method)
            .field("host", &self.url.host_str())
            .field("path", &self.url.path())
            .field("headers", &self.headers.keys().map(HeaderName::as_str).collect::<Vec<_>>())
            .field("body_bytes", &self.body.length())
            .finish_non_exhaustive()
    }
}

/// A header value that carries a secret: `{prefix}{secret}`, as in `Bearer sk-…`. Marked sensitive, so
/// that it never shows in debug output and is never put in an HTTP/2 compression table.
///
/// # Errors
///
/// The secret has bytes that no header can carry (line breaks, controls). The secret isn't repeated.
pub fn secret_header(prefix: &str, secret: &SecretString) -> Result<HeaderValue, TransportFault> {
    let secret = secret.expose_secret();
    let mut value = BytesMut::with_capacity(prefix.len() + secret.len());
    value.extend_from_slice(prefix.as_bytes());
    value.extend_from_slice(secret.as_bytes());
    let mut value = HeaderValue::from_maybe_shared(value.freeze())
        .map_err(|_| TransportFault::InvalidRequest("its credential can't be put in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

impl OutboundRequest {
    /// The client's form of this request.
    pub(super) fn into_client_request(self) -> Result<Request<Outgoing>, TransportFault> {
        let Self { method, url, mut headers, body } = self;
        let unwanted: Vec<HeaderName> = headers.keys().filter(|name| is_never_sent(name)).cloned().collect();
        for name in unwanted {
            headers.remove(name);
        }
        for (name, value) in
            [(header::ACCEPT, "*/*"), (header::ACCEPT_ENCODING, "identity"), (header::USER_AGENT, USER_AGENT)]
        {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
        let uri: Uri =
            url.as_str().parse().map_err(|_| TransportFault::InvalidRequest("it is not valid HTTP"))?;
        let mut request = Request::new(Outgoing::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

/// Headers that belong to a connection or to the way here, or that only a metadata service asks for.
pub(super) fn is_never_sent(name: &HeaderName) -> bool {
    let name = name.as_str();
    matches!(
        name,
        "host"
            | "connection"
            | "keep-alive"
            | "proxy-connection"
            | "proxy-authorization"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "content-length"
            | "upgrade"
            | "expect"
            | "cookie"
            | "forwarded"
            | "via"
            | "x-real-ip"
            | "metadata"
            | "metadata-flavor"
            | "x-metadata-token"
    ) || name.starts_with("x-forwarded-")
        || name.starts_with("x-aws-ec2-metadata-")
}
