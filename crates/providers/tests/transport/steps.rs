//! The steps on the way to an upstream, timed and told apart.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use http::Method;
use switchyard_providers::transport::{
    Deadlines, OutboundRequest, Step, Steps, TlsFault, Transport, TransportFault, TransportSettings, Trust,
};

use crate::{
    PATIENT, plain, post,
    tls::{Authority, scripted_tls, tls_transport},
    transport_for,
    upstream::{read_request, scripted},
};

async fn steps(transport: &Transport, url: &str) -> (Steps, Option<TransportFault>) {
    let way = transport.watched();
    let fault = way.send(OutboundRequest { method: Method::GET, ..post(url, "") }, &PATIENT).await.err();
    (way.steps(), fault)
}

async fn tls_steps(address: SocketAddr, trust: &Trust) -> (Steps, Option<TransportFault>) {
    steps(&tls_transport(address, trust), &format!("https://localhost:{}/models", address.port())).await
}

fn is_made(step: Step) -> bool {
    matches!(step, Step::Made(_))
}

fn is_broken(step: Step) -> bool {
    matches!(step, Step::Broken(_))
}

#[tokio::test]
async fn each_step_to_a_named_host_behind_tls_is_made() {
    let authority = Authority::new("ours");
    let config = authority.server("localhost", (2020, 2100), &[]);
    let address = scripted_tls(config, |mut stream| {
        use std::io::Write;
        read_request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").unwrap();
    });
    let (steps, fault) = tls_steps(address, &authority.trust()).await;
    assert_eq!(fault, None);
    assert!(is_made(steps.resolve) && is_made(steps.connect) && is_made(steps.tls), "{steps:?}");
    assert!(steps.since_open.is_some_and(|since| since < Duration::from_secs(20)), "{steps:?}");
}

#[tokio::test]
async fn why_a_certificate_proves_nothing_is_told_apart_and_the_steps_before_it_were_made() {
    let (authority, stranger) = (Authority::new("ours"), Authority::new("another"));
    let trust = authority.trust();
    for (config, expected) in [
        (authority.server("localhost", (2010, 2020), &[]), TlsFault::Expired),
        (authority.server("other.example", (2020, 2100), &[]), TlsFault::WrongName),
        (stranger.server("localhost", (2020, 2100), &[]), TlsFault::UnknownIssuer),
    ] {
        let address = scripted_tls(Arc::clone(&config), |mut stream| {
            read_request(&mut stream);
        });
        let (steps, fault) = tls_steps(address, &trust).await;
        assert_eq!(fault, Some(TransportFault::Tls(expected)));
        assert!(is_made(steps.resolve) && is_made(steps.connect) && is_broken(steps.tls), "{steps:?}");
        assert_eq!(steps.since_open, None);
    }
}

#[tokio::test]
async fn an_address_in_digits_and_plain_http_need_fewer_steps() {
    let address = scripted(|_, mut stream| {
        use std::io::Write;
        read_request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").unwrap();
    });
    let (made, fault) = steps(&plain(address), &format!("http://{address}/models")).await;
    assert_eq!((fault, made.resolve, made.tls), (None, Step::NotNeeded, Step::NotNeeded));
    assert!(is_made(made.connect), "{made:?}");
}

#[tokio::test]
async fn a_name_without_addresses_ends_the_way_at_its_first_step() {
    let base = "https://switchyard-steps.invalid";
    let transport = transport_for(base, &Trust::load([]).unwrap(), TransportSettings::default());
    let (steps, fault) = steps(&transport, base).await;
    assert_eq!(fault, Some(TransportFault::Dns));
    assert!(is_broken(steps.resolve), "{steps:?}");
    assert_eq!((steps.connect, steps.tls, steps.since_open), (Step::NotReached, Step::NotReached, None));
}

#[tokio::test]
async fn a_handshake_that_stands_still_is_where_the_way_ends() {
    let address = scripted(|_, _stream| std::thread::sleep(Duration::from_secs(5)));
    let settings =
        TransportSettings { connect_timeout: Duration::from_millis(300), ..TransportSettings::default() };
    let base = format!("https://localhost:{}", address.port());
    let transport = transport_for(&base, &Trust::load([]).unwrap(), settings);
    let way = transport.watched();
    let deadlines = Deadlines { ..PATIENT };
    let fault = way.send(post(&base, ""), &deadlines).await.unwrap_err();
    assert_eq!(fault, TransportFault::ConnectTimeout);
    let steps = way.steps();
    assert!(is_made(steps.connect) && is_broken(steps.tls), "{steps:?}");
}
