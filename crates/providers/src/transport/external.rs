//! Calls to addresses that people name, through the guard.

use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use switchyard_ports::external::{
    ExternalAnswer, ExternalApi, ExternalFault, ExternalMethod, ExternalRequest, LONGEST_ANSWER,
};
use url::Url;

use super::{
    Deadlines, OutboundRequest, TransportFault, TransportSettings, Transports, Unprocessed,
    egress::EgressRefusal, request::is_never_sent,
};

/// Longest address with all that was added to its query.
const LONGEST_URL: usize = 8 * 1024;
/// Most headers, and most bytes of all of them.
const MOST_HEADERS: usize = 64;
const MOST_HEADER_BYTES: usize = 16 * 1024;

/// Calls any address that the policy of its transports admits. A client is made for each call: what one person connected to serves
/// nobody else.
pub struct ExternalTransport {
    transports: Transports,
}

impl ExternalTransport {
    /// Over these; their policy MUST be one for external addresses.
    #[must_use]
    pub fn new(transports: Transports) -> Self {
        let settings = TransportSettings {
            max_body: LONGEST_ANSWER,
            pool_max_idle_per_host: 0,
            worker_threads: 1,
            ..transports.settings
        };
        Self { transports: Transports { settings, ..transports } }
    }
}

#[async_trait]
impl ExternalApi for ExternalTransport {
    async fn call(
        &self,
        request: &ExternalRequest,
        patience: Duration,
    ) -> Result<ExternalAnswer, ExternalFault> {
        let url = url_of(request, &self.transports)?;
        let transport =
            self.transports.to(&url).map_err(|error| ExternalFault::Refused(error.to_string()))?;
        let outbound = OutboundRequest {
            method: method_of(request.method),
            url,
            headers: headers_of(request)?,
            body: request.body.as_ref().map(|(_, body)| body.clone()).unwrap_or_default().into(),
        };
        let deadlines = Deadlines { first_byte: patience, idle: patience, total: patience };
        let response = transport.send(outbound, &deadlines).await.map_err(fault_of)?;
        let (status, headers) = (response.status.as_u16(), shown(&response.headers));
        let body = response.body.collect(LONGEST_ANSWER).await.map_err(fault_of)?;
        Ok(ExternalAnswer { status, headers, body })
    }
}

fn method_of(method: ExternalMethod) -> Method {
    match method {
        ExternalMethod::Get => Method::GET,
        ExternalMethod::Post => Method::POST,
        ExternalMethod::Put => Method::PUT,
        ExternalMethod::Delete => Method::DELETE,
    }
}

/// The address, judged as it was typed, with what is added to its query.
fn url_of(request: &ExternalRequest, transports: &Transports) -> Result<Url, ExternalFault> {
    let mut url = transports.egress.admit(&request.url).map_err(|refusal| match refusal {
        EgressRefusal::Unreadable { .. } | EgressRefusal::Scheme { .. } => {
            ExternalFault::Invalid(refusal.to_string())
        }
        refused => ExternalFault::Refused(refused.to_string()),
    })?;
    if !request.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&request.query);
    }
    if url.as_str().len() > LONGEST_URL {
        return Err(ExternalFault::Invalid(format!(
            "the URL with its parameters has more than {LONGEST_URL} bytes"
        )));
    }
    Ok(url)
}

fn headers_of(request: &ExternalRequest) -> Result<HeaderMap, ExternalFault> {
    let invalid = |why: String| Err(ExternalFault::Invalid(why));
    let bytes: usize = request.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if request.headers.len() > MOST_HEADERS || bytes > MOST_HEADER_BYTES {
        return invalid(format!(
            "there are more than {MOST_HEADERS} headers, or {MOST_HEADER_BYTES} bytes of them"
        ));
    }
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
            return invalid("a header's name is none: letters, digits and hyphens".to_owned());
        };
        if is_never_sent(&name) || name.as_str().starts_with("proxy-") {
            return invalid(format!("the header {name} is not sent to external addresses"));
        }
        let Ok(mut value) = HeaderValue::from_str(value) else {
            return invalid(format!(
                "the value of the header {name} has characters that no header can carry"
            ));
        };
        value.set_sensitive(is_credential(&name));
        if headers.insert(name.clone(), value).is_some() {
            return invalid(format!("the header {name} stands there twice"));
        }
    }
    if let Some((media_type, _)) = &request.body {
        headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static(media_type));
    }
    Ok(headers)
}

fn is_credential(name: &HeaderName) -> bool {
    *name == header::AUTHORIZATION || name.as_str().ends_with("-key") || name.as_str().ends_with("-token")
}

/// What a person is shown of an answer's headers: all but those of the connection.
fn shown(headers: &HeaderMap) -> Vec<(String, String)> {
    let theirs = headers.iter().filter(|(name, _)| !is_of_connection(name));
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    theirs.map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

fn is_of_connection(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection" | "keep-alive" | "proxy-connection" | "te" | "trailer" | "transfer-encoding" | "upgrade"
    )
}

fn fault_of(fault: TransportFault) -> ExternalFault {
    match fault {
        TransportFault::Egress(refusal) => ExternalFault::Refused(refusal.to_string()),
        TransportFault::InvalidRequest(why) => {
            ExternalFault::Invalid(format!("the request can't be sent: {why}"))
        }
        TransportFault::FirstByteTimeout | TransportFault::IdleTimeout | TransportFault::TotalTimeout => {
            ExternalFault::TimedOut
        }
        TransportFault::Dns => ExternalFault::Unresolved,
        TransportFault::ConnectTimeout
        | TransportFault::Connect(_)
        | TransportFault::Tls(_)
        | TransportFault::ClosedBeforeAnswer { unprocessed: Unprocessed::Stale | Unprocessed::Refused } => {
            ExternalFault::Unreachable(fault.to_string())
        }
        other => ExternalFault::Failed(other.to_string()),
    }
}
