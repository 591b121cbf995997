//! Asking Google for a token, and what its answer means.

use super::key::Key;
use crate::broken::of_transport;
use crate::transport::{Deadlines, InboundResponse, OutboundRequest, Transport, TransportFault};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use secrecy::SecretString;
use serde::Deserialize;
use std::time::Duration;
use switchyard_dialects::error::scrub;
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_domain::time::Timestamp;

/// A call waits for this besides its own answer.
const DEADLINES: Deadlines = Deadlines {
    first_byte: Duration::from_secs(5),
    idle: Duration::from_secs(5),
    total: Duration::from_secs(8),
};
const MAX_BODY: usize = 64 * 1024;
const WHAT: &str = "a token for the stored service account";

/// A token and how long it is good.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) token: SecretString,
    pub(super) lasts: Duration,
}

#[derive(Deserialize)]
struct Grant {
    access_token: SecretString,
    expires_in: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    error: String,
    error_description: String,
}

/// Asks over `way`, which leads to the key's own place.
///
/// # Errors
/// What is in the way of it: the network's faults are the network's, a refused key is the operator's.
pub(super) async fn ask(key: &Key, way: &Transport, now: Timestamp) -> Result<Granted, ProviderFault> {
    let assertion = key.assertion(now)?;
    let mut headers = HeaderMap::with_capacity(2);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    // All of it can stand in a form as it is.
    let body =
        format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}");
    let request =
        OutboundRequest { method: Method::POST, url: key.place()?, headers, body: Bytes::from(body).into() };
    let response = way.send(request, &DEADLINES).await.map_err(|fault| unreached(&fault))?;
    let InboundResponse { status, body, .. } = response;
    let body = body.collect(MAX_BODY).await.map_err(|fault| unreached(&fault))?;
    if !status.is_success() {
        return Err(refused(status.as_u16(), &body));
    }
    let Ok(Grant { access_token, expires_in }) = serde_json::from_slice(&body) else {
        let message = format!("Google's answer to the question for {WHAT} is not understood");
        return Err(ProviderFault::new(FaultKind::InvalidResponse, message));
    };
    Ok(Granted { token: access_token, lasts: Duration::from_secs(expires_in) })
}

/// Nothing was asked of the model yet: whatever took too long or broke is a connection that did not come about.
fn unreached(fault: &TransportFault) -> ProviderFault {
    let ProviderFault { kind, message, .. } = of_transport(fault);
    let kind = match kind {
        FaultKind::FirstByteTimeout | FaultKind::IdleTimeout | FaultKind::TotalTimeout => {
            FaultKind::ConnectTimeout
        }
        FaultKind::ClosedBeforeAnswer | FaultKind::Interrupted => FaultKind::Connect,
        kind => kind,
    };
    ProviderFault::new(kind, format!("Google could not be asked for {WHAT}: {message}"))
}

fn refused(status: u16, body: &[u8]) -> ProviderFault {
    let kind = match status {
        300..400 => FaultKind::Redirect,
        408 => FaultKind::Transient,
        429 => FaultKind::Throttled,
        400..500 => FaultKind::AuthFailed,
        _ => FaultKind::ServerError,
    };
    let Refusal { error, error_description } = serde_json::from_slice(body).unwrap_or_default();
    let why = scrub(&format!("{error} {error_description}"), None);
    ProviderFault::new(kind, format!("Google gave no token for the stored service account ({status}): {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Unprocessed;

    #[test]
    fn only_a_refused_grant_is_the_keys_fault() {
        let body = br#"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#;
        for (status, kind) in [
            (400, FaultKind::AuthFailed),
            (401, FaultKind::AuthFailed),
            (403, FaultKind::AuthFailed),
            (408, FaultKind::Transient),
            (429, FaultKind::Throttled),
            (302, FaultKind::Redirect),
            (500, FaultKind::ServerError),
            (503, FaultKind::ServerError),
        ] {
            let fault = refused(status, body);
            assert_eq!(fault.kind, kind, "{status}");
            assert!(fault.message.ends_with("invalid_grant Invalid JWT Signature."), "{fault}");
        }
    }

    #[test]
    fn what_the_network_did_is_told_as_a_connection_that_did_not_come_about() {
        for (fault, kind) in [
            (TransportFault::Dns, FaultKind::Dns),
            (TransportFault::ConnectTimeout, FaultKind::ConnectTimeout),
            (TransportFault::FirstByteTimeout, FaultKind::ConnectTimeout),
            (TransportFault::Cut, FaultKind::Connect),
            (TransportFault::ClosedBeforeAnswer { unprocessed: Unprocessed::Stale }, FaultKind::Connect),
        ] {
            assert_eq!(unreached(&fault).kind, kind, "{fault}");
        }
    }
}
