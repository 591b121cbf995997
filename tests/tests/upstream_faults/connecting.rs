//! Providers that can't be connected to.

use crate::scene::{ALONE, BOTH, HEALTHY, Mode, Scene};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};
use switchyard::Name;
use switchyard::declared::{DeclaredRoute, DeclaredTarget};
use switchyard::orchestrator::chat::CallSettings;
use switchyard::ports::provider::Deadlines;
use switchyard_domain::meta::Writer;
use switchyard_domain::route::{RouteMode, Strategy};
use switchyard_domain::usage::Outcome;
use switchyard_harness::TestApp;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// Adds a provider `dead` at this address, and a route `away` that tries it before the healthy one.
async fn add_dead(app: &TestApp, base_url: &str) {
    app.add_provider("dead", "openai_compatible", base_url, &["m"]).await;
    let target = |provider: &str, model: &str, priority| DeclaredTarget {
        priority,
        ..DeclaredTarget::new(Name::new(provider).unwrap(), model.to_owned())
    };
    let route = DeclaredRoute {
        mode: RouteMode::Multi,
        strategy: Strategy::Failover,
        targets: vec![target("dead", "m", 0), target("upstream", HEALTHY, 1)],
        ..DeclaredRoute::new(Name::new("away").unwrap())
    };
    app.embedded().routes().add(&route, &Writer::API).await.unwrap();
}

/// What happens at `base_url` is hidden by the healthy target; by itself it is this error after so many tries.
async fn can_not_be_reached(base_url: &str, fault: &str, code: &str, tries: usize) {
    // Each call meets a target that did nothing yet: who failed is not asked as if nothing had been.
    let fresh = async || {
        let scene = Scene::scripted("").await;
        add_dead(&scene.app, base_url).await;
        scene
    };
    for mode in BOTH {
        let scene = fresh().await;
        let heard = scene.ask(mode, "away").await;
        assert_eq!((heard.answer.status, heard.whole), (200, true), "{}", heard.answer.text);
        assert_eq!(heard.answer.header("x-switchyard-attempts"), "2");
        assert_eq!(heard.answer.header("x-switchyard-target"), format!("upstream/{HEALTHY}"));
        let events = scene.events(&heard).await;
        assert_eq!((events[0].outcome, events[0].fault.as_deref()), (Outcome::Failed, Some(fault)));
        assert_eq!((events[0].usage.total(), events[1].outcome), (0, Outcome::Complete));
        let scene = fresh().await;
        let heard = scene.ask(mode, "dead/m").await;
        assert_eq!(heard.answer.status, 502, "{}", heard.answer.text);
        assert_eq!(heard.error.as_deref(), Some(code));
        let events = scene.events(&heard).await;
        assert_eq!(events.len(), tries, "{events:?}");
        assert!(events.iter().all(|event| event.fault.as_deref() == Some(fault) && event.usage.total() == 0));
    }
}

/// U1.
#[tokio::test]
async fn a_refused_connection_goes_to_the_next_target_and_is_502_after_three_tries() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    Box::pin(can_not_be_reached(&format!("http://{closed}/v1"), "connect", "upstream_error", 3)).await;
}

/// U2.
#[tokio::test]
async fn a_name_that_does_not_resolve_goes_to_the_next_target_and_is_502_after_one_try() {
    Box::pin(can_not_be_reached("https://nowhere.invalid/v1", "dns", "upstream_error", 1)).await;
}

/// U3. The upstream's machine is there, but nobody takes the connection: its queue is full, so that the kernel drops what
/// asks for a place.
#[tokio::test]
async fn a_connection_that_nobody_takes_goes_to_the_next_target_and_is_502_after_its_time() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(connection) = timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
        waiting.push(connection.unwrap());
        assert!(waiting.len() < 64, "the queue is never full");
    }
    let base_url = format!("http://{address}/v1");
    let (pair, alone) = (patient(2, &base_url).await, patient(1, &base_url).await);
    let began = Instant::now();
    let hidden = async { (pair.ask(Mode::Buffered, "away").await, began.elapsed()) };
    let ((hidden, took), told) = tokio::join!(hidden, alone.ask(Mode::Streamed, "dead/m"));
    println!("the next target was asked and had answered after {took:?}");
    assert_eq!((hidden.answer.status, hidden.whole), (200, true), "{}", hidden.answer.text);
    assert_eq!(hidden.answer.header("x-switchyard-attempts"), "2");
    assert_eq!(
        (told.answer.status, told.error.as_deref()),
        (502, Some("upstream_error")),
        "{}",
        told.answer.text
    );
    for (scene, heard) in [(pair, hidden), (alone, told)] {
        let event = scene.events(&heard).await.remove(0);
        assert_eq!((event.outcome, event.fault.as_deref()), (Outcome::Failed, Some("connect_timeout")));
        assert_eq!(event.usage.total(), 0);
    }
}

/// A server that waits longer for an answer than for a connection.
async fn patient(max_attempts: u32, base_url: &str) -> Scene {
    let long = Duration::from_secs(30);
    let deadlines = Deadlines { first_content: long, idle: long, total: long };
    let scene = Scene::start(
        Scene::builder().calls(CallSettings { max_attempts, deadlines, first_of_pieces: None }),
        "",
    )
    .await;
    add_dead(&scene.app, base_url).await;
    scene
}

/// U4.
#[tokio::test]
async fn a_certificate_of_an_unknown_authority_goes_to_the_next_target_and_is_502_after_one_try() {
    let address = tls_server(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).await;
    Box::pin(can_not_be_reached(&format!("https://{address}/v1"), "tls", "upstream_tls_error", 1)).await;
}

/// U4: a server that speaks no TLS is not spoken to without it.
#[tokio::test]
async fn plain_http_behind_an_https_address_is_a_tls_error_and_never_a_plain_call() {
    let scene = Scene::scripted("").await;
    let address = scene.app.simulator().addr();
    Box::pin(can_not_be_reached(&format!("https://{address}/v1"), "tls", "upstream_tls_error", 1)).await;
    assert!(scene.app.simulator().calls().is_empty());
}

async fn tls_server(names: Vec<String>) -> std::net::SocketAddr {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
    let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let taken = acceptor.accept(stream).await;
                assert!(taken.is_err(), "a client that trusts anybody");
            });
        }
    });
    address
}

/// U28.
#[tokio::test]
async fn a_kept_connection_that_the_provider_closes_at_reuse_is_hidden() {
    let builder = Scene::builder().server(|config| config.workers = NonZeroUsize::new(1));
    let scene = Scene::start(builder, "close_on_reuse&tokens=3").await;
    for call in 0..6 {
        let heard = scene.ask(Mode::Buffered, ALONE).await;
        assert_eq!((heard.answer.status, heard.whole), (200, true), "call {call}: {}", heard.answer.text);
        assert_eq!(heard.answer.header("x-switchyard-attempts"), "1", "it is no attempt of the call");
        assert_eq!(scene.only_event(&heard).await.outcome, Outcome::Complete);
    }
    assert!(scene.app.simulator().accepted_connections() > 1, "no connection was closed");
}

/// U28.
#[tokio::test]
async fn connections_that_are_closed_right_after_an_answer_harm_nobody() {
    let scene = Scene::scripted("close_after&tokens=2").await;
    for call in 0..30 {
        let heard = scene.ask(BOTH[call % 2], ALONE).await;
        scene.is_answered_whole(&heard).await;
    }
}

/// U1, U28: closed without a byte of an answer, on a connection that was never used before.
#[tokio::test]
async fn a_fresh_connection_that_is_closed_without_an_answer_is_a_connection_fault() {
    for mode in BOTH {
        let scene = Scene::scripted("refuse").await;
        let heard = scene.ask(mode, "pair").await;
        assert_eq!((heard.answer.status, heard.whole), (200, true), "{}", heard.answer.text);
        let heard = scene.ask(mode, ALONE).await;
        assert_eq!((heard.answer.status, heard.error.as_deref()), (502, Some("upstream_error")));
    }
}
