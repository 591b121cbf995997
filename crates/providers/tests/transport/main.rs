//! The transport against upstreams that misbehave, over real sockets on this machine.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and watches the time that passes on real sockets"
)]

mod bodies;
mod connections;
mod deadlines;
mod external;
mod h2_upstream;
mod h2_windows;
mod headers;
mod logs;
mod steps;
mod tls;
mod upstream;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Method};
use switchyard_providers::transport::{
    Deadlines, InboundResponse, OutboundRequest, SystemLookup, Transport, TransportFault, TransportSettings,
    Trust,
    egress::{AllowList, EgressPolicy, Purpose},
};
use url::Url;

/// Deadlines that no test here is meant to meet.
const PATIENT: Deadlines = Deadlines {
    first_byte: Duration::from_secs(20),
    idle: Duration::from_secs(20),
    total: Duration::from_secs(20),
};

/// A transport for a base URL on this machine.
fn transport_for(base: &str, trust: &Trust, settings: TransportSettings) -> Transport {
    let policy = EgressPolicy::new(Purpose::Provider, &AllowList::default(), true);
    let base: Url = base.parse().unwrap();
    Transport::new(&base, Arc::new(policy), trust, Arc::new(SystemLookup), settings).unwrap()
}

/// A plain http transport with the default settings.
fn plain(address: SocketAddr) -> Transport {
    transport_for(&format!("http://{address}"), &Trust::load([]).unwrap(), TransportSettings::default())
}

fn post(url: &str, body: &'static str) -> OutboundRequest {
    OutboundRequest {
        method: Method::POST,
        url: url.parse().unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::from_static(body.as_bytes()).into(),
    }
}

async fn call(
    transport: &Transport,
    address: SocketAddr,
    deadlines: &Deadlines,
) -> Result<InboundResponse, TransportFault> {
    transport.send(post(&format!("http://{address}/v1/chat"), "{}"), deadlines).await
}

/// The whole answer of an upstream that plays `answer`, or what went wrong with it.
async fn answer_of(answer: impl AsRef<[u8]>) -> Result<Bytes, TransportFault> {
    let address = upstream::answering(answer.as_ref().to_vec());
    let response = call(&plain(address), address, &PATIENT).await?;
    response.body.collect(TransportSettings::MAX_COLLECTED_BODY).await
}

fn text(body: &Bytes) -> &str {
    std::str::from_utf8(body).unwrap()
}
