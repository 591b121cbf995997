//! P13: no hostile URL causes a connection to a forbidden address, whoever names it and however it is spelled, resolved, rebound or
//! redirected.

use futures_util::future::BoxFuture;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use switchyard_harness::testkit::hostile_urls::{self, HostileUrl};
use switchyard_ports::external::{ExternalApi, ExternalFault, ExternalMethod, ExternalRequest};
use switchyard_providers::transport::egress::{AllowList, EgressPolicy, Purpose};
use switchyard_providers::transport::external::ExternalTransport;
use switchyard_providers::transport::{
    Deadlines, Lookup, OutboundRequest, TransportFault, TransportSettings, Transports, Trust,
};
use url::Url;

/// How long an address gets that should never be connected to.
const PATIENCE: Duration = Duration::from_millis(500);
const DEADLINES: Deadlines = Deadlines { first_byte: PATIENCE, idle: PATIENCE, total: PATIENCE };
/// Three calls of each of four ways in which a name changes, to each of six addresses, by a provider and by a person.
const REBOUND: usize = 3 * 4 * 6 * 2;
/// A public address that leads nowhere, for name servers that say one thing first and another later.
const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(240, 0, 0, 1));

/// Listens where nobody may come, on both loopback addresses and the same port.
struct Canary {
    port: u16,
    listeners: Vec<TcpListener>,
}

impl Canary {
    fn listen() -> io::Result<Self> {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = first.local_addr()?.port();
        // Where there is no IPv6, nobody can come by it.
        let listeners = [Ok(first), TcpListener::bind((Ipv6Addr::LOCALHOST, port))];
        let listeners: Vec<TcpListener> = listeners.into_iter().flatten().collect();
        for listener in &listeners {
            listener.set_nonblocking(true)?;
        }
        Ok(Self { port, listeners })
    }

    /// Connections wait until they are counted here.
    fn visitors(&self) -> usize {
        let visitors = |listener: &TcpListener| std::iter::from_fn(|| listener.accept().ok()).count();
        self.listeners.iter().map(visitors).sum()
    }
}

/// A hostile name server: says what it was told to say, each time something else if it was told several things.
struct NameServer {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl NameServer {
    fn saying(answers: Vec<Vec<IpAddr>>) -> Arc<Self> {
        Arc::new(Self { answers, asked: AtomicUsize::new(0) })
    }
}

impl Lookup for NameServer {
    fn lookup(&self, _: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst);
        let answers = self.answers.get(turn).or(self.answers.last()).cloned().unwrap_or_default();
        Box::pin(async move {
            if answers.is_empty() { Err(io::Error::other("no such name")) } else { Ok(answers) }
        })
    }
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct EgressReport {
    /// URLs of the corpus.
    pub urls: usize,
    /// How often each refusal was the reason, by who named the URL and how it was read.
    pub refused: BTreeMap<&'static str, usize>,
    /// Names whose address changed after it had been judged once.
    pub rebound: usize,
    /// Redirects to forbidden addresses that came back as answers.
    pub redirects: usize,
    /// Connections to a forbidden address.
    pub connections: usize,
    /// Calls that were not refused.
    pub admitted: Vec<String>,
}

/// Tries every URL in every way.
///
/// # Panics
/// When this machine gives no listener.
pub async fn run() -> EgressReport {
    let canary = Canary::listen().expect("a listener");
    let trust = Trust::load([]).expect("certificates");
    let mut report = EgressReport::default();
    // Users' URLs are called on the usual ports only, so that the port of the canary would already refuse them: they are tried on
    // port 80 too, where only the address is left to object to.
    for port in [canary.port, 80] {
        let urls = hostile_urls::all(port);
        report.urls = urls.len();
        for url in &urls {
            report.as_provider(url, &trust).await;
            report.as_user(url, &trust).await;
        }
    }
    report.rebind(&canary, &trust).await;
    report.redirect(&canary, &trust).await;
    report.connections = canary.visitors();
    report
}

fn transports(purpose: Purpose, allow: &str, names: Arc<NameServer>, trust: &Trust) -> Transports {
    let allow = AllowList::parse(allow).expect("a list");
    Transports {
        // As on a server that others reach. The loopback exception never holds for users, even where it is on.
        egress: Arc::new(EgressPolicy::new(purpose, &allow, purpose == Purpose::External)),
        trust: trust.clone(),
        lookup: names,
        settings: TransportSettings {
            connect_timeout: PATIENCE,
            worker_threads: 1,
            ..TransportSettings::default()
        },
    }
}

fn get(url: Url) -> OutboundRequest {
    OutboundRequest {
        method: "GET".parse().expect("a method"),
        url,
        headers: Default::default(),
        body: Vec::new().into(),
    }
}

async fn as_user(transports: Transports, url: &str) -> Result<u16, ExternalFault> {
    let request = ExternalRequest {
        method: ExternalMethod::Get,
        url: url.to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: None,
    };
    ExternalTransport::new(transports).call(&request, PATIENCE).await.map(|answer| answer.status)
}

impl EgressReport {
    fn refused(&mut self, how: &'static str) {
        *self.refused.entry(how).or_default() += 1;
    }

    /// A provider's base URL, as an administrator types it, and as one that a tolerant parser has repaired.
    async fn as_provider(&mut self, case: &HostileUrl, trust: &Trust) {
        let names = NameServer::saying(vec![case.answers.clone()]);
        let transports = transports(Purpose::Provider, "", names, trust);
        if transports.egress.admit(&case.url).is_err() {
            self.refused("provider, as typed");
        }
        let Ok(url) = Url::parse(&case.url) else { return self.refused("provider, no URL") };
        let Ok(transport) = transports.to(&url) else { return self.refused("provider, as a URL") };
        match transport.send(get(url), &DEADLINES).await {
            Err(TransportFault::Egress(_)) => self.refused("provider, when connecting"),
            other => self.admitted.push(format!("provider {:?}: {other:?}", case.url)),
        }
    }

    /// A URL that somebody names who is signed in.
    async fn as_user(&mut self, case: &HostileUrl, trust: &Trust) {
        let names = NameServer::saying(vec![case.answers.clone()]);
        let transports = transports(Purpose::External, "", names, trust);
        match as_user(transports, &case.url).await {
            Err(ExternalFault::Invalid(_)) => self.refused("user, no URL"),
            Err(ExternalFault::Refused(_)) => self.refused("user, refused"),
            // Plain http to a public host carries no credential of ours: it may be called.
            _ if case.tag == "clear" => self.refused("user, a public address"),
            other => self.admitted.push(format!("user {:?}: {other:?}", case.url)),
        }
    }

    /// A name that is public when it is looked at and forbidden when it is called again.
    async fn rebind(&mut self, canary: &Canary, trust: &Trust) {
        for forbidden in
            ["127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254", "10.0.0.1", "64:ff9b::7f00:1"]
        {
            let forbidden: IpAddr = forbidden.parse().expect("an address");
            for answers in [
                vec![vec![PUBLIC], vec![forbidden]],
                vec![vec![forbidden], vec![PUBLIC], vec![forbidden]],
                vec![vec![PUBLIC, forbidden]],
                vec![vec![forbidden, PUBLIC]],
            ] {
                self.rebind_user(&answers, forbidden, trust).await;
                self.rebind_provider(&answers, forbidden, canary, trust).await;
            }
        }
    }

    /// The name of a provider: one transport asks for it again and again, as each call connects anew.
    async fn rebind_provider(
        &mut self,
        answers: &[Vec<IpAddr>],
        forbidden: IpAddr,
        canary: &Canary,
        trust: &Trust,
    ) {
        let names = NameServer::saying(answers.to_vec());
        let url = Url::parse(&format!("http://rebind.example:{}/", canary.port)).expect("a URL");
        let transport = transports(Purpose::Provider, "240.0.0.0/4", names, trust).to(&url);
        let Ok(transport) = transport else {
            return self.admitted.push(format!("{url} is refused before its name is asked for"));
        };
        for turn in 0..3 {
            let now = answers.get(turn).or(answers.last()).expect("a name server says something");
            let is_forbidden = now.contains(&forbidden);
            match transport.send(get(url.clone()), &DEADLINES).await {
                Err(TransportFault::Egress(_)) if is_forbidden => self.refused("provider, rebound"),
                Ok(_)
                | Err(
                    TransportFault::Connect(_)
                    | TransportFault::ConnectTimeout
                    | TransportFault::FirstByteTimeout
                    | TransportFault::TotalTimeout,
                ) if !is_forbidden => {}
                other => self.admitted.push(format!("a provider that is rebound to {now:?}: {other:?}")),
            }
            self.rebound += 1;
        }
    }

    /// The same for a name that a person calls: while it leads to a public address it may be called, and when it leads to a forbidden one
    /// it is refused, whatever it led to before.
    async fn rebind_user(&mut self, answers: &[Vec<IpAddr>], forbidden: IpAddr, trust: &Trust) {
        let names = NameServer::saying(answers.to_vec());
        let user = transports(Purpose::External, "240.0.0.0/4", names, trust);
        for turn in 0..3 {
            let now = answers.get(turn).or(answers.last()).expect("a name server says something");
            let is_forbidden = now.contains(&forbidden);
            match as_user(user.clone(), "http://rebind.example/").await {
                Err(ExternalFault::Refused(_)) if is_forbidden => self.refused("user, rebound"),
                // Behind some networks a proxy answers at any address: it was called where it may be.
                Ok(_) | Err(ExternalFault::Unreachable(_) | ExternalFault::TimedOut) if !is_forbidden => {}
                other => self.admitted.push(format!("rebound to {now:?}: {other:?}")),
            }
            self.rebound += 1;
        }
    }

    /// An address that may be called answers with the way to one that may not.
    async fn redirect(&mut self, canary: &Canary, trust: &Trust) {
        for status in [301, 302, 303, 307, 308] {
            for target in [format!("http://127.0.0.1:{}/", canary.port), format!("//[::1]:{}/", canary.port)]
            {
                let address = redirecting(status, target);
                let listed = format!("{address}");
                let names = NameServer::saying(Vec::new());
                let user = transports(Purpose::External, &listed, Arc::clone(&names), trust);
                match as_user(user, &format!("http://{address}/")).await {
                    Ok(answered) if answered == status => self.redirects += 1,
                    other => self.admitted.push(format!("a {status}: {other:?}")),
                }
                let url = Url::parse(&format!("http://{address}/")).expect("a URL");
                let transport =
                    transports(Purpose::Provider, &listed, names, trust).to(&url).expect("a listed one");
                match transport.send(get(url), &DEADLINES).await {
                    Ok(answer) if answer.status.as_u16() == status => self.redirects += 1,
                    other => self.admitted.push(format!("a {status}: {other:?}")),
                }
            }
        }
    }

    /// What does not hold.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        let mut broken = self.admitted.clone();
        if self.connections > 0 {
            broken.push(format!("{} connections to a forbidden address", self.connections));
        }
        if self.urls < 180 || self.redirects != 20 || self.rebound != REBOUND {
            broken.push("less was tried than was promised".to_owned());
        }
        broken
    }
}

impl fmt::Display for EgressReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} URL forms, on two ports, named by an administrator and by a user", self.urls)?;
        for (how, count) in &self.refused {
            writeln!(f, "  {how}: {count}")?;
        }
        writeln!(
            f,
            "{} calls of names that were rebound, {} redirects given back",
            self.rebound, self.redirects
        )?;
        writeln!(f, "connections to a forbidden address: {}", self.connections)
    }
}

/// Answers two connections with a redirect.
fn redirecting(status: u16, target: String) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        for stream in listener.incoming().take(2) {
            let Ok(mut stream) = stream else { return };
            let _request = stream.read(&mut [0; 4096]);
            let head = format!(
                "HTTP/1.1 {status} Elsewhere\r\nlocation: {target}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            let _reader_may_be_gone = stream.write_all(head.as_bytes());
        }
    });
    address
}
