//! P6: a client that leaves ends the call at the provider at once, pays what was received, and leaves nothing behind.

use crate::dice::Dice;
use crate::figures::Spread;
use crate::ledger::{Events, events_of};
use futures_util::{StreamExt, stream};
use serde_json::json;
use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use switchyard::Store;
use switchyard::orchestrator::chat::CallSettings;
use switchyard::ports::provider::Deadlines;
use switchyard_domain::usage::{Outcome, UsageEvent};
use switchyard_harness::TestApp;
use switchyard_harness::testkit::simulator::{RecordedCall, Script};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

/// The promise.
const AT_ONCE_IS: Duration = Duration::from_millis(100);
/// How long all that clients left may take to be gone.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longer than any client stays.
const DEADLINES: Deadlines = Deadlines {
    first_content: Duration::from_secs(60),
    idle: Duration::from_secs(60),
    total: Duration::from_secs(120),
};

/// What clients leave: the model, whether it is asked for a stream, and what the provider does.
const SITUATIONS: [(&str, bool, &str); 4] = [
    (FLOWING, true, "tokens=4000&chunk_ms=5"),
    ("gpt-4o-thinking", false, "latency_ms=60000"),
    (QUIET, true, "tokens=400&stall_after=3"),
    ("gpt-4o-halfway", false, "tokens=3&stall_after=230"),
];
/// A stream that goes on: what is under way when its client leaves, only the provider knows.
const FLOWING: &str = "gpt-4o-flowing";
/// A stream that falls silent after three words.
const QUIET: &str = "gpt-4o-quiet";

/// How many clients leave.
#[derive(Clone, Copy, Debug)]
pub struct Disconnects {
    /// In all.
    pub calls: usize,
    /// At the same time.
    pub at_once: usize,
    /// What the moments are drawn from.
    pub seed: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct DisconnectReport {
    /// Clients that left.
    pub left: usize,
    /// From a client's leaving to the provider's seeing it, of streams.
    pub streamed: Spread,
    /// The same of buffered calls.
    pub buffered: Spread,
    /// Calls that the provider did not see end by our closing.
    pub uncancelled: Vec<String>,
    /// Calls that are recorded as something else than left, or not once.
    pub misrecorded: Vec<String>,
    /// Calls that pay less than their client saw, or more than the provider sent.
    pub misbilled: Vec<String>,
    /// Connections to the provider that stay.
    pub connections: usize,
    /// Calls that the server still counts as running.
    pub in_flight: u64,
    /// File descriptors of the process more than before.
    pub descriptors: i64,
}

/// A client that left.
struct Gone {
    id: String,
    stream: bool,
    words: u64,
    at: Instant,
}

impl Disconnects {
    /// Lets the clients leave, and looks at what they leave behind.
    ///
    /// # Panics
    /// When the server can't be started or the ledger not be read.
    pub async fn run(self) -> DisconnectReport {
        let folder = tempfile::tempdir().expect("a folder");
        let mut builder = TestApp::builder()
            .vendor("openai")
            .store(Store::SqliteFile(folder.path().join("switchyard.db")))
            .journal(folder.path().join("journal"))
            .calls(CallSettings { max_attempts: 1, deadlines: DEADLINES, first_of_pieces: None });
        for (model, ..) in SITUATIONS {
            builder = builder.models([model]);
        }
        let app = builder.start().await;
        for (model, _, script) in SITUATIONS {
            app.simulator().script(model, Script::of(script));
        }
        let key = app.client_with_key("load").await.key().to_owned();
        // What is opened once and kept, such as files and worker threads' own pipes, is there after a few calls.
        self.leave(&app, &key, "warm", 8).await;
        until_gone(&app).await;
        let before = descriptors();
        let gone = self.leave(&app, &key, "call", self.calls).await;
        until_gone(&app).await;
        let mut report = DisconnectReport {
            left: gone.len(),
            connections: app.simulator().open_connections(),
            in_flight: app.embedded().status().facts().calls_in_flight,
            descriptors: lasting_descriptors(before).await,
            ..DisconnectReport::default()
        };
        report.compare(&app, &gone).await;
        app.stop().await;
        report
    }

    async fn leave(&self, app: &TestApp, key: &str, prefix: &str, calls: usize) -> Vec<Gone> {
        let (address, mut dice) = (app.address(), Dice::new(self.seed));
        let rolls: Vec<u64> = (0..calls).map(|_| dice.roll()).collect();
        stream::iter(rolls.into_iter().enumerate())
            .map(|(number, roll)| call_and_leave(address, key, format!("{prefix}-{number}"), number, roll))
            .buffer_unordered(self.at_once)
            .collect()
            .await
    }
}

async fn call_and_leave(server: SocketAddr, key: &str, id: String, number: usize, roll: u64) -> Gone {
    let (model, stream, _) = SITUATIONS[number % SITUATIONS.len()];
    let mut connection = TcpStream::connect(server).await.expect("a connection");
    let messages = json!([{"role": "user", "content": "say some words"}]);
    let body = json!({"model": model, "stream": stream, "messages": messages}).to_string();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: proof\r\nauthorization: Bearer {key}\r\nx-request-id: {id}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    connection.write_all((head + &body).as_bytes()).await.expect("the server reads");
    let words = if stream {
        read_words(&mut connection, if model == QUIET { 3 } else { roll % 20 + 1 }).await
    } else {
        sleep(Duration::from_millis(150 + roll % 200)).await;
        0
    };
    let at = Instant::now();
    drop(connection);
    Gone { id, stream, words, at }
}

/// Reads until so many words came; how many there were then.
async fn read_words(connection: &mut TcpStream, wanted: u64) -> u64 {
    let mut bytes = Vec::new();
    loop {
        let read = connection.read_buf(&mut bytes).await.expect("the stream goes on");
        let words = String::from_utf8_lossy(&bytes).matches("\"content\":\" ").count() as u64;
        assert!(read > 0, "the stream ended: {}", String::from_utf8_lossy(&bytes));
        if words >= wanted {
            return words;
        }
    }
}

/// Waits until nothing is left of the calls, or for so long as it may take.
async fn until_gone(app: &TestApp) {
    let began = Instant::now();
    let known = app.simulator().calls().len();
    app.simulator().until_ended_calls(known, PATIENCE).await;
    while began.elapsed() < PATIENCE {
        let in_flight = app.embedded().status().facts().calls_in_flight;
        if in_flight == 0 && app.simulator().open_connections() == 0 {
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    app.embedded().flush_usage().await;
}

/// Open file descriptors of this process, which is server, clients and provider in one.
fn descriptors() -> i64 {
    let count = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    i64::try_from(count).expect("a small number")
}

/// Descriptors beyond `before` that stay: one that is just being closed is no leak, and a leak does not go away.
async fn lasting_descriptors(before: i64) -> i64 {
    for _ in 0..100 {
        if descriptors() <= before {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    descriptors() - before
}

impl DisconnectReport {
    async fn compare(&mut self, app: &TestApp, gone: &[Gone]) {
        let calls = app.simulator().calls().into_iter();
        let calls: HashMap<String, RecordedCall> =
            calls.map(|call| (call.request_id.clone().unwrap_or_default(), call)).collect();
        let events: Events = events_of(app.embedded().usage(), gone.iter().map(|one| one.id.clone())).await;
        let (mut streamed, mut buffered) = (Vec::new(), Vec::new());
        for one in gone {
            let call = calls.get(&one.id);
            match call.and_then(|call| call.peer_closed_at) {
                Some(closed) if one.stream => streamed.push(closed.saturating_duration_since(one.at)),
                Some(closed) => buffered.push(closed.saturating_duration_since(one.at)),
                None => self.uncancelled.push(one.id.clone()),
            }
            self.record(one, call, &events[&one.id]);
        }
        (self.streamed, self.buffered) = (Spread::of(streamed), Spread::of(buffered));
    }

    fn record(&mut self, gone: &Gone, call: Option<&RecordedCall>, events: &[UsageEvent]) {
        let [event] = events else { return self.misrecorded.push(format!("{}: {events:?}", gone.id)) };
        if event.outcome != Outcome::ClientClosed || !event.is_final {
            self.misrecorded.push(format!("{}: {:?}", gone.id, event.outcome));
        }
        let Some(billed) = call.map(|call| call.billed) else { return };
        let paid = (event.usage.input, event.usage.output);
        let least = if event.model == FLOWING { gone.words } else { billed.completion };
        if paid.0 != billed.prompt || paid.1 < least || paid.1 > billed.completion {
            let (saw, model) = (gone.words, &event.model);
            self.misbilled
                .push(format!("{} ({model}): paid {paid:?}, saw {saw} words, sent {billed:?}", gone.id));
        }
    }

    /// What breaks the promise, in words; but for the time, which depends on the machine.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let mut check = |what: &str, calls: &[String]| {
            if !calls.is_empty() {
                broken.push(format!("{} {what}: {:?}", calls.len(), &calls[..calls.len().min(5)]));
            }
        };
        check("not cancelled", &self.uncancelled);
        check("not recorded as left", &self.misrecorded);
        check("billed wrongly", &self.misbilled);
        if self.connections > 0 || self.in_flight > 0 || self.descriptors > 0 {
            let Self { connections, in_flight, descriptors, .. } = self;
            broken.push(format!(
                "left: {connections} connections, {in_flight} calls, {descriptors} descriptors"
            ));
        }
        broken
    }

    /// What breaks the promise in time, in words.
    #[must_use]
    pub fn late(&self) -> Vec<String> {
        [("streamed", self.streamed), ("buffered", self.buffered)]
            .into_iter()
            .filter(|(_, spread)| spread.p99 > AT_ONCE_IS)
            .map(|(what, spread)| format!("{what} calls are cancelled too late: {spread}"))
            .collect()
    }
}

impl fmt::Display for DisconnectReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "clients that left         {}", self.left)?;
        writeln!(f, "cancelled after, streams  {}", self.streamed)?;
        writeln!(f, "cancelled after, buffered {}", self.buffered)?;
        writeln!(f, "not cancelled             {}", self.uncancelled.len())?;
        writeln!(f, "not recorded as left      {}", self.misrecorded.len())?;
        writeln!(f, "billed wrongly            {}", self.misbilled.len())?;
        let Self { connections, in_flight, descriptors, .. } = self;
        writeln!(
            f,
            "left behind               {connections} connections, {in_flight} calls, {descriptors} descriptors"
        )
    }
}
