//! P10: secrets of every kind are given to the server and made by it, clients and providers do everything that they can, at TRACE,
//! with faults, a panic and a kill; then everything that was written anywhere is searched for every form of every secret.

mod client;
mod forms;
mod panics;
mod report;
mod scan;
mod secrets;
mod traffic;
mod world;

pub use forms::Form;
pub use panics::serve as serve_defective;
pub use report::CanaryReport;
pub use scan::Hit;

use crate::installation::Database;
use client::{Keeper, Kept};
use scan::Scanner;
use secrets::Canaries;
use serde_json::json;
use std::net::TcpListener;
use std::path::PathBuf;
use switchyard_harness::testkit::redis::PrivateRedis;
use switchyard_harness::testkit::simulator::{Script, Simulator};
use traffic::{ANSWER, Scene};
use world::{body_of_key, files_below, install, model, store_own};

/// What may be said on a command line, and which secrets it is asked for.
const COMMANDS: [&[&str]; 16] = [
    &["check"],
    &["check", "--json"],
    &["providers", "list"],
    &["providers", "list", "--json"],
    &["routes", "list", "--json"],
    &["keys", "list", "--json"],
    &["usage", "--json"],
    &["ledger", "verify", "--json"],
    &["audit", "list", "--json"],
    &["audit", "verify"],
    &["budgets", "list", "--json"],
    &["rekey", "--json"],
    &["providers", "test", "added"],
    &["providers", "test", "added", "--key", "2", "--json"],
    &["providers", "credentials", "list", "added"],
    &["providers", "credentials", "list", "added", "--json"],
];

/// The search.
#[derive(Debug)]
pub struct CanaryHunt {
    /// Where all is stored.
    pub database: Database,
    /// What the secrets are drawn from.
    pub seed: u64,
    /// Whether a client gives a secret away in its request's id, which goes everywhere: the search must find it.
    pub leak: bool,
    /// A program that calls [`serve_defective`] when its only argument is `defective-server`.
    pub defective: PathBuf,
}

/// Something that was written, and which secrets belong there.
struct Place {
    /// What kind of place it is.
    kind: &'static str,
    name: String,
    bytes: Vec<u8>,
    tells: Vec<String>,
}

impl Place {
    fn new(kind: &'static str, name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { kind, name: name.into(), bytes: bytes.into(), tells: Vec::new() }
    }

    fn of_answer(kind: &'static str, kept: Kept) -> Self {
        Self { kind, name: kept.what, bytes: kept.bytes, tells: kept.tells }
    }
}

impl CanaryHunt {
    /// Hides the secrets, lets everybody do everything, and searches.
    ///
    /// # Panics
    /// When a server can't be started, or what must succeed does not.
    pub async fn run(self) -> CanaryReport {
        let mut canaries = Canaries::new(self.seed);
        let upstream = Simulator::start();
        // Held until the server's own address is chosen, which must be another one.
        let held = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let metrics = held.local_addr().expect("an address");
        let redis = redis(&mut canaries, &self.database);
        let installation = install(&mut canaries, self.database, &upstream, metrics, redis.as_ref());
        drop(held);
        let mut server = installation.start();
        server.until_ready().await;
        let mut keeper = Keeper::new(format!("http://{}", installation.address()));
        let mut scene = Scene { keeper: &mut keeper, canaries: &mut canaries, upstream: &upstream };
        let id = scene.people().await;
        let admin = scene.administrator().await;
        scene.browser().await;
        let (key, key_id) = scene.administration(&admin, id).await;
        store_own(scene.canaries, &installation, id, key_id).await;
        // The server learns within a second what another process wrote.
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let member = scene.member().await;
        scene.external(&member).await;
        scene.strangers().await;
        let first = installation.key().to_owned();
        scene.calls(&[first.clone(), key, member.access.clone()]).await;
        scene.faults(&first).await;
        scene.tokens(&member).await;
        if self.leak {
            upstream.script(crate::installation::MODEL, Script::of("tokens=3"));
            let body = json!({"model": model(), "messages": [{"role": "user", "content": "hello"}]});
            let request = keeper.post("/v1/chat/completions", &body).bearer_auth(&first);
            let request = request.header("x-request-id", body_of_key(&first));
            keeper.send("a call whose id is its key", &[], request).await;
        }
        let used = used(&canaries, &upstream);
        let mut places = Vec::new();
        if let Some(redis) = &redis {
            let dump = redis.dump();
            assert!(dump.windows(11).any(|bytes| bytes == b"switchyard:"), "Redis was not used");
            places.push(Place::new("dump of Redis", "SAVE", dump));
            // What is said of it while it is away, too.
            redis.stop();
            scene_without_redis(&mut keeper, &first).await;
        }
        let mut counters = Keeper::new(format!("http://{metrics}"));
        let answer = counters.send("/metrics", &[], counters.request("GET", "/metrics")).await;
        places.push(Place::of_answer("metrics", answer));
        let below = |kind, folder: PathBuf| {
            files_below(&folder).into_iter().map(move |(name, bytes)| Place::new(kind, name, bytes))
        };
        places.extend(below("data, of a running server", installation.data()));
        server.kill();
        places.extend(below("data, of a killed server", installation.data()));
        let mut server = installation.start();
        server.until_ready().await;
        server.terminate().await;
        places.extend(below("data, of a stopped server", installation.data()));
        for arguments in COMMANDS {
            let output = installation.command_of(arguments).output().expect("the binary runs");
            places.push(Place::new("command line", arguments.join(" "), output.stdout));
        }
        let explained = installation.explain(&model());
        places.push(Place::new("command line", "explain", explained));
        places.extend(installation.dump().map(|dump| Place::new("dump of the database", "pg_dump", dump)));
        places.push(Place::new("log, standard error", "log", installation.log_text()));
        places.extend(below("log, in files", installation.path("logs")));
        places.extend(panics(&self.defective, &installation.path("panics"), &mut canaries).await);
        let (responses, statuses) = (keeper.kept.len(), statuses(&keeper.kept));
        places.extend(keeper.kept.into_iter().map(|kept| Place::of_answer("responses", kept)));
        let mut report = CanaryReport { responses, statuses, unused: used, ..CanaryReport::default() };
        report.search(&canaries, &places);
        report
    }
}

fn statuses(kept: &[Kept]) -> std::collections::BTreeMap<u16, usize> {
    let mut statuses = std::collections::BTreeMap::new();
    kept.iter().for_each(|kept| *statuses.entry(kept.status).or_default() += 1);
    statuses
}

/// A Redis with a password, beside the database that many processes use.
fn redis(canaries: &mut Canaries, database: &Database) -> Option<PrivateRedis> {
    let Database::Postgres(..) = database else { return None };
    PrivateRedis::start_with(Some(&canaries.text("Redis' password")))
}

/// Calls, and looks at the server's state.
async fn scene_without_redis(keeper: &mut Keeper, key: &str) {
    let body = json!({"model": model(), "messages": [{"role": "user", "content": "hello"}]});
    for number in 0..3 {
        let request = keeper.post("/v1/chat/completions", &body).bearer_auth(key);
        keeper.send(&format!("call {number} without Redis"), &[ANSWER], request).await;
        let request = keeper.request("GET", "/health");
        keeper.send("health without Redis", &[], request).await;
    }
}

/// Credentials of providers that no provider was sent: nothing would be shown by not finding them.
fn used(canaries: &Canaries, upstream: &Simulator) -> Vec<String> {
    let calls = upstream.calls();
    let sent =
        |text: &str| calls.iter().any(|call| call.headers.iter().any(|(_, value)| value.contains(text)));
    let names = [
        "the shared credential of the file",
        "the credential of a command",
        "the second credential of a command",
        "a person's credential",
        "a key's credential",
    ];
    let unused = names.into_iter().filter(|name| {
        let canary = canaries.all().iter().find(|canary| canary.name == *name);
        !canary.is_some_and(|canary| sent(&canary.text))
    });
    unused.map(str::to_owned).collect()
}

/// A server that panics with a secret in its words: what it answers, and what it writes.
async fn panics(program: &std::path::Path, log: &std::path::Path, canaries: &mut Canaries) -> Vec<Place> {
    let server = panics::Defective::start(program, log);
    // The harness's own credential is no canary, so the prompt and the key stand for all that a panic may hold.
    let prompt = canaries.text("a prompt at which the server panics");
    canaries.note("the key of the server that panics", body_of_key(&server.key));
    let mut keeper = Keeper::new(server.url.clone());
    for stream in [false, true] {
        let body = json!({"model": "upstream/gpt-sim", "stream": stream, "messages": [{"role": "user", "content": prompt}]});
        let request = keeper.post("/v1/chat/completions", &body).bearer_auth(&server.key);
        let kept = keeper.send("a call at which the server panics", &[], request).await;
        assert_eq!(kept.status, 500, "{}", String::from_utf8_lossy(&kept.bytes));
    }
    server.stop();
    let written = std::fs::read(log).expect("a log");
    let text = String::from_utf8_lossy(&written);
    assert!(text.contains("panics.rs"), "the panic is not told: {text}");
    let answers = keeper.kept.into_iter().map(|kept| Place::of_answer("responses", kept));
    answers.chain([Place::new("panics", "standard error", written)]).collect()
}
