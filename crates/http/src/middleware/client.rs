use super::request_id::RequestId;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{HeaderMap, HeaderName, USER_AGENT};
use actix_web::{HttpMessage, HttpRequest};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use switchyard_orchestrator::accounts::Client;

static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
static X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The address that a request comes from, noted with it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Address(pub(super) IpAddr);

/// What a trusted proxy says that its client asked for, noted with the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AskedFor {
    /// The host, with its port if it named one.
    pub(crate) host: Option<String>,
    /// The scheme.
    pub(crate) scheme: Option<String>,
}

impl AskedFor {
    /// Of a request; nothing where no trusted proxy carries it.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or_default()
    }

    /// What the headers of a trusted peer say. Where several proxies did, the first was asked by the client.
    pub(super) fn told(request: &ServiceRequest, trusted: &[IpNet]) -> Option<Self> {
        let peer = request.peer_addr()?.ip().to_canonical();
        is_trusted(peer, trusted).then(|| {
            let first = |name| {
                let text = request.headers().get(name)?.to_str().ok()?;
                text.split(',').next().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
            };
            Self { host: first(&X_FORWARDED_HOST), scheme: first(&X_FORWARDED_PROTO) }
        })
    }
}

/// From where somebody asks, as use cases want to know it.
pub(crate) fn client_of(request: &HttpRequest) -> Client {
    let noted = request.extensions();
    Client {
        address: noted.get::<Address>().map(|address| address.0),
        request_id: noted.get::<RequestId>().map(|id| id.as_str().to_owned()),
        agent: request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok()).map(str::to_owned),
    }
}

/// Whose request it is: the peer's, or, where a trusted proxy carries it, that of the one who the proxy says sent it.
pub(super) fn address(request: &ServiceRequest, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    Some(behind(peer, request.headers(), trusted))
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// Each proxy adds the address that it was called from at the end, so the list is believed from there backwards, for as long
/// as the one who added is trusted. What stands before was written by anybody.
fn behind(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    if !is_trusted(peer, trusted) {
        return peer;
    }
    let lines: Vec<_> = headers.get_all(&X_FORWARDED_FOR).collect();
    let hops = lines.iter().rev().flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
    let mut client = peer;
    for hop in hops {
        let Some(address) = parsed(hop.trim()) else { break };
        client = address;
        if !is_trusted(address, trusted) {
            break;
        }
    }
    client
}

/// Some proxies add the port.
fn parsed(hop: &str) -> Option<IpAddr> {
    let bare = || hop.trim_start_matches('[').trim_end_matches(']').parse();
    let address = bare().or_else(|_| hop.parse::<SocketAddr>().map(|address| address.ip())).ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(X_FORWARDED_FOR.clone(), HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        behind(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(client("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(client("10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn what_a_client_wrote_itself_is_not_believed() {
        assert_eq!(client("10.0.0.1", &["127.0.0.1, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(client("10.0.0.1", &["127.0.0.1", "198.51.100.7, 10.2.0.1"]), "198.51.100.7");
        assert_eq!(client("10.0.0.1", &["10.9.9.9, 10.2.0.1"]), "10.9.9.9");
        for garbage in ["nonsense", "", "198.51.100.7, ", "198.51.100.7, x\u{fc}"] {
            assert_eq!(client("10.0.0.1", &[garbage]), "10.0.0.1", "{garbage:?}");
        }
    }

    #[test]
    fn ports_and_brackets_are_read_past() {
        for (hop, address) in [
            ("198.51.100.7:4711", "198.51.100.7"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("::ffff:198.51.100.7", "198.51.100.7"),
        ] {
            assert_eq!(client("fd00::1", &[hop]), address, "{hop}");
        }
    }
}
