//! The rows whose faults take a server process of their own, as whom it trusts and who resolves its names is the machine's business.

use futures_util::future::join_all;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use switchyard_domain::usage::Outcome;
use switchyard_harness::testkit::simulator::Simulator;
use switchyard_tests::installation::{Database, Installation, MODEL, PROVIDER};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio_rustls::TlsAcceptor;

/// Failures in a row that open a breaker.
const IN_A_ROW: usize = 5;

/// A server with a route of three for each of these first targets, which has its name; the others are at the simulator.
fn installation(simulator: &Simulator, first: &[(&str, String)]) -> Installation {
    let installation = Installation::prepare(&simulator.base_url(), Database::Sqlite, &json!({}));
    let path = installation.path("switchyard.yaml");
    let mut config: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let mut routes = Vec::new();
    for (name, base_url) in first {
        let provider = json!({"name": name, "vendor": "openai", "base_url": base_url, "models": [{"model": "m"}],
                              "api_key": "sk-simulated-0123456789"});
        config["providers"].as_array_mut().unwrap().push(provider);
        let target = |provider: &str, model: &str, priority| json!({"provider": provider, "model": model, "priority": priority});
        let targets = json!([target(name, "m", 0), target(PROVIDER, MODEL, 1), target("last", "m", 2)]);
        routes.push(json!({"name": format!("by-{name}"), "mode": "multi", "targets": targets}));
    }
    let last = json!({"name": "last", "vendor": "openai", "base_url": simulator.base_url(),
                      "models": [{"model": "m"}], "api_key": "sk-simulated-0123456789"});
    config["providers"].as_array_mut().unwrap().push(last);
    config["routes"] = json!(routes);
    std::fs::write(path, config.to_string()).unwrap();
    installation
}

/// What a call of the route with this first target was answered with.
#[derive(Debug)]
struct Told {
    id: String,
    status: u16,
    target: String,
    attempts: String,
    text: String,
}

async fn ask(installation: &Installation, first: &str, stream: bool) -> Told {
    let body = json!({"model": format!("by-{first}"), "stream": stream,
                      "messages": [{"role": "user", "content": "say some words"}]});
    let url = format!("http://{}/v1/chat/completions", installation.address());
    let request =
        reqwest::Client::builder().no_proxy().build().unwrap().post(url).bearer_auth(installation.key());
    let answer =
        request.header("content-type", "application/json").body(body.to_string()).send().await.unwrap();
    let header = |name: &str| {
        answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let (id, target, attempts) =
        (header("x-request-id"), header("x-switchyard-target"), header("x-switchyard-attempts"));
    Told { id, status: answer.status().as_u16(), target, attempts, text: answer.text().await.unwrap() }
}

/// The second target's answer came, which was called once, and the first was tried as told or not at all.
fn is_the_seconds(told: &Told, attempts: &str, simulator: &Simulator, first: &str) {
    let second = format!("{PROVIDER}/{MODEL}");
    let came = (told.status, told.target.as_str(), told.attempts.as_str());
    assert_eq!(came, (200, second.as_str(), attempts), "{first}: {}", told.text);
    let mine =
        simulator.calls().into_iter().filter(|call| call.request_id.as_deref() == Some(told.id.as_str()));
    let mine: Vec<_> = mine.collect();
    assert_eq!(mine.len(), 1, "{first}: {mine:?}");
    assert_eq!(mine[0].model, MODEL, "{first}");
    let words = mine[0].text_sent.split_whitespace().next().unwrap();
    assert!(told.text.contains(words), "{first}: {}", told.text);
}

/// What was recorded of calls: of the first target that fault, and then the whole answer of the second.
async fn is_recorded(installation: &Installation, calls: &[(Told, &str, &str)]) {
    let app = installation.library().open().await.unwrap();
    assert!(app.flush_usage().await);
    for (told, first, fault) in calls {
        let events = app.usage().events_of(&told.id).await.unwrap();
        let facts: Vec<_> = events
            .iter()
            .map(|it| (it.model.as_str(), it.outcome, it.fault.as_deref(), it.usage.total() > 0))
            .collect();
        let expected = [("m", Outcome::Failed, Some(*fault), false), (MODEL, Outcome::Complete, None, true)];
        assert_eq!(facts, expected, "{first}");
    }
    app.close().await;
}

/// An authority that signs certificates for servers.
fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A server of the simulator's answers with a certificate for `name` that is valid in these years; and how many clients believed it.
async fn behind_tls(
    authority: &CertifiedIssuer<'static, KeyPair>,
    name: &str,
    years: (i32, i32),
    simulator: SocketAddr,
) -> (SocketAddr, Arc<AtomicUsize>) {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    let key = KeyPair::generate().unwrap();
    let certificate: CertificateDer<'static> = params.signed_by(&key, authority).unwrap().into();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, believed) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&believed);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, count) = (acceptor.clone(), Arc::clone(&count));
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                count.fetch_add(1, Ordering::SeqCst);
                let mut simulator = TcpStream::connect(simulator).await.unwrap();
                let _the_client_left = copy_bidirectional(&mut stream, &mut simulator).await;
            });
        }
    });
    (address, believed)
}

/// A server that speaks TLS 1.0 and nothing newer.
async fn of_old_age() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // The head of a record, of a handshake message in it, and a hello: version, random, no session, RSA with AES-128, no compression.
    let hello = [&[22, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1][..], &[7; 32], &[0, 0, 0x2f, 0]].concat();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let hello = hello.clone();
            tokio::spawn(async move {
                let mut heard = [0; 4096];
                let _of_the_clients_hello = stream.read(&mut heard).await;
                let _it_may_have_left = stream.write_all(&hello).await;
                while stream.read(&mut heard).await.is_ok_and(|bytes| bytes > 0) {}
            });
        }
    });
    address
}

/// U4. A certificate that proves what it should is the control: its target answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_target_whose_certificate_proves_nothing_is_hidden_by_the_second_and_left_alone_at_once() {
    let simulator = Simulator::start();
    let (ours, strangers) = (authority("ours"), authority("a stranger's"));
    let at = simulator.addr();
    let behind = |name: &'static str, years| behind_tls(&ours, name, years, at);
    let servers = join_all([
        Box::pin(behind("127.0.0.1", (2020, 2100))) as std::pin::Pin<Box<dyn Future<Output = _> + Send>>,
        Box::pin(behind("127.0.0.1", (2010, 2020))),
        Box::pin(behind("127.0.0.1", (2090, 2100))),
        Box::pin(behind("other.example", (2020, 2100))),
        Box::pin(behind_tls(&strangers, "127.0.0.1", (2020, 2100), at)),
    ])
    .await;
    let names = ["good", "expired", "early", "misnamed", "stranger"];
    let mut first: Vec<(&str, String)> =
        names.into_iter().zip(&servers).map(|(name, (at, _))| (name, format!("https://{at}/v1"))).collect();
    first.push(("old", format!("https://{}/v1", of_old_age().await)));
    let installation = installation(&simulator, &first);
    std::fs::write(installation.path("roots.pem"), ours.pem()).unwrap();
    let roots = installation.path("roots.pem").display().to_string();
    let mut server =
        installation.start_by(&format!("SSL_CERT_FILE='{roots}'; export SSL_CERT_FILE; exec \"$@\""));
    server.until_ready().await;
    let mut calls = Vec::new();
    for (name, _) in &first {
        let told = ask(&installation, name, false).await;
        if *name == "good" {
            assert_eq!((told.status, told.target.as_str()), (200, "good/m"), "{}", told.text);
            continue;
        }
        is_the_seconds(&told, "2", &simulator, name);
        let again = ask(&installation, name, true).await;
        is_the_seconds(&again, "1", &simulator, name);
        calls.push((told, *name, "tls"));
    }
    let believed: Vec<usize> = servers.iter().map(|(_, believed)| believed.load(Ordering::SeqCst)).collect();
    assert_eq!(believed, [1, 0, 0, 0, 0], "{names:?}");
    assert!(server.terminate().await.success());
    is_recorded(&installation, &calls).await;
}

/// A name server that fails whatever it is asked, and how often it was; `None` where none may listen.
async fn failing_name_server() -> Option<Arc<AtomicUsize>> {
    let socket = UdpSocket::bind((NAME_SERVER, 53)).await.ok()?;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        let mut message = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut message).await {
            let mut answer = message[..length].to_vec();
            // An answer, for which there is recursion: SERVFAIL.
            answer[2] |= 0x80;
            answer[3] = 0x82;
            count.fetch_add(1, Ordering::SeqCst);
            let _whoever_asked_left = socket.send_to(&answer, from).await;
        }
    });
    Some(asked)
}

const NAME_SERVER: &str = "127.0.0.77";
/// Runs `"$@"` where `$RESOLVER` says who resolves names.
const RESOLVED_ELSEWHERE: &str = "exec unshare --mount --propagation private /bin/sh -c \
                                  'mount --bind \"$RESOLVER\" /etc/resolv.conf && exec \"$@\"' resolved \"$@\"";

fn may_resolve_elsewhere(file: &std::path::Path) -> bool {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", RESOLVED_ELSEWHERE, "try", "grep", "-q", NAME_SERVER, "/etc/resolv.conf"]);
    command.env("RESOLVER", file).status().is_ok_and(|status| status.success())
}

/// U2.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_target_whose_name_server_fails_is_hidden_by_the_second() {
    let simulator = Simulator::start();
    let first = [("lost", "https://lost.example/v1".to_owned())];
    let installation = installation(&simulator, &first);
    let file = installation.path("resolv.conf");
    std::fs::write(&file, format!("nameserver {NAME_SERVER}\noptions timeout:1 attempts:1\n")).unwrap();
    let asked = match failing_name_server().await {
        Some(asked) if may_resolve_elsewhere(&file) => asked,
        _ => {
            println!("skipped: this machine does not allow another name server");
            return;
        }
    };
    let file = file.display().to_string();
    let mut server =
        installation.start_by(&format!("RESOLVER='{file}'; export RESOLVER; {RESOLVED_ELSEWHERE}"));
    server.until_ready().await;
    let mut calls = Vec::new();
    for number in 0..IN_A_ROW {
        let told = ask(&installation, "lost", number % 2 == 1).await;
        is_the_seconds(&told, "2", &simulator, "lost");
        calls.push((told, "lost", "dns"));
    }
    assert!(asked.load(Ordering::SeqCst) > 0, "nobody asked the name server");
    is_the_seconds(&ask(&installation, "lost", false).await, "1", &simulator, "lost");
    assert!(server.terminate().await.success());
    is_recorded(&installation, &calls).await;
}
