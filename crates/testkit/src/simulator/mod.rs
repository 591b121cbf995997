//! A provider of all dialects that does what a test tells it, and remembers what it did.
//!
//! The simulator is a real HTTP/1.1 server on a thread and a runtime of its own, with full control over
//! the bytes on the socket. Without a script it answers chat completions as OpenAI does; with one
//! (see [`script`] for the grammar) it fails in every way that a provider or the network can. What it
//! saw and sent, it tells in [`RecordedCall`]s: the ground truth for tokens, cost and cancellation.
//!
//! ```no_run
//! use switchyard_testkit::simulator::{Script, Simulator};
//!
//! let upstream = Simulator::start();
//! upstream.enqueue("gpt-sim", [Script::of("status=429&retry_after=2"), Script::of("cut_after=3")]);
//! // … let the system under test call `upstream.base_url()` …
//! assert_eq!(upstream.calls().len(), 2);
//! ```
//!
//! **What it answers.** By the end of the path, whatever stands before: `POST …/chat/completions`,
//! `…/responses`, `…/v1/messages`, `…/models/MODEL:generateContent` and `:streamGenerateContent`,
//! `…/v2/chat` (Cohere), `…/api/chat` (Ollama), `…/model/MODEL/converse` and `converse-stream` (Bedrock),
//! each in its own dialect; OpenAI's `…/embeddings`, `…/completions`, `…/moderations`, `…/images/generations`,
//! `…/audio/speech` and `…/audio/transcriptions`; `GET …/models` and `…/foundation-models`; `/x/<ID>/…` from
//! fixtures; `/__calls` and `/__script` to control it; else 404. The keys about OpenAI's own stream (`no_done`,
//! `usage=unasked`, `empty_choices_first`, several choices, log probabilities) mean nothing in the other
//! dialects, or what comes nearest.
//!
//! **How it counts.** A word is a token: the texts are made of words that are one `o200k_base` token
//! each. Completion tokens are the words of all choices, with reasoning; a tool call costs one for its
//! name and one for each fragment of its arguments; structured output one for each fragment. Prompt
//! tokens are 3, and for each message 4 + its words + 85 for each image.

pub mod script;

mod answer;
mod book;
mod clock;
mod connection;
mod control;
mod delivery;
mod dispatch;
mod encoding;
mod errors;
mod faults;
mod frame;
mod grammar;
mod logprobs;
mod operations;
mod plan;
mod record;
mod replay;
mod reply;
mod request;
mod schema;
mod server;
mod socket;
mod stream;
mod wires;
mod words;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use self::record::lock;
use self::replay::Fixtures;
use self::server::State;

pub use self::grammar::{LineEnding, ScriptError, UsageFault};
pub use self::record::{BilledTokens, RecordedCall};
pub use self::script::Script;
pub use self::words::WORDS;

/// A running simulator. It stops when dropped, and drops all connections with it.
pub struct Simulator {
    state: Arc<State>,
    address: SocketAddr,
    running: Mutex<Option<Running>>,
}

struct Running {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// Options of a simulator.
pub struct SimulatorBuilder {
    listen: SocketAddr,
    required_key: Option<String>,
    fixtures: Option<PathBuf>,
    records: bool,
}

impl SimulatorBuilder {
    /// Where to listen (default: a free port of 127.0.0.1).
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// The key that callers must send as a bearer (default: none is asked for). Replays never ask.
    pub fn required_key(mut self, key: impl Into<String>) -> Self {
        self.required_key = Some(key.into());
        self
    }

    /// The folder of recorded exchanges that `/x/<ID>/…` answers from.
    pub fn fixtures(mut self, folder: impl Into<PathBuf>) -> Self {
        self.fixtures = Some(folder.into());
        self
    }

    /// Whether calls are recorded (default: yes). Without it, it is faster and never grows.
    pub fn records(mut self, records: bool) -> Self {
        self.records = records;
        self
    }

    /// Starts it; returns when it listens.
    ///
    /// # Errors
    /// The address can't be listened on, or the fixtures folder not be read.
    pub fn start(self) -> io::Result<Simulator> {
        let fixtures = self.fixtures.as_deref().map(Fixtures::find).transpose()?;
        let (required_key, records) = (self.required_key, self.records);
        let state = Arc::new(State { fixtures, required_key, records, ..State::default() });
        let (stop, stopped) = oneshot::channel();
        let (listens, listening) = mpsc::channel();
        let (listen, shared) = (self.listen, Arc::clone(&state));
        let thread = std::thread::Builder::new()
            .name("simulator".to_owned())
            .spawn(move || run(listen, shared, &listens, stopped))?;
        // The thread is gone without a word only if its runtime could not be built.
        let address = listening.recv().map_err(io::Error::other)??;
        Ok(Simulator { state, address, running: Mutex::new(Some(Running { stop, thread })) })
    }
}

fn run(
    address: SocketAddr,
    state: Arc<State>,
    listens: &mpsc::Sender<io::Result<SocketAddr>>,
    stop: oneshot::Receiver<()>,
) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    runtime.block_on(async {
        let listening = server::listen(address).and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = match listening {
            Ok((address, listener)) => (Ok(address), Some(listener)),
            Err(error) => (Err(error), None),
        };
        // Nobody waits any more only if the starting thread was killed.
        let _ = listens.send(address);
        if let Some(listener) = listener {
            server::serve(listener, state, stop).await;
        }
    });
}

impl Simulator {
    /// A simulator on a free port of 127.0.0.1; returns when it listens. To be called from any thread,
    /// within or without a runtime.
    ///
    /// # Panics
    /// If this machine has no free port or thread.
    #[expect(
        clippy::expect_used,
        reason = "without its upstream a test can't run; it must stop here and say so"
    )]
    pub fn start() -> Self {
        Self::builder().start().expect("a simulator can listen on a free port of 127.0.0.1")
    }

    /// A simulator with options.
    pub fn builder() -> SimulatorBuilder {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        SimulatorBuilder { listen, required_key: None, fixtures: None, records: true }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// The address without a path: `http://127.0.0.1:PORT`.
    pub fn root_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The base URL for an OpenAI client: `http://127.0.0.1:PORT/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The base URL under which a recorded exchange answers every path.
    pub fn replay_url(&self, id: &str) -> String {
        format!("http://{}/x/{id}", self.address)
    }

    /// All calls so far but listings of models, in the order of arrival.
    pub fn calls(&self) -> Vec<RecordedCall> {
        self.state.log.calls()
    }

    /// The same, and forgets them (the listings, too).
    pub fn take_calls(&self) -> Vec<RecordedCall> {
        self.state.log.take()
    }

    /// The listings of models so far: health checks make them at their own time, so they are kept apart.
    pub fn model_listings(&self) -> Vec<RecordedCall> {
        self.state.log.listings()
    }

    /// Waits until `n` calls have arrived; the calls, fewer if the time ran out. Blocks its thread: not
    /// for tests that run their client on it, see [`until_calls`](Self::until_calls).
    pub fn wait_for_calls(&self, n: usize, timeout: Duration) -> Vec<RecordedCall> {
        self.block(n, false, timeout)
    }

    /// Waits until `n` calls are over: completed, cut, or left by the peer. Else as
    /// [`wait_for_calls`](Self::wait_for_calls).
    pub fn wait_for_ended_calls(&self, n: usize, timeout: Duration) -> Vec<RecordedCall> {
        self.block(n, true, timeout)
    }

    fn block(&self, n: usize, ended: bool, timeout: Duration) -> Vec<RecordedCall> {
        let log = &self.state.log;
        let waiting = lock(&log.waiting);
        // Poisoned or not, there is nothing behind the lock.
        let _ = log.bell.wait_timeout_while(waiting, timeout, |()| log.count(ended) < n);
        log.calls()
    }

    /// [`wait_for_calls`](Self::wait_for_calls) for async tests.
    pub async fn until_calls(&self, n: usize, timeout: Duration) -> Vec<RecordedCall> {
        self.until(n, false, timeout).await
    }

    /// [`wait_for_ended_calls`](Self::wait_for_ended_calls) for async tests.
    pub async fn until_ended_calls(&self, n: usize, timeout: Duration) -> Vec<RecordedCall> {
        self.until(n, true, timeout).await
    }

    async fn until(&self, n: usize, ended: bool, timeout: Duration) -> Vec<RecordedCall> {
        let log = &self.state.log;
        let enough = async {
            loop {
                let changed = log.changed.notified();
                if log.count(ended) >= n {
                    return;
                }
                changed.await;
            }
        };
        // Too few calls are for the caller to notice.
        let _ = tokio::time::timeout(timeout, enough).await;
        log.calls()
    }

    /// The script of all calls of a model (its name before a `?`; `/v1/models` for the model list).
    pub fn script(&self, model: &str, script: Script) {
        self.state.book.set(model, script);
    }

    /// Scripts for the model's next calls, one each; after them the model's or the default one again.
    pub fn enqueue(&self, model: &str, scripts: impl IntoIterator<Item = Script>) {
        self.state.book.enqueue(model, scripts);
    }

    /// The script of calls that have none of their own.
    pub fn set_default(&self, script: Script) {
        self.state.book.set_default(script);
    }

    /// Forgets all scripts.
    pub fn clear_scripts(&self) {
        self.state.book.clear();
    }

    /// Connections that are open now, idle ones included.
    pub fn open_connections(&self) -> usize {
        self.state.open.load(Ordering::Relaxed)
    }

    /// Connections accepted so far, those refused at once included.
    pub fn accepted_connections(&self) -> usize {
        self.state.accepted.load(Ordering::Relaxed)
    }

    /// Stops listening and drops all connections; the calls can still be read. Its port can be listened
    /// on again by another simulator.
    pub fn shutdown(&self) {
        if let Some(running) = lock(&self.running).take() {
            // It is no error if it stopped by itself, or panicked: the test sees that by what it does.
            let _ = running.stop.send(());
            let _ = running.thread.join();
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.shutdown();
    }
}
