//! P19: clients that are slow on purpose, in every way at once, and what everybody else notices of them.

use crate::figures::Spread;
use crate::installation::{Database, Installation, MODEL};
use futures_util::future::join_all;
use serde_json::json;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use switchyard_harness::testkit::simulator::{Script, Simulator};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

/// How much later than promised a client may be cut: the timers of many are looked at in turn.
const SLACK: Duration = Duration::from_secs(2);
/// The promise to everybody else.
const HEALTH_P99: Duration = Duration::from_millis(100);
/// What a reader that reads nothing may hold, in bytes.
const READER_BYTES: u64 = 256 * 1024;
/// When what slow readers hold is measured, and when the last slow client must be gone.
const SETTLED: Duration = Duration::from_secs(20);
const LONGEST: Duration = Duration::from_secs(45);
/// Loopback addresses from which they come: one has a share of 256 connections.
const SOURCES: usize = 16;

/// A way of being slow that is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slowness {
    /// Connects and says nothing.
    Silent,
    /// Sends a head, a byte a second.
    Head,
    /// Sends half a body and no more.
    HalfBody,
    /// Sends a body, a byte a second.
    Body,
}

impl Slowness {
    const ALL: [(Self, &str, Duration); 4] = [
        (Self::Silent, "silent", Duration::from_secs(5)),
        (Self::Head, "a head in drops", Duration::from_secs(5)),
        (Self::HalfBody, "half a body", Duration::from_secs(10)),
        (Self::Body, "a body in drops", Duration::from_secs(30)),
    ];
}

/// How many slow clients there are.
#[derive(Clone, Copy, Debug)]
pub struct SlowClients {
    /// Of each of the four kinds that are cut; and as many readers that read nothing, up to 100.
    pub of_each_kind: usize,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct SlownessReport {
    /// When each kind was cut, with when it was to be.
    pub cut: Vec<(&'static str, Duration, Spread)>,
    /// Those who were not.
    pub stayed: usize,
    /// How long `/health` took meanwhile, each time over a new connection.
    pub health: Spread,
    /// How often it was not answered.
    pub unhealthy: usize,
    /// Readers that read nothing, and what the server's memory grew by for each of them, in bytes.
    pub readers: usize,
    /// See `readers`.
    pub held: u64,
}

impl SlowClients {
    /// Lets them be slow.
    ///
    /// # Panics
    /// When the server can't be started.
    pub async fn run(self) -> SlownessReport {
        let simulator = Simulator::start();
        simulator.script(MODEL, Script::of("endless"));
        let installation = Installation::prepare(&simulator.base_url(), Database::Sqlite, &json!({}));
        let mut server = installation.start();
        server.until_ready().await;
        let (address, key) = (installation.address(), installation.key().to_owned());
        let mut report = SlownessReport::default();
        report.hold(address, &key, server.id(), self.of_each_kind.min(100)).await;
        let over = Arc::new(AtomicBool::new(false));
        let watch = tokio::spawn(health(address, Arc::clone(&over)));
        report.cut(address, &key, self.of_each_kind).await;
        over.store(true, Ordering::Relaxed);
        let (times, failed) = watch.await.expect("no panic");
        (report.health, report.unhealthy) = (Spread::of(times), failed);
        server.terminate().await;
        report
    }
}

impl SlownessReport {
    /// Readers ask for a stream without end and read nothing of it.
    async fn hold(&mut self, address: SocketAddr, key: &str, process: u32, readers: usize) {
        let request = chat(key, true);
        // The first calls bring what every later one shares.
        drop(self::readers(address, &request, readers / 4 + 1).await);
        sleep(Duration::from_secs(3)).await;
        let before = memory_of(process, "VmRSS");
        let held = self::readers(address, &request, readers).await;
        sleep(SETTLED).await;
        self.readers = held.len();
        self.held = memory_of(process, "VmRSS").saturating_sub(before) / readers.max(1) as u64;
    }

    async fn cut(&mut self, address: SocketAddr, key: &str, of_each_kind: usize) {
        let kinds = Slowness::ALL.iter().map(|(slowness, name, due)| async move {
            let clients = (0..of_each_kind).map(|number| slow(address, key, *slowness, number));
            let times: Vec<Option<Duration>> = join_all(clients).await;
            let stayed = times.iter().filter(|time| time.is_none()).count();
            (*name, *due, Spread::of(times.into_iter().flatten()), stayed)
        });
        for (name, due, times, stayed) in join_all(kinds).await {
            self.cut.push((name, due, times));
            self.stayed += stayed;
        }
    }

    /// What does not hold.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for (name, due, times) in &self.cut {
            if times.max > *due + SLACK {
                broken.push(format!("{name} was cut after {:?} rather than {due:?}", times.max));
            }
        }
        if self.stayed > 0 {
            broken.push(format!("{} slow clients were not cut", self.stayed));
        }
        if self.health.p99 >= HEALTH_P99 || self.unhealthy > 0 {
            broken.push(format!("health: {}, {} failed", self.health, self.unhealthy));
        }
        if self.held > READER_BYTES {
            broken.push(format!("a slow reader holds {} KiB", self.held / 1024));
        }
        broken
    }
}

impl fmt::Display for SlownessReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, due, times) in &self.cut {
            writeln!(f, "{name}, due after {} s: {times}", due.as_secs())?;
        }
        writeln!(
            f,
            "health meanwhile: {}, {} failed; {} clients stayed",
            self.health, self.unhealthy, self.stayed
        )?;
        writeln!(
            f,
            "{} readers that read nothing: {} KiB of the server's memory each",
            self.readers,
            self.held / 1024
        )
    }
}

/// A connection from one of the loopback addresses.
async fn connect(address: SocketAddr, number: usize, window: Option<u32>) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    let source = u8::try_from(number % SOURCES + 2).expect("few sources");
    socket.bind(SocketAddr::from(([127, 0, 0, source], 0))).expect("a source");
    if let Some(bytes) = window {
        socket.set_recv_buffer_size(bytes).expect("a small window");
    }
    socket.connect(address).await.expect("a connection")
}

async fn readers(address: SocketAddr, request: &str, count: usize) -> Vec<TcpStream> {
    let connections = (0..count).map(|number| async move {
        let mut connection = connect(address, number, Some(4096)).await;
        connection.write_all(request.as_bytes()).await.expect("the server reads");
        connection
    });
    join_all(connections).await
}

/// How long the server bore a slow client; nothing where it bears it still.
async fn slow(address: SocketAddr, key: &str, slowness: Slowness, number: usize) -> Option<Duration> {
    // Not all within one turn of the server's.
    sleep(Duration::from_millis(number as u64 % 1000)).await;
    let mut connection = connect(address, number, None).await;
    let began = Instant::now();
    let whole = chat(key, false);
    let (first, drips) = match slowness {
        Slowness::Silent => ("", false),
        Slowness::Head => ("GET /ping HTTP/1.1\r\nhost: proof\r\nx-slow: ", true),
        Slowness::HalfBody => (whole.get(..whole.len() - 9).expect("a longer call"), false),
        Slowness::Body => (whole.get(..whole.find("{").expect("a body")).expect("a head"), true),
    };
    connection.write_all(first.as_bytes()).await.ok()?;
    let (mut reading, mut writing) = connection.into_split();
    let ends = async {
        let mut answer = Vec::new();
        let _reset_is_an_end_too = reading.read_to_end(&mut answer).await;
    };
    let drip = async {
        while drips && writing.write_all(b" ").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
        std::future::pending::<()>().await;
    };
    let ended = timeout(LONGEST, async {
        tokio::select! {
            () = ends => {}
            () = drip => {}
        }
    });
    ended.await.ok().map(|()| began.elapsed())
}

fn chat(key: &str, stream: bool) -> String {
    let messages = json!([{"role": "user", "content": "say something"}]);
    let body = json!({"model": MODEL, "stream": stream, "messages": messages}).to_string();
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: proof\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Asks for `/health` ten times a second until it is over.
async fn health(address: SocketAddr, over: Arc<AtomicBool>) -> (Vec<Duration>, usize) {
    let (mut times, mut failed) = (Vec::new(), 0);
    while !over.load(Ordering::Relaxed) {
        let began = Instant::now();
        match timeout(Duration::from_secs(5), is_healthy(address)).await {
            Ok(Some(())) => times.push(began.elapsed()),
            _ => failed += 1,
        }
        sleep(Duration::from_millis(100)).await;
    }
    (times, failed)
}

async fn is_healthy(address: SocketAddr) -> Option<()> {
    let mut connection = TcpStream::connect(address).await.ok()?;
    let request = b"GET /health HTTP/1.1\r\nhost: proof\r\nconnection: close\r\n\r\n";
    connection.write_all(request).await.ok()?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.ok()?;
    answer.starts_with("HTTP/1.1 200").then_some(())
}

/// What `/proc` says of a process's memory under this name, in bytes.
pub(crate) fn memory_of(process: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.expect("the process's memory") * 1024
}
