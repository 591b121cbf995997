//! TLS as settings name it, and its exchange while the server runs.

use crate::place::{Place, Server, eventually};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

/// Writes a certificate of its own to the two files.
fn write_certificate(place: &Place) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(place.path("chain.pem"), made.cert.pem()).unwrap();
    write_key(&place.path("key.pem"), &made.signing_key.serialize_pem());
    made.cert.der().clone()
}

fn write_key(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// The answer to a ping of a client that trusts this certificate alone.
fn ping(address: SocketAddr, trusted: &CertificateDer<'static>) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address)?);
    stream.write_all(b"GET /ping HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

fn furnished() -> (Place, SocketAddr) {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let place = Place::new()
        .set("SWITCHYARD_LISTEN", address.to_string())
        .set("SWITCHYARD_TLS_CERT_FILE", "chain.pem")
        .set("SWITCHYARD_TLS_KEY_FILE", "key.pem");
    (place, address)
}

#[test]
fn a_certificate_is_served_and_exchanged_on_a_hang_up() {
    let (place, address) = furnished();
    let old = write_certificate(&place);
    let log = place.path("log");
    let file = std::fs::File::create(&log).unwrap();
    let server = Server::spawn(place.command().stderr(file));
    eventually(|| ping(address, &old).is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")));
    let logged = |text: &str| std::fs::read_to_string(&log).unwrap().contains(text);

    write_key(&place.path("key.pem"), "no key");
    server.signal("HUP");
    eventually(|| logged("the certificate stays as it was"));
    assert!(ping(address, &old).is_ok());

    let new = write_certificate(&place);
    server.signal("HUP");
    eventually(|| logged("the certificate was read again"));
    assert!(ping(address, &new).unwrap().starts_with("HTTP/1.1 200"));
    assert!(ping(address, &old).is_err());
}

#[test]
fn a_certificate_that_can_not_be_served_stops_the_start() {
    let (place, _) = furnished();
    let ended = place.say("serve");
    assert!(ended.code == 78 && ended.err.contains("TLS_CERT_FILE"), "{ended:?}");
    write_certificate(&place);
    std::fs::set_permissions(place.path("key.pem"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let ended = place.say("serve");
    assert!(ended.code == 78 && ended.err.contains("TLS_KEY_FILE"), "{ended:?}");
    for chain in ["no PEM", ""] {
        write_certificate(&place);
        std::fs::write(place.path("chain.pem"), chain).unwrap();
        for command in ["serve", "check"] {
            let ended = place.say(command);
            assert!(ended.code == 78 && ended.err.contains("chain of certificates"), "{ended:?}");
        }
    }
    write_certificate(&place);
    write_key(&place.path("key.pem"), &rcgen::KeyPair::generate().unwrap().serialize_pem());
    let ended = place.say("serve");
    assert!(ended.code == 78 && ended.err.contains("can't be served"), "{ended:?}");
    assert!(!ended.err.contains("PRIVATE"), "{ended:?}");
}
