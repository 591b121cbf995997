//! TLS on the listeners.

use crate::wire::{Connection, call, get};
use crate::world::World;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion, version};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use switchyard_http::server::{Tls, TlsError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A certificate for `localhost` that signs itself.
struct Certificate {
    chain: String,
    key: String,
    der: CertificateDer<'static>,
}

fn certificate() -> Certificate {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    Certificate {
        chain: made.cert.pem(),
        key: made.signing_key.serialize_pem(),
        der: made.cert.der().clone(),
    }
}

fn tls(certificate: &Certificate) -> Tls {
    Tls::new(certificate.chain.as_bytes(), certificate.key.as_bytes()).unwrap()
}

async fn secured(tls: &Tls) -> World {
    World::with(|config| {
        config.tls = Some(tls.clone());
        config.metrics_listen = vec!["127.0.0.1:0".parse().unwrap()];
        config.timeouts.head = Duration::from_millis(600);
    })
    .await
}

/// A connection of a client that trusts this certificate and no other.
async fn connect(
    address: SocketAddr,
    trusted: &Certificate,
    version: &'static SupportedProtocolVersion,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.der.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// The answer to a request that ends its connection.
async fn ask(stream: &mut TlsStream<TcpStream>, request: &str) -> String {
    let request = request.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn every_listener_answers_within_tls_of_both_versions_as_http_1() {
    let certificate = certificate();
    let world = secured(&tls(&certificate)).await;
    for version in [&version::TLS12, &version::TLS13] {
        let mut stream = connect(world.address, &certificate, version).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"http/1.1".as_slice()));
        assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
        assert!(ask(&mut stream, &get("/ping", "")).await.starts_with("HTTP/1.1 200"));
        let mut stream = connect(world.metrics.unwrap(), &certificate, version).await.unwrap();
        assert!(ask(&mut stream, &get("/metrics", "")).await.contains("switchyard_build_info"));
    }
    assert_eq!(version::TLS13.version, ProtocolVersion::TLSv1_3);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_pass_and_a_client_that_leaves_ends_its_call() {
    let certificate = certificate();
    let world = secured(&tls(&certificate)).await;
    let mut stream = connect(world.address, &certificate, &version::TLS13).await.unwrap();
    let answer = ask(&mut stream, &call("tell", r#","stream":true"#)).await;
    assert!(answer.contains("data: {\"b\":2}") && answer.contains("data: [DONE]"), "{answer}");
    let mut stream = connect(world.address, &certificate, &version::TLS13).await.unwrap();
    stream.write_all(call("hang", "").as_bytes()).await.unwrap();
    world.until_upstreams(1).await;
    drop(stream);
    world.until_upstreams(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_takes_nothing_holds_little_within_tls_too() {
    let certificate = certificate();
    let tls = tls(&certificate);
    let world = World::with(|config| {
        config.tls = Some(tls);
        config.timeouts.write_stall = Duration::from_millis(700);
    })
    .await;
    let mut stream = connect(world.address, &certificate, &version::TLS13).await.unwrap();
    stream.write_all(call("flood", r#","stream":true"#).as_bytes()).await.unwrap();
    world.until_upstreams(1).await;
    world.until_upstreams(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_said_in_the_clear_and_a_handshake_that_stalls_is_cut() {
    let world = secured(&tls(&certificate())).await;
    let mut plain = Connection::open(world.address).await;
    plain.send(get("/ping", "")).await;
    let mut said = Vec::new();
    let _reset_is_an_end_too = plain.stream.read_to_end(&mut said).await;
    assert!(!said.starts_with(b"HTTP/"), "{said:?}");
    let mut silent = Connection::open(world.address).await;
    assert!(silent.ends_within(Duration::from_secs(3)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_certificate_is_shown_to_those_who_connect_next() {
    let (old, new) = (certificate(), certificate());
    let tls = tls(&old);
    let world = secured(&tls).await;
    let mut before = connect(world.address, &old, &version::TLS13).await.unwrap();
    assert!(matches!(tls.replace(new.chain.as_bytes(), old.key.as_bytes()), Err(TlsError::Unusable(_))));
    connect(world.address, &old, &version::TLS13).await.expect("a bad one changes nothing");
    tls.replace(new.chain.as_bytes(), new.key.as_bytes()).unwrap();
    assert!(connect(world.address, &old, &version::TLS13).await.is_err());
    connect(world.address, &new, &version::TLS13).await.unwrap();
    assert!(ask(&mut before, &get("/ping", "")).await.starts_with("HTTP/1.1 200"), "who was there stays");
}

#[test]
fn a_certificate_and_a_key_that_can_not_be_served_are_told_apart() {
    let (one, other) = (certificate(), certificate());
    let made = |chain: &str, key: &str| Tls::new(chain.as_bytes(), key.as_bytes()).map(drop);
    assert_eq!(made(&one.chain, &one.key), Ok(()));
    for bad in ["", "no PEM", one.key.as_str(), "-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n"]
    {
        assert_eq!(made(bad, &one.key), Err(TlsError::NoCertificate), "{bad}");
    }
    for bad in ["", "no PEM", one.chain.as_str()] {
        assert_eq!(made(&one.chain, bad), Err(TlsError::NoKey), "{bad}");
    }
    assert!(matches!(made(&one.chain, &other.key), Err(TlsError::Unusable(_))));
}
