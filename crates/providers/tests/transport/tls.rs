//! Upstreams that can or can't prove who they are.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use switchyard_providers::transport::{
    ConnectFault, InboundResponse, TlsFault, Transport, TransportFault, TransportSettings, Trust, TrustError,
};

use crate::{
    PATIENT, post, transport_for,
    upstream::{read_request, scripted},
};

pub(crate) type TlsStream = StreamOwned<ServerConnection, TcpStream>;

/// A certificate authority of our own.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust::load([self.0.pem().as_bytes()]).unwrap()
    }

    /// A server's TLS settings with a certificate for `name` that is valid in the years given.
    pub(crate) fn server(&self, name: &str, years: (i32, i32), protocols: &[&[u8]]) -> Arc<ServerConfig> {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(years.0, 1, 1);
        params.not_after = date_time_ymd(years.1, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate: CertificateDer<'static> = params.signed_by(&key, &self.0).unwrap().into();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Arc::new(config)
    }
}

/// As [`scripted`], behind TLS. A handshake that fails ends the connection.
pub(crate) fn scripted_tls(
    config: Arc<ServerConfig>,
    script: impl Fn(TlsStream) + Send + Sync + 'static,
) -> SocketAddr {
    scripted(move |_, mut socket| {
        let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        while connection.is_handshaking() {
            if connection.complete_io(&mut socket).is_err() {
                return;
            }
        }
        script(StreamOwned::new(connection, socket));
    })
}

pub(crate) fn tls_transport(address: SocketAddr, trust: &Trust) -> Transport {
    let settings =
        TransportSettings { connect_timeout: Duration::from_secs(2), ..TransportSettings::default() };
    transport_for(&format!("https://localhost:{}", address.port()), trust, settings)
}

pub(crate) async fn call_tls(
    transport: &Transport,
    address: SocketAddr,
) -> Result<InboundResponse, TransportFault> {
    transport.send(post(&format!("https://localhost:{}/v1/chat", address.port()), "{}"), &PATIENT).await
}

fn polite(mut stream: TlsStream) {
    while !read_request(&mut stream).is_empty() {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").unwrap();
    }
}

#[tokio::test]
async fn a_private_authority_is_trusted_where_it_was_added() {
    let authority = Authority::new("ours");
    let address = scripted_tls(authority.server("localhost", (2020, 2100), &[]), polite);
    let transport = tls_transport(address, &authority.trust());
    let response = call_tls(&transport, address).await.unwrap();
    assert_eq!(&response.body.collect(10).await.unwrap()[..], b"ok");
}

#[tokio::test]
async fn garbage_on_a_connection_that_was_trusted_says_nothing_against_its_certificate() {
    let authority = Authority::new("ours");
    let address = scripted_tls(authority.server("localhost", (2020, 2100), &[]), |mut stream| {
        read_request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").unwrap();
        read_request(&mut stream);
        // Past the encryption, straight onto the wire.
        stream.sock.write_all(&[b'x'; 64]).unwrap();
        while stream.sock.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {}
    });
    let transport = tls_transport(address, &authority.trust());
    call_tls(&transport, address).await.unwrap().body.collect(10).await.unwrap();
    assert_eq!(call_tls(&transport, address).await.unwrap_err(), TransportFault::BadFraming);
}

#[tokio::test]
async fn a_certificate_that_proves_nothing_stops_the_call_before_a_byte_of_it_is_sent() {
    let authority = Authority::new("ours");
    let stranger = Authority::new("another");
    let impostor = Authority::new("ours");
    let trust = authority.trust();
    for (config, expected) in [
        (authority.server("localhost", (2010, 2020), &[]), TlsFault::Expired),
        (authority.server("localhost", (2090, 2100), &[]), TlsFault::Expired),
        (authority.server("other.example", (2020, 2100), &[]), TlsFault::WrongName),
        (authority.server("127.0.0.1", (2020, 2100), &[]), TlsFault::WrongName),
        (stranger.server("localhost", (2020, 2100), &[]), TlsFault::UnknownIssuer),
        (impostor.server("localhost", (2020, 2100), &[]), TlsFault::BadCertificate),
    ] {
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        let address = scripted_tls(config, move |mut stream| {
            counted.fetch_add(usize::from(!read_request(&mut stream).is_empty()), Ordering::SeqCst);
        });
        let fault = call_tls(&tls_transport(address, &trust), address).await.unwrap_err();
        assert_eq!(fault, TransportFault::Tls(expected));
        assert_eq!(requests.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn an_address_is_proved_by_a_certificate_for_the_address() {
    let authority = Authority::new("ours");
    let address = scripted_tls(authority.server("127.0.0.1", (2020, 2100), &[]), polite);
    let base = format!("https://{address}");
    let transport = transport_for(&base, &authority.trust(), TransportSettings::default());
    assert_eq!(transport.send(post(&base, "{}"), &PATIENT).await.unwrap().status.as_u16(), 200);
}

#[tokio::test]
async fn an_upstream_that_only_knows_old_tls_is_not_talked_to() {
    // A fatal protocol_version alert, as a server answers that knows TLS 1.0 alone.
    let address = scripted(|_, mut stream| {
        stream.peek(&mut [0; 1]).unwrap();
        stream.write_all(&[0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46]).unwrap();
        thread::sleep(Duration::from_millis(200));
    });
    let fault = call_tls(&tls_transport(address, &Trust::load([]).unwrap()), address).await.unwrap_err();
    assert_eq!(fault, TransportFault::Tls(TlsFault::Handshake));
}

#[tokio::test]
async fn plain_http_on_a_tls_port_is_a_failed_handshake() {
    let address = scripted(|_, mut stream| {
        stream.peek(&mut [0; 1]).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").unwrap();
        thread::sleep(Duration::from_millis(200));
    });
    let fault = call_tls(&tls_transport(address, &Trust::load([]).unwrap()), address).await.unwrap_err();
    assert_eq!(fault, TransportFault::Tls(TlsFault::Handshake));
}

#[tokio::test]
async fn hanging_up_in_the_handshake_is_a_failed_connection() {
    let address = scripted(|_, stream| {
        stream.peek(&mut [0; 1]).unwrap();
    });
    let fault = call_tls(&tls_transport(address, &Trust::load([]).unwrap()), address).await.unwrap_err();
    assert_eq!(fault, TransportFault::Connect(ConnectFault::Reset));
}

#[tokio::test]
async fn a_handshake_that_stands_still_is_a_connection_that_took_too_long() {
    let address = scripted(|_, _stream| thread::sleep(Duration::from_secs(20)));
    let settings =
        TransportSettings { connect_timeout: Duration::from_millis(300), ..TransportSettings::default() };
    let base = format!("https://localhost:{}", address.port());
    let transport = transport_for(&base, &Trust::load([]).unwrap(), settings);
    assert_eq!(call_tls(&transport, address).await.unwrap_err(), TransportFault::ConnectTimeout);
}

#[test]
fn extra_roots_that_are_none_are_refused() {
    for pem in ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        assert!(Trust::load([pem.as_bytes()]).is_err(), "{pem:?}");
    }
    assert!(matches!(Trust::load([b"nonsense".as_slice()]), Err(TrustError::Pem(_))));
}
